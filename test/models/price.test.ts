/** Prices: the table against the package it comes from, and what is made of it. */
import type { ConditionalPrice, ModelInfo } from "@pydantic/genai-prices";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Usage } from "../../src/canon/usage.ts";
import models from "../../src/models/models.json" with { type: "json" };
import { costOf, mostCost, outputFor, type PriceTable, type Rates, ratesOf, vendorOf } from "../../src/models/price.ts";
import { vendors } from "../../src/models/table.ts";
import { catalog } from "../../src/providers/catalog.ts";
import { modelTable, vendorOf as packaged } from "./model-table.ts";
import { packageCost } from "./package-cost.ts";

const now = Date.UTC(2026, 10, 24, 12);
const none: PriceTable = new Map();
const openai = { id: "openai" };
const usd = 1_000_000_000;

describe("the table", () => {
  it("is what `npm run models` makes of the package", () => {
    expect(models).toEqual(modelTable());
  });

  it.each(Object.entries(vendorOf))("has every price, tier and change of %s as the package has it", (id, vendor) => {
    let compared = 0;
    for (const model of packaged(vendor).models) {
      for (const name of namesIn(model)) {
        for (const at of times(model)) {
          for (const usage of usages(model)) {
            const rates = ratesOf({ id }, name, at, none);
            const cost = packageCost(vendor, name, at, usage);
            expect(rates && costOf(rates, usage, "default"), `${vendor}/${name} at ${at}`).toSatisfy(isAbout(cost));
            compared++;
          }
        }
      }
    }
    expect(compared).toBeGreaterThanOrEqual(packaged(vendor).models.length);
  });

  it("has a vendor for each provider of the catalog but those that set no list price", () => {
    const without = catalog.map(({ id }) => id).filter((id) => vendorOf[id] === undefined);
    expect(without).toEqual(["cometapi", "ollama", "vllm"]);
    expect(new Set(Object.values(vendorOf))).toEqual(new Set(vendors));
  });
});

describe("a price", () => {
  it("that nobody knows is none", () => {
    for (const model of [
      "gpt-7",
      "gpt-6.1-sol",
      "claude-sonnet-5-5",
      "gemini-4-argon",
      "whisper-1",
      "gpt-image-2",
      "my-deployment",
    ]) {
      for (const id of ["openai", "anthropic", "gemini", "azure"]) {
        expect(ratesOf({ id }, model, now, none), model).toBeUndefined();
      }
    }
    expect(ratesOf({ id: "local" }, "gpt-5.5", now, none)).toBeUndefined();
    expect(ratesOf({ id: "vllm" }, "gpt-oss-120b", now, none)).toBeUndefined();
    expect(ratesOf({ id: "cerebras" }, "qwen-3-coder-480b", now, none)).toBeUndefined();
  });

  it("of a simulated answer is nothing, and so is one that says that it is free", () => {
    const demo = ratesOf({ id: "demo", quirks: ["simulated"] }, "demo", now, none);
    const free = ratesOf({ id: "openrouter" }, "meta-llama/llama-3.3-70b-instruct:free", now, none);
    for (const rates of [demo, free]) expect(rates && costOf(rates, { input: 1e6, output: 1e6 }, "default")).toBe(0);
  });

  it("is found for every way to write a model's name", () => {
    const names = [
      ["anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929"],
      ["vertex-claude", "claude-sonnet-4-5", "claude-sonnet-4-5@20250929"],
      ["vertex-claude", "claude-haiku-4-5", "claude-haiku-4-5@20251001"],
      ["openai", "gpt-5.6-sol", "gpt-5.6-sol-20260901", "GPT-5.6"],
      ["azure", "gpt-5.5", "gpt-5-5"],
      ["bedrock", "us.anthropic.claude-opus-4-8-v1:0", "eu.anthropic.claude-opus-4-8-v1:0"],
    ];
    for (const [id = "", first = "", ...others] of names) {
      const rates = ratesOf({ id }, first, now, none);
      expect(rates, first).toBeDefined();
      for (const other of others) expect(ratesOf({ id }, other, now, none), other).toEqual(rates);
    }
  });

  it("of the operator's goes before the vendor's, the longest beginning first", () => {
    const own: PriceTable = new Map([
      ["openai/gpt-5.5", { input: 1, output: 2 }],
      ["openai/*", { input: 3, output: 4 }],
      ["openai/gpt-*", { input: 5, output: 6 }],
      ["local/*", { input: 0, output: 0 }],
    ]);
    const million = { input: 1_000_000, output: 1_000_000 };
    const cost = (id: string, model: string): number | undefined => {
      const rates = ratesOf({ id }, model, now, own);
      return rates && costOf(rates, million, "default");
    };
    expect(cost("openai", "gpt-5.5")).toBe(3 * usd);
    expect(cost("openai", "gpt-5.4")).toBe(11 * usd);
    expect(cost("openai", "o3")).toBe(7 * usd);
    expect(cost("local", "anything")).toBe(0);
    expect(cost("anthropic", "claude-opus-4-8")).toBe(30 * usd);
  });

  it("changes with the hour where the vendor's does", () => {
    const at = (hour: number): Rates | undefined =>
      ratesOf({ id: "deepseek" }, "deepseek-v4-pro", Date.UTC(2026, 10, 24, hour), none);
    expect(at(0)?.tiers[0]?.input).toBe(660);
    expect(at(2)?.tiers[0]?.input).toBe(1320);
    expect(at(5)?.tiers[0]?.input).toBe(660);
  });

  it("is resolved alike however many names were asked for in between", () => {
    const first = ratesOf(openai, "gpt-5.5", now, none);
    for (let index = 0; index < 2000; index++) ratesOf(openai, `made-up-${index}`, now, none);
    expect(ratesOf(openai, "gpt-5.5", now, none)).toEqual(first);
  });
});

