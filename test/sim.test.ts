// The simulated provider, read by the official SDKs: what they understand of it, its faults and its strictness.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { badRequests, frames, post } from "./sim/ask.ts";
import { type Obj, obj, objects } from "./sim/json.ts";
import { type Heard, type Listener, listeners } from "./sim/listen.ts";
import { type Block, type Sim, startSim, type Turn } from "./sim/sim.ts";
import type { ProtocolId } from "./sim/wire.ts";

let sim: Sim;
beforeAll(async () => {
  sim = await startSim();
});
afterAll(() => sim.close());

const protocols: ProtocolId[] = ["responses", "chat", "messages", "gemini"];
const sdks = Object.keys(listeners) as Listener[];
const usage = { input: 100, cached: 40, cacheWrite: 10, output: 50, reasoning: 20 };
const calls = [
  { call: "read_file", id: "call_one", arguments: { path: "a/ß/世界.txt", lines: [1, 2], deep: { yes: true } } },
  { call: "list", id: "call_two", arguments: {} },
];
const rich: Turn = {
  blocks: [{ reasoning: "First I look around." }, { text: "Grüße, 世界 👋 — here it comes:\nline two" }, ...calls],
  usage,
};

const finishes: Record<Listener, { calls: string; refusal: string }> = {
  responses: { calls: "completed", refusal: "completed" },
  chat: { calls: "tool_calls", refusal: "stop" },
  messages: { calls: "tool_use", refusal: "refusal" },
  genai: { calls: "STOP", refusal: "SAFETY" },
  "generative-ai": { calls: "STOP", refusal: "SAFETY" },
};

describe.each([undefined, 1, 7])("the SDKs at chunkBytes %s", (chunkBytes) => {
  const pace = chunkBytes === undefined ? {} : { pace: { chunkBytes } };
  const cases = sdks.flatMap((sdk) => [true, false].map((streamed) => [sdk, streamed ? "streamed" : "whole"] as const));

  it.each(cases)("%s, %s: reasoning, text, parallel calls, usage", async (sdk, mode) => {
    sim.play("rich", [{ ...rich, ...pace }]);
    const heard = await listeners[sdk](sim.url, "rich", mode === "streamed");
    const mixed = sdk === "generative-ai" && mode === "streamed"; // it loses the mark of thoughts there
    expect(heard.text).toBe(`${mixed ? "First I look around." : ""}Grüße, 世界 👋 — here it comes:\nline two`);
    expect(heard.reasoning).toBe(mixed ? "" : "First I look around.");
    expect(heard.calls).toEqual(calls.map(({ call, arguments: input }) => [call, input]));
    expect(heard.finish).toBe(finishes[sdk].calls);
    expect(heard.usage).toEqual(heardUsage(sdk));
  });

  it.each(cases)("%s, %s: refusal", async (sdk, mode) => {
    sim.play("refusing", [{ blocks: [{ refusal: "I can not help with that." }], ...pace }]);
    const heard = await listeners[sdk](sim.url, "refusing", mode === "streamed");
    expect(heard.refusal).toBe("I can not help with that.");
    expect(heard.finish).toBe(finishes[sdk].refusal);
  });
});

/** Each protocol in its own convention: Anthropic's input is without the cache, Gemini's output without thoughts. */
function heardUsage(sdk: Listener): Heard["usage"] {
  if (sdk === "messages") return { input: 50, cached: 40, output: 50, reasoning: 20 };
  return { input: 100, cached: 40, output: sdk === "responses" || sdk === "chat" ? 50 : 30, reasoning: 20 };
}

