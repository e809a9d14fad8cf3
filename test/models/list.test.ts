/** What `GET /v1/models` tells of a model: its context and its price, where they are known. */
import { describe, expect, it } from "vitest";
import { obj } from "../../src/canon/json.ts";
import { readConfig } from "../../src/config.ts";
import { findModel, listModels } from "../../src/models/list.ts";
import { openaiModel } from "../../src/models/shapes.ts";

const now = Date.UTC(2026, 10, 24);
const env = {
  GEARBOX_SECRET: "s".repeat(32),
  OPENAI_API_KEY: "sk-1",
  ANTHROPIC_API_KEY: "sk-2",
  DEEPSEEK_API_KEY: "sk-3",
  ALIASES: { fast: "anthropic/claude-opus-5-5", cheap: ["deepseek/deepseek-v4-pro"], odd: "openai/gpt-of-next-year" },
  PRICES: { "openai/gpt-6.1-sol": { input: 3, output: 12.5, search: 10 } },
};
const config = readConfig(env);
const told = (id: string, at = now) => {
  const entry = findModel(id, config, at);
  return entry === undefined ? {} : openaiModel(entry);
};

describe("a listed model", () => {
  it("tells its context and its price in dollars a token, as texts", () => {
    expect(told("claude-opus-5-5")).toMatchObject({
      context_window: 1_000_000,
      max_output_tokens: 128_000,
      pricing: {
        prompt: "0.000004",
        completion: "0.00002",
        input_cache_read: "0.0000002",
        input_cache_write: "0.000005",
        web_search: "0.01",
      },
    });
  });

  it("tells from how many tokens on the whole call costs more", () => {
    expect(told("gpt-5.5").pricing).toMatchObject({
      prompt: "0.000005",
      tiers: [{ min_prompt_tokens: 272_000, prompt: "0.00001", completion: "0.000045" }],
    });
  });

  it("tells the operator's price where there is one", () => {
    expect(told("gpt-6.1-sol").pricing).toEqual({ prompt: "0.000003", completion: "0.0000125", web_search: "0.01" });
  });

  it("tells no price that nobody knows, never 0", () => {
    expect(told("gpt-6.1-terra")).not.toHaveProperty("pricing");
    expect(told("openai/gpt-of-next-year")).not.toHaveProperty("pricing");
    expect(told("odd")).not.toHaveProperty("pricing");
  });

  it("by an alias or by its provider costs what the model behind it does, at the time", () => {
    expect(told("fast").pricing).toEqual(told("claude-opus-5-5").pricing);
    expect(obj(told("cheap", Date.UTC(2026, 10, 24, 2)).pricing).prompt).toBe("0.00000132");
    expect(obj(told("deepseek/deepseek-v4-pro").pricing).prompt).toBe("0.00000066");
  });

  it("is listed once, aliases first", () => {
    const ids = listModels(config, now).map(({ id }) => id);
    expect(ids.slice(0, 3)).toEqual(["fast", "cheap", "odd"]);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