describe("a cost", () => {
  const rates: Rates = {
    tiers: [{ input: 0.5, output: 10, cache_read: 0.05, search: 7 }],
    factors: { default: 1, flex: 0.5, priority: 2 },
  };

  it("is rounded once, up at half", () => {
    expect([1, 2, 3, 4, 5].map((input) => costOf(rates, { input }, "default"))).toEqual([1, 1, 2, 2, 3]);
    expect(costOf(rates, { input: 29, cacheRead: 10 }, "default")).toBe(10);
  });

  it("in a service tier is a multiple of its tokens' price, not of its searches'", () => {
    const usage = { input: 100, output: 10, searches: 2 };
    expect(costOf(rates, usage, "default")).toBe(164);
    expect(costOf(rates, usage, "flex")).toBe(89);
    expect(costOf(rates, usage, "priority")).toBe(314);
    expect(costOf(rates, usage, "unheard-of")).toBe(314);
  });

  it("knows the service tiers of each vendor", () => {
    const factor = (id: string, model: string, tier: string): number => {
      const rates = ratesOf({ id }, model, now, none);
      return rates === undefined
        ? 0
        : costOf(rates, { output: 1000 }, tier) / costOf(rates, { output: 1000 }, "default");
    };
    expect(factor("openai", "gpt-5.5", "flex")).toBe(0.5);
    expect(factor("openai", "gpt-5.5", "priority")).toBe(2.5);
    expect(factor("openai", "gpt-5.4", "ultrafast")).toBe(2);
    expect(factor("anthropic", "claude-opus-4-8", "standard_only")).toBe(1);
    expect(factor("anthropic", "claude-opus-4-8", "fast")).toBe(6);
    expect(factor("gemini", "gemini-2.5-pro", "priority")).toBe(2);
    expect(factor("groq", "openai/gpt-oss-120b", "on_demand")).toBe(1);
  });

  it("of parts that are more than the whole is not below nothing", () => {
    expect(costOf(rates, { input: 10, cacheRead: 1000, output: 0 }, "default")).toBe(1);
    expect(costOf(rates, {}, "default")).toBe(0);
  });
});

