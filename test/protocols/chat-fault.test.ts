/** Failures of Chat servers and their words for ours; what a relayed stream is seen to be. */
import { describe, expect, test } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import { Fault, type FaultKind, faults } from "../../src/fault.ts";
import { chat } from "../../src/protocols/chat/index.ts";
import type { Sight } from "../../src/protocols/protocol.ts";
import { haveRecordings, recordings } from "../recordings.ts";
import { chunk, chunks } from "./chat-laws.ts";

describe("a failed answer", () => {
  const error = (members: Obj): string => JSON.stringify({ error: members });
  test.each<[number, string, FaultKind, string | RegExp]>([
    [400, error({ message: "Bad.", param: "a.b", code: "unsupported_value" }), "bad_request", "Bad."],
    [
      400,
      error({ message: "Your input exceeds the context window of this model.", code: null }),
      "context_length",
      /context window/,
    ],
    [400, error({ message: "x", code: "context_length_exceeded" }), "context_length", "x"],
    [400, error({ message: "x", type: "too_many_prompt_tokens", code: 400 }), "context_length", "x"],
    [
      401,
      error({ message: "Incorrect API key provided: sk-abcdefgh.", code: "invalid_api_key" }),
      "credential",
      /gateway/,
    ],
    [403, error({ message: "x" }), "credential", /gateway/],
    [400, error({ message: "Wrong key sk-abcdefgh.", code: "invalid_api_key" }), "credential", /gateway/],
    [402, error({ message: "Insufficient Balance" }), "quota", "Insufficient Balance"],
    [404, error({ message: "The model `x` does not exist.", code: "model_not_found" }), "no_model", /does not exist/],
    [404, error({ message: "No such model" }), "no_model", "No such model"],
    [404, "404 page not found", "not_found", "404 page not found"],
    [408, "", "timeout", /408/],
    [413, error({ message: "x" }), "too_large", "x"],
    [
      413,
      error({ message: "Request too large: tokens per minute", code: "rate_limit_exceeded" }),
      "rate_limit",
      /too large/,
    ],
    [
      422,
      JSON.stringify({ detail: [{ loc: ["body"], msg: "Extra inputs are not permitted" }] }),
      "bad_request",
      /Extra/,
    ],
    [
      429,
      error({
        message: "Rate limit reached in organization org-abcdef12 for key sk-proj-abc.",
        code: "rate_limit_exceeded",
      }),
      "rate_limit",
      "Rate limit reached in organization [redacted] for key [redacted]",
    ],
    [429, error({ message: "x", type: "insufficient_quota" }), "quota", "x"],
    [500, error({ message: "x", type: "server_error" }), "upstream", "x"],
    [502, "<html><body>502 Bad Gateway</body></html>", "upstream", /502/],
    [502, error({ message: "x", code: 429 }), "rate_limit", "x"],
    [503, JSON.stringify([{ error: { message: "x", code: 503 } }]), "overloaded", "x"],
    [504, "", "timeout", /504/],
    [529, error({ message: "x", type: "overloaded_error" }), "overloaded", "x"],
    [302, "", "upstream", /302/],
    [400, JSON.stringify({ object: "error", message: "x" }), "bad_request", "x"],
    [400, error({}), "bad_request", /400/],
    [400, JSON.stringify({ error: "Words." }), "bad_request", "Words."],
  ])("%d %s", (status, body, kind, message) => {
    const found = chat.fault.decode(status, body);
    expect(found.kind).toBe(kind);
    expect(found.message).toMatch(message);
    expect(found.message).not.toMatch(/sk-|org-/);
  });

  test("param and code stay, codes that are only a status do not", () => {
    expect(chat.fault.decode(400, error({ message: "x", param: "a.b", code: "odd" }))).toMatchObject({
      param: "a.b",
      code: "odd",
    });
    expect(chat.fault.decode(400, error({ message: "x", code: "400" })).code).toBeUndefined();
  });

  test.skipIf(!haveRecordings)("documented errors", () => {
    const kinds: Record<string, FaultKind> = { 401: "credential", 500: "upstream", 502: "upstream", 503: "overloaded" };
    const failed = recordings("openai-chat", "documented").filter(({ response }) => response.status >= 400);
    for (const { name, response } of failed) {
      const { body, status } = response;
      const found = chat.fault.decode(status, typeof body === "string" ? body : JSON.stringify(body));
      expect(found.kind, name).toBe(kinds[status] ?? (name.includes("quota") ? "quota" : "rate_limit"));
      expect(found.message, name).not.toMatch(/sk-|org-[A-Z]|<html/);
    }
    expect(failed.length).toBe(6);
  });
});

