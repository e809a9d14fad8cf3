/** Streams of Responses providers: what each oddity becomes, and how failures are told. */
import { describe, expect, it } from "vitest";
import { collect, type Event } from "../../src/canon/event.ts";
import type { Obj } from "../../src/canon/json.ts";
import { noUsage } from "../../src/canon/usage.ts";
import { Fault, type FaultKind } from "../../src/fault.ts";
import { responses } from "../../src/protocols/responses/index.ts";
import { disorder, eventsOf } from "../laws/laws.ts";

const sse = (events: readonly Obj[]): string =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");

function decoded(events: readonly Obj[]): Event[] {
  const body = sse(events);
  const whole = eventsOf(responses, body);
  expect(disorder(whole)).toEqual([]);
  expect(eventsOf(responses, body, [1])).toEqual(whole);
  expect(eventsOf(responses, body, [5, 2, 31])).toEqual(whole);
  return whole;
}

const created: Obj = { type: "response.created", response: { id: "resp_1", model: "m", status: "in_progress" } };
const completed = (response: Obj = {}): Obj => ({
  type: "response.completed",
  response: { id: "resp_1", status: "completed", ...response },
});
const itemDone = (item: Obj, output_index = 0): Obj => ({ type: "response.output_item.done", output_index, item });
const text = (text: string): Obj => ({ type: "message", role: "assistant", content: [{ type: "output_text", text }] });

describe("a stream of a provider", () => {
  it("may be as short as Codex takes it: whole items, then the end", () => {
    expect(collect(decoded([itemDone(text("Hello")), completed()]))).toEqual({
      id: "",
      model: "",
      blocks: [{ type: "text", text: "Hello" }],
      finish: { reason: "stop" },
      usage: {},
    });
  });

  it("may say its items in the last event only", () => {
    const output = [
      { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "s" }], encrypted_content: "c" },
      { type: "custom_tool_call", id: "ctc_1", call_id: "c1", name: "exec", input: "x" },
    ];
    const { blocks, finish } = collect(decoded([created, completed({ output })]));
    expect(blocks).toEqual([
      { type: "reasoning", summary: ["s"], native: { protocol: "responses", value: "c" } },
      { type: "call", id: "c1", kind: "custom", name: "exec", input: "x" },
    ]);
    expect(finish.reason).toBe("calls");
  });

  it("may announce items, leave them open, and list them at the end", () => {
    const item = { type: "function_call", id: "fc_1", call_id: "c1", name: "f", arguments: "" };
    const events = decoded([
      created,
      { type: "response.output_item.added", output_index: 0, item },
      { type: "response.function_call_arguments.delta", output_index: 0, delta: '{"a"' },
      completed({ output: [{ ...item, arguments: '{"a":1}' }] }),
    ]);
    expect(collect(events).blocks).toEqual([{ type: "call", id: "c1", kind: "function", name: "f", input: '{"a":1}' }]);
  });

  it("may change the ids of items between events, and leave the last list empty or repeat it", () => {
    const part = { output_index: 0, content_index: 0 };
    const events = (output: Obj[]): Obj[] => [
      created,
      {
        type: "response.output_item.added",
        output_index: 0,
        item: { type: "message", id: "x1", role: "assistant", content: [] },
      },
      { type: "response.output_text.delta", item_id: "x2", ...part, delta: "a" },
      { type: "response.output_text.delta", item_id: "x3", ...part, delta: "b" },
      itemDone({ ...text("ab"), id: "x4" }),
      completed({ output }),
    ];
    for (const output of [[], [{ ...text("ab"), id: "x5" }]]) {
      expect(collect(decoded(events(output))).blocks).toEqual([{ type: "text", text: "ab" }]);
    }
  });

  it("may leave the places away", () => {
    const events = decoded([
      created,
      {
        type: "response.output_item.added",
        item: { type: "function_call", id: "fc_1", call_id: "c1", name: "f", arguments: "" },
      },
      { type: "response.function_call_arguments.delta", item_id: "fc_1", delta: "{}" },
      {
        type: "response.output_item.done",
        item: { type: "function_call", id: "fc_1", call_id: "c1", name: "f", arguments: "{}" },
      },
      completed(),
    ]);
    expect(collect(events).blocks).toEqual([{ type: "call", id: "c1", kind: "function", name: "f", input: "{}" }]);
  });

  it("tells each delta once, and events without one not at all", () => {
    const added = {
      type: "response.output_item.added",
      output_index: 0,
      item: { type: "reasoning", id: "rs_1", summary: [] },
    };
    const delta = (delta: string): Obj => ({
      type: "response.reasoning_summary_text.delta",
      output_index: 0,
      summary_index: 0,
      delta,
    });
    const events = decoded([
      created,
      { type: "response.in_progress", response: {} },
      { type: "response.unheard_of", output_index: 0 },
      { type: "keepalive" },
      added,
      delta(""),
      delta("th"),
      delta("ought"),
      { type: "response.reasoning_summary_text.done", output_index: 0, summary_index: 0, text: "thought" },
      itemDone({
        type: "reasoning",
        id: "rs_1",
        summary: [{ type: "summary_text", text: "thought" }],
        encrypted_content: "final",
      }),
      completed(),
    ]);
    expect(events.filter((event) => event.type === "delta").map((event) => event.text)).toEqual(["th", "ought"]);
    expect(events).toContainEqual({ type: "seal", index: 0, native: { protocol: "responses", value: "final" } });
  });

  it("tells what only the end of an item has: citations, and parts with nothing in them", () => {
    const cited = { type: "output_text", text: "a", annotations: [{ type: "url_citation", url: "u" }] };
    const thought = { type: "reasoning", summary: [{ type: "summary_text", text: "" }] };
    const added = { type: "response.output_item.added", output_index: 1, item: { ...text(""), content: [] } };
    const delta = { type: "response.output_text.delta", output_index: 1, content_index: 0 };
    const events = decoded([
      created,
      itemDone(thought),
      added,
      { ...delta, delta: "" },
      { ...delta, delta: "a" },
      itemDone({ ...text("a"), content: [cited] }, 1),
      completed(),
    ]);
    expect(collect(events).blocks).toEqual([
      { type: "reasoning", summary: [""] },
      { type: "text", text: "a", annotations: [{ type: "url", url: "u" }] },
    ]);
    expect(events.filter((event) => event.type === "delta" && event.index === 1)).toHaveLength(2);
  });

  it("keeps hosted items whole, searches as searches, and a provider's own tool search out of the caller's hands", () => {
    const search = {
      type: "web_search_call",
      id: "ws_1",
      status: "completed",
      action: { type: "search", query: "q", sources: [1] },
    };
    const page = { type: "web_search_call", id: "ws_2", status: "completed", action: { type: "open_page", url: "u" } };
    const tools = { type: "tool_search_call", call_id: null, execution: "server", arguments: {} };
    const { blocks, finish } = collect(
      decoded([created, itemDone(search, 0), itemDone(page, 1), itemDone(tools, 2), completed()]),
    );
    expect(blocks).toEqual([
      { type: "search", id: "ws_1", query: "q", ext: { responses: { action: { sources: [1] } } } },
      { type: "opaque", protocol: "responses", value: page },
      { type: "opaque", protocol: "responses", value: tools },
    ]);
    expect(finish.reason).toBe("stop");
  });

  it.each([
    ["max_output_tokens", "length"],
    ["content_filter", "filter"],
    ["steered", "other"],
  ])("incomplete for %s ends for %s", (reason, canon) => {
    const events = decoded([
      created,
      { type: "response.incomplete", response: { status: "incomplete", incomplete_details: { reason } } },
    ]);
    expect(collect(events).finish.reason).toBe(canon);
  });

  it("a refusal is a refusal, and counts are the provider's, never negative and never invented", () => {
    const usage = { input_tokens: -5, input_tokens_details: { cached_tokens: 7 }, output_tokens: 3 };
    const refusal = { type: "message", role: "assistant", content: [{ type: "refusal", refusal: "no" }] };
    const message = collect(decoded([created, itemDone(refusal), completed({ usage })]));
    expect(message).toMatchObject({ blocks: [{ type: "refusal", text: "no" }], finish: { reason: "refusal" } });
    expect(message.usage).toEqual({ input: 0, cacheRead: 7, output: 3 });
    expect(responses.usage({ type: "response.completed", response: { usage: null } }, noUsage)).toEqual({});
  });
});

