/** Gemini's answers, whole and streamed, into canon; the traps of the field as cases. */
import { describe, expect, it } from "vitest";
import { collect, type Event, type Message, replay } from "../../src/canon/event.ts";
import type { Obj } from "../../src/canon/json.ts";
import { print } from "../../src/http/sse.ts";
import { gemini } from "../../src/protocols/gemini/index.ts";
import { disorder, eventsOf } from "../laws/laws.ts";
import { chunk, context, fault, stop, written } from "./gemini-laws.ts";

const sse = (chunks: readonly Obj[]) =>
  print(
    chunks.map((each) => ({ data: JSON.stringify(each) })),
    "\r\n",
  );

function read(...chunks: Obj[]): Message {
  const events = eventsOf(gemini, sse(chunks));
  expect(disorder(events)).toEqual([]);
  return collect(events);
}

function last(body: string): Event | undefined {
  const events = eventsOf(gemini, body);
  expect(disorder(events)).toEqual([]);
  return events.at(-1);
}

describe("an answer as it arrives", () => {
  it("thought, text and call in one chunk are three blocks in this order, nothing lost", () => {
    const { blocks, finish } = read(
      chunk(
        [{ text: "hm", thought: true }, { text: "hi" }, { functionCall: { id: "a", name: "f", args: { n: 0 } } }],
        stop,
      ),
    );
    expect(blocks).toEqual([
      { type: "reasoning", summary: ["hm"] },
      { type: "text", text: "hi" },
      { type: "call", id: "a", kind: "function", name: "f", input: '{"n":0}' },
    ]);
    expect(finish).toEqual({ reason: "calls" });
  });

  it("pieces of a thought and of a text are one block each; empty ones are none", () => {
    const pieces = ["a", "", "b"].flatMap((text) => [chunk([{ text, thought: true }])]);
    const { blocks } = read(...pieces, chunk([{ text: "" }]), chunk([{ text: "x" }]), chunk([{ text: "y" }], stop));
    expect(blocks).toEqual([
      { type: "reasoning", summary: ["ab"] },
      { type: "text", text: "xy" },
    ]);
  });

  it("signatures: on a thought, a first call, a first text, a later text, an empty end", () => {
    const sig = (thoughtSignature: string) => ({ thoughtSignature });
    const { blocks } = read(
      chunk([{ text: "hm", thought: true, ...sig("own") }]),
      chunk([{ text: "a", ...sig("first") }]),
      chunk([{ text: "b", ...sig("later") }]),
      chunk([{ functionCall: { id: "a", name: "f" }, ...sig("call") }, { functionCall: { id: "b", name: "f" } }]),
      chunk([{ text: "", ...sig("end") }], stop),
    );
    const natives = blocks.map((block) =>
      block.type === "reasoning" ? [block.native?.value, block.native?.kind] : block.type,
    );
    expect(natives).toEqual([
      ["own", undefined],
      ["first", "next"],
      "text",
      ["later", "previous"],
      ["call", "next"],
      "call",
      "call",
      ["end", "end"],
    ]);
  });

  it("calls without an id get one each, the same at any split, other in another answer", () => {
    const calls = (responseId: string) => {
      const twice = chunk([{ functionCall: { name: "f", args: {} } }, { functionCall: { name: "f", args: {} } }], stop);
      return read({ ...twice, responseId }).blocks.map((block) => (block.type === "call" ? block.id : ""));
    };
    expect(new Set([...calls("r1"), ...calls("r2")]).size).toBe(4);
    expect(calls("r1")).toEqual(calls("r1"));
    expect(calls("r1")[0]).toMatch(/^call_[A-Za-z0-9_-]+$/);
  });

  it("arguments in pieces are one call (streamFunctionCallArguments)", () => {
    const piece = (jsonPath: string, value: Obj, willContinue = false) => ({ jsonPath, ...value, willContinue });
    const part = (functionCall: Obj) => chunk([{ functionCall }]);
    const { blocks, finish } = read(
      part({ name: "f", willContinue: true }),
      part({ partialArgs: [piece("$.city", { stringValue: "Bos" }, true)], willContinue: true }),
      part({ partialArgs: [piece("$.city", { stringValue: "ton" })], willContinue: true }),
      part({
        partialArgs: [piece("$.at[0].n", { numberValue: 0 }), piece("$['a b']", { boolValue: false })],
        willContinue: true,
      }),
      part({
        partialArgs: [piece("$.none", { nullValue: "NULL_VALUE" }), piece("$.__proto__.x", { numberValue: 1 })],
        willContinue: true,
      }),
      part({}),
      chunk([{ functionCall: { name: "g" } }], stop),
    );
    expect(blocks.map((block) => block.type === "call" && [block.name, JSON.parse(block.input)])).toEqual([
      ["f", JSON.parse('{"city":"Boston","at":[{"n":0}],"a b":false,"none":null,"__proto__":{"x":1}}')],
      ["g", {}],
    ]);
    expect(finish.reason).toBe("calls");
    expect(Object.hasOwn(Object.prototype, "x")).toBe(false);
  });

  it("a call that was cut is none", () => {
    const begun = chunk([
      { functionCall: { name: "f", willContinue: true, partialArgs: [{ jsonPath: "$.a", stringValue: "x" }] } },
    ]);
    const cut = read(begun, chunk([], { finishReason: "MAX_TOKENS" }));
    expect(cut).toMatchObject({ blocks: [], finish: { reason: "length" } });
    expect(() => read(begun, chunk([], stop))).toThrow("cannot be read");
  });

  it("arguments that are no object are told as they are", () => {
    const call = (args: Obj[string]) => read(chunk([{ functionCall: { id: "a", name: "f", args } }], stop)).blocks[0];
    expect(call([1, 2])).toMatchObject({ input: "[1,2]" });
    expect(call({})).toMatchObject({ input: "{}" });
  });

  it("sources come with the last chunk, their places in bytes", () => {
    const text = "Größe: 🚀 fine.";
    const bytes = (upTo: string) => Buffer.byteLength(text.slice(0, text.indexOf(upTo)));
    const groundingMetadata = {
      groundingChunks: [{ web: { uri: "https://a.b", title: "a" } }, { web: { uri: "https://c.d" } }],
      groundingSupports: [
        { segment: { endIndex: bytes(":"), text: "Größe" }, groundingChunkIndices: [0, 1] },
        { segment: { startIndex: bytes("fine"), endIndex: bytes("."), text: "fine" }, groundingChunkIndices: [1, 7] },
        { segment: { startIndex: 900, endIndex: 910, text: "nowhere" }, groundingChunkIndices: [0] },
      ],
    };
    const message = read(
      chunk([{ text: "Größe: " }]),
      chunk([{ text: "🚀 fine." }]),
      chunk([{ text: "", thoughtSignature: "ZW5k" }], { ...stop, groundingMetadata }),
    );
    expect(message.blocks).toEqual([
      {
        type: "text",
        text,
        annotations: [
          { type: "url", url: "https://a.b", title: "a", start: 0, end: 5 },
          { type: "url", url: "https://c.d", start: 0, end: 5 },
          { type: "url", url: "https://c.d", start: text.indexOf("fine"), end: text.indexOf(".") },
          { type: "url", url: "https://a.b", title: "a" },
        ],
      },
      { type: "reasoning", summary: [], native: { protocol: "gemini", value: "ZW5k", kind: "end" } },
    ]);
    const back = gemini.reply.decode(gemini.reply.encode(message, context()));
    expect(back.blocks).toEqual(message.blocks);
    expect(collect(eventsOf(gemini, print(written(replay(message)), "\r\n"))).blocks).toEqual(message.blocks);
  });

  it("only the first of several candidates is the answer", () => {
    const other = { candidates: [{ index: 1, content: { parts: [{ text: "no" }] }, finishReason: "MAX_TOKENS" }] };
    expect(read(chunk([{ text: "yes" }]), other, chunk([], stop))).toMatchObject({
      blocks: [{ type: "text", text: "yes" }],
      finish: { reason: "stop" },
    });
  });

  it("a finish reason on every chunk does not end it (older models)", () => {
    expect(read(chunk([{ text: "a" }], stop), chunk([{ text: "b" }], stop)).blocks).toEqual([
      { type: "text", text: "ab" },
    ]);
  });
});

