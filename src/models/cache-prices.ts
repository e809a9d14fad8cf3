/** What a model's tokens cost, to tell what a prompt read again costs. Pure. */
import type { CachePrices } from "../effort/session.ts";
import type { Provider } from "../providers/provider.ts";
import { type PriceTable, ratesOf } from "./price.ts";

/**
 * Undefined where no price is known, or none for what is kept. Those of short prompts, whatever the length: what was
 * decided at the start must hold when the conversation has grown.
 */
export function cachePrices(
  provider: Pick<Provider, "id" | "quirks">,
  model: string,
  at: number,
  prices: PriceTable,
): CachePrices | undefined {
  const { input: fresh, cache_read: kept, output } = ratesOf(provider, model, at, prices)?.tiers[0] ?? {};
  return fresh === undefined || kept === undefined || output === undefined ? undefined : { fresh, kept, output };
}
