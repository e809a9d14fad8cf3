/**
 * The arithmetic of admission, pure and in whole numbers only, so that every engine comes to the same answer.
 *
 * A rate is a leaky bucket. Its fill is counted in units of (cost x windowMs), so that what has leaked after some time,
 * elapsed x limit, is a whole number too: no rounding ever adds up to a call too many or too few.
 * Laws: within any window at most `limit` is admitted beyond what a full bucket leaks meanwhile; what was not admitted
 * changes nothing; giving back never makes a bucket emptier than empty.
 */
import type { Charges, Level, RateCharge } from "./store.ts";

/** A bucket as it was when last written. */
export interface Bucket {
  readonly fill: number;
  readonly at: number;
}

export const emptyBucket: Bucket = { fill: 0, at: 0 };

/**
 * The bucket at `now`. A clock that is behind (another process's, or set back a little) leaks nothing and keeps the
 * bucket's time; one that is behind by more than a window was set back, and the bucket follows it.
 */
export function leak({ fill, at }: Bucket, { limit, windowMs }: RateCharge, now: number): Bucket {
  if (now < at) return { fill, at: at - now > windowMs ? now : at };
  const elapsed = Math.min(now - at, windowMs * mostWindows);
  return { fill: Math.max(0, fill - elapsed * limit), at: now };
}

/** A bucket in debt (a call took more than it reserved) is even again after so many windows at the most. */
const mostWindows = 60;

/** The bucket with `cost` more in it; negative costs give back. */
export function pour({ fill, at }: Bucket, { limit, windowMs, cost }: RateCharge): Bucket {
  return { fill: Math.min(Math.max(0, fill + cost * windowMs), limit * windowMs * mostWindows), at };
}

/** Does the charge fit into the bucket as it is now? */
function fits({ fill }: Bucket, { limit, windowMs, cost }: RateCharge): boolean {
  return fill + cost * windowMs <= limit * windowMs;
}

/** Milliseconds until the charge fits; `undefined` where it never will. */
function fitsAfterMs({ fill }: Bucket, { limit, windowMs, cost }: RateCharge): number | undefined {
  const over = fill + cost * windowMs - limit * windowMs;
  return cost > limit ? undefined : Math.max(0, Math.ceil(over / limit));
}

/** What a bucket has left, in whole units of the limit, and when it will be whole again. */
function rateLevel({ fill }: Bucket, { meter, limit, windowMs }: RateCharge): Level {
  const left = Math.max(0, Math.floor((limit * windowMs - fill) / windowMs));
  return { meter, left, resetMs: Math.ceil(fill / limit) };
}

/** What a sum has left beside what was spent and what is held. */
export interface Sum {
  readonly spent: number;
  readonly held: number;
}

export function sumLeft({ spent, held }: Sum, limit: number): number {
  return Math.max(0, limit - spent - held);
}

/**
 * Nano-dollars granted out of what the tightest budget has left: all that is wanted, but beyond `least` no more than
 * half of what is left; `undefined` where `least` does not fit. `left` is Infinity where no budget applies.
 */
export function grant({ wanted, least }: { wanted: number; least: number }, left: number): number | undefined {
  if (least > left) return undefined;
  return Math.min(wanted, Math.max(least, Math.floor(left / 2)));
}

/** The marks that a sum passes when `cost` is added to what was spent: those reached now and not before. */
export function passed(marks: readonly number[], before: number, after: number): readonly number[] {
  return marks.filter((mark) => before < mark && after >= mark);
}

/** What one engine's state must tell of itself so that an admission can be judged. */
export interface Standing {
  bucket(meter: string): Bucket;
  /** Calls that hold this meter. */
  live(meter: string): number;
  sum(meter: string): Sum;
}

/** Where all these meters stand, in order. */
export function levelsOf({ rates, lives, sums }: Charges, standing: Standing, now: number): Level[] {
  return [
    ...rates.map((rate) => rateLevel(leak(standing.bucket(rate.meter), rate, now), rate)),
    ...lives.map(({ meter, limit }) => ({ meter, left: Math.max(0, limit - standing.live(meter)), resetMs: 0 })),
    ...sums.map(({ meter, limit }) => ({ meter, left: sumLeft(standing.sum(meter), limit), resetMs: 0 })),
  ];
}

export type Verdict =
  | { readonly isAdmitted: true; readonly granted: number }
  | { readonly isAdmitted: false; readonly meter: string; readonly left: number; readonly retryAfterMs?: number };

/** May this call go? Rates first, then calls at once, then budgets: the first that has too little refuses. */
export function judge(
  charges: Charges,
  cost: { wanted: number; least: number },
  standing: Standing,
  now: number,
): Verdict {
  for (const rate of charges.rates) {
    const bucket = leak(standing.bucket(rate.meter), rate, now);
    if (fits(bucket, rate)) continue;
    const retryAfterMs = fitsAfterMs(bucket, rate);
    const { meter, left } = rateLevel(bucket, rate);
    return { isAdmitted: false, meter, left, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  }
  for (const { meter, limit } of charges.lives) {
    if (standing.live(meter) >= limit) return { isAdmitted: false, meter, left: 0, retryAfterMs: 1000 };
  }
  let left = Number.POSITIVE_INFINITY;
  let tightest = "";
  for (const { meter, limit } of charges.sums) {
    const own = sumLeft(standing.sum(meter), limit);
    if (own < left) [left, tightest] = [own, meter];
  }
  const granted = grant(cost, left);
  if (granted !== undefined) return { isAdmitted: true, granted };
  // What running calls hold comes back in part: a budget is spent only when it is paid out.
  const isHeld = charges.sums.every(({ meter, limit }) => cost.least <= limit - standing.sum(meter).spent);
  return { isAdmitted: false, meter: tightest, left, ...(isHeld && { retryAfterMs: 1000 }) };
}
