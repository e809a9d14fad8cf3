/** What a level of effort spends on reasoning, and so how long it takes and what another one saves. Expected, not billed. */
import type { Effort } from "../canon/request.ts";

/** Reasoning at each level as a multiple of that at high: medium and xhigh were measured, the lower ones are assumed. */
export const multiples = {
  none: 0,
  minimal: 0.1,
  low: 0.35,
  medium: 0.69,
  high: 1,
  xhigh: 1.7,
  max: 1.7,
} as const satisfies Record<Effort, number>;

/** Tokens that an average call reasons at high (GPT-5.5 in Codex). */
export const averageTokens = 96;

/**
 * Tokens that a call of this need (a score, 0 for the average call) spends less at one level than at another. Half of
 * what a level spends follows the need, and half does not (effort-bench's model).
 */
export function savedTokens(from: Effort, to: Effort, need: number): number {
  const atHigh = averageTokens * (0.5 * Math.exp(need) + 0.5);
  return Math.round((multiples[from] - multiples[to]) * atHigh);
}