describe("a stream that fails", () => {
  const fails: [string, Obj, FaultKind][] = [
    ["nested", { type: "error", error: { type: "server_error", code: "server_error", message: "m" } }, "upstream"],
    ["flat", { type: "error", code: "insufficient_quota", message: "m", param: null }, "quota"],
    ...(
      [
        ["rate_limit_exceeded", "rate_limit"],
        ["server_is_overloaded", "overloaded"],
        ["context_length_exceeded", "context_length"],
        ["insufficient_quota", "quota"],
        ["invalid_prompt", "bad_request"],
        ["model_not_found", "no_model"],
        ["content_policy_violation", "bad_request"],
        ["invalid_image_url", "bad_request"],
        ["something_new", "upstream"],
      ] as const
    ).map(([code, kind]): [string, Obj, FaultKind] => [
      code,
      { type: "response.failed", response: { error: { code, message: "m" }, usage: { input_tokens: 1 } } },
      kind,
    ]),
  ];
  it.each(fails)("%s", (_, failure, kind) => {
    const events = decoded([created, failure, { type: "response.failed", response: { error: { message: "second" } } }]);
    expect(events.at(-1)).toMatchObject({ type: "error", fault: { kind, message: "m" } });
    expect(() => collect(events)).toThrow(Fault);
  });

  it("breaks off without an end, or with what is no JSON", () => {
    const cut = decoded([created, itemDone(text("a"))]);
    expect(cut.at(-1)).toMatchObject({
      type: "error",
      fault: { kind: "upstream", message: "The provider's answer broke off." },
    });
    const bad = eventsOf(responses, `${sse([created])}data: {"type":\n\n${sse([completed()])}`);
    expect(bad.at(-1)).toMatchObject({ type: "error", fault: { kind: "upstream" } });
    expect(disorder(bad)).toEqual([]);
    expect(eventsOf(responses, `${sse([created, completed()])}data: [DONE]\n\n`).at(-1)?.type).toBe("finish");
  });
});
