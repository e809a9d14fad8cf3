/** Streams of imperfect Chat servers, read: each case is a bug that some gateway shipped, or a server's own way. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import { chat } from "../../src/protocols/chat/index.ts";
import { disorder, eventsOf } from "../laws/laws.ts";
import { body, chunk, done, events, fn, piece, short, told } from "./chat-laws.ts";

describe("text and reasoning", () => {
  test("one chunk with reasoning, content and the finish reason: three parts, reasoning first", () => {
    const message = told(chunk({ content: "b", reasoning_content: "a" }, "stop"), done);
    expect(short(message)).toEqual(["reasoning:a", "text:b"]);
    expect(message.finish).toEqual({ reason: "stop" });
  });

  test("empty deltas open nothing", () => {
    const found = events(
      chunk({ role: "assistant", content: "", reasoning_content: "", refusal: "", tool_calls: null }),
      chunk({ content: null }),
      chunk({ content: [] }),
      chunk({}, "stop"),
      done,
    );
    expect(found.map(({ type }) => type)).toEqual(["start", "finish"]);
  });

  test.each<[string, Obj]>([
    ["reasoning_content", { reasoning_content: "a" }],
    ["reasoning", { reasoning: "a" }],
    ["reasoning beside its details", { reasoning: "a", reasoning_details: [{ type: "reasoning.text", text: "a" }] }],
    [
      "details alone",
      {
        reasoning_details: [
          { type: "reasoning.text", text: "a" },
          { type: "reasoning.encrypted", data: "x" },
        ],
      },
    ],
    ["Mistral's list", { content: [{ type: "thinking", thinking: [{ type: "text", text: "a" }] }] }],
    ["an empty name before a full one", { reasoning_content: "", reasoning: "a" }],
  ])("reasoning as %s", (_, delta) => {
    expect(short(told(chunk(delta), chunk({ content: "b" }, "stop")))).toEqual(["reasoning:a", "text:b"]);
  });

  test("Mistral thinks and speaks in one list", () => {
    const content = [
      { type: "thinking", thinking: [{ type: "text", text: "a" }] },
      { type: "text", text: "b" },
    ];
    expect(short(told(chunk({ content }), chunk({ content: "c" }, "stop")))).toEqual(["reasoning:a", "text:bc"]);
  });

  test("the role again in each chunk, and text after the finish reason", () => {
    const message = told(
      chunk({ role: "assistant", content: "a" }),
      chunk({ role: "assistant", content: "" }, "stop"),
      chunk({ content: "b" }),
      done,
    );
    expect(short(message)).toEqual(["text:ab"]);
  });

  test("reasoning between texts is a block of its own", () => {
    const message = told(chunk({ content: "a" }), chunk({ reasoning: "b" }), chunk({ content: "c" }, "stop"));
    expect(short(message)).toEqual(["text:a", "reasoning:b", "text:c"]);
  });

  test("a refusal is a block, and the answer has stopped", () => {
    const message = told(chunk({ refusal: "I " }), chunk({ refusal: "cannot" }), chunk({}, "stop"), done);
    expect(short(message)).toEqual(["refusal:I cannot"]);
    expect(message.finish.reason).toBe("stop");
    expect(told(chunk({ refusal: "no" }, "length")).finish.reason).toBe("length");
  });

  test("citations wait for the text, wherever they come", () => {
    const url_citation = { url: "https://e.com", title: "t", start_index: 0, end_index: 1, content: "c" };
    const annotations = [
      { type: "url_citation", url_citation },
      { type: "file", file: {} },
    ];
    const annotation = {
      type: "url",
      url: "https://e.com",
      title: "t",
      start: 0,
      end: 1,
      ext: { chat: { url_citation: { content: "c" } } },
    };
    for (const stream of [
      [chunk({ content: "", annotations }), chunk({ reasoning: "r" }), chunk({ content: "a" }, "stop")],
      [chunk({ reasoning: "r" }), chunk({ content: "a" }), chunk({ annotations }, "stop")],
    ]) {
      const [, block] = told(...stream, done).blocks;
      expect(block).toEqual({ type: "text", text: "a", annotations: [annotation] });
    }
  });

  test("citations stay with the text that a call ends", () => {
    const annotations = [{ type: "url_citation", url_citation: { url: "u" } }];
    const { blocks } = told(
      chunk({ content: "a", annotations }),
      piece({ index: 0, id: "x", ...fn("f", "{}") }),
      chunk({}, "stop"),
    );
    expect(blocks[0]).toMatchObject({ text: "a", annotations: [{ url: "u" }] });
    expect(blocks.length).toBe(2);
  });

  test("only the first choice is read", () => {
    const second = { id: "c1", model: "m", choices: [{ index: 1, delta: { content: "x" }, finish_reason: "length" }] };
    expect(short(told(chunk({ content: "a" }), second, chunk({}, "stop")))).toEqual(["text:a"]);
  });

  test("citations of Perplexity go along", () => {
    const message = told({ ...chunk({ content: "a" }, "stop"), citations: ["https://e.com"] });
    expect(message.ext).toEqual({ chat: { citations: ["https://e.com"] } });
  });
});

test("any split of any stream gives the same events, in order", () => {
  const delta = fc.oneof(
    fc.record({ content: fc.string({ unit: "grapheme" }) }),
    fc.record({ reasoning_content: fc.string({ unit: "grapheme" }) }),
    fc.record({ refusal: fc.string() }),
    fc
      .record({
        index: fc.nat(2),
        id: fc.constantFrom("a", "b", ""),
        name: fc.constantFrom("f", ""),
        args: fc.constantFrom("{", "}", "{}", ""),
      })
      .map(({ index, id, name, args }) => ({ tool_calls: [{ index, id, ...fn(name, args) }] })),
  );
  fc.assert(
    fc.property(fc.array(delta), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (deltas, sizes) => {
      const stream = body(...deltas.map((each) => chunk(each as Obj)), chunk({}, "stop"), done);
      const found = eventsOf(chat, stream);
      expect(disorder(found)).toEqual([]);
      expect(eventsOf(chat, stream, sizes)).toEqual(found);
    }),
  );
});