describe("how it ends", () => {
  const ended = (finishReason: string | number, finishMessage?: string) => {
    return read(chunk([], { finishReason, ...(finishMessage !== undefined && { finishMessage }) })).finish;
  };
  it.each([
    ["STOP", "stop"],
    [1, "stop"],
    [2, "length"],
    [99, "other"],
    ["MAX_TOKENS", "length"],
    ["SAFETY", "refusal"],
    ["MODEL_ARMOR", "refusal"],
    ["IMAGE_SAFETY", "refusal"],
    ["LANGUAGE", "other"],
    ["CONTINUATION", "pause"],
    ["SOMETHING_NEW", "other"],
    ["constructor", "other"],
  ] as const)("%s is %s", (reason, ours) => {
    expect(ended(reason).reason).toBe(ours);
  });

  it.each(["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE"])(
    "%s is a failure for which another target may be tried, with what it cost",
    (finishReason) => {
      const usageMetadata = { promptTokenCount: 3 };
      const failed = last(sse([{ ...chunk([], { finishReason, finishMessage: "print(x)" }), usageMetadata }]));
      expect(failed).toMatchObject({
        type: "error",
        usage: { input: 3 },
        fault: { kind: "upstream" },
      });
      expect(failed?.type === "error" && failed.fault.message).not.toContain("print");
      const sight = gemini.stream.watch().see({ data: JSON.stringify(chunk([], { finishReason })) });
      expect(sight).toMatchObject({ ends: true, fault: { kind: "upstream" } });
      expect(sight.commits).toBeUndefined();
    },
  );

  it("a refusal says why, and calls that were cut are no calls", () => {
    expect(ended("SAFETY", "because")).toEqual({ reason: "refusal", explanation: "because" });
    expect(ended("STOP", "because")).toEqual({ reason: "stop" });
    const call = chunk([{ functionCall: { id: "a", name: "f" } }], { finishReason: "MAX_TOKENS" });
    expect(read(call).finish.reason).toBe("length");
  });

  it("a candidate without content, and a prompt that was blocked", () => {
    expect(read({ candidates: [{ finishReason: "STOP" }] })).toMatchObject({ blocks: [], finish: { reason: "stop" } });
    const blocked = {
      promptFeedback: { blockReason: "SAFETY", blockReasonMessage: "no" },
      usageMetadata: { promptTokenCount: 3 },
    };
    expect(read(blocked)).toMatchObject({ finish: { reason: "refusal", explanation: "no" }, usage: { input: 3 } });
    expect(read({ promptFeedback: { blockReason: "OTHER" } }).finish.explanation).toContain("OTHER");
  });

  it("a body without an end was cut; an error, or no JSON, says so", () => {
    const text = sse([chunk([{ text: "a" }])]);
    const broken = { type: "error", fault: { kind: "upstream", message: "The provider's answer broke off." } };
    expect(last(text)).toMatchObject(broken);
    expect(last("")).toMatchObject(broken);
    expect(last(`${text}data: {"candidates": [{"content\r\n\r\n${text}`)).toMatchObject({
      type: "error",
      fault: { kind: "upstream" },
    });
    const error = { error: { code: 429, message: "slow", status: "RESOURCE_EXHAUSTED" } };
    expect(last(`${text}data: ${JSON.stringify(error)}\r\n\r\n${text}`)).toMatchObject({
      type: "error",
      fault: { kind: "rate_limit" },
    });
    expect(last(`data: [${JSON.stringify(error)}]\r\n\r\n`)).toMatchObject({
      type: "error",
      fault: { kind: "rate_limit" },
    });
    expect(last(`${sse([chunk([{ text: "a" }], stop)])}data: [DONE]\n\n`)).toMatchObject({ type: "finish" });
    expect(fault(() => gemini.reply.decode(error)).kind).toBe("rate_limit");
    expect(fault(() => gemini.reply.decode({})).kind).toBe("upstream");
    expect(gemini.reply.decode(chunk([{ text: "a" }])).finish).toEqual({ reason: "other" });
  });
});

