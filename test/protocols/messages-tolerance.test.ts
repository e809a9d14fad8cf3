/** What the Messages decoder bears, what it calls broken, and what it counts. */
import { describe, expect, test } from "vitest";
import { collect } from "../../src/canon/event.ts";
import type { Obj } from "../../src/canon/json.ts";
import { noUsage, type Usage } from "../../src/canon/usage.ts";
import { messages } from "../../src/protocols/messages/index.ts";
import { disorder, eventsOf } from "../laws/laws.ts";
import { begin, close, delta, done, failed, said, sse, start, stop, told } from "./messages-events.ts";
import { fault } from "./messages-laws.ts";

describe("tolerance", () => {
  test("comments, pings, [DONE], unknown events, CRLF, data without a space, no event lines", () => {
    const events = [start(), { type: "ping" }, ...said(0, "x"), { type: "later", a: 1 }, close("end_turn"), done];
    const body = `: hello\r\n\r\ndata:\r\n\r\n${events.map((event) => `data:${JSON.stringify(event)}\r\n\r\n`).join("")}data: [DONE]\n\n`;
    expect(collect(eventsOf(messages, body, [1]))).toEqual(told(...events));
  });

  test("blocks that are still open at the end are closed; a cut call keeps what came of it", () => {
    const events = eventsOf(
      messages,
      sse(
        start(),
        begin(0, { type: "tool_use", id: "t", name: "f", input: {} }),
        delta(0, "input_json_delta", { partial_json: '{"a' }),
        close("max_tokens"),
        done,
      ),
    );
    expect(disorder(events)).toEqual([]);
    expect(collect(events)).toMatchObject({ finish: { reason: "length" }, blocks: [{ input: '{"a' }] });
  });

  test("a server that numbers every block 0, and one that never announces a text", () => {
    const twice = told(start(), ...said(0, "a"), ...said(0, "b"), close("end_turn"), done);
    expect(twice.blocks).toMatchObject([{ text: "a" }, { text: "b" }]);
    const silent = told(
      start(),
      delta(0, "text_delta", { text: "a" }),
      delta(0, "text_delta", { text: "b" }),
      close("end_turn"),
      done,
    );
    expect(silent.blocks).toEqual([{ type: "text", text: "ab" }]);
  });

  test("a delta that does not fit its block is none of its text", () => {
    const events = [
      start(),
      begin(0, { type: "text", text: "" }),
      delta(0, "thinking_delta", { thinking: "no" }),
      delta(0, "text_delta", { text: "x" }),
      stop(0),
    ];
    expect(told(...events, close("end_turn"), done).blocks).toEqual([{ type: "text", text: "x" }]);
  });

  test("a start that stutters is told once; without message_stop the stop reason is the end", () => {
    const events = eventsOf(messages, sse(start(), start(), ...said(0, "x"), close("end_turn")));
    expect(disorder(events)).toEqual([]);
    expect(events.at(-1)?.type).toBe("finish");
  });

  test("nothing comes after the end", () => {
    const events = eventsOf(messages, sse(start(), close("end_turn"), done, ...said(0, "late"), done));
    expect(events.map(({ type }) => type)).toEqual(["start", "finish"]);
  });
});

