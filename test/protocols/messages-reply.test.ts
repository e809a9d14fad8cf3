/** Answers of the Messages protocol, whole and streamed, into canon and round. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { collect } from "../../src/canon/event.ts";
import type { Obj } from "../../src/canon/json.ts";
import { messages } from "../../src/protocols/messages/index.ts";
import { disorder, eventsOf } from "../laws/laws.ts";
import { begin, close, delta, done, passage, said, start, stop, streamOf, told, whole } from "./messages-events.ts";
import { context, missing } from "./messages-laws.ts";

describe("the laws of an answer", () => {
  test("an answer and its stream tell the same message, however it is cut", () => {
    const message = messages.reply.decode(whole);
    expect(message.blocks).toHaveLength(11);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1 }),
        (size, cuts) => {
          const events = eventsOf(messages, streamOf(whole, size), cuts);
          expect(disorder(events)).toEqual([]);
          expect(collect(events)).toEqual(message);
        },
      ),
    );
  });

  test("any blocks survive both ways", () => {
    const block = fc.oneof(
      fc.record({
        type: fc.constant("text"),
        text: fc.string({ minLength: 1, unit: "grapheme" }),
        citations: fc.constant(null),
      }),
      fc.record({ type: fc.constant("thinking"), thinking: fc.string(), signature: fc.base64String({ minLength: 4 }) }),
      fc.record({ type: fc.constant("redacted_thinking"), data: fc.base64String({ minLength: 4 }) }),
      fc.record({
        type: fc.constant("tool_use"),
        id: fc.stringMatching(/^toolu_[a-z0-9]{3}$/),
        name: fc.constant("f"),
        input: fc.dictionary(
          fc.stringMatching(/^[a-z]+$/),
          fc.jsonValue({ maxDepth: 1 }).filter((value) => !Object.is(value, -0)),
        ),
        caller: fc.constant({ type: "direct" }),
      }),
    );
    fc.assert(
      fc.property(fc.array(block), fc.integer({ min: 1, max: 30 }), (content, size) => {
        // Through JSON once, as everything that comes over a wire.
        const body: Obj = JSON.parse(JSON.stringify({ ...whole, content }));
        const message = messages.reply.decode(body);
        expect(collect(eventsOf(messages, streamOf(body, size), [size]))).toEqual(message);
        const back = messages.reply.encode(message, context());
        expect(back.content).toEqual(body.content);
        expect(messages.reply.decode(back)).toEqual({ ...message, id: "msg_call1", model: "asked-for" });
      }),
    );
  });

  test("nothing of an answer is lost on the way through canon and back", () => {
    const lost: string[] = [];
    const back = messages.reply.encode(messages.reply.decode(whole), context(lost));
    expect(missing({ ...whole, id: "msg_call1", model: "asked-for" }, back)).toEqual([]);
    expect(lost).toEqual([]);
  });
});

describe("what is read", () => {
  test("blocks", () => {
    expect(messages.reply.decode(whole).blocks.slice(0, 5)).toEqual([
      { type: "reasoning", summary: ["let me see"], native: { protocol: "messages", value: "sig", kind: "signature" } },
      { type: "reasoning", summary: [], native: { protocol: "messages", value: "only", kind: "signature" } },
      { type: "reasoning", summary: [], native: { protocol: "messages", value: "blob", kind: "redacted" } },
      {
        type: "text",
        text: "found",
        annotations: [
          {
            type: "url",
            url: "https://c.example",
            title: "C",
            ext: { messages: { type: "web_search_result_location", cited_text: "c", encrypted_index: "ei" } },
          },
        ],
        ext: { messages: { citations: [passage] } },
      },
      { type: "search", id: "srvtoolu_1", query: "q", ext: { messages: { name: "web_search", input: { more: 1 } } } },
    ]);
  });

  test("a call without arguments has the input {}", () => {
    const message = told(
      start(),
      begin(0, { type: "tool_use", id: "t", name: "f", input: {} }),
      stop(0),
      close("tool_use"),
      done,
    );
    expect(message.blocks).toEqual([{ type: "call", id: "t", kind: "function", name: "f", input: "{}" }]);
  });

  test("a call whose input is whole at its start, and one whose deltas are empty", () => {
    const message = told(
      start(),
      begin(0, { type: "tool_use", id: "t", name: "f", input: { a: 1 } }),
      delta(0, "input_json_delta", { partial_json: "" }),
      stop(0),
      close("tool_use"),
      done,
    );
    expect(message.blocks).toMatchObject([{ input: '{"a":1}' }]);
  });

  test("a text and a thought that are whole at their start", () => {
    const message = told(
      start(),
      begin(0, { type: "thinking", thinking: "t", signature: "s" }),
      stop(0),
      begin(1, { type: "text", text: "x" }),
      stop(1),
      close("end_turn"),
      done,
    );
    expect(message.blocks).toMatchObject([{ summary: ["t"], native: { value: "s" } }, { text: "x" }]);
  });

  test.each<[string | null, string]>([
    ["end_turn", "stop"],
    ["stop_sequence", "stop_sequence"],
    ["max_tokens", "length"],
    ["tool_use", "calls"],
    ["pause_turn", "pause"],
    ["refusal", "refusal"],
    ["model_context_window_exceeded", "context"],
    ["compaction", "other"],
    ["constructor", "other"],
  ])("stop_reason %s", (word, reason) => {
    expect(told(start(), ...said(0, "x"), close(word), done).finish.reason).toBe(reason);
    const decoded = messages.reply.decode({ ...whole, content: [], stop_reason: word });
    expect(messages.reply.encode(decoded, context()).stop_reason).toBe(word);
  });

  test("a refusal is explained, and its details come back", () => {
    const stop_details = { type: "refusal", category: "cyber", explanation: "no", token: "t" };
    const message = told(start(), close("refusal", { stop_details }), done);
    expect(message).toMatchObject({ blocks: [], finish: { reason: "refusal", explanation: "no" } });
    expect(messages.reply.encode(message, context()).stop_details).toEqual({
      ...stop_details,
      ...{ fallback_credit_token: null, fallback_has_prefill_claim: null, recommended_model: null },
    });
  });

  test("the stop sequence that was met", () => {
    expect(told(start(), close("stop_sequence", { stop_sequence: "" }), done).finish).toEqual({
      reason: "stop_sequence",
      sequence: "",
    });
  });
});
