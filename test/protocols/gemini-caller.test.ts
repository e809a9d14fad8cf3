/** What Gemini's callers get: answers whole and streamed, and what is added to a relayed stream. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { collect, type Event, type Message, replay } from "../../src/canon/event.ts";
import { list, type Obj, obj } from "../../src/canon/json.ts";
import type { Block } from "../../src/canon/request.ts";
import { Fault } from "../../src/fault.ts";
import { type OutFrame, print } from "../../src/http/sse.ts";
import { gemini } from "../../src/protocols/gemini/index.ts";
import { disorder, eventsOf } from "../laws/laws.ts";
import { chunk, context, opens, stop, call as wireCall, written } from "./gemini-laws.ts";

const parsed = (frames: readonly OutFrame[]) =>
  frames.map((frame) => ("data" in frame ? obj(JSON.parse(frame.data)) : {}));
const partsOf = (frame: Obj) => list(obj(obj(list(frame.candidates)[0]).content).parts).map(obj);

const thought = fc.record({
  type: fc.constant("reasoning" as const),
  summary: fc.tuple(fc.string({ minLength: 1 })),
  native: fc.record({ protocol: fc.constant("gemini" as const), value: fc.base64String({ minLength: 4 }) }),
});
const call = fc.record({
  type: fc.constant("call" as const),
  id: fc.uuid(),
  kind: fc.constant("function" as const),
  name: fc.stringMatching(/^[a-z_]{1,9}$/),
  input: fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value)),
});
const text = fc.record({ type: fc.constant("text" as const), text: fc.string({ unit: "grapheme", minLength: 1 }) });
const image = fc.constant<Block>({ type: "image", source: { type: "data", mediaType: "image/png", data: "aa==" } });
const opaque = fc.constant<Block>({ type: "opaque", protocol: "gemini", value: { executableCode: { code: "1" } } });

/** Blocks of an answer; texts that would be one are not told as two. */
const blocksOf = fc
  .array(fc.oneof(thought, call, text, image, opaque), { maxLength: 6 })
  .map((blocks) => blocks.filter((block, at) => block.type !== "text" || blocks[at - 1]?.type !== "text"));

function messageOf(blocks: readonly Block[]): Message {
  const reason = blocks.some(({ type }) => type === "call") ? "calls" : "stop";
  return { id: "call1", model: "asked-for", blocks, finish: { reason }, usage: { input: 3, output: 2, reasoning: 1 } };
}

