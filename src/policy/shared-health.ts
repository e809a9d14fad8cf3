/**
 * What isolates tell each other of the targets: coarse, plain, and merged by "the newest word counts", so that it may
 * arrive late, twice or in any order. Counts are not shared: each isolate judges by its own. Pure.
 */
import { type Breaker, unbroken } from "./breaker.ts";
import type { Latency } from "./latency.ts";

/** By the target's origin. `JSON.stringify([...shared])` keeps it. */
export type SharedHealth = ReadonlyMap<string, SharedTarget>;

export interface SharedTarget {
  /** Since the breaker last opened or closed; milliseconds since 1970, as all times here. */
  readonly breaker?: { readonly opened: number; readonly until: number; readonly at: number };
  /** Time to first content. */
  readonly latency?: { readonly ms: number; readonly at: number };
}

interface Known {
  readonly breaker: Breaker;
  readonly latency?: Latency;
}

/** Both together. In any order, grouping and number the result is the same. */
export function mergeHealth(one: SharedHealth, other: SharedHealth): SharedHealth {
  const origins = new Set([...one.keys(), ...other.keys()]);
  return new Map([...origins].map((origin) => [origin, merged(one.get(origin) ?? {}, other.get(origin) ?? {})]));
}

function merged(one: SharedTarget, other: SharedTarget): SharedTarget {
  const breaker = newest(one.breaker, other.breaker, (each) => [each.at, each.until, each.opened]);
  const latency = newest(one.latency, other.latency, (each) => [each.at, each.ms]);
  return { ...(breaker !== undefined && { breaker }), ...(latency !== undefined && { latency }) };
}

/** The greater by its numbers, the first of which that differs decides. */
function newest<Part>(one: Part | undefined, other: Part | undefined, numbers: (part: Part) => readonly number[]) {
  if (one === undefined || other === undefined) return one ?? other;
  const theirs = numbers(other);
  const difference = numbers(one)
    .map((number, at) => number - (theirs[at] ?? 0))
    .find((each) => each !== 0);
  return (difference ?? 0) < 0 ? other : one;
}

/** What is worth telling of a target: nothing of one that never failed and was never measured. */
export function sharedOf({ breaker, latency }: Known, origin: string): (readonly [string, SharedTarget])[] {
  const { opened, until, changedAt: at } = breaker;
  if (at === 0 && latency === undefined) return [];
  const told: SharedTarget = {
    ...(at > 0 && { breaker: { opened, until, at } }),
    ...(latency !== undefined && { latency: { ms: latency.ms, at: latency.at } }),
  };
  return [[origin, told]];
}

/** The target as known here, with what is newer in what another isolate says. */
export function withShared({ breaker, latency }: Known, other: SharedTarget): Known {
  const said = other.breaker;
  const isNews = said !== undefined && said.at > breaker.changedAt;
  const time = other.latency;
  const isFresh = time !== undefined && time.at > (latency?.at ?? 0);
  const known = isFresh ? { samples: [], ...latency, ...time } : latency;
  return {
    breaker: isNews
      ? { ...unbroken, pausedUntil: breaker.pausedUntil, opened: said.opened, until: said.until, changedAt: said.at }
      : breaker,
    ...(known !== undefined && { latency: known }),
  };
}
