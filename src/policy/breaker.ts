/**
 * A circuit breaker, as plain data and pure functions. Closed: calls pass, and failures are counted over the last 30 s.
 * At 5 failures in a row, or 5 that are half of the calls, it opens, for 2, 4, 8, 16 and then 30 s; after that one real call at a time
 * is the probe, which closes it or opens it for longer.
 * So a target that answers nothing for T seconds is sent, by each isolate, 5 calls and those that were under way, then
 * at most 5 + T / 30 probes; and calls are back at most 30 s (and a call) after it is.
 */

export interface Breaker {
  readonly slots: readonly Slot[];
  /** How often it opened in a row; 0: closed. */
  readonly opened: number;
  /** Milliseconds since 1970, as all times here: open until then, half-open from then on. */
  readonly until: number;
  /** Somebody is probing, or else was lost. */
  readonly probeUntil: number;
  /** Left alone until then, because it said so. */
  readonly pausedUntil: number;
  /** When it last opened or closed; 0: never. */
  readonly changedAt: number;
}

/** Calls that ended in three seconds. */
interface Slot {
  readonly number: number;
  readonly calls: number;
  readonly failures: number;
  /** Failures since the last call that ended well. */
  readonly row: number;
}

export type BreakerState = "closed" | "open" | "half_open" | "paused";

export const unbroken: Breaker = { slots: [], opened: 0, until: 0, probeUntil: 0, pausedUntil: 0, changedAt: 0 };

const slotMs = 3000;
const slotCount = 10;
const leastFailures = 5;
const failureShare = 0.5;
const firstOpenMs = 2000;
const mostOpenMs = 30_000;
/** A probe that nobody heard of again holds others back for so long. */
const probeMs = 60_000;
/** For who did not say how long. */
export const usualPauseMs = 2000;
const mostPauseMs = 60_000;

export function stateOf({ opened, until, pausedUntil }: Breaker, now: number): BreakerState {
  if (opened > 0) return now < until ? "open" : "half_open";
  return now < pausedUntil ? "paused" : "closed";
}

/** May a call go there? */
export function admits(breaker: Breaker, now: number): boolean {
  if (now < breaker.pausedUntil) return false;
  const state = stateOf(breaker, now);
  return state === "closed" || (state === "half_open" && now >= breaker.probeUntil);
}

/** A call sets out: where the breaker is half-open it is the probe. */
export function begun(breaker: Breaker, now: number): Breaker {
  return stateOf(breaker, now) === "half_open" ? { ...breaker, probeUntil: now + probeMs } : breaker;
}

/** The target answered. What ends well while the breaker is open began before, and says nothing of now. */
export function succeeded(breaker: Breaker, now: number): Breaker {
  const state = stateOf(breaker, now);
  if (state === "open") return breaker;
  if (state === "half_open") return { ...unbroken, changedAt: now };
  return { ...breaker, slots: counted(breaker.slots, 0, now) };
}

export function failed(breaker: Breaker, now: number): Breaker {
  const state = stateOf(breaker, now);
  if (state === "open") return breaker;
  const slots = counted(breaker.slots, 1, now);
  const { calls, failures, row } = totals({ slots }, now);
  // A busy target that dies has many good calls behind it: a share alone would notice after as many bad ones.
  const isBroken = row >= leastFailures || (failures >= leastFailures && failures >= calls * failureShare);
  if (state !== "half_open" && !isBroken) return { ...breaker, slots };
  const openMs = Math.min(mostOpenMs, firstOpenMs * 2 ** breaker.opened);
  return opened({ ...breaker, slots }, openMs, now);
}

/** It is of no use until somebody mends it: looked at again in half a minute. */
export function shut(breaker: Breaker, now: number): Breaker {
  if (stateOf(breaker, now) === "open") return breaker;
  return opened({ ...breaker, slots: counted(breaker.slots, 1, now) }, mostOpenMs, now);
}

/** It asked to be left alone, for so long where it said how long. A probe that is answered so has found it alive. */
export function paused(breaker: Breaker, retryAfterMs: number | undefined, now: number): Breaker {
  const pausedUntil = now + Math.min(mostPauseMs, retryAfterMs ?? usualPauseMs);
  const next = succeeded(breaker, now);
  return { ...next, pausedUntil: Math.max(breaker.pausedUntil, pausedUntil) };
}

/** A call that set out ended without a word about the target. */
export function released(breaker: Breaker): Breaker {
  return breaker.probeUntil === 0 ? breaker : { ...breaker, probeUntil: 0 };
}

/** Calls of the last 30 s. */
export function totals({ slots }: Pick<Breaker, "slots">, now: number) {
  const recent = slots.filter((slot) => slot.number > Math.floor(now / slotMs) - slotCount);
  return {
    calls: recent.reduce((sum, { calls }) => sum + calls, 0),
    failures: recent.reduce((sum, { failures }) => sum + failures, 0),
    row: recent.reduce((sum, { row }) => sum + row, 0),
  };
}

function opened(breaker: Breaker, openMs: number, now: number): Breaker {
  return { ...breaker, opened: breaker.opened + 1, until: now + openMs, probeUntil: 0, changedAt: now };
}

function counted(slots: readonly Slot[], failures: 0 | 1, now: number): readonly Slot[] {
  const number = Math.floor(now / slotMs);
  const known = failures === 0 ? slots.map((slot) => (slot.row === 0 ? slot : { ...slot, row: 0 })) : slots;
  const last = known.at(-1);
  if (last !== undefined && last.number >= number) {
    const { calls, failures: before, row } = last;
    const counts = { calls: calls + 1, failures: before + failures, row: row + failures };
    return [...known.slice(0, -1), { number: last.number, ...counts }];
  }
  return [...known.filter((slot) => slot.number > number - slotCount), { number, calls: 1, failures, row: failures }];
}