describe("what a caller gets", () => {
  it("tells any answer so that it reads the same, whole and streamed, at any split", () => {
    fc.assert(
      fc.property(blocksOf, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (blocks, sizes) => {
        const message = messageOf(blocks);
        expect(gemini.reply.decode(gemini.reply.encode(message, context()))).toEqual(message);
        const events = eventsOf(gemini, print(written(replay(message)), "\r\n"), sizes);
        expect(disorder(events)).toEqual([]);
        expect(collect(events)).toEqual(message);
      }),
    );
  });

  it("has bare data lines, parts that hold something, and one finish, last, with usage", () => {
    const message = messageOf([{ type: "text", text: "hi" }]);
    const frames = written(replay(message));
    expect(print(frames, gemini.newline)).toMatch(/^(data: \{[^\r\n]*\}\r\n\r\n)+$/);
    const chunks = parsed(frames);
    expect(chunks).toMatchObject([
      { modelVersion: "asked-for", responseId: "call1" },
      { usageMetadata: { totalTokenCount: 5 } },
    ]);
    expect(chunks.map((each) => obj(list(each.candidates)[0]).finishReason)).toEqual([undefined, "STOP"]);
    expect(chunks[1]?.usageMetadata).toEqual({
      ...{ promptTokenCount: 3, candidatesTokenCount: 1, thoughtsTokenCount: 1, totalTokenCount: 5 },
    });
  });

  it("another provider's proof is a token in base64 on the part that follows, and the thought is shown", () => {
    const native = { protocol: "messages", value: "claude" } as const;
    const blocks: Block[] = [
      { type: "reasoning", summary: [], native: { ...native, kind: "redacted" } },
      { type: "reasoning", summary: ["a", "b"], native },
      { type: "call", id: "a", kind: "function", name: "f", input: "" },
    ];
    const message = messageOf(blocks);
    const streamed = parsed(written(replay(message))).flatMap(partsOf);
    const whole = partsOf(gemini.reply.encode(message, context()));
    for (const parts of [streamed, whole]) {
      expect(
        parts
          .filter((part) => part.thought === true)
          .map((part) => part.text)
          .join(""),
      ).toBe("a\n\nb");
      const tokens = parts.flatMap((part) =>
        typeof part.thoughtSignature === "string" ? [part.thoughtSignature] : [],
      );
      expect(tokens.every((token) => /^[A-Za-z0-9+/]+={0,2}$/.test(token))).toBe(true);
      expect(parts.find((part) => part.functionCall !== undefined)).toMatchObject({
        functionCall: { args: {} },
        thoughtSignature: tokens[1],
      });
      const contents = [
        { role: "model", parts: parts.filter((part) => part.text !== "" || part.thoughtSignature !== undefined) },
      ];
      const back = gemini.request.decode({ model: "gemini-3-pro", contents }, opens).turns[0]?.blocks;
      expect(back?.map((block) => (block.type === "reasoning" ? block.native : block.type))).toEqual([
        ...[{ ...native, kind: "redacted" }, native, "call"],
      ]);
    }
  });

  it("a call that was cut short is not told", () => {
    const begun: Block = { type: "call", id: "a", kind: "function", name: "f", input: '{"a":"' };
    for (const input of ["", begun.input]) {
      const message: Message = {
        ...messageOf([
          { type: "text", text: "x" },
          { ...begun, input },
        ]),
        finish: { reason: "length" },
      };
      const streamed = parsed(written(replay(message)));
      expect(JSON.stringify([streamed, gemini.reply.encode(message, context())])).not.toContain("functionCall");
      expect(obj(list(streamed.at(-1)?.candidates)[0]).finishReason).toBe("MAX_TOKENS");
    }
  });

  it("blocks whose pieces come in any order are told one after the other, none lost", () => {
    const blocks: readonly Block[] = [
      { type: "text", text: "Look" },
      { ...wireCall("a", '{"city":"Oslo"}') },
      { type: "reasoning", summary: ["hm"], native: { protocol: "messages", value: "s" } },
      { ...wireCall("b", '{"city":"Rome"}') },
      { type: "reasoning", summary: [], native: { protocol: "gemini", value: "c2ln", kind: "next" } },
      { type: "text", text: "done" },
    ];
    const [start, ...rest] = replay(messageOf(blocks));
    const finish = rest.pop();
    const own = blocks.map((_, index) => rest.filter((event) => "index" in event && event.index === index));
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (picks) => {
        const opened = own.map((events) => [...events]);
        // Blocks open in their order, and go on in any.
        const mixed = own.flatMap((_, index) => opened[index]?.splice(0, 1) ?? []);
        for (const pick of picks) {
          const left = opened.filter((events) => events.length > 0);
          if (left.length === 0) break;
          mixed.push(...(left[pick % left.length]?.splice(0, 1) ?? []));
        }
        const told = [start, ...mixed, finish].filter((event) => event !== undefined);
        expect(written(told)).toEqual(written(replay(messageOf(blocks))));
      }),
    );
  });

  it("what waits behind a block that never ends is told before the error", () => {
    const events: Event[] = [
      { type: "open", index: 0, block: wireCall("a", "") },
      { type: "open", index: 1, block: { type: "text", text: "" } },
      { type: "delta", index: 1, text: "hi" },
      { type: "error", fault: new Fault("upstream", "gone") },
    ];
    expect(
      parsed(written(events))
        .flatMap(partsOf)
        .map((part) => part.text)
        .join(""),
    ).toBe("hi");
  });

  it("a custom tool's call has its text as the input of the function that stands in for it", () => {
    for (const input of ["ls -l", '{"a":1}', ""]) {
      const message = messageOf([{ ...wireCall("a", input), kind: "custom" }]);
      for (const parts of [
        partsOf(gemini.reply.encode(message, context())),
        parsed(written(replay(message))).flatMap(partsOf),
      ]) {
        expect(parts).toEqual([{ functionCall: { id: "a", name: "f", args: { input } } }]);
      }
    }
  });

  it("parts sent back as they were streamed are the blocks that the provider made, each text in one", () => {
    const native = { protocol: "messages", value: "claude" } as const;
    const blocks: Block[] = [
      { type: "reasoning", summary: ["Where", "is it?"], native },
      { type: "text", text: "I look there." },
      wireCall("a", '{"at":"here"}'),
      { type: "reasoning", summary: [], content: ["raw"], native },
      { type: "text", text: "And there, too." },
    ];
    const cut = replay(messageOf(blocks)).flatMap((event): Event[] => {
      if (event.type !== "delta") return [event];
      return [...event.text].map((text) => ({ ...event, text }));
    });
    const parts = parsed(written(cut)).flatMap(partsOf);
    expect(parts.length).toBeGreaterThan(20);
    const body = { model: "gemini-3-pro", contents: [{ role: "model", parts }] };
    expect(gemini.request.decode(body, opens).turns).toEqual([{ role: "assistant", blocks }]);
  });

  it("a refusal without content has its explanation; a pause is an end, and reported", () => {
    const lost: string[] = [];
    const refused: Message = { ...messageOf([]), finish: { reason: "refusal", explanation: "no" } };
    expect(gemini.reply.encode(refused, context()).candidates).toMatchObject([
      { finishReason: "SAFETY", finishMessage: "no" },
    ]);
    expect(gemini.reply.encode({ ...refused, finish: { reason: "pause" } }, context(lost)).candidates).toMatchObject([
      { finishReason: "STOP" },
    ]);
    expect(lost).toEqual(["finish.reason=pause>stop"]);
  });

  it("what Gemini cannot say is left out and reported", () => {
    const lost: string[] = [];
    const message = messageOf([
      { type: "search", id: "s", query: "q" },
      { type: "opaque", protocol: "messages", value: { type: "x" } },
      { type: "text", text: "hi" },
    ]);
    expect(partsOf(gemini.reply.encode(message, context(lost)))).toEqual([{ text: "hi" }]);
    written(replay(message), lost);
    expect(lost).toEqual(["blocks[0]=dropped", "blocks[1]=dropped", "blocks[0]=dropped", "blocks[1]=dropped"]);
  });

  it("the frame with the finish reason holds a part that is not empty (Google's older SDK forgets such an answer)", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme", minLength: 1, maxLength: 3 }), { minLength: 1 }), (pieces) => {
        const events: Event[] = [
          { type: "open", index: 0, block: { type: "text", text: "" } },
          ...pieces.map((text): Event => ({ type: "delta", index: 0, text })),
          { type: "close", index: 0 },
          { type: "finish", finish: { reason: "stop" }, usage: {} },
        ];
        const parts = parsed(written(events)).flatMap(partsOf);
        expect(parts.every(({ text }) => text !== "")).toBe(true);
        expect(parts.map(({ text }) => text).join("")).toBe(pieces.join(""));
        expect(parts.length).toBeLessThanOrEqual(pieces.length + 1);
      }),
    );
  });

  it("thoughts are shown to a caller who asked for them, and carried for any", () => {
    const native = { protocol: "messages", value: "claude" } as const;
    const message = messageOf([
      { type: "reasoning", summary: ["a"], native },
      { type: "text", text: "hi" },
    ]);
    const quiet = { ...context(), request: { model: "m", stream: true, turns: [] } };
    const encoder = gemini.stream.encode(quiet);
    const streamed = parsed(replay(message).flatMap((event) => encoder.event(event))).flatMap(partsOf);
    const whole = partsOf(gemini.reply.encode(message, quiet));
    for (const parts of [streamed, whole]) {
      expect(parts.some(({ thought }) => thought === true)).toBe(false);
      expect(parts[0]?.thoughtSignature).toBeTypeOf("string");
      expect(parts.map(({ text }) => text).join("")).toBe("hi");
    }
  });

  it("an error ends it, after what was told; nothing follows", () => {
    const encoder = gemini.stream.encode(context());
    encoder.event({ type: "start", id: "x", model: "y" });
    encoder.event({ type: "open", index: 0, block: { type: "text", text: "hi" } });
    const frames = parsed(encoder.event({ type: "error", fault: new Fault("overloaded", "busy") }));
    expect(partsOf(frames[0] ?? {})).toEqual([{ text: "i" }]);
    expect(frames[1]).toEqual({ error: { code: 503, message: "busy", status: "UNAVAILABLE" } });
    expect(encoder.event({ type: "finish", finish: { reason: "stop" }, usage: {} })).toEqual([]);
    expect(encoder.beat()).toEqual([]);
  });
});

