/** What the other SDKs ask besides answers: the tokens of a question, embeddings, and which models there are. */
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { GoogleGenerativeAI } from "@google/generative-ai";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, start } from "./harness.ts";

const text = "How many tokens are these?";
const models = ["modern/gpt-5.5", "compatible/qwen", "gemini/gemini-3-pro"];

let harness: Harness;
let anthropic: Anthropic;
let google: GoogleGenAI;

beforeAll(async () => {
  harness = await start({ ALIASES: JSON.stringify({ house: "compatible/qwen" }) });
  anthropic = new Anthropic({ apiKey: harness.key, baseURL: harness.origin, maxRetries: 0 });
  google = new GoogleGenAI({ apiKey: harness.key, httpOptions: { baseUrl: harness.origin } });
  return () => harness.close();
});

describe("tokens", () => {
  it.each(models)("of %s are counted for Anthropic's SDK", async (model) => {
    const count = await anthropic.messages.countTokens({ model, messages: [{ role: "user", content: text }] });
    expect(count.input_tokens).toBeGreaterThan(3);
  });

  it.each([...models, "anthropic/claude-sonnet-5-5"])("of %s are counted for Google's", async (model) => {
    expect((await google.models.countTokens({ model, contents: text })).totalTokens).toBeGreaterThan(3);
    const former = new GoogleGenerativeAI(harness.key);
    const counting = former.getGenerativeModel({ model: `models/${model}` }, { baseUrl: harness.origin });
    expect((await counting.countTokens(text)).totalTokens).toBeGreaterThan(3);
  });
});

describe("texts", () => {
  const embedders = ["openai/text-embedding-3-small", "gemini/gemini-embedding-001"];

  it("are embedded for Google's older SDK", async () => {
    const model = embedders[0];
    const former = new GoogleGenerativeAI(harness.key);
    const embedding = former.getGenerativeModel({ model: `models/${model}` }, { baseUrl: harness.origin });
    expect((await embedding.embedContent(text)).embedding.values.length).toBeGreaterThan(0);
  });

  // It asks for one text as for many, with `:batchEmbedContents`, which the gateway does not have yet.
  it.each(embedders)("are not embedded by %s for Google's newer one", async (model) => {
    const { embeddings = [] } = await google.models.embedContent({ model, contents: text });
    expect(embeddings.map(({ values = [] }) => values.length > 0)).toEqual([true]);
  });
});

describe("models", () => {
  it("are listed for Anthropic's SDK", async () => {
    const listed = await Array.fromAsync(anthropic.models.list());
    expect(listed.map(({ id }) => id)).toEqual(expect.arrayContaining(["house", "claude-opus-5-5"]));
    for (const model of listed) expect(model).toMatchObject({ type: "model", display_name: expect.any(String) });
  });

  it("are listed for Google's", async () => {
    const listed = await Array.fromAsync(await google.models.list());
    expect(listed.map(({ name }) => name)).toEqual(expect.arrayContaining(["models/house", "models/gemini-3-pro"]));
  });
});
