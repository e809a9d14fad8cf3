/** How streams of Chat servers end: finish reasons, errors, cuts, and where the usage is. */
import { describe, expect, test } from "vitest";
import { collect } from "../../src/canon/event.ts";
import type { Obj } from "../../src/canon/json.ts";
import { chat } from "../../src/protocols/chat/index.ts";
import { eventsOf } from "../laws/laws.ts";
import { body, chunk, done, events, fault, fn, piece, told } from "./chat-laws.ts";

const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
const counted = { input: 3, output: 2 };

describe("the end", () => {
  const a = chunk({ content: "a" });
  test.each<[string, readonly (Obj | string)[]]>([
    ["after the finish reason", [a, chunk({}, "stop"), { id: "c1", choices: [], usage }, done]],
    ["with the finish reason", [a, chunk({}, "stop", { usage }), done]],
    [
      "in each chunk",
      [
        chunk({ content: "a" }, null, { usage: { ...usage, completion_tokens: 1, total_tokens: 4 } }),
        chunk({}, "stop", { usage }),
      ],
    ],
    ["under x_groq", [a, chunk({}, "stop", { x_groq: { usage } }), done]],
    ["on the choice", [a, { id: "c1", choices: [{ index: 0, delta: {}, finish_reason: "stop", usage }] }, done]],
    ["before null", [chunk({ content: "a" }, null, { usage }), chunk({}, "stop", { usage: null }), done]],
    ["no [DONE]", [a, chunk({}, "stop", { usage })]],
    ["the finish reason twice", [a, chunk({}, "stop"), chunk({}, "stop", { usage }), done]],
    ["no finish reason, but [DONE]", [a, { id: "c1", choices: [], usage }, done]],
    ["an empty finish reason with each chunk", [chunk({ content: "a" }, ""), chunk({}, "stop", { usage })]],
    ["two [DONE]", [a, chunk({}, "stop", { usage }), done, done]],
    [
      "Azure's filter first",
      [{ id: "", model: "", choices: [], prompt_filter_results: [] }, a, chunk({}, "stop", { usage })],
    ],
    ["odd dates", [{ ...chunk({ content: "a" }), created: "1.5" }, chunk({}, "stop", { usage, created: 1.5 })]],
  ])("usage %s", (_, stream) => {
    const message = told(...stream);
    expect(message).toEqual({
      id: "c1",
      model: "m",
      blocks: [{ type: "text", text: "a" }],
      finish: { reason: "stop" },
      usage: counted,
    });
  });

  test.each<[string, string, string]>([
    ["stop", "text", "stop"],
    ["length", "text", "length"],
    ["content_filter", "text", "filter"],
    ["tool_calls", "text", "stop"],
    ["stop", "call", "calls"],
    ["tool_calls", "call", "calls"],
    ["content_filter", "call", "filter"],
    ["model_length", "text", "context"],
    ["whatever", "text", "other"],
    ["constructor", "text", "other"],
  ])("%s after a %s is %s", (word, kind, reason) => {
    const before = kind === "text" ? a : piece({ index: 0, id: "a", ...fn("f", "{}") });
    expect(told(before, chunk({}, word)).finish).toEqual({ reason });
  });

  test.each<[string, string, string]>([
    ["a cut", body(a), "upstream"],
    ["a cut in the middle of a frame", `${body(a)}data: {"id":"c1","choi`, "upstream"],
    ["nothing at all", "", "upstream"],
    ["[DONE] alone", body(done), "upstream"],
    ["no JSON", `${body(a)}data: {nonsense}\n\n${body(chunk({}, "stop"), done)}`, "upstream"],
    ["JSON that is no object", body(a, "[1]"), "upstream"],
    ["an error frame", body(a, { error: { message: "Oops.", type: "server_error" } }), "upstream"],
    ["an error in words", body(a, { error: "Oops." }), "upstream"],
    ["a named error frame", `${body(a)}event: error\ndata: {"message":"Oops.","code":429}\n\n`, "rate_limit"],
    ["vLLM's error frame", body(a, { object: "error", message: "Oops.", code: 400 }), "bad_request"],
    [
      "an error in the choice",
      body(a, { choices: [{ index: 0, delta: {}, finish_reason: "error", error: { code: 503, message: "Oops." } }] }),
      "overloaded",
    ],
    ["a finish reason of DeepSeek's", body(a, chunk({}, "insufficient_system_resource"), done), "upstream"],
    ["the finish reason error", body(a, chunk({}, "error"), done), "upstream"],
    [
      "an error after the finish reason",
      body(a, chunk({}, "stop"), { error: { code: "context_length_exceeded", message: "Oops." } }, done),
      "context_length",
    ],
    ["an error before anything", body({ error: { message: "Oops.", code: "insufficient_quota" } }), "quota"],
  ])("%s is an error, and nothing follows", (_, stream, kind) => {
    const found = eventsOf(chat, stream);
    expect(found.filter(({ type }) => type === "error" || type === "finish").length).toBe(1);
    expect(found.at(-1)?.type).toBe("error");
    expect(fault(() => collect(found)).kind).toBe(kind);
  });

  test("a chunk after the finish reason does not take it back", () => {
    expect(told(a, chunk({}, "length"), chunk({ content: "b" }), done).finish.reason).toBe("length");
  });

  test("an error tells the usage that was known", () => {
    const last = events(a, { error: { message: "x" }, usage, choices: [] }).at(-1);
    expect(last).toMatchObject({ type: "error", usage: counted });
  });
});

