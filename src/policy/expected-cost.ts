/** What one call of a conversation is likely to cost at a target, to compare targets by: no hold and no bill. Pure. */
import { costOf, type PriceTable, ratesOf } from "../models/price.ts";
import type { Target } from "./route.ts";
import type { Traits } from "./traits.ts";

/**
 * An agent sends its whole history again with each call, and most of it is then read from the prompt cache: a target
 * with a cheap cache is the cheaper one over the conversation, whatever its first call costs.
 */
const cachedShare = { agent: 0.8, other: 0 } as const;

/** Answers are short beside what is asked, of agents more so. */
const outputTokens = 1000;

/** Nano-dollars; `undefined` where no price is known. */
export function expectedCost(
  { provider, model }: Target,
  { tokensIn: input, tools }: Pick<Traits, "tokensIn" | "tools">,
  prices: PriceTable,
  now: number,
): number | undefined {
  const rates = ratesOf(provider, model, now, prices);
  if (rates === undefined) return undefined;
  const cacheRead = Math.floor(input * (tools ? cachedShare.agent : cachedShare.other));
  const cacheWrite = tools ? input - cacheRead : 0;
  return costOf(rates, { input, cacheRead, cacheWrite, output: outputTokens }, "default");
}
