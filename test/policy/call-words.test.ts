/** What a call says of its way, its conversation and its content. */
import { describe, expect, it } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import type { ProtocolId } from "../../src/canon/request.ts";
import { answeredBy, foreignTo, holderOf } from "../../src/policy/affinity.ts";
import { conversationOf } from "../../src/policy/conversation.ts";
import { expectedCost } from "../../src/policy/expected-cost.ts";
import { deadlineOf, timeoutsFor } from "../../src/policy/timeouts.ts";
import { traitsOf } from "../../src/policy/traits.ts";
import { readWishes } from "../../src/policy/wishes.ts";
import { nameOf, providerOf, targetOf } from "./targets.ts";

describe("a call's wishes", () => {
  const wishes = (headers: Record<string, string>, body: Obj = {}) => readWishes(new Headers(headers), "m", body);

  it("are none by themselves", () => {
    expect(wishes({})).toEqual({ fallback: true, models: ["m"] });
  });

  it("are read from headers and from OpenRouter's list", () => {
    const headers = { "x-gearbox-route": "fast", "x-gearbox-no-fallback": "True", "x-gearbox-timeout-ms": "5000" };
    expect(wishes(headers, { models: ["a", "m", "b"] })).toEqual({
      route: "fast",
      fallback: false,
      timeoutMs: 5000,
      models: ["m", "a", "b"],
    });
  });

  it.each([
    [{ "x-gearbox-route": " " }, {}, "x-gearbox-route"],
    [{ "x-gearbox-no-fallback": "yes" }, {}, "x-gearbox-no-fallback"],
    [{ "x-gearbox-timeout-ms": "5s" }, {}, "x-gearbox-timeout-ms"],
    [{ "x-gearbox-timeout-ms": "0" }, {}, "x-gearbox-timeout-ms"],
    [{ "x-gearbox-timeout-ms": "3600001" }, {}, "x-gearbox-timeout-ms"],
    [{}, { models: "a" }, "models"],
    [{}, { models: ["a", 1] }, "models"],
    [{}, { models: Array.from({ length: 17 }, (_, at) => `${at}`) }, "models"],
  ])("that cannot be read are a fault that names them: %j %j", (headers, body, param) => {
    expect(() => wishes(headers as Record<string, string>, body as Obj)).toThrow(
      expect.objectContaining({ kind: "bad_request", param }),
    );
  });
});

describe("the conversation of a call", () => {
  const id = (protocol: ProtocolId, body: Obj, headers: Record<string, string> = {}) =>
    conversationOf(new Headers(headers), { protocol, body });

  it("is what agents say it is, in this order", () => {
    const body = { prompt_cache_key: "k" };
    const codex = id("responses", body, { "session-id": "s", "x-session-id": "x" });
    expect(codex).toBe(id("responses", {}, { "thread-id": "s" }));
    expect(id("responses", body, { "x-session-id": "x" })).toBe(id("chat", body));
    expect(id("chat", {}, { "x-session-id": "x" })).toBe(id("messages", {}, { "x-session-id": "x" }));
    expect(new Set([codex, id("chat", body), id("chat", {}, { "x-session-id": "x" })]).size).toBe(3);
    expect(codex).toMatch(/^[0-9a-f]{32}$/);
  });

  const user = (content: string) => ({ role: "user", content });
  const later = { role: "assistant", content: "hello" };

  it.each<[ProtocolId, Obj, Obj, Obj]>([
    [
      "chat",
      { messages: [{ role: "system", content: "s" }, user("a")] },
      { messages: [{ role: "system", content: "s" }, user("a"), later, user("b")] },
      { messages: [{ role: "system", content: "s" }, user("c"), later, user("b")] },
    ],
    [
      "responses",
      { instructions: "s", input: "a" },
      { instructions: "s", input: ["a", { type: "reasoning" }, user("b")] },
      { instructions: "t", input: "a" },
    ],
    [
      "messages",
      {
        system: [{ type: "text", text: "s", cache_control: { type: "ephemeral" } }],
        messages: [{ role: "user", content: [{ type: "text", text: "a", cache_control: { type: "ephemeral" } }] }],
      },
      { system: "s", messages: [user("a"), later, user("b")] },
      { system: "s", messages: [user("b"), later, user("b")] },
    ],
    [
      "gemini",
      { systemInstruction: { parts: [{ text: "s" }] }, contents: [{ parts: [{ text: "a" }] }] },
      {
        system_instruction: { parts: [{ text: "s" }] },
        contents: [
          { role: "user", parts: [{ text: "a" }] },
          { role: "model", parts: [{ text: "h" }] },
        ],
      },
      { systemInstruction: { parts: [{ text: "s" }] }, contents: [{ parts: [{ text: "b" }] }] },
    ],
  ])("is told from how it begins: %s", (protocol, first, second, other) => {
    expect(id(protocol, first)).toBe(id(protocol, second));
    expect(id(protocol, first)).not.toBe(id(protocol, other));
  });
});

