/**
 * The time to first content of a target, as plain data and pure functions: a peak EWMA, which believes a slow answer at
 * once and a fast one slowly. While nothing is measured it fades, so that a target that was slow is tried again.
 */

export interface Latency {
  readonly ms: number;
  /** Of the last measurement, in milliseconds since 1970. */
  readonly at: number;
  /** The last times measured, in milliseconds, oldest first. */
  readonly samples: readonly number[];
}

/** An old measurement counts for 1/e after so long; what was measured before a new one, after a tenth of it. */
const fadeMs = 120_000;
const memoryMs = fadeMs / 10;
const mostSamples = 64;
/** Fewer say nothing of the slowest twentieth. */
const leastSamples = 20;

export function measured(before: Latency | undefined, ms: number, now: number): Latency {
  const samples = [...(before?.samples ?? []), ms].slice(-mostSamples);
  if (before === undefined || ms >= before.ms) return { ms, at: now, samples };
  const share = Math.exp(-Math.max(0, now - before.at) / memoryMs);
  // Where measurements come fast, each still counts for a tenth.
  const kept = Math.min(share, 0.9);
  return { ms: before.ms * kept + ms * (1 - kept), at: now, samples };
}

/** What to expect of it now, in milliseconds; 0 of a target that nobody has measured, so that somebody will. */
export function expected(latency: Latency | undefined, now: number): number {
  return latency === undefined ? 0 : latency.ms * Math.exp(-Math.max(0, now - latency.at) / fadeMs);
}

/** So long it takes in all but one of twenty cases; `undefined` while too few are known. */
export function slowest(latency: Latency | undefined): number | undefined {
  const samples = latency?.samples ?? [];
  if (samples.length < leastSamples) return undefined;
  return [...samples].sort((one, other) => one - other)[Math.ceil(samples.length * 0.95) - 1];
}