describe("usage", () => {
  const read = (usage: Obj): unknown => chat.usage({ usage }, {});
  test.each<[string, Obj, Obj]>([
    [
      "OpenAI's",
      {
        ...usage,
        prompt_tokens_details: { cached_tokens: 1, cache_write_tokens: 2 },
        completion_tokens_details: { reasoning_tokens: 1 },
      },
      { ...counted, cacheRead: 1, cacheWrite: 2, reasoning: 1 },
    ],
    ["null details", { ...usage, prompt_tokens_details: null, completion_tokens_details: null }, counted],
    [
      "zeros",
      { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0, prompt_tokens_details: { cached_tokens: 0 } },
      { input: 0, output: 0, cacheRead: 0 },
    ],
    ["DeepSeek's cache", { ...usage, prompt_cache_hit_tokens: 2 }, { ...counted, cacheRead: 2 }],
    ["Moonshot's cache", { ...usage, cached_tokens: 2 }, { ...counted, cacheRead: 2 }],
    [
      "reasoning beside the output (xAI)",
      {
        prompt_tokens: 12,
        completion_tokens: 1,
        total_tokens: 303,
        completion_tokens_details: { reasoning_tokens: 290 },
      },
      { input: 12, output: 291, reasoning: 290 },
    ],
    [
      "more reasoning than output, and no total",
      { prompt_tokens: 12, completion_tokens: 1, completion_tokens_details: { reasoning_tokens: 290 } },
      { input: 12, output: 291, reasoning: 290 },
    ],
    [
      "thoughts in the total only (Gemini)",
      { prompt_tokens: 35, completion_tokens: 12, total_tokens: 109 },
      { input: 35, output: 74 },
    ],
    [
      "a cache beside the prompt",
      { prompt_tokens: 10, completion_tokens: 5, total_tokens: 115, prompt_tokens_details: { cached_tokens: 100 } },
      { input: 110, output: 5, cacheRead: 100 },
    ],
    [
      "more cached than prompted",
      { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, prompt_tokens_details: { cached_tokens: 100 } },
      { input: 10, output: 5, cacheRead: 10 },
    ],
    ["below zero", { prompt_tokens: -1, completion_tokens: 5 }, { input: 0, output: 5 }],
    ["only one side", { prompt_tokens: 7 }, { input: 7 }],
    ["searches (OpenRouter)", { ...usage, server_tool_use: { web_search_requests: 2 } }, { ...counted, searches: 2 }],
  ])("%s", (_, said, expected) => {
    expect(read(said)).toEqual(expected);
  });

  test("what says nothing leaves what was known", () => {
    const was = { input: 1 };
    expect(chat.usage({ usage: null }, was)).toBe(was);
    expect(chat.usage({}, was)).toBe(was);
  });
});