describe("a relayed stream", () => {
  it("commits with the first part and ends with the finish reason", () => {
    const watch = gemini.stream.watch();
    const see = (value: Obj) => watch.see({ data: JSON.stringify(value) });
    expect(see({ usageMetadata: { promptTokenCount: 3 } })).toEqual({ usage: { input: 3 } });
    expect(see(chunk([{ text: "a" }]))).toEqual({ usage: { input: 3 }, commits: true });
    expect(see({ ...chunk([], stop), usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 1 } })).toEqual({
      ...{ usage: { input: 3, output: 1 }, commits: true, ends: true },
    });
    expect(see({ error: { code: 503, message: "busy" } }).fault?.kind).toBe("overloaded");
    expect(watch.see({ data: "nonsense" })).toEqual({});
  });

  it("speaks no comment: Google's older SDK breaks at one", () => {
    const watch = gemini.stream.watch();
    const frames = [...watch.beat(15_000), ...watch.fail(new Fault("timeout", "late"))];
    expect(print(frames, gemini.newline)).toMatch(/^(data: \{[^\r\n]*\}\r\n\r\n)+$/);
    expect(parsed(frames)).toEqual([
      { usageMetadata: {} },
      { error: { code: 504, message: "late", status: "DEADLINE_EXCEEDED" } },
    ]);
    expect(gemini.stream.encode(context()).beat()).toEqual(watch.beat(0));
  });
});
