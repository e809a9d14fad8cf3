/** What a provider says a call cost, and what else its usage tells beside tokens. */
import { describe, expect, it } from "vitest";
import { billOf } from "../../src/bill.ts";
import type { Obj } from "../../src/canon/json.ts";
import { noUsage, reportedCost, type Usage } from "../../src/canon/usage.ts";
import type { Quote } from "../../src/policy/quote.ts";
import { protocols } from "../../src/protocols/index.ts";
import { catalog } from "../../src/providers/catalog.ts";

describe("a reported cost", () => {
  it("is dollars in whole nano-dollars", () => {
    expect(reportedCost({ cost: 0.0012345678 })).toBe(1_234_568);
    expect(reportedCost({ cost: 0 })).toBe(0);
  });

  it("has what the caller's own account is charged with it, where the call went there", () => {
    const cost_details = { upstream_inference_cost: 0.02 };
    expect(reportedCost({ cost: 0.001, is_byok: true, cost_details })).toBe(21_000_000);
    expect(reportedCost({ cost: 0.02, is_byok: false, cost_details })).toBe(20_000_000);
    expect(reportedCost({ cost: 0.001, is_byok: true, cost_details: { upstream_inference_cost: null } })).toBe(
      1_000_000,
    );
  });

  it("that is no amount is none", () => {
    for (const cost of ["0.1", null, -1, { total_cost: 0.1 }, undefined]) {
      expect(reportedCost(cost === undefined ? {} : { cost })).toBeUndefined();
    }
  });

  it("is read in every protocol that has one", () => {
    const usage = { prompt_tokens: 1, completion_tokens: 1, input_tokens: 1, output_tokens: 1, cost: 0.5 };
    for (const id of ["chat", "responses", "messages"] as const) {
      expect(protocols[id].usage({ usage }, noUsage).reportedCost, id).toBe(500_000_000);
    }
  });

  it("is the bill only where the provider is known to mean it", () => {
    const usage: Usage = { input: 10, output: 10, reportedCost: 7 };
    const rates = { tiers: [{ input: 1, output: 1 }] };
    const bill = (id: string, quoted: Partial<Quote>) => {
      const provider = catalog.find((each) => each.id === id);
      if (provider === undefined) throw new Error(id);
      const target = { provider, protocol: "chat", model: "m" } as const;
      const quote = { target, tier: "default", ...quoted } as Quote;
      return billOf({ outcome: { usage, ended: "whole" }, target: quote.target, status: 200 }, quote).cost;
    };
    expect(bill("openrouter", { rates })).toBe(7);
    expect(bill("openrouter", {})).toBe(7);
    expect(bill("groq", { rates })).toBe(20);
    expect(bill("groq", {})).toBeUndefined();
  });
});

describe("sound and pictures", () => {
  it("are told apart where there are any", () => {
    const chat: Obj = {
      prompt_tokens: 50,
      completion_tokens: 30,
      prompt_tokens_details: { audio_tokens: 20, cached_tokens: 0 },
      completion_tokens_details: { audio_tokens: 0, image_tokens: 9 },
    };
    expect(protocols.chat.usage({ usage: chat }, noUsage)).toEqual({
      ...{ input: 50, cacheRead: 0, inputAudio: 20, output: 30, outputImage: 9 },
    });
  });

  it("are summed over what Gemini's own tools read, and folded over its chunks", () => {
    const first = {
      promptTokenCount: 40,
      promptTokensDetails: [
        { modality: "TEXT", tokenCount: 10 },
        { modality: "AUDIO", tokenCount: 30 },
      ],
    };
    const last = {
      ...first,
      toolUsePromptTokenCount: 5,
      toolUsePromptTokensDetails: [{ modality: "AUDIO", tokenCount: 5 }],
      candidatesTokenCount: 1290,
      candidatesTokensDetails: [{ modality: "IMAGE", tokenCount: 1290 }],
    };
    const before = protocols.gemini.usage({ usageMetadata: first }, noUsage);
    expect(protocols.gemini.usage({ usageMetadata: last }, before)).toMatchObject({
      ...{ input: 45, inputAudio: 35, output: 1290, outputImage: 1290 },
    });
  });
});
