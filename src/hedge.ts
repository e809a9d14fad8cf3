/**
 * A second request for a slow call: sent to another target where the first takes longer over its first content than all
 * but one of twenty answers. It holds an allowance of its own, since both may be charged; whichever answers first is the
 * caller's, and the other is cancelled there and then and entered as a row of its own.
 */
import { noUsage } from "./canon/usage.ts";
import { asFault, type Fault } from "./fault.ts";
import type { Clock } from "./http/stream.ts";
import type { Lease } from "./lease.ts";
import type { Target } from "./policy/route.ts";

/** One of the two requests of a call. */
export interface Leg {
  readonly target: Target;
  readonly lease: Lease;
  run(): Promise<Response>;
  /** Is this one the caller's? The first to ask is. */
  wins(): boolean;
  cancel(): void;
  readonly isCancelled: boolean;
  /** It came to nothing by itself. */
  failed(fault: Fault): void;
  /** The other one was faster. */
  left(): void;
}

/** What hedging needs beside the first request. */
export interface Hedge {
  readonly afterMs: number;
  /** Makes the second; `undefined` or a failure where there can be none. */
  follow(): Promise<Leg | undefined>;
  readonly clock: Clock;
  readonly waitUntil: (promise: Promise<unknown>) => void;
}

/** Which of a call's requests is the caller's. */
export function race(): { wins(number: number): boolean } {
  let winner: number | undefined;
  return {
    wins(number) {
      winner ??= number;
      return winner === number;
    },
  };
}

/** The answer of whichever is faster, or the first one's failure where both fail. */
export async function hedged(first: Leg, { afterMs, follow, clock, waitUntil }: Hedge): Promise<Response> {
  const answer = first.run();
  const done = answer.then(
    () => "done" as const,
    () => "done" as const,
  );
  if (await Promise.race([done, clock.wait(afterMs)])) return answer;
  const made = follow().catch(() => undefined);
  const second = await Promise.race([made, done]);
  if (second === "done" || second === undefined) {
    waitUntil(made.then((leg) => leg?.lease.settle(endOf(leg, "failed"))));
    return answer;
  }
  const endings = [ending(first, answer), ending(second, second.run())] as const;
  const fastest = await Promise.race(endings);
  const slower = fastest.leg === first ? endings[1] : endings[0];
  if (fastest.response !== undefined && fastest.isWinner) {
    waitUntil(slower.then(lost));
    (fastest.leg === first ? second : first).cancel();
    return fastest.response;
  }
  if (fastest.leg === second) {
    lost(fastest);
    return answer;
  }
  const last = await slower;
  // Where both have failed, the first one's lease goes on to whatever is tried next.
  lost(last.response === undefined ? last : fastest);
  return last.response ?? answer;
}

interface Ending {
  readonly leg: Leg;
  readonly isWinner: boolean;
  readonly response?: Response;
  readonly failure?: unknown;
}

async function ending(leg: Leg, answer: Promise<Response>): Promise<Ending> {
  try {
    const response = await answer;
    return { leg, response, isWinner: leg.wins() };
  } catch (failure) {
    return { leg, failure, isWinner: false };
  }
}

/** Enters a request that is not the caller's; one that answered is entered by its own end. */
function lost({ leg, response, failure }: Ending): void {
  if (response !== undefined) {
    response.body?.cancel().catch(() => undefined);
    return;
  }
  if (leg.isCancelled) leg.left();
  else leg.failed(asFault(failure));
  leg.lease.settle(endOf(leg, leg.isCancelled ? "left" : "failed"));
}

function endOf({ target }: Leg, ended: "left" | "failed") {
  return { outcome: { usage: noUsage, ended }, target, status: 200, detail: { hedge: "lost" } } as const;
}
