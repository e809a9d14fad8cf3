/** How long one attempt may take: the narrowest word of provider, route and call, else what is usual. Pure. */
import { modelFacts } from "../models/catalog.ts";
import { mostTimeoutMs, type Timeouts, timeoutNames } from "../providers/timeouts.ts";
import type { Target } from "./route.ts";

/**
 * A model that reasons may say nothing for minutes, and some providers send no headers meanwhile; heartbeats keep the
 * caller. Of a model that nobody knows the same is assumed, as patience does less harm than an answer cut off.
 */
const usualTimeouts = {
  plain: { headersMs: 30_000, firstContentMs: 60_000, idleMs: 60_000, totalMs: 600_000 },
  reasoning: { headersMs: 120_000, firstContentMs: 300_000, idleMs: 300_000, totalMs: mostTimeoutMs },
} as const satisfies Record<string, Timeouts>;

export interface Attempt {
  readonly target: Target;
  readonly stream: boolean;
  /** What the route says; it goes before the provider's. */
  readonly route?: Partial<Timeouts>;
  /** Until the call's deadline ({@link deadlineOf}). */
  readonly leftMs: number;
}

/** Each part of the attempt, none of them longer than what is left of the call. */
export function timeoutsFor({ target, stream, route = {}, leftMs }: Attempt): Timeouts {
  const { provider, model } = target;
  const usual = modelFacts(model).dial.style === "none" ? usualTimeouts.plain : usualTimeouts.reasoning;
  const said: Timeouts = { ...usual, ...provider.timeouts, ...route };
  // An answer in one piece sends its headers when it is finished, so that only its end can be waited for.
  const parts = stream ? said : { ...said, headersMs: said.totalMs, firstContentMs: said.totalMs };
  const bounded = timeoutNames.map((name) => [name, Math.max(0, Math.min(parts[name], parts.totalMs, leftMs))]);
  return { ...parts, ...Object.fromEntries(bounded) };
}

/**
 * When the call must be over, whatever is tried for it.
 *
 * @param callMs what the caller says (`x-gearbox-timeout-ms`)
 * @param startedAt milliseconds since 1970
 */
export function deadlineOf(startedAt: number, callMs?: number, route: Partial<Timeouts> = {}): number {
  return startedAt + Math.min(callMs ?? mostTimeoutMs, route.totalMs ?? mostTimeoutMs);
}
