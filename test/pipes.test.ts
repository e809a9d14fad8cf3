/** The law "relay is identity": what the caller gets is what the provider sent, after removing what we put between. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ProtocolId } from "../src/canon/request.ts";
import { framer } from "../src/http/sse.ts";
import { type Outcome, relayed } from "../src/pipes.ts";
import { protocols } from "../src/protocols/index.ts";
import { cut } from "./laws/laws.ts";
import { haveRecordings, isStream, recordings } from "./recordings.ts";

const kinds: readonly (readonly [kind: string, protocol: ProtocolId])[] = [
  ["openai-responses", "responses"],
  ["openai-chat", "chat"],
  ["openai-compatible", "chat"],
  ["anthropic", "messages"],
  ["gemini", "gemini"],
];

/** The body through the relay in these pieces, with a beat after each piece that `beats` names. */
function relay(protocol: ProtocolId, body: string, sizes: readonly number[], beats = false) {
  const outcomes: Outcome[] = [];
  const pipe = relayed(protocols[protocol], false, (outcome) => outcomes.push(outcome));
  const out: Uint8Array[] = [];
  const added: string[] = [];
  for (const piece of cut(new TextEncoder().encode(body), sizes)) {
    out.push(pipe.push(piece));
    if (!beats) continue;
    const beat = pipe.beat(1000);
    added.push(new TextDecoder().decode(beat));
    out.push(beat);
  }
  out.push(pipe.end());
  return { said: Buffer.concat(out).toString("utf8"), added, outcomes };
}

describe.skipIf(!haveRecordings)("a recorded stream", () => {
  const streams = kinds.flatMap(([kind, protocol]) =>
    recordings(kind)
      .filter(isStream)
      .filter(({ response, request }) => response.status < 400 && !isOtherApi(protocol, request?.path))
      .map((recording) => [recording.name, protocol, recording.response.body] as const),
  );

  it.each(streams)("%s passes byte for byte at any split, beats between frames only", (_, protocol, body) => {
    for (const sizes of [[body.length * 4], [1], [7, 1, 300]]) {
      const { said, outcomes } = relay(protocol, body, sizes);
      expect(said.startsWith(body) ? said.slice(0, body.length) : said).toBe(body);
      expect(outcomes).toHaveLength(1);
      if (outcomes[0]?.ended === "whole") expect(said).toBe(body);
    }
    const { said, added } = relay(protocol, body, [97], true);
    const [beat] = added.filter((each) => each !== "");
    const withoutBeats = beat === undefined ? said : said.split(beat).join("");
    expect(withoutBeats.startsWith(body)).toBe(true);
  });
});

/** Some providers of the compatible kind were asked in another protocol. */
function isOtherApi(protocol: ProtocolId, path: string | undefined): boolean {
  return protocol === "chat" && path !== undefined && !path.includes("chat/completions");
}

describe("a relayed stream", () => {
  const frames = fc.array(
    fc.record({
      choices: fc.constant([{ index: 0, delta: { content: "é🌍" }, finish_reason: null }]),
      id: fc.string(),
    }),
    { minLength: 1, maxLength: 20 },
  );
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });

  it("that ends properly is the same bytes, whatever they are and however they come", () => {
    fc.assert(
      fc.property(frames, sizes, fc.constantFrom("\n", "\r\n"), (chunks, pieces, newline) => {
        const blank = newline + newline;
        const body = [...chunks.map((chunk) => JSON.stringify(chunk)), "[DONE]"]
          .map((data) => `data: ${data}${blank}`)
          .join("");
        const { said, outcomes } = relay("chat", body, pieces);
        expect(said).toBe(body);
        expect(outcomes).toEqual([expect.objectContaining({ ended: "whole" })]);
      }),
    );
  });

  it("that breaks off anywhere gets one error frame, and no half frame before it", () => {
    fc.assert(
      fc.property(frames, sizes, fc.nat(), (chunks, pieces, at) => {
        const body = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("");
        const bytes = new TextEncoder().encode(body);
        const part = new TextDecoder().decode(bytes.subarray(0, at % bytes.length));
        const { said, outcomes } = relay("chat", part, pieces);
        const data = framer()
          .push(new TextEncoder().encode(said))
          .frames.map(({ frame }): object => JSON.parse(frame.data));
        expect(data.filter((each: object) => "error" in each)).toHaveLength(1);
        expect(data.at(-1)).toHaveProperty("error");
        expect(outcomes).toEqual([expect.objectContaining({ ended: "cut" })]);
      }),
    );
  });

  it("loses no more than the usage frame that was asked for on the caller's behalf", () => {
    const pipe = relayed(protocols.chat, true, () => undefined);
    const usage = 'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}\n\n';
    const before = ': a comment\n\ndata: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}\n\n';
    const out = [...`${before}${usage}data: [DONE]\n\n`].map((letter) => pipe.push(new TextEncoder().encode(letter)));
    expect(Buffer.concat([...out, pipe.end()]).toString()).toBe(`${before}data: [DONE]\n\n`);
  });

  it("of the Responses API whose error was never followed by response.failed gets it from us", () => {
    const error = 'event: error\ndata: {"type":"error","sequence_number":0,"code":"server_error","message":"x"}\n\n';
    const { said, outcomes } = relay("responses", error, [9]);
    expect(said.startsWith(error)).toBe(true);
    expect(said).toContain("event: response.failed");
    expect(outcomes).toEqual([expect.objectContaining({ ended: "failed" })]);
  });
});