describe("failure", () => {
  test.each<[string, Obj[]]>([
    ["nothing at all", []],
    ["cut in a text", [start(), begin(0, { type: "text", text: "" }), delta(0, "text_delta", { text: "x" })]],
    ["message_delta missing", [start(), ...said(0, "x"), done]],
    ["message_delta without a reason", [start(), ...said(0, "x"), close(null), done]],
  ])("a stream without its end is an error: %s", (_, events) => {
    const all = eventsOf(messages, sse(...events));
    expect(disorder(all)).toEqual([]);
    expect(all.at(-1)).toMatchObject({
      type: "error",
      fault: { kind: "upstream", message: "The provider's answer broke off." },
    });
  });

  test("another answer that is spliced in is an error: a call half told must not run", () => {
    const last = failed(
      start(),
      begin(0, { type: "tool_use", id: "t", name: "f", input: {} }),
      start({ id: "msg_2" }),
      ...said(0, "x"),
      close("end_turn"),
      done,
    );
    expect(last).toMatchObject({ type: "error", fault: { kind: "upstream" } });
  });

  test("an error event, first or late, keeps its kind and what was counted", () => {
    const overloaded = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
    expect(eventsOf(messages, sse(overloaded))).toMatchObject([
      { type: "error", fault: { kind: "overloaded", message: "Overloaded" } },
    ]);
    expect(failed(start(), ...said(0, "x"), overloaded, done)).toMatchObject({
      fault: { kind: "overloaded" },
      usage: { input: 10, output: 1 },
    });
  });

  test("an event that is no JSON is an error, and the rest is ignored", () => {
    const events = eventsOf(
      messages,
      `${sse(start())}data: {"type":\n\n${sse(...said(0, "x"), close("end_turn"), done)}`,
    );
    expect(events.map(({ type }) => type)).toEqual(["start", "error"]);
  });

  test("a body that is an error in spite of its status, and one that is no message", () => {
    expect(
      fault(() => messages.reply.decode({ type: "error", error: { type: "api_error", message: "boom" } })),
    ).toMatchObject({ kind: "upstream", message: "boom" });
    expect(fault(() => messages.reply.decode({ hello: 1 }))).toMatchObject({ kind: "upstream" });
  });
});

describe("usage", () => {
  const usageOf = (...counts: Obj[]) => counts.reduce((was: Usage, usage) => messages.usage({ usage }, was), noUsage);

  test("input includes what the cache was read and written for", () => {
    expect(
      usageOf({
        input_tokens: 10,
        cache_read_input_tokens: 100,
        cache_creation_input_tokens: 30,
        output_tokens: 7,
        cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
        output_tokens_details: { thinking_tokens: 3 },
        server_tool_use: { web_search_requests: 2 },
      }),
    ).toEqual({ input: 140, cacheRead: 100, cacheWrite: 30, cacheWriteLong: 20, output: 7, reasoning: 3, searches: 2 });
  });

  test("what only one frame says is kept, whichever it is", () => {
    expect(usageOf({ input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 1 }, { output_tokens: 9 })).toEqual({
      input: 15,
      cacheRead: 5,
      output: 9,
    });
    expect(usageOf({ input_tokens: 10, output_tokens: 1 }, { cache_read_input_tokens: 5, output_tokens: 9 })).toEqual({
      input: 15,
      cacheRead: 5,
      output: 9,
    });
    expect(
      usageOf(
        { input_tokens: 10, output_tokens: 1 },
        { input_tokens: 25, cache_read_input_tokens: null, output_tokens: 9 },
      ),
    ).toEqual({ input: 25, output: 9 });
    expect(usageOf({ input_tokens: 10 }, { input_tokens: 0, output_tokens: 4 })).toEqual({ input: 10, output: 4 });
  });

  test("absent stays absent, zero stays zero, nothing is negative", () => {
    expect(usageOf({ output_tokens: 3 })).toEqual({ output: 3 });
    expect(usageOf({ input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 0 })).toEqual({
      input: 0,
      cacheRead: 0,
      output: 0,
    });
    expect(usageOf({ input_tokens: -5, output_tokens: "many" })).toEqual({ input: 0 });
    expect(messages.usage({ type: "ping" }, { input: 1 })).toEqual({ input: 1 });
    expect(messages.usage({ message: { usage: { input_tokens: 2 } } }, {})).toEqual({ input: 2 });
  });

  test("passes that are billed beside the last one are counted", () => {
    const iterations = [
      { type: "compaction", input_tokens: 60000, output_tokens: 500 },
      { type: "message", input_tokens: 600, output_tokens: 20 },
    ];
    expect(
      usageOf({ input_tokens: 60000, output_tokens: 5 }, { input_tokens: 600, output_tokens: 20, iterations }),
    ).toEqual({ input: 60600, output: 520 });
  });
});