describe("the traits of a call", () => {
  const traits = (body: Obj) => traitsOf({ body, stream: true }, 4000, "team");

  it.each<[string, Obj, readonly string[]]>([
    ["chat", { messages: [{ content: [{ type: "image_url" }, { type: "file" }] }] }, ["image", "file"]],
    ["responses", { input: [{ type: "function_call_output", output: [{ type: "input_image" }] }] }, ["image"]],
    ["messages", { messages: [{ content: [{ type: "tool_result", content: [{ type: "document" }] }] }] }, ["file"]],
    [
      "gemini",
      { contents: [{ parts: [{ inlineData: { mimeType: "audio/wav" } }, { file_data: { mime_type: "video/mp4" } }] }] },
      ["audio", "file"],
    ],
    ["words alone", { input: "an image", tools: [{ type: "image" }] }, []],
  ])("say which content it has: %s", (_, body, modalities) => {
    expect([...traits(body).modalities]).toEqual(modalities);
  });

  it("say its length, tools and metadata", () => {
    const body = { tools: [{ type: "function" }], metadata: { env: "test", count: 1 } };
    expect(traits(body)).toMatchObject({
      tokensIn: 1000,
      tools: true,
      stream: true,
      team: "team",
      metadata: { env: "test" },
    });
    expect(traits({ tools: [] }).tools).toBe(false);
  });
});

describe("the record of a conversation", () => {
  const [one, two] = [targetOf("a", "1"), targetOf("a", "2")];

  it("knows who has it and which items others made", () => {
    const first = answeredBy(one, 2, undefined, 0);
    const moved = answeredBy(two, 5, answeredBy(one, 4, first, 1), 2);
    expect(holderOf(moved, 3)).toBe(nameOf(two));
    expect(foreignTo(two, 8, moved)).toEqual([[0, 5]]);
    expect(foreignTo(one, 8, moved)).toEqual([[5, 8]]);
    expect(foreignTo(one, 3, first)).toEqual([]);
    expect(foreignTo(two, 3, undefined)).toEqual([]);
    expect(foreignTo(two, 9, answeredBy(one, 8, moved, 3))).toEqual([
      [0, 5],
      [8, 9],
    ]);
  });

  it("follows a conversation that was made shorter, has a bound, and ends", () => {
    const moved = answeredBy(two, 40, answeredBy(one, 2, undefined, 0), 1);
    expect(foreignTo(two, 9, answeredBy(two, 5, moved, 2))).toEqual([[0, 5]]);
    expect(holderOf(moved, 24 * 3_600_000 + 1)).toBeUndefined();
    expect(answeredBy(one, 50, moved, 24 * 3_600_000 + 1).segments).toEqual([{ origin: nameOf(one), from: 0 }]);
    let record = moved;
    for (let at = 0; at < 100; at++) record = answeredBy(at % 2 === 0 ? one : two, 50 + at, record, 2);
    expect(record.segments.length).toBeLessThanOrEqual(16);
    expect(foreignTo(two, 60, record)[0]?.[0]).toBe(0);
  });
});

describe("time-outs", () => {
  const attempt = { target: targetOf("a", "1", "gpt-4.1"), stream: true, leftMs: 3_600_000 };

  it("are shorter for a model that does not reason, and the narrower word wins", () => {
    const reasoning = timeoutsFor({ ...attempt, target: targetOf("a", "1", "gpt-5.5") });
    expect(timeoutsFor(attempt).firstContentMs).toBeLessThan(reasoning.firstContentMs);
    const provider = { ...providerOf("a"), timeouts: { headersMs: 1, idleMs: 2 } };
    const route = { idleMs: 3 };
    const said = timeoutsFor({ ...attempt, target: { ...attempt.target, provider }, route });
    expect(said).toMatchObject({ headersMs: 1, idleMs: 3, firstContentMs: timeoutsFor(attempt).firstContentMs });
  });

  it("never outlast the call, and wait for the end of an answer in one piece", () => {
    expect(timeoutsFor({ ...attempt, leftMs: 7 })).toEqual({ headersMs: 7, firstContentMs: 7, idleMs: 7, totalMs: 7 });
    expect(timeoutsFor({ ...attempt, stream: false }).headersMs).toBe(600_000);
    expect(timeoutsFor({ ...attempt, leftMs: -1 }).totalMs).toBe(0);
    expect([deadlineOf(5), deadlineOf(5, 10), deadlineOf(5, 10, { totalMs: 8 })]).toEqual([3_600_005, 15, 13]);
  });
});

describe("the cost to compare by", () => {
  const prices = new Map([
    ["a/m", { input: 2, output: 1, cache_read: 0.1, cache_write: 2 }],
    ["b/m", { input: 1, output: 1 }],
  ]);
  const cost = (provider: string, tools: boolean) =>
    expectedCost(targetOf(provider, "1"), { tokensIn: 100_000, tools }, prices, 0);

  it("counts on the prompt cache for agents only, and knows what it does not know", () => {
    expect(cost("a", false)).toBe(201_000_000);
    expect(cost("b", false)).toBe(101_000_000);
    expect(cost("a", true)).toBe(49_000_000);
    expect(cost("c", true)).toBeUndefined();
  });
});
