/** What a request becomes for servers that refuse what OpenAI takes. */
import { describe, expect, it } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import { catalog } from "../../src/providers/catalog.ts";
import { abilities, bend } from "../../src/providers/quirks.ts";

/** All that the encoder of Chat may say. */
const said: Obj = {
  model: "m",
  messages: [
    { role: "developer", content: "Be brief." },
    { role: "user", content: "Hi" },
  ],
  max_completion_tokens: 9,
  metadata: { a: "b" },
  prompt_cache_key: "k",
  safety_identifier: "s",
  service_tier: "flex",
  user: "u",
  verbosity: "low",
  seed: 7,
  temperature: 0,
  stream: true,
  stream_options: { include_usage: true },
  reasoning_effort: "low",
};

const common = { model: "m", max_tokens: 9, temperature: 0, stream: true, reasoning_effort: "low" };
const system = {
  messages: [
    { role: "system", content: "Be brief." },
    { role: "user", content: "Hi" },
  ],
};

describe("a request to", () => {
  it("Groq and Cerebras is without the members they refuse", () => {
    for (const id of ["groq", "cerebras"]) {
      expect(bent(id)).toEqual({ ...common, ...system, user: "u", seed: 7, stream_options: said.stream_options });
    }
  });

  it("Mistral has only members that Mistral knows", () => {
    // `stream_options` goes with the bytes, on either lane: see the envelope.
    expect(bent("mistral")).toEqual({
      ...{ ...common, ...system, prompt_cache_key: "k", random_seed: 7, stream_options: said.stream_options },
    });
  });

  it("these says what was left out, each once, in canon's words", () => {
    const lost: string[] = [];
    bend(said, { provider: known("mistral"), protocol: "chat" }, (field) => void lost.push(field));
    expect(lost.sort()).toEqual(["metadata", "tier", "user", "verbosity"]);
  });

  it("any other compatible keeps its hints, in the words of old", () => {
    const { max_completion_tokens: _, ...kept } = said;
    for (const id of ["together", "xai", "openrouter", "bedrock-chat", "cometapi"]) {
      expect(bent(id)).toEqual({ ...kept, ...system, max_tokens: 9 });
    }
  });

  it("OpenAI and Azure is as it was said", () => {
    for (const id of ["openai", "azure"]) expect(bent(id)).toEqual(said);
  });

  it("a compatible has functions only, to OpenAI custom tools too", () => {
    const custom = (id: string): boolean => abilities({ provider: known(id), protocol: "chat" }).custom;
    expect(["groq", "mistral", "deepseek", "openai", "azure"].map(custom)).toEqual([false, false, false, true, true]);
  });
});

function bent(id: string): Obj {
  return bend(said, { provider: known(id), protocol: "chat" });
}

function known(id: string) {
  const provider = catalog.find((each) => each.id === id);
  if (provider === undefined) throw new Error(`no provider ${id}`);
  return provider;
}