describe("what a turn becomes", () => {
  const ends: [NonNullable<Turn["finish"]>, Record<ProtocolId, string>][] = [
    ["stop", { responses: "completed", chat: "stop", messages: "end_turn", gemini: "STOP" }],
    ["length", { responses: "incomplete", chat: "length", messages: "max_tokens", gemini: "MAX_TOKENS" }],
    ["content_filter", { responses: "incomplete", chat: "content_filter", messages: "refusal", gemini: "SAFETY" }],
    ["stop_sequence", { responses: "completed", chat: "stop", messages: "stop_sequence", gemini: "STOP" }],
  ];
  it.each(ends)("finish %s", async (finish, expected) => {
    sim.play("ending", [{ blocks: [{ text: "some words here" }], finish }]);
    for (const protocol of protocols) {
      for (const streamed of [true, false]) {
        const sdk = protocol === "gemini" ? "genai" : protocol;
        expect((await listeners[sdk](sim.url, "ending", streamed)).finish).toBe(expected[protocol]);
      }
    }
  });

  it("is a blocked prompt on Gemini when a content filter leaves nothing", async () => {
    sim.play("blocked", [{ blocks: [], finish: "content_filter" }]);
    const body = await reply("gemini", "blocked");
    expect(body).toMatchObject({ promptFeedback: { blockReason: "PROHIBITED_CONTENT" } });
    expect(body.candidates).toBeUndefined();
  });

  it("knows custom tools, namespaces and images on Responses", async () => {
    const blocks: Block[] = [
      { call: "patch", input: "*** ü" },
      { call: "spawn", arguments: { n: 1 } },
      { image: "aGk=" },
    ];
    sim.play("tools", [{ blocks }]);
    const inner = { type: "function", name: "spawn", parameters: null, strict: false };
    const tools = [
      { type: "custom", name: "patch" },
      { type: "namespace", name: "agents", description: "", tools: [inner] },
    ];
    const body = await reply("responses", "tools", { tools });
    expect(body.output).toMatchObject([
      { type: "custom_tool_call", name: "patch", input: "*** ü", status: "completed" },
      { type: "function_call", name: "spawn", namespace: "agents", arguments: '{"n":1}' },
      { type: "image_generation_call", result: "aGk=" },
    ]);
    expect(body.tools).toEqual(tools);
    const events = frames(await (await post(sim.url, "responses", "tools", { tools, stream: true })).text());
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
    expect(events.at(-1)?.response).toMatchObject({
      output: objects(body.output).map(({ type }) => ({ type })),
    });
    for (const done of events.filter((event) => event.type === "response.output_item.done")) {
      const added = events.find(
        (event) => event.type === "response.output_item.added" && obj(event.item).id === obj(done.item).id,
      );
      expect(added?.output_index).toBe(done.output_index);
    }
  });

  it("calls a custom tool as a function where it was declared as one, and by its flattened name", async () => {
    sim.play("flat", [{ blocks: [{ call: "patch", namespace: "fs", input: "x" }] }]);
    const chat = {
      tools: [
        { type: "function", function: { name: "fs__patch" } },
        { type: "function", function: { name: "patch" } },
      ],
    };
    const body = await reply("chat", "flat", chat);
    const call = { type: "function", function: { name: "fs__patch", arguments: '{"input":"x"}' } };
    expect(body).toMatchObject({ choices: [{ message: { tool_calls: [call] } }] });
    const messages = { tools: [{ name: "fs__patch", input_schema: { type: "object" } }] };
    const message = await reply("messages", "flat", messages);
    expect(message.content).toMatchObject([{ type: "tool_use", name: "fs__patch", input: { input: "x" } }]);
  });

  it("keeps signatures and redacted thinking", async () => {
    sim.play("signed", [{ blocks: [{ redacted: "cmVk" }, { reasoning: "r", signature: "c2ln" }, ...calls] }]);
    const message = await reply("messages", "signed");
    expect(objects(message.content).slice(0, 2)).toEqual([
      { type: "redacted_thinking", data: "cmVk" },
      { type: "thinking", thinking: "r", signature: "c2ln" },
    ]);
    const response = await reply("responses", "signed");
    expect(objects(response.output)[0]).toMatchObject({ type: "reasoning", encrypted_content: "c2ln" });
    const content = obj(objects((await reply("gemini", "signed")).candidates)[0]?.content);
    expect(objects(content.parts).map((part) => part.thoughtSignature)).toEqual([undefined, "c2ln", undefined]);
  });

  it("plays turn n for call n, repeats the last, and is the same bytes in every run", async () => {
    const run = async (): Promise<string[]> => {
      const other = await startSim();
      other.play("m/1", [{ blocks: [{ text: "one" }] }, rich]);
      const bodies: string[] = [];
      for (const stream of [true, true, true])
        bodies.push(await (await post(other.url, "responses", "m/1", { stream })).text());
      await other.close();
      return bodies;
    };
    const [first = "", second = "", third = ""] = await run();
    expect(first).toContain('"text":"one"');
    expect(second).toContain("read_file");
    expect(third).toContain("read_file");
    expect(obj(frames(third)[0]?.response).id).not.toBe(obj(frames(second)[0]?.response).id);
    expect(await run()).toEqual([first, second, third]);
  });
});

