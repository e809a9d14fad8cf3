/** What is known of a model by its name, however a provider writes it. */
import { calcPrice } from "@pydantic/genai-prices";
import { describe, expect, it } from "vitest";
import { knownModels, type ModelFacts, modelFacts } from "../../src/models/catalog.ts";

/** Without the context, which is the model's own. */
function familyOf(model: string): Omit<ModelFacts, "context"> {
  const { context: _, ...family } = modelFacts(model);
  return family;
}

describe("names", () => {
  it("are known with a provider, a region, a date or a point", () => {
    const known = [
      [
        "claude-sonnet-4-5",
        "anthropic/claude-sonnet-4.5",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "claude-sonnet-4-5@20250929",
      ],
      ["claude-opus-4-1", "claude-opus-4-20250514", "claude-opus-4-0"],
      ["gpt-5", "openai/gpt-5-2025-08-07", "gpt-5-nano"],
      ["gpt-5.6", "gpt-5.6-sol", "GPT-5.6-luna"],
      ["gemini-2.5-flash", "models/gemini-2.5-flash-lite-preview-09-2025"],
      ["gemini-flash-latest", "gemini-3.7-flash", "gemini-4.1-flash"],
    ];
    for (const [first = "", ...others] of known) {
      expect(modelFacts(first)).not.toBe(modelFacts("llama-9"));
      for (const other of others) expect(familyOf(other), other).toEqual(familyOf(first));
    }
  });

  it("of a later version are not taken for an earlier one", () => {
    for (const later of [
      "gpt-5.9",
      "gpt-50",
      "claude-opus-5-7",
      "claude-sonnet-4-9",
      "gemini-2.5.1-pro",
      "marco-o1",
      "gpt-7",
    ]) {
      expect(modelFacts(later), later).toBe(modelFacts("llama-9"));
    }
  });

  it("do not mix lines", () => {
    expect(modelFacts("claude-opus-5-5").dial).toMatchObject({ off: "never" });
    expect(modelFacts("claude-opus-5").dial).toMatchObject({ off: "off", offLimit: "high" });
    expect(modelFacts("gemini-3-pro-image-preview").dial.style).toBe("tokens");
    expect(modelFacts("gemini-3.7-flash-lite").dial).toMatchObject({ levels: ["minimal", "low", "medium", "high"] });
    expect(modelFacts("gpt-5-chat-latest").dial.style).toBe("unknown");
  });

  it("say who needs Responses for tools", () => {
    const needing = ["gpt-5.4", "gpt-5.5", "gpt-5.6-sol", "gpt-6-astra", "gpt-6.1-terra"];
    expect(needing.map((model) => modelFacts(model).toolsNeedResponses)).toEqual(needing.map(() => true));
    const others = ["gpt-5.2", "gpt-5", "o3", "gpt-4.1", "claude-opus-5", "llama-9"];
    expect(others.map((model) => modelFacts(model).toolsNeedResponses)).toEqual(others.map(() => false));
  });
});

it("lists only models it knows, with a default effort they take", () => {
  expect(knownModels.length).toBeGreaterThan(20);
  for (const { id, facts, efforts, defaultEffort } of knownModels) {
    expect(facts.dial.style, id).not.toBe("unknown");
    if (defaultEffort !== undefined) expect(efforts, id).toContain(defaultEffort);
  }
});

describe("a context", () => {
  it("is what the vendors' list says, for each model of a family", () => {
    const contexts = [
      ["gpt-5.5", 1_000_000],
      ["gpt-5.6-sol-20260901", 1_050_000],
      ["openai/gpt-5-mini", 400_000],
      ["claude-haiku-4-5", 200_000],
      ["us.anthropic.claude-opus-4-8-v1:0", 1_000_000],
      ["claude-opus-4-8@20260101", 1_000_000],
      ["gemini-2.5-flash", 1_048_576],
      ["gemini-3.8-flash", 1_000_000],
      ["grok-4.6", 500_000],
    ] as const;
    for (const [model, context] of contexts) expect(modelFacts(model).context, model).toBe(context);
  });

  it("that is not listed is left out, also for a later version of one that is", () => {
    for (const model of ["gpt-6.1-sol", "claude-sonnet-5-5", "gemini-4-argon", "llama-9"]) {
      expect(modelFacts(model).context, model).toBeUndefined();
    }
  });

  it("of every listed model agrees with the package", () => {
    const vendors = { openai: "openai", anthropic: "anthropic", gemini: "google" } as const;
    let told = 0;
    for (const { id, provider, facts } of knownModels) {
      if (facts.context === undefined) continue;
      const vendor = vendors[provider as keyof typeof vendors];
      const found = calcPrice({ input_tokens: 1 }, id, { providerId: vendor });
      expect(found?.model.context_window, id).toBe(facts.context);
      told++;
    }
    expect(told).toBeGreaterThan(8);
  });
});
