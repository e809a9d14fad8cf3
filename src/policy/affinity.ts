/**
 * Who answered a conversation so far. Its next call goes to the same account, where the prompt cache is warm; and what
 * another account made (signatures, encrypted reasoning) is known by its place, since no other can open it. Pure; the
 * record is a team's own and is kept by the caller of these functions.
 */
import { originOf } from "./origin.ts";
import type { Target } from "./route.ts";

/** Plain data, to be stored as it is. */
export interface Affinity {
  /** In the order of the conversation, never empty; the last one's account has it now. */
  readonly segments: readonly Segment[];
  /** Of the last answer, in milliseconds since 1970. */
  readonly at: number;
}

/** What one account made. */
interface Segment {
  /** As `originOf` names it. */
  readonly origin: string;
  /** The number of the request's first item (message, content) that is of this account. */
  readonly from: number;
}

/** So long after its last call a conversation is remembered. */
export const affinityTtlMs = 24 * 3_600_000;

/** Beyond so many changes the oldest are forgotten: nobody's, and so foreign to everyone. */
const mostSegments = 16;

/** The account that has the conversation; `undefined` where nobody has it any more. */
export function holderOf(affinity: Affinity | undefined, now: number): string | undefined {
  if (affinity === undefined || now - affinity.at >= affinityTtlMs) return undefined;
  return affinity.segments.at(-1)?.origin;
}

/**
 * The record after an answer of this target.
 *
 * @param items how many items the request had: the answer stands behind them. Fewer than before where the caller has
 *   made the conversation shorter.
 */
export function answeredBy(target: Target, items: number, before: Affinity | undefined, now: number): Affinity {
  const origin = originOf(target);
  if (holderOf(before, now) === undefined || before === undefined) return { segments: [{ origin, from: 0 }], at: now };
  const segments = before.segments.map((segment) => ({ ...segment, from: Math.min(segment.from, items) }));
  if (segments.at(-1)?.origin === origin) return { segments, at: now };
  const grown = [...segments, { origin, from: items }];
  const dropped = grown.length > mostSegments ? [{ origin: "", from: 0 }, ...grown.slice(2)] : grown;
  return { segments: dropped, at: now };
}

/** A conversation that nobody here has answered, or nobody who can read what is in it. */
export function nobodys(now: number): Affinity {
  return { segments: [{ origin: "", from: 0 }], at: now };
}

/** The items `[from, to)` of the request that were made by another account than this target's. */
export function foreignTo(
  target: Target,
  items: number,
  affinity: Affinity | undefined,
): readonly (readonly [from: number, to: number])[] {
  const origin = originOf(target);
  const segments = affinity?.segments ?? [];
  return segments.flatMap((segment, at) => {
    const to = Math.min(segments[at + 1]?.from ?? items, items);
    return segment.origin === origin || segment.from >= to ? [] : [[segment.from, to] as const];
  });
}