describe("the most that a call can cost", () => {
  const model = fc.constantFrom(
    ...([
      ["openai", "gpt-5.5"],
      ["openai", "gpt-5.6-sol"],
      ["openai", "gpt-audio"],
      ["anthropic", "claude-sonnet-4-5"],
      ["anthropic", "claude-opus-5-5"],
      ["gemini", "gemini-2.5-pro"],
      ["gemini", "gemini-2.5-flash"],
      ["deepseek", "deepseek-v4-pro"],
    ] as const),
  );
  const tier = fc.constantFrom("default", "flex", "priority", "unheard-of");

  it("is never less than what a call within its bounds comes to", () => {
    fc.assert(
      fc.property(model, usage(), tier, fc.nat(1000), ([id, name], usage, tier, spare) => {
        const rates = ratesOf({ id }, name, now, none) as Rates;
        const bounds = { input: (usage.input ?? 0) + spare, output: (usage.output ?? 0) + spare };
        const cost = costOf(rates, { ...usage, searches: 0 }, tier);
        expect(mostCost(rates, bounds, tier)).toBeGreaterThanOrEqual(cost);
      }),
    );
  });

  it("reaches the dearer tier with the first token that may be over", () => {
    const rates = ratesOf(openai, "gpt-5.5", now, none) as Rates;
    expect(mostCost(rates, { input: 271_999, output: 0 }, "default")).toBe(271_999 * 5000);
    expect(mostCost(rates, { input: 272_000, output: 10 }, "default")).toBe(272_000 * 10_000 + 10 * 45_000);
  });

  it("pays for so many tokens of an answer as it was asked for, and not for one more", () => {
    fc.assert(
      fc.property(model, fc.nat(400_000), fc.nat(20 * usd), tier, ([id, name], input, nano, tier) => {
        const rates = ratesOf({ id }, name, now, none) as Rates;
        const output = outputFor(rates, nano, input, tier);
        const isEnough = mostCost(rates, { input, output }, tier) <= nano;
        expect(output === 0 || isEnough).toBe(true);
        expect(mostCost(rates, { input, output: output + 2 }, tier)).toBeGreaterThan(nano);
      }),
    );
  });

  it("of what is free buys any answer", () => {
    expect(outputFor({ tiers: [] }, 0, 1_000_000, "default")).toBe(Number.POSITIVE_INFINITY);
    expect(mostCost({ tiers: [] }, { input: 1, output: 1 }, "default")).toBe(0);
  });
});

/** Within rounding of the package's dollars; undefined where it has no price. */
function isAbout(cost: number | undefined): (ours: unknown) => boolean {
  return (ours) => (cost === undefined ? ours === undefined : Math.abs(Number(ours) - cost) <= 0.5 + 1e-6);
}

/** The name of its own, and each that its pattern says in full. */
function namesIn({ id, match }: ModelInfo): readonly string[] {
  const told = [...JSON.stringify(match).matchAll(/"(?:equals|starts_with)":"([^"]+)"/g)].map(([, name]) => name ?? "");
  return [...new Set([id, ...told])];
}

function datedOf({ prices }: ModelInfo): readonly ConditionalPrice[] {
  return Array.isArray(prices) ? prices : [{ prices }];
}

/** Now, and either side of each change. */
function times(model: ModelInfo): readonly number[] {
  const changes = datedOf(model).flatMap(({ constraint }) => {
    if (constraint === undefined) return [];
    if (constraint.type === "start_date") return [Date.parse(constraint.start_date)];
    return [constraint.start_time, constraint.end_time].map((time) => Date.parse(`2026-11-24T${time}`));
  });
  return [now, ...changes.flatMap((at) => [at - 1, at, at + 60_000])];
}

/** Some of everything, with an input either side of each tier. */
function usages(model: ModelInfo): readonly Usage[] {
  const starts = datedOf(model).flatMap(({ prices }) =>
    Object.values(prices).flatMap((price) => (typeof price === "object" ? price.tiers.map(({ start }) => start) : [])),
  );
  const inputs = [1003, ...new Set(starts.flatMap((start) => [start, start + 1]))];
  return inputs.map((input) => ({
    ...{ input, cacheRead: 301, cacheWrite: 207, cacheWriteLong: 103, output: 809, reasoning: 401, searches: 3 },
    ...{ inputAudio: 57, cacheReadAudio: 19, outputAudio: 71, outputImage: 43 },
  }));
}

/** Counts whose parts are no more than their whole. */
function usage(): fc.Arbitrary<Usage> {
  return fc
    .tuple(fc.nat(400_000), fc.nat(50_000), fc.nat(100), fc.nat(100), fc.nat(100))
    .map(([input, output, a, b, c]) => {
      const cacheRead = Math.floor((input * a) / 200);
      const cacheWrite = Math.floor(((input - cacheRead) * b) / 100);
      return { input, cacheRead, cacheWrite, cacheWriteLong: Math.floor((cacheWrite * c) / 100), output };
    });
}
