/**
 * Token counts of one call, in one convention whatever the provider's own (wire.md C.25):
 * `input` includes what was read from and written to a prompt cache, `output` includes reasoning.
 * A member that is absent is unknown, which is not zero.
 */
export interface Usage {
  readonly input?: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  /** The part of `cacheWrite` kept for an hour or longer (Anthropic bills it apart). */
  readonly cacheWriteLong?: number;
  readonly output?: number;
  readonly reasoning?: number;
  /** Web searches the provider ran and bills by the piece. */
  readonly searches?: number;
}

/** What is known before a provider has said anything. */
export const noUsage: Usage = {};

/** The members of `now` that are known, over what was known before: providers repeat and complete their counts. */
export function fold(was: Usage, now: Usage): Usage {
  const known = Object.entries(now).filter(([, count]) => count !== undefined);
  return { ...was, ...Object.fromEntries(known) };
}

/** A count as a provider wrote it: whole, never negative, `undefined` when it is no number. */
export function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? Math.max(0, Math.trunc(value)) : undefined;
}

/** Input plus output, or `undefined` while either is unknown. */
export function total(usage: Usage): number | undefined {
  return usage.input === undefined || usage.output === undefined ? undefined : usage.input + usage.output;
}
