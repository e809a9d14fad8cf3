/**
 * The end of a call that may have waited for its answer together with others: one of them pays for it, in full, and for
 * all others it is entered as an answer from the cache is.
 */
import type { Bill, End } from "./bill.ts";
import type { Joined } from "./cache/join.ts";
import { noUsage } from "./canon/usage.ts";
import { asFault } from "./fault.ts";
import type { Outcome } from "./pipes.ts";
import type { Target } from "./policy/route.ts";
import { settle } from "./settle.ts";

type Settled = Parameters<typeof settle>[2];
type More = Parameters<typeof settle>[3];

/** Settles a call whether it was alone or not. */
export async function settleShared(outcome: Outcome, target: Target, settled: Settled, more?: More): Promise<Bill> {
  const { lease, cached, tried } = settled;
  const joined = cached?.joined;
  if (joined === undefined) return settle(outcome, target, settled, more);
  // Which of a call's two requests is the caller's is known before anybody is asked.
  tried.wins();
  const alone = lease.bill({ outcome, target, status: 200, said: more?.said ?? 0 });
  const { pays, account } = await joined.part(shareOf(alone, outcome.ended === "whole" && alone.state === "settled"));
  if (!pays) return settle(outcome, target, { ...settled, ...(isCharged(alone) && { saved: alone.cost ?? 0 }) }, more);
  if (account === undefined) return settle(outcome, target, settled, more);
  const { usage, ended, said } = account;
  return settle({ ...outcome, usage, ended }, target, settled, { ...more, said });
}

/** Enters what an attempt cost that came to nothing for its caller, unless another pays. */
export async function settleAttemptShared(end: End, { lease, cached, tried: { number } }: Settled): Promise<void> {
  const joined = cached?.joined;
  if (joined === undefined) {
    lease.settleAttempt(end, number);
    return;
  }
  const { pays, account } = await joined.part(shareOf(lease.bill(end), false));
  if (!pays) return;
  const { usage, ended, said } = account ?? { ...end.outcome, said: end.said ?? 0 };
  lease.settleAttempt({ ...end, outcome: { ...end.outcome, usage, ended }, said }, number);
}

/** Who fails or leaves before its answer has begun leaves those it waited with as well, and may have been the last. */
export function leaveJoined(thrown: unknown, target: Target, settled: Settled): void {
  const joined = settled.cached?.joined;
  if (joined === undefined || joined.hasParted) return;
  const outcome = { usage: noUsage, ended: "failed" } as const;
  const end = { outcome, target, status: asFault(thrown).status };
  settled.deps.waitUntil(settleAttemptShared(end, settled));
}

function shareOf(bill: Bill, isWhole: boolean): Parameters<Joined["part"]>[0] {
  const { usage, cost } = bill;
  return { isWhole, isCharged: isCharged(bill), usage, ...(cost !== undefined && { cost }) };
}

const isCharged = ({ state }: Bill): boolean => state !== "released";