describe("our faults in OpenAI's words", () => {
  test.each(Object.keys(faults) as FaultKind[])("%s", (kind) => {
    const { error } = chat.fault.encode(new Fault(kind, "Why."), "r1") as { error: Obj };
    expect(Object.keys(error)).toEqual(["message", "type", "param", "code"]);
    expect(error.message).toBe("Why.");
    expect(error.type).toMatch(
      faults[kind] >= 500 ? /^server_error$/ : /^(invalid_request_error|requests|insufficient_quota)$/,
    );
  });

  test.each<[FaultKind, string]>([
    ["context_length", "context_length_exceeded"],
    ["bad_key", "invalid_api_key"],
    ["no_model", "model_not_found"],
    ["quota", "insufficient_quota"],
    ["rate_limit", "rate_limit_exceeded"],
  ])("the code of %s is %s", (kind, code) => {
    expect(chat.fault.encode(new Fault(kind, "x"), "r1")).toMatchObject({ error: { code } });
  });

  test("param and the provider's code", () => {
    const fault = new Fault("bad_request", "x", { param: "a[0]", code: "odd" });
    expect(chat.fault.encode(fault, "r1")).toEqual({
      error: { message: "x", type: "invalid_request_error", param: "a[0]", code: "odd" },
    });
  });
});

describe("watch", () => {
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
  const counted = { input: 3, output: 2 };

  test.each<[string, Obj, Sight]>([
    ["the role", chunk({ role: "assistant", content: "" }), {}],
    ["content", chunk({ content: "a" }), { commits: true }],
    ["reasoning", chunk({ reasoning: "a" }), { commits: true }],
    ["a call", chunk({ tool_calls: [{ index: 0 }] }), { commits: true }],
    ["a refusal", chunk({ refusal: "a" }), { commits: true }],
    ["the finish reason", chunk({}, "stop"), { commits: true, ends: true }],
    ["the finish reason with usage", chunk({}, "stop", { usage }), { commits: true, ends: true, usage: counted }],
    ["usage alone", { choices: [], usage }, { usage: counted, usageOnly: true }],
    ["Azure's filter", { choices: [], prompt_filter_results: [] }, {}],
    ["another choice", { choices: [{ index: 1, delta: { content: "x" }, finish_reason: null }] }, { commits: true }],
  ])("%s", (_, frame, sight) => {
    expect(chat.stream.watch().see({ data: JSON.stringify(frame) })).toEqual(sight);
    const later = chat.stream.watch();
    later.see({ data: JSON.stringify(chunk({ content: "first" })) });
    const { commits: _seen, ...rest } = sight;
    expect(later.see({ data: JSON.stringify(frame) })).toMatchObject(rest);
  });

  test("errors, ends and what cannot be read", () => {
    const watch = chat.stream.watch();
    expect(watch.see({ data: JSON.stringify(chunk({ content: "a" })) })).toEqual({ commits: true });
    expect(watch.see({ data: JSON.stringify({ error: { message: "x", code: 429 } }) }).fault?.kind).toBe("rate_limit");
    expect(watch.see({ event: "error", data: '{"message":"x"}' }).fault?.kind).toBe("upstream");
    expect(watch.see({ data: '{"object":"error","message":"x","code":400}' }).fault?.kind).toBe("bad_request");
    expect(watch.see({ data: "nonsense" })).toEqual({});
    expect(watch.see({ data: " [DONE]" })).toEqual({ ends: true });
  });

  test("an answer that speaks of usage and errors is not taken for them", () => {
    const watch = chat.stream.watch();
    const content = '{"error":{"message":"x"},"usage":{"prompt_tokens":1},"finish_reason":"stop"}';
    expect(watch.see({ data: JSON.stringify(chunk({ content })) })).toEqual({ commits: true });
    expect(watch.see({ data: JSON.stringify(chunk({ content })) })).toEqual({});
  });

  test("what we add between the frames", () => {
    const watch = chat.stream.watch();
    expect(watch.beat(0)).toEqual([{ comment: "gearbox" }]);
    expect(chunks(watch.fail(new Fault("upstream", "Cut.")))).toEqual([
      { error: { message: "Cut.", type: "server_error", param: null, code: null } },
    ]);
  });
});
