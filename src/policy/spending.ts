/** How much of its budgets a team or key has spent. Pure. */
import type { Charges, Level } from "../stores/store.ts";

/**
 * The share of the budget of which most is spent, from 0 to 1: by calls that came before. `levels` are those of
 * `charges`, in order, after this call was granted its own hold of nano-dollars. What other calls hold counts as spent.
 */
export function spentShare({ rates, lives, sums }: Charges, levels: readonly Level[], granted: number): number {
  const shares = sums.map(({ limit }, at) => {
    const level = levels[rates.length + lives.length + at];
    return level === undefined || limit <= 0 ? 0 : 1 - (level.left + granted) / limit;
  });
  return Math.min(1, Math.max(0, ...shares));
}
