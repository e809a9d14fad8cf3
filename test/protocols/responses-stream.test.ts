/** Streams towards callers of the Responses API: the official order, and answers that are the same in every form. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { collect, replay } from "../../src/canon/event.ts";
import { obj } from "../../src/canon/json.ts";
import type { Block } from "../../src/canon/request.ts";
import { print } from "../../src/http/sse.ts";
import { responses } from "../../src/protocols/responses/index.ts";
import { disorder, eventsOf } from "../laws/laws.ts";
import {
  call,
  contextFor,
  doneItems,
  finish,
  framesOf,
  lastResponse,
  message,
  start,
  streamed,
  throughSdk,
  types,
  wire,
} from "./responses-wire.ts";

describe("the official order", () => {
  it("of a reasoned answer with a call", () => {
    const sent = wire([
      start,
      ...streamed(0, { type: "reasoning", summary: ["one", "two"], native: { protocol: "messages", value: "sig" } }),
      ...streamed(1, {
        type: "text",
        text: "hi",
        annotations: [{ type: "url", url: "u", title: "t", start: 0, end: 2 }],
      }),
      ...streamed(2, call("call_1", '{"a":1}')),
      finish("calls"),
    ]);
    expect(types(sent)).toEqual([
      "created",
      "in_progress",
      "output_item.added",
      ...["part.added", "text.delta", "text.done", "part.done"].map((name) => `reasoning_summary_${name}`),
      ...["part.added", "text.delta", "text.done", "part.done"].map((name) => `reasoning_summary_${name}`),
      "output_item.done",
      "output_item.added",
      "content_part.added",
      "output_text.delta",
      "output_text.annotation.added",
      "output_text.done",
      "content_part.done",
      "output_item.done",
      "output_item.added",
      "function_call_arguments.delta",
      "function_call_arguments.done",
      "output_item.done",
      "completed",
    ]);
    expect(sent.map((event) => event.sequence_number)).toEqual(sent.map((_, place) => place));
    expect(sent[3]).toMatchObject({ summary_index: 0 });
    expect(obj(sent[2]?.item)).toEqual({ id: expect.any(String), type: "reasoning", summary: [], content: [] });
    expect(doneItems(sent)[0]).toMatchObject({ encrypted_content: "token:sig:one|two" });
    expect(lastResponse(sent).output).toEqual(doneItems(sent));
  });

  it("holds for every answer: deltas inside their item, ids the same, the list as it was told", () => {
    fc.assert(
      fc.property(fc.array(anyBlock), (blocks) => {
        const sent = wire(replay(message(blocks)));
        let open = new Map<unknown, unknown>();
        for (const event of sent) {
          if (event.type === "response.output_item.added") open.set(event.output_index, obj(event.item).id);
          else if (event.output_index !== undefined) expect(open.has(event.output_index)).toBe(true);
          if (event.item_id !== undefined) expect(event.item_id).toBe(open.get(event.output_index));
          if (event.type === "response.output_item.done") {
            expect(obj(event.item).id).toBe(open.get(event.output_index));
            open = new Map([...open].filter(([index]) => index !== event.output_index));
          }
        }
        expect(open.size).toBe(0);
        expect(lastResponse(sent).output).toEqual(doneItems(sent));
        expect(types(sent).filter((type) => /^(completed|incomplete|failed)$/.test(String(type)))).toHaveLength(1);
      }),
    );
  });
});

const word = fc.string({ minLength: 1 });
const anyBlock: fc.Arbitrary<Block> = fc.oneof(
  fc.record({ type: fc.constant("text" as const), text: fc.string() }),
  fc.record({ type: fc.constant("refusal" as const), text: fc.string() }),
  fc.record({
    type: fc.constant("reasoning" as const),
    summary: fc.array(word),
    native: fc.record({ protocol: fc.constant("responses" as const), value: word }),
  }),
  fc.record({
    type: fc.constant("reasoning" as const),
    summary: fc.array(word),
    content: fc.array(word, { minLength: 1 }),
  }),
  fc.record({
    type: fc.constant("call" as const),
    id: word,
    kind: fc.constantFrom("function" as const, "custom" as const),
    name: word,
    input: word,
  }),
  fc.record({
    type: fc.constant("call" as const),
    id: word,
    kind: fc.constant("search" as const),
    name: fc.constant("tool_search"),
    input: fc.constant('{"query":"q"}'),
  }),
  fc.record({ type: fc.constant("search" as const), id: fc.uuid().map((id) => `ws_${id}`), query: word }),
);

describe("there and back", () => {
  it("a generated answer is the same as a stream at any split, as JSON, and after both", () => {
    fc.assert(
      fc.property(fc.array(anyBlock), fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), (blocks, sizes) => {
        const reason = blocks.some((block) => block.type === "call")
          ? "calls"
          : blocks.some((block) => block.type === "refusal")
            ? "refusal"
            : "stop";
        const told = message(blocks, reason);
        const body = print(framesOf(replay(told)));
        const events = eventsOf(responses, body, sizes);
        expect(disorder(events)).toEqual([]);
        expect(collect(events)).toEqual(told);
        const json = responses.reply.encode(told, contextFor());
        expect(json).toEqual(lastResponse(wire(replay(told))));
        expect(responses.reply.decode(json)).toEqual(told);
      }),
    );
  });

  it("the official SDK's helper accepts it and sees the same answer", async () => {
    const distinct = fc.uniqueArray(anyBlock, { selector: (block) => ("id" in block ? block.id : Math.random()) });
    await fc.assert(
      fc.asyncProperty(distinct, async (blocks) => {
        const frames = framesOf(replay(message(blocks)));
        const final = await throughSdk(frames);
        expect(final.output).toMatchObject(lastResponse(wire(replay(message(blocks)))).output as object[]);
        expect(final.usage).toEqual({
          input_tokens: 10,
          input_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 },
          output_tokens: 5,
          output_tokens_details: { reasoning_tokens: 3 },
          total_tokens: 15,
        });
      }),
      { numRuns: 60 },
    );
  });
});