describe("strictness", () => {
  it.each(protocols)("%s: takes a good request", async (protocol) => {
    const response = await post(sim.url, protocol, "good");
    expect([response.status, await response.json()]).toEqual([200, expect.anything()]);
  });

  it.each(badRequests)("%s: %s", async (protocol, what, changes, message, headers) => {
    const response = await post(sim.url, protocol, "strict", changes, false, undefined, headers);
    const body = await response.json();
    expect(JSON.stringify(body)).toContain(message);
    expect(response.status).toBe(what === "no auth" ? 401 : what === "no key" ? 403 : 400);
    expect(Object.keys(obj(body))).toEqual(protocol === "messages" ? ["type", "error", "request_id"] : ["error"]);
  });
});

describe("without a script", () => {
  const asking = (content: string): object => ({ messages: [{ role: "user", content }] });
  const answer = async (changes: object): Promise<Obj> =>
    obj(objects((await reply("chat", "plain", changes)).choices)[0]?.message);

  it("says what it heard, and thinks when asked to", async () => {
    expect(await answer(asking("x".repeat(300)))).toMatchObject({
      content: `[simulated] plain heard: "${"x".repeat(200)}"`,
    });
    expect((await answer({ ...asking("hi"), reasoning_effort: "low" })).reasoning_content).toMatch("[simulated]");
  });

  it("plays the turns that the last user text asks for, one per round", async () => {
    const text = `do it [[sim ${JSON.stringify([{ blocks: [{ call: "a", arguments: { x: [[1]] } }] }, { blocks: [{ text: "done" }] }])}]] now`;
    expect(await answer(asking(text))).toMatchObject({
      tool_calls: [{ function: { name: "a", arguments: '{"x":[[1]]}' } }],
    });
    const call = { id: "c1", type: "function", function: { name: "a", arguments: "{}" } };
    const round = [
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "tool", tool_call_id: "c1", content: "ok" },
    ];
    const reminder = { role: "user", content: "a reminder beside the result" };
    expect(await answer({ messages: [{ role: "user", content: text }, ...round, reminder] })).toMatchObject({
      content: "done",
    });
    expect((await post(sim.url, "chat", "plain", asking("[[sim {oops]]"))).status).toBe(400);
  });

  const asked = '[[sim [{"blocks":[{"call":"a"}]},{"blocks":[{"text":"round two"}]}]]]';
  const answeredRounds: [ProtocolId, object][] = [
    [
      "responses",
      { input: [{ role: "user", content: asked }, ...["function_call", "function_call_output"].map(item)] },
    ],
    ["messages", { messages: [{ role: "user", content: asked }, ...["tool_use", "tool_result"].map(message)] }],
    ["gemini", { contents: [{ parts: [{ text: asked }] }, ...["functionCall", "functionResponse"].map(content)] }],
  ];
  it.each(answeredRounds)("counts the rounds of %s", async (protocol, changes) => {
    expect(JSON.stringify(await reply(protocol, "rounds", changes))).toContain("round two");
  });
});

