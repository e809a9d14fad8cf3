/** The end of a call: its bytes are given back, and it is entered into its team's account, once. */
import type { Bill } from "./bill.ts";
import type { Cached } from "./cache/serve.ts";
import type { Loss } from "./canon/request.ts";
import type { Deps } from "./deps.ts";
import type { Decision } from "./effort/policy.ts";
import type { Ticket } from "./http/flight.ts";
import type { Lease } from "./lease.ts";
import type { Outcome } from "./pipes.ts";
import type { Target } from "./policy/route.ts";
import type { Try } from "./tries.ts";

interface Settled {
  readonly lease: Lease;
  readonly ticket: Ticket;
  readonly deps: Pick<Deps, "waitUntil">;
  /** What the call has to do with the cache. */
  readonly cached?: Cached | undefined;
  readonly tried: Pick<Try, "number" | "wins">;
  readonly decision?: Decision;
}

interface More {
  /** Bytes of text in an answer that came as a stream. */
  readonly said?: number;
  /** What of the request and of the answer did not cross. */
  readonly losses?: readonly Loss[];
}

export function settle(
  outcome: Outcome,
  target: Target,
  { lease, ticket, deps, cached, tried, decision }: Settled,
  more: More = {},
): Bill {
  const isLost = !tried.wins();
  // The call goes on where only one of its two requests has ended.
  if (!isLost) ticket.release();
  const { said = 0, losses = [] } = more;
  const detail = {
    ...(losses.length > 0 && { lost: losses.slice(0, mostLosses).map(({ field, change }) => `${field}=${change}`) }),
    ...(outcome.fault !== undefined && { fault: outcome.fault.kind }),
    ...(cached !== undefined && { cache: cached.state }),
    ...(decision !== undefined && { effort_chosen: decision.level, effort_because: decision.reasons }),
    ...(tried.number > 1 && { attempts: tried.number }),
    ...(isLost && { hedge: "lost" }),
  };
  const saved = cached?.entry === undefined ? undefined : (cached.entry.about.cost ?? 0);
  const end = { outcome, target, status: 200, said, detail, ...(saved !== undefined && { saved }) };
  const bill = lease.settle(end);
  if (cached?.state === "miss" && bill.state === "settled") {
    deps.waitUntil(cached.keep(bill).catch((cause) => console.error("cache", cause)));
  }
  return bill;
}

/** A log is no place for a body: of a request that nobody could translate the first few say enough. */
const mostLosses = 50;
