/** What a prompt read again costs, by the vendors' lists and the operator's own. */
import { expect, it } from "vitest";
import { cachePrices } from "../../src/models/cache-prices.ts";

const openai = { id: "openai" };
const at = Date.UTC(2026, 10, 24);

it("a token kept is cheaper than one read anew", () => {
  const prices = cachePrices(openai, "gpt-5.5", at, new Map());
  expect(prices).toEqual({ fresh: 5000, kept: 500, output: 30_000 });
});

it("the operator's word goes first; of what it does not tell nothing is known", () => {
  const own = new Map([["openai/gpt-5.5", { input: 1, output: 2 }]]);
  expect(cachePrices(openai, "gpt-5.5", at, own)).toBeUndefined();
  expect(cachePrices(openai, "never-heard-of", at, new Map())).toBeUndefined();
});
