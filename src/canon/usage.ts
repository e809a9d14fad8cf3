/** What a call counted, whatever the protocol. */
import { number, type Obj, obj } from "./json.ts";

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
  /** The part of the input that was sound, and what of it was read from a cache: some models have prices for them. */
  readonly inputAudio?: number;
  readonly cacheReadAudio?: number;
  /** Parts of the output. */
  readonly outputAudio?: number;
  readonly outputImage?: number;
  /** Web searches the provider ran and bills by the piece. */
  readonly searches?: number;
  /** What the provider says the call cost, in whole nano-dollars. To be believed where it is known to mean its bill. */
  readonly reportedCost?: number;
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

/** A count that is left out where it is zero: of what hardly any call has. */
export function some(value: unknown): number | undefined {
  return count(value) || undefined;
}

/**
 * The cost in a provider's own usage object, as OpenRouter and Vercel write it in US dollars; where the call went on the
 * account of a key of one's own, with what that account is charged.
 */
export function reportedCost({ cost, is_byok, cost_details }: Obj): number | undefined {
  if (typeof cost !== "number" || !(cost >= 0)) return undefined;
  const upstream = is_byok === true ? number(obj(cost_details).upstream_inference_cost) : undefined;
  return Math.round((cost + Math.max(0, upstream ?? 0)) * 1e9);
}

/** Input plus output, or `undefined` while either is unknown. */
export function total(usage: Usage): number | undefined {
  return usage.input === undefined || usage.output === undefined ? undefined : usage.input + usage.output;
}
