/** How many tokens a request may be: never less than what a provider counted, and not absurdly more. */
import { describe, expect, it } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import type { ProtocolId } from "../../src/canon/request.ts";
import { inputBound, inputEstimate } from "../../src/models/bound.ts";
import { haveRecordings } from "../recordings.ts";
import { type RecordedCall, recordedCalls } from "./recorded.ts";

/** Searches that went on for many turns inside one call: each turn reads all before it again, and is billed for it. */
const manyTurns = /pause_turn_web_search/;

/** What stood for the recorded sound or document is a stub of some bytes. */
const isStub = ({ notes }: RecordedCall): boolean => notes.some((note) => note.startsWith("request:"));

/** Sounds and films are bounded by their bytes, which a stub has none of. */
const isSilenced = (call: RecordedCall): boolean =>
  isStub(call) && /"(?:audio|video)\//.test(JSON.stringify(call.request));

const hosts: Readonly<Record<string, string>> = {
  "api.openai.com": "openai",
  "api.anthropic.com": "anthropic",
  "generativelanguage.googleapis.com": "gemini",
  "api.x.ai": "xai",
  "openrouter.ai": "openrouter",
};

function boundOf({ protocol, request = {}, host, model }: RecordedCall): number {
  const bytes = Buffer.byteLength(JSON.stringify(request));
  return inputBound({ protocol, body: request, bytes }, hosts[host] ?? "other", model);
}

describe.skipIf(!haveRecordings)("of recorded requests", () => {
  const calls = recordedCalls().filter(({ request }) => request !== undefined);
  const counted = calls.filter((call) => !manyTurns.test(call.name) && !isSilenced(call));

  it("the bound covers every one", () => {
    expect(counted.length).toBeGreaterThan(500);
    const over = counted.filter((call) => (call.usage.input ?? 0) > boundOf(call));
    expect(over.map(({ name, usage, model }) => `${name} (${model}): ${usage.input}`)).toEqual([]);
    console.info(
      `bound: ${counted.length} recorded requests covered; ${calls.length - counted.length} left out (many turns, stubs)`,
    );
  });

  it("the bound leaves room: text of any size may count two thirds more than it did", () => {
    const large = counted.filter((call) => JSON.stringify(call.request).length > 2000 && !isStub(call));
    expect(large.length).toBeGreaterThan(30);
    for (const call of large) expect(boundOf(call), call.name).toBeGreaterThan((call.usage.input ?? 0) * 1.66);
  });

  it("the estimate is between a third and three times what plain text came to", () => {
    const plain = counted.filter(({ request }) => {
      const text = JSON.stringify(request);
      return text.length > 4000 && !/base64|https?:|_id"|web_|encrypted/.test(text);
    });
    expect(plain.length).toBeGreaterThan(5);
    for (const { request = {}, usage, name } of plain) {
      const share = inputEstimate({ body: request, bytes: JSON.stringify(request).length }) / (usage.input ?? 0);
      expect(share, name).toBeGreaterThan(1 / 3);
      expect(share, name).toBeLessThan(3);
    }
  });
});

describe("the bound", () => {
  const bound = (body: Obj, protocol: ProtocolId = "chat", model = "gpt-4o", provider = "openai"): number =>
    inputBound({ protocol, body, bytes: JSON.stringify(body).length }, provider, model);
  const chat = (...content: Obj[]): Obj => ({ messages: [{ role: "user", content }] });
  const png = `data:image/png;base64,${"A".repeat(1_000_000)}`;

  it("grows with the text and ends at the context", () => {
    const of = (length: number): number => bound(chat({ type: "text", text: "a".repeat(length) }));
    expect(of(20_000)).toBeGreaterThan(of(10_000) + 5_000);
    expect(of(10_000_000)).toBe(128_000);
  });

  it("counts a picture as a picture, however many bytes it has, and wherever it is", () => {
    const none = bound(chat({ type: "text", text: "hello" }));
    const pictures: readonly (readonly [ProtocolId, Obj])[] = [
      ["chat", chat({ type: "image_url", image_url: { url: png } })],
      ["chat", chat({ type: "image_url", image_url: { url: "https://example.com/a.png" } })],
      ["responses", { input: [{ role: "user", content: [{ type: "input_image", image_url: png }] }] }],
      [
        "responses",
        { input: [{ role: "user", content: [{ type: "input_image", image_url: "https://e.com/a.png" }] }] },
      ],
      ["messages", chat({ type: "image", source: { type: "base64", media_type: "image/png", data: png.slice(22) } })],
      ["messages", chat({ type: "image", source: { type: "url", url: "https://example.com/a.png" } })],
      ["gemini", { contents: [{ parts: [{ inlineData: { mimeType: "image/png", data: png.slice(22) } }] }] }],
      ["gemini", { contents: [{ parts: [{ inline_data: { mime_type: "image/png", data: png.slice(22) } }] }] }],
    ];
    for (const [protocol, body] of pictures) {
      const tokens = bound(body, protocol, "gpt-4.1");
      expect(tokens, JSON.stringify(body).slice(0, 120)).toBeGreaterThan(none + 4_000);
      expect(tokens, JSON.stringify(body).slice(0, 120)).toBeLessThan(120_000);
    }
  });

  it("is the context where the request does not tell how much there is", () => {
    const bodies: readonly (readonly [ProtocolId, Obj])[] = [
      ["responses", { input: "go on", previous_response_id: "resp_1" }],
      ["responses", { input: "go on", conversation: { id: "conv_1" } }],
      ["responses", { input: [{ type: "item_reference", id: "msg_1" }] }],
      ["responses", { prompt: { id: "pmpt_1" } }],
      ["responses", { input: [{ role: "user", content: [{ type: "input_file", file_id: "file-1" }] }] }],
      ["responses", { input: [{ role: "user", content: [{ type: "input_file", file_url: "https://e.com/a.pdf" }] }] }],
      ["chat", chat({ type: "file", file: { file_data: `data:application/pdf;base64,${"A".repeat(100)}` } })],
      ["messages", chat({ type: "document", source: { type: "url", url: "https://e.com/a.pdf" } })],
      ["messages", chat({ type: "document", source: { type: "base64", media_type: "application/pdf", data: "AA" } })],
      ["gemini", { contents: [{ parts: [{ fileData: { fileUri: "https://youtu.be/1" } }] }] }],
      ["gemini", { contents: [], cachedContent: "cachedContents/1" }],
      ["responses", { input: "hi", tools: [{ type: "mcp", server_url: "https://e.com" }] }],
    ];
    for (const [protocol, body] of bodies)
      expect(bound(body, protocol), JSON.stringify(body).slice(0, 90)).toBe(128_000);
  });

  it("does not take a text for what it tells of", () => {
    const told = chat({ type: "text", text: 'see {"file_id":"file-1"} and data:image/png;base64,AAAA' });
    expect(bound(told)).toBeLessThan(2_000);
    const document = { type: "document", source: { type: "text", media_type: "text/plain", data: "a few words" } };
    expect(bound(chat(document), "messages", "claude-opus-4-8")).toBeLessThan(3_000);
  });

  it("adds what a search may find", () => {
    const body = { input: "news?", tools: [{ type: "web_search" }] };
    expect(bound(body, "responses", "gpt-5.5")).toBeGreaterThan(100_000);
    const cached = { input: "news?", tools: [{ type: "web_search", external_web_access: false }] };
    expect(bound(cached, "responses", "gpt-5.5")).toBeLessThan(25_000);
  });
});
