/** What a model takes alone but not together, and documents that only Anthropic knows. */
import { describe, expect, it } from "vitest";
import type { Block, CanonRequest, ProtocolId, Tool } from "../../src/canon/request.ts";
import { Fault } from "../../src/fault.ts";
import { modelFacts } from "../../src/models/catalog.ts";
import { fitModel } from "../../src/models/fit.ts";

function fitted(model: string, protocol: ProtocolId, request: Partial<CanonRequest>) {
  const lost: string[] = [];
  const whole: CanonRequest = {
    model,
    stream: true,
    turns: [{ role: "user", blocks: [{ type: "text", text: "hello" }] }],
    ...request,
  };
  const lose = (field: string, change = "dropped") => void lost.push(`${field}=${change}`);
  return { fit: fitModel(whole, modelFacts(model), protocol, lose), lost };
}

function refusal(model: string, protocol: ProtocolId, request: Partial<CanonRequest>): Fault {
  try {
    fitted(model, protocol, request);
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
  }
  throw new Error("it was not refused");
}

describe("what cannot stand together", () => {
  const look: Tool = { type: "function", name: "look" };
  const search: Tool = { type: "web_search", live: true };
  const format = { type: "schema", schema: { type: "object" } } as const;

  it("is refused on Gemini before 3: function tools with a search or a schema", () => {
    for (const model of ["gemini-2.5-pro", "gemini-2.0-flash", "gemini-1.5-pro"]) {
      expect(refusal(model, "gemini", { tools: [look, search] }).param).toBe("tools[1]");
      expect(refusal(model, "gemini", { tools: [look], format }).param).toBe("format");
      expect(fitted(model, "gemini", { tools: [search] }).lost).toEqual([]);
      expect(fitted(model, "gemini", { tools: [look, { ...search, live: false }] }).lost).toEqual([]);
      expect(fitted(model, "gemini", { format }).lost).toEqual([]);
    }
    expect(fitted("gemini-3-pro", "gemini", { tools: [look, search], format }).lost).toEqual([]);
    expect(fitted("gemini-flash-latest", "gemini", { tools: [look], format }).lost).toEqual([]);
  });

  it("is refused on Chat: a stop sequence of an OpenAI model that reasons", () => {
    expect(refusal("gpt-5-mini", "chat", { stop: ["x"] })).toMatchObject({ kind: "unsupported", param: "stop" });
    expect(refusal("openai/o3", "chat", { stop: ["x"] }).param).toBe("stop");
    for (const model of ["gpt-4.1", "llama-9", "o1"])
      expect(fitted(model, "chat", { stop: ["x"] }).fit.stop).toEqual(["x"]);
    expect(fitted("gpt-5-mini", "chat", { stop: [] }).lost).toEqual([]);
  });
});

describe("a document made of blocks", () => {
  const content = [
    { type: "text", text: "one" },
    { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBO" } },
  ];
  const document: Block = {
    type: "opaque",
    protocol: "messages",
    value: { type: "document", source: { type: "content", content } },
  };
  const request = { turns: [{ role: "user", blocks: [document] }], ext: { messages: {} } } as const;

  it("is those blocks to all but Anthropic", () => {
    const { fit, lost } = fitted("gpt-5.5", "responses", request);
    expect(fit.turns[0]?.blocks).toEqual([
      { type: "text", text: "one" },
      { type: "image", source: { type: "data", mediaType: "image/png", data: "iVBO" } },
    ]);
    expect(lost).toEqual(["turns[0].blocks[0]=document>blocks"]);
    expect(fitted("claude-opus-5", "messages", request).fit.turns[0]?.blocks).toEqual([document]);
  });
});
