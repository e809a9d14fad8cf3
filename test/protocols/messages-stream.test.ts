/** Answers to a Messages caller: the stream we write, the official SDK reading it, and the relay's watch. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { collect, type Event, type Message, replay } from "../../src/canon/event.ts";
import type { Obj } from "../../src/canon/json.ts";
import type { Block } from "../../src/canon/request.ts";
import { Fault } from "../../src/fault.ts";
import { type OutFrame, print } from "../../src/http/sse.ts";
import { messages } from "../../src/protocols/messages/index.ts";
import { eventsOf } from "../laws/laws.ts";
import { context } from "./messages-laws.ts";

function written(events: readonly Event[], lost: string[] = []): Obj[] {
  const encoder = messages.stream.encode(context(lost));
  return events.flatMap((event) => encoder.event(event)).map(parsed);
}

function parsed(frame: OutFrame): Obj {
  if ("comment" in frame) throw new Error("a comment is no event");
  const event: Obj = JSON.parse(frame.data);
  expect(frame.event).toBe(event.type);
  return event;
}

const text = (events: readonly Event[]): string => {
  const encoder = messages.stream.encode(context());
  return print(events.flatMap((event) => encoder.event(event)));
};

const answer = (blocks: Block[], more: Partial<Message> = {}): Message => ({
  id: "chatcmpl-1",
  model: "gpt",
  blocks,
  finish: { reason: "stop" },
  usage: { input: 120, cacheRead: 30, cacheWrite: 20, output: 8 },
  ...more,
});
const kinds = (events: readonly Obj[]): unknown[] =>
  events.map((event) => (typeof event.index === "number" ? `${event.type}:${event.index}` : event.type));

const start: Event = { type: "start", id: "x", model: "gpt" };
const finish: Event = { type: "finish", finish: { reason: "stop" }, usage: { output: 2 } };
const call = (id: string, input: string): Block => ({ type: "call", id, kind: "function", name: "f", input });

describe("the stream we write", () => {
  test("begins with the model that was asked for, ends with counts that leave out the cache", () => {
    const events = written(replay(answer([{ type: "text", text: "hi" }])));
    expect(events).toEqual([
      {
        type: "message_start",
        message: {
          id: "msg_call1",
          type: "message",
          role: "assistant",
          model: "asked-for",
          content: [],
          stop_reason: null,
          ...{ stop_sequence: null, stop_details: null, container: null, diagnostics: null, context_management: null },
          usage: {
            ...{ input_tokens: 0, output_tokens: 0, cache_creation: null, inference_geo: null, service_tier: null },
            ...{ cache_creation_input_tokens: null, cache_read_input_tokens: null, speed: null },
            ...{ output_tokens_details: null, server_tool_use: null, fallback_credit: null, iterations: null },
          },
        },
      },
      { type: "ping" },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "", citations: null } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "hi" } },
      { type: "content_block_stop", index: 0 },
      {
        type: "message_delta",
        delta: { stop_reason: "end_turn", stop_sequence: null, stop_details: null, container: null },
        usage: {
          ...{ input_tokens: 70, cache_creation_input_tokens: 20, cache_read_input_tokens: 30, output_tokens: 8 },
          ...{ output_tokens_details: null, server_tool_use: null, fallback_credit: null, iterations: null },
        },
        context_management: null,
      },
      { type: "message_stop" },
    ]);
  });

  test("counts that are known at the start are told there", () => {
    const [first] = written([{ ...start, usage: { input: 50, cacheRead: 20 } }]);
    expect(first).toMatchObject({
      message: { usage: { input_tokens: 30, cache_read_input_tokens: 20, output_tokens: 0 } },
    });
  });

  test("never two blocks open at once: an interleaved one waits, in the order in which the blocks began", () => {
    const events = written([
      start,
      { type: "open", index: 0, block: { type: "text", text: "" } },
      { type: "delta", index: 0, text: "a" },
      { type: "open", index: 1, block: call("c1", "") },
      { type: "open", index: 2, block: call("c2", "") },
      { type: "delta", index: 2, text: "{}" },
      { type: "close", index: 2 },
      { type: "delta", index: 1, text: '{"x"' },
      { type: "delta", index: 0, text: "b" },
      { type: "close", index: 0 },
      { type: "delta", index: 1, text: ":1}" },
      { type: "close", index: 1 },
      { type: "finish", finish: { reason: "calls" }, usage: {} },
    ]);
    expect(kinds(events)).toEqual([
      "message_start",
      "ping",
      "content_block_start:0",
      "content_block_delta:0",
      "content_block_delta:0",
      "content_block_stop:0",
      "content_block_start:1",
      "content_block_delta:1",
      "content_block_delta:1",
      "content_block_stop:1",
      "content_block_start:2",
      "content_block_delta:2",
      "content_block_stop:2",
      "message_delta",
      "message_stop",
    ]);
  });

  test("empty blocks and deltas are not told, and no number is lost on them", () => {
    const events = written([
      start,
      { type: "open", index: 0, block: { type: "reasoning", summary: [] } },
      { type: "delta", index: 0, text: "" },
      { type: "close", index: 0 },
      { type: "open", index: 1, block: { type: "text", text: "" } },
      { type: "close", index: 1 },
      { type: "open", index: 2, block: { type: "text", text: "" } },
      { type: "delta", index: 2, text: "x" },
      { type: "delta", index: 2, text: "" },
      { type: "close", index: 2 },
      finish,
    ]);
    expect(kinds(events).slice(2, 5)).toEqual([
      "content_block_start:0",
      "content_block_delta:0",
      "content_block_stop:0",
    ]);
  });

  test("blocks that are whole when they open lose nothing; nothing comes after the end", () => {
    const events = written([
      start,
      { type: "open", index: 0, block: { type: "text", text: "x" } },
      { type: "close", index: 0 },
      { type: "open", index: 1, block: call("c", '{"a":1}') },
      { type: "close", index: 1 },
      start,
      finish,
      { type: "open", index: 2, block: { type: "text", text: "late" } },
      finish,
    ]);
    expect(events.filter(({ type }) => type === "content_block_delta").map(({ delta }) => delta)).toEqual([
      { type: "text_delta", text: "x" },
      { type: "input_json_delta", partial_json: '{"a":1}' },
    ]);
    expect(events.filter(({ type }) => type === "message_start" || type === "message_stop")).toHaveLength(2);
    expect(events.at(-1)).toEqual({ type: "message_stop" });
  });

  test("another provider's reasoning: its summary, then a token of ours as signature, directly before the stop", () => {
    const events = written([
      start,
      { type: "open", index: 0, block: { type: "reasoning", summary: [] } },
      { type: "delta", index: 0, text: "one" },
      { type: "delta", index: 0, text: "two", part: 1 },
      { type: "seal", index: 0, native: { protocol: "responses", value: "enc" } },
      { type: "close", index: 0 },
      { type: "open", index: 1, block: { type: "reasoning", summary: [] } },
      { type: "seal", index: 1, native: { protocol: "gemini", value: "sig" } },
      { type: "close", index: 1 },
      finish,
    ]);
    expect(events.slice(2, -2)).toEqual([
      { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "", signature: "" } },
      ...["one", "\n\ntwo"].map((thinking) => ({
        type: "content_block_delta",
        index: 0,
        delta: { type: "thinking_delta", thinking, estimated_tokens: null },
      })),
      {
        type: "content_block_delta",
        index: 0,
        delta: { type: "signature_delta", signature: "sealed:responses:enc:one|two" },
      },
      { type: "content_block_stop", index: 0 },
      { type: "content_block_start", index: 1, content_block: { type: "thinking", thinking: "", signature: "" } },
      { type: "content_block_delta", index: 1, delta: { type: "signature_delta", signature: "sealed:gemini:sig:" } },
      { type: "content_block_stop", index: 1 },
    ]);
  });

  test("raw reasoning is shown where there is no summary", () => {
    const { content } = messages.reply.encode(
      answer([{ type: "reasoning", summary: [], content: ["raw"] }]),
      context(),
    );
    expect(content).toEqual([{ type: "thinking", thinking: "raw", signature: "" }]);
  });

  test("a refusal is a text and a reason; a limit wins over it", () => {
    const refusal: Block = { type: "refusal", text: "I will not." };
    expect(messages.reply.encode(answer([refusal]), context())).toMatchObject({
      content: [{ type: "text", text: "I will not." }],
      stop_reason: "refusal",
      stop_details: { type: "refusal", explanation: "I will not." },
    });
    const limited = messages.reply.encode(answer([refusal], { finish: { reason: "length" } }), context());
    expect(limited.stop_reason).toBe("max_tokens");
  });

  test("a call cut by the limit is max_tokens; calls that end with `stop` are tool_use", () => {
    const reason = (message: Message) => messages.reply.encode(message, context()).stop_reason;
    expect(reason(answer([call("c", '{"a')], { finish: { reason: "length" } }))).toBe("max_tokens");
    expect(reason(answer([call("c", "{}")]))).toBe("tool_use");
  });

  test("a custom call's text becomes its one argument", () => {
    const custom: Block = { type: "call", id: "c", kind: "custom", name: "patch", input: 'a"\n🙂' };
    expect(messages.reply.encode(answer([custom]), context()).content).toEqual([
      { type: "tool_use", id: "c", name: "patch", input: { input: 'a"\n🙂' }, caller: { type: "direct" } },
    ]);
  });

  test("an error ends the stream in Anthropic's form, before and after the start; nothing follows", () => {
    const error: Event = { type: "error", fault: new Fault("overloaded", "Too much.") };
    const body = { type: "error", error: { type: "overloaded_error", message: "Too much." }, request_id: "call1" };
    expect(written([error])).toEqual([body]);
    expect(written([start, error, finish]).slice(2)).toEqual([body]);
  });

  test("what an answer cannot say is reported", () => {
    const lost: string[] = [];
    const image: Block = { type: "image", source: { type: "data", mediaType: "image/png", data: "AA" } };
    const cited: Block = {
      type: "text",
      text: "x",
      annotations: [{ type: "url", url: "https://a", start: 0, end: 1 }],
    };
    const search: Block = { type: "search", id: "ws_1", query: "q" };
    expect(messages.reply.encode(answer([image, search, cited]), context(lost)).content).toEqual([
      { type: "text", text: "x", citations: null },
    ]);
    expect(lost).toEqual(["blocks[0]=dropped", "blocks[1]=dropped", "blocks[2].annotations=dropped"]);
  });

  test("a beat is a ping", () => {
    expect(messages.stream.encode(context()).beat()).toEqual([{ event: "ping", data: '{"type":"ping"}' }]);
  });

  test("what we write is what we read", () => {
    const block: fc.Arbitrary<Block> = fc.oneof(
      fc.record({ type: fc.constant("text" as const), text: fc.string({ minLength: 1, unit: "grapheme" }) }),
      fc.record({
        type: fc.constant("call" as const),
        id: fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/),
        kind: fc.constant("function" as const),
        name: fc.constant("f"),
        input: fc.json({ maxDepth: 1 }),
      }),
      fc.record({
        type: fc.constant("reasoning" as const),
        summary: fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 1 }),
        native: fc.record({
          protocol: fc.constant("messages" as const),
          value: fc.base64String({ minLength: 4 }),
          kind: fc.constant("signature"),
        }),
      }),
    );
    fc.assert(
      fc.property(fc.array(block), fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (blocks, cuts) => {
        const message = answer(blocks, { finish: { reason: "length" }, id: "msg_call1", model: "asked-for" });
        expect(collect(eventsOf(messages, text(replay(message)), cuts))).toEqual(message);
      }),
    );
  });
});