describe("Gemini's ways", () => {
  const ask = { role: "user", parts: [{ text: "hi" }] };
  const call = (name: string): object => ({ role: "model", parts: [{ functionCall: { name, args: {} } }] });
  const result = (name: string): object => ({ functionResponse: { name, response: { output: "1" } } });

  it("takes an answer that comes back in pieces, and results of the role function", async () => {
    const contents = [ask, call("a"), call("b"), { role: "function", parts: [result("a"), result("b")] }];
    expect((await post(sim.url, "gemini", "gemini-2.5-x", { contents })).status).toBe(200);
    const parted = [ask, call("a"), call("b"), ...["a", "b"].map((name) => ({ role: "user", parts: [result(name)] }))];
    expect((await post(sim.url, "gemini", "gemini-2.5-x", { contents: parted })).status).toBe(200);
    const short = [ask, call("a"), call("b"), { role: "user", parts: [result("a")] }];
    expect((await post(sim.url, "gemini", "gemini-2.5-x", { contents: short })).status).toBe(400);
  });

  it("embeds one text as the same among many", async () => {
    const embed = async (method: string, body: object): Promise<Obj> => {
      const headers = { "x-goog-api-key": "k", "content-type": "application/json" };
      const url = `${sim.url}/v1beta/models/e:${method}`;
      return (await (await fetch(url, { method: "POST", headers, body: JSON.stringify(body) })).json()) as Obj;
    };
    const content = { parts: [{ text: "one" }] };
    const [one, many] = [
      await embed("embedContent", { content }),
      await embed("batchEmbedContents", { requests: [{ model: "models/e", content }] }),
    ];
    expect(obj(one.embedding).values).toHaveLength(4);
    expect(objects(many.embeddings)).toEqual([one.embedding]);
    expect(await embed("embedContent", {})).toMatchObject({ error: { code: 400 } });
  });
});

it("is controlled over HTTP, as a process of its own", async () => {
  const child = spawn(process.execPath, [`${import.meta.dirname}/sim/main.ts`, "--port", "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill());
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const url = /simulated provider on (http:\/\/127\.0\.0\.1:\d+)\n/.exec(String(line))?.[1] ?? "";
  const put = (turns: unknown): Promise<Response> =>
    fetch(`${url}/_sim/scripts/a%2Fb`, { method: "PUT", body: JSON.stringify(turns) });
  expect((await put([{ blocks: [{ wrong: 1 }] }])).status).toBe(400);
  expect((await put([{ blocks: [{ text: "hello" }] }])).status).toBe(200);
  expect(await (await post(url, "messages", "a/b")).text()).toContain("hello");
  const list = async (): Promise<unknown> => (await fetch(`${url}/_sim/calls?model=a%2Fb`)).json();
  expect(await (await fetch(`${url}/_sim/calls/0/closed`)).json()).toEqual({ closed: "ended" });
  expect(await list()).toMatchObject([
    { index: 0, protocol: "messages", model: "a/b", closed: "ended", body: { max_tokens: 100 } },
  ]);
  await fetch(`${url}/_sim`, { method: "DELETE" });
  expect(await list()).toEqual([]);
  expect(await (await fetch(`${url}/v1/models`)).json()).toMatchObject({ object: "list" });
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
});

function item(type: string): object {
  return { type, call_id: "c1", ...(type === "function_call" ? { name: "a", arguments: "{}" } : { output: "ok" }) };
}

function message(type: string): object {
  if (type === "tool_use") return { role: "assistant", content: [{ type, id: "c1", name: "a", input: {} }] };
  const reminder = { type: "text", text: "a reminder beside the result" };
  return { role: "user", content: [{ type, tool_use_id: "c1", content: "ok" }, reminder] };
}

function content(kind: string): object {
  const call = kind === "functionCall";
  return { role: call ? "model" : "user", parts: [{ [kind]: { name: "a", [call ? "args" : "response"]: {} } }] };
}

async function reply(protocol: ProtocolId, model: string, changes: object = {}): Promise<Obj> {
  return obj(await (await post(sim.url, protocol, model, changes)).json());
}
