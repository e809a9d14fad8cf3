/** The end of a call: its bytes are given back, and it is entered into its team's account, once. */

import type { Bill } from "./bill.ts";
import type { Loss } from "./canon/request.ts";
import type { Ticket } from "./http/flight.ts";
import type { Lease } from "./lease.ts";
import type { Outcome } from "./pipes.ts";
import type { Target } from "./policy/route.ts";

interface Settled {
  readonly lease: Lease;
  readonly ticket: Ticket;
}

interface More {
  /** Bytes of text in an answer that came as a stream. */
  readonly said?: number;
  /** What of the request and of the answer did not cross. */
  readonly losses?: readonly Loss[];
}

export function settle(outcome: Outcome, target: Target, { lease, ticket }: Settled, more: More = {}): Bill {
  ticket.release();
  const { said = 0, losses = [] } = more;
  const detail = {
    ...(losses.length > 0 && { lost: losses.slice(0, mostLosses).map(({ field, change }) => `${field}=${change}`) }),
    ...(outcome.fault !== undefined && { fault: outcome.fault.kind }),
  };
  return lease.settle({ outcome, target, status: 200, said, detail });
}

/** A log is no place for a body: of a request that nobody could translate the first few say enough. */
const mostLosses = 50;