describe("usage", () => {
  const usage = (...counts: Obj[]) =>
    read(...counts.map((usageMetadata) => ({ usageMetadata })), chunk([], stop)).usage;

  it("counts thoughts as output and what tools read as input; the last chunk is right", () => {
    expect(
      usage(
        { promptTokenCount: 9 },
        {
          promptTokenCount: 10,
          candidatesTokenCount: 5,
          thoughtsTokenCount: 7,
          cachedContentTokenCount: 4,
          toolUsePromptTokenCount: 2,
        },
      ),
    ).toEqual({
      ...{ input: 12, cacheRead: 4, output: 12, reasoning: 7 },
    });
  });

  it("makes up nothing", () => {
    expect(usage({ trafficType: "ON_DEMAND" })).toEqual({});
    expect(usage({ promptTokenCount: 0 })).toEqual({ input: 0 });
    expect(usage({ promptTokenCount: -3, candidatesTokenCount: "x" })).toEqual({ input: 0 });
  });

  it("is complete where the answer's count of zero is left out, but not before the end", () => {
    const counts = { promptTokenCount: 12, toolUsePromptTokenCount: 3, totalTokenCount: 15 };
    expect(usage(counts)).toEqual({ input: 15, output: 0 });
    expect(usage({ promptTokenCount: 12, totalTokenCount: 19 })).toEqual({ input: 12, output: 7 });
    expect(usage({ promptTokenCount: 12, thoughtsTokenCount: 5, totalTokenCount: 24 })).toEqual({
      ...{ input: 12, output: 12, reasoning: 5 },
    });
    const amid = { ...chunk([{ text: "a" }]), usageMetadata: counts };
    expect(gemini.usage(amid, {})).toEqual({ input: 15 });
    expect(gemini.usage({ ...chunk([{ text: "a" }], stop), usageMetadata: counts }, {})).toEqual({
      ...{ input: 15, output: 0 },
    });
    expect(gemini.usage({ usageMetadata: counts }, { output: 9 }).output).toBe(9);
  });

  it("goes by the total where a chunk leaves out what an earlier one had", () => {
    const first = { promptTokenCount: 9, candidatesTokenCount: 21, thoughtsTokenCount: 35 };
    expect(usage(first, { promptTokenCount: 87, thoughtsTokenCount: 78, totalTokenCount: 165 }).output).toBe(78);
    expect(usage(first, { promptTokenCount: 9, candidatesTokenCount: 22 }).output).toBe(57);
  });
});
