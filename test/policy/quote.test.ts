/** What a call is held to cost before it is sent. */
import { describe, expect, it } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import type { ProtocolId } from "../../src/canon/request.ts";
import { type Quote, quote } from "../../src/policy/quote.ts";
import { catalog } from "../../src/providers/catalog.ts";

const now = Date.UTC(2026, 10, 24);

function quoteOf(id: string, model: string, body: Obj, protocol: ProtocolId = "chat"): Quote {
  const provider = catalog.find((each) => each.id === id);
  if (provider === undefined) throw new Error(id);
  const asked = { protocol, body, bytes: JSON.stringify(body).length, stream: false, kind: "answer" } as const;
  return quote(asked, { provider, protocol, model }, new Map(), now);
}

describe("the most that is held for an answer", () => {
  const body = { messages: [{ role: "user", content: "hello" }] };

  it("is what the caller asked for, as far as the model can", () => {
    expect(quoteOf("openai", "gpt-4o", { ...body, max_tokens: 1000 })).toMatchObject({ output: 1000, isBounded: true });
    const claude = quoteOf("anthropic", "claude-opus-4-8", { ...body, max_tokens: 1_000_000 }, "messages");
    expect(claude).toMatchObject({ output: 128_000, isBounded: true });
    expect(quoteOf("openai", "gpt-4o", { ...body, max_tokens: 1e9 }).output).toBe(128_000);
  });

  it("is a usual answer where nobody says, not the whole context", () => {
    expect(quoteOf("openai", "gpt-5.5", body)).toMatchObject({ output: 32_000, isBounded: false });
    expect(quoteOf("anthropic", "claude-opus-4-8", body, "messages")).toMatchObject({ output: 128_000 });
  });
});

describe("what is wanted", () => {
  it("is dearer in a dearer tier, by whichever member it is asked for", () => {
    const body = { messages: [{ role: "user", content: "hello" }], max_tokens: 100 };
    // Words of the same length: the input is told by its bytes.
    const claude = (speed: string): number =>
      quoteOf("anthropic", "claude-opus-4-8", { ...body, speed }, "messages").wanted;
    expect(claude("fast")).toBe(6 * claude("slow"));
    const gpt = (service_tier: string): number => quoteOf("openai", "gpt-5.5", { ...body, service_tier }).wanted;
    expect(2 * gpt("Flex")).toBe(gpt("auto"));
  });

  it("has the fees of tools on top, and no rates where one of them is unknown", () => {
    const search = { input: "news?", tools: [{ type: "web_search" }], max_tool_calls: 2, max_output_tokens: 100 };
    expect(quoteOf("openai", "gpt-5.5", search, "responses").least).toBeGreaterThan(50_000_000);
    const unknown = { input: "news?", tools: [{ type: "mcp" }] };
    expect(quoteOf("openai", "gpt-5.5", unknown, "responses").rates).toBeUndefined();
    expect(quoteOf("openai", "gpt-of-next-year", { input: "hi" }, "responses").rates).toBeUndefined();
  });
});
