/**
 * How many retries a target is sent: a token bucket for each, so that an outage is not multiplied by everyone's trying
 * again. Each call that sets out for a target earns it a fifth of a retry; ten are there from the start and at the most.
 * So of n calls a target gets at most n + 10 + n / 5.
 */
import { originOf } from "./origin.ts";
import type { Target } from "./route.ts";

export interface RetryBudget {
  /** A call sets out for this target. */
  earn(target: Target): void;
  /** Takes one retry, where there is one. */
  spend(target: Target): boolean;
}

/** In fifths of a retry: sums of whole numbers stay exact. */
const retryFifths = 5;
export const mostRetriesSaved = 10;
const mostTargets = 500;

export function retryBudget(): RetryBudget {
  const fifths = new Map<string, number>();
  const saved = (origin: string): number => fifths.get(origin) ?? mostRetriesSaved * retryFifths;

  function put(origin: string, count: number): void {
    fifths.delete(origin);
    if (fifths.size >= mostTargets) fifths.delete(fifths.keys().next().value ?? "");
    fifths.set(origin, count);
  }

  return {
    earn(target) {
      const origin = originOf(target);
      put(origin, Math.min(mostRetriesSaved * retryFifths, saved(origin) + 1));
    },
    spend(target) {
      const origin = originOf(target);
      const left = saved(origin) - retryFifths;
      if (left >= 0) put(origin, left);
      return left >= 0;
    },
  };
}
