/** WebSocket mode of the Responses API: each rule of its messages, and that each call on it is a call like any other. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { hashOf } from "../../src/policy/key.ts";
import { create, dial, dialWith, type Message, responseOf } from "./dial.ts";
import { callsFor, closing, gateway, play, sums, teamAt } from "./gateway.ts";

const at = gateway({ HEARTBEAT_MS: "100" });

afterEach(() => {
  vi.useRealTimers();
});

const user = (text: string) => ({ type: "message", role: "user", content: [{ type: "input_text", text }] });
const said = (text: string) => ({ blocks: [{ text }] });

/** What the provider was asked, as the texts of its items. */
function textsOf(body: Record<string, unknown> | undefined): unknown[] {
  const input = body?.input ?? body?.messages;
  if (!Array.isArray(input)) return [input];
  const items = input as { content: unknown }[];
  return items.map(({ content }) => (Array.isArray(content) ? content.map((part) => part.text).join() : content));
}

function errorOf(message: Message | undefined): Record<string, unknown> {
  expect(message).toMatchObject({ type: "error" });
  return message?.error as Record<string, unknown>;
}

describe("an answer over a WebSocket", () => {
  it.each([
    ["relay", "openai"],
    ["translate", "anthropic"],
  ])("has the events of the stream of a POST: %s", async (lane, provider) => {
    const model = `ws-same-${lane}`;
    await play(model, said("Hello there."), said("Hello there."));
    const posted = await at.post("/v1/responses", {
      model: `${provider}/${model}`,
      input: [user("Hi")],
      stream: true,
      store: false,
    });
    const frames = (await posted.text()).split("\n").filter((line) => line.startsWith("data: "));
    const expected = frames.map((line) => JSON.parse(line.slice(6)).type);
    const caller = await dial(at);
    caller.send(create(`${provider}/${model}`, [user("Hi")]));
    const messages = await caller.answer();
    expect(messages.map(({ type }) => type)).toEqual(expected);
    expect(messages[0]?.headers).toMatchObject({
      "x-gearbox-provider": provider,
      "x-gearbox-call": expect.any(String),
    });
    expect(messages.slice(1).every(({ headers, stream_id }) => headers === undefined && stream_id === undefined)).toBe(
      true,
    );
    const [viaPost, viaSocket] = await callsFor(model);
    expect(viaSocket?.body).toEqual(viaPost?.body);
    caller.socket.close();
  });

  it("is entered into the account once, by call", async () => {
    const { team, key } = await teamAt(at, {});
    await play("ws-account", said("One."), said("Two."));
    const caller = await dial(at, { authorization: `Bearer ${key}` });
    for (const input of ["1", "2"]) {
      caller.send(create("openai/ws-account", input));
      await caller.answer();
    }
    await at.idle();
    expect(await sums(at.deps, team)).toMatchObject([{ model: "ws-account", calls: 2 }]);
  });

  it("keeps a silent connection alive with an event", async () => {
    await play("ws-silent", { blocks: [{ text: "Hm." }], fault: { kind: "stall", afterEvents: 3 } });
    const caller = await dial(at);
    caller.send(create("openai/ws-silent", "Hi", { stream_id: "a" }));
    const messages = [];
    while (messages.at(-1)?.type !== "keepalive") messages.push(await caller.next());
    expect(messages.at(-1)).toEqual({ type: "keepalive", stream_id: "a" });
    caller.socket.close();
  });

  it("that the provider breaks off ends as a failed response", async () => {
    await play("ws-broken", { ...said("Hello"), fault: { kind: "error-event", afterEvents: 4 } });
    const caller = await dial(at);
    caller.send(create("openai/ws-broken", "Hi"));
    const messages = await caller.answer();
    expect(messages.at(-1)).toMatchObject({ type: "response.failed", response: { status: "failed" } });
  });
});

describe("a prewarm", () => {
  it("is answered without asking anybody, and gone on from", async () => {
    const { team, key } = await teamAt(at, {});
    await play("ws-warm", said("Done."));
    const caller = await dial(at, { authorization: `Bearer ${key}` });
    caller.send(create("openai/ws-warm", [{ ...user("Be kind."), role: "developer" }], { generate: false }));
    const warmed = await caller.answer();
    expect(warmed.map(({ type }) => type)).toEqual(["response.created", "response.in_progress", "response.completed"]);
    expect(responseOf(warmed)).toMatchObject({
      status: "completed",
      output: [],
      store: false,
      usage: { total_tokens: 0 },
    });
    expect(await callsFor("ws-warm")).toEqual([]);
    caller.send(create("openai/ws-warm", [user("Hi")], { previous_response_id: responseOf(warmed).id }));
    const messages = await caller.answer();
    expect(responseOf(messages)).toMatchObject({ previous_response_id: responseOf(warmed).id });
    const calls = await callsFor("ws-warm");
    expect(calls.map(({ body }) => textsOf(body))).toEqual([["Be kind.", "Hi"]]);
    for (const own of ["generate", "type", "stream_id", "previous_response_id"])
      expect(calls[0]?.body).not.toHaveProperty(own);
    await at.idle();
    expect(await sums(at.deps, team)).toMatchObject([{ calls: 1 }]);
  });
});

describe("going on", () => {
  it.each([
    ["relay", "openai"],
    ["translate", "anthropic"],
    ["translate", "compatible"],
  ])("from what this connection answered needs nothing stored: %s to %s", async (_, provider) => {
    const model = `ws-on-${provider}`;
    await play(model, said("First."), said("Second."), said("Third."));
    const caller = await dial(at);
    let previous: string | undefined;
    for (const input of ["one", [user("two")], [user("three")]]) {
      caller.send(
        create(`${provider}/${model}`, input, previous === undefined ? {} : { previous_response_id: previous }),
      );
      const response = responseOf(await caller.answer());
      expect(response.previous_response_id).toBe(previous ?? null);
      previous = response.id;
    }
    const calls = await callsFor(model);
    expect(calls.map(({ body }) => textsOf(body))).toEqual([
      ["one"],
      ["one", "First.", "two"],
      ["one", "First.", "two", "Second.", "three"],
    ]);
  });

  it("is possible from the newest answer of a lane alone", async () => {
    await play("ws-newest", said("First."), said("Second."));
    const caller = await dial(at);
    caller.send(create("openai/ws-newest", "one"));
    const first = responseOf(await caller.answer());
    caller.send(create("openai/ws-newest", "two", { previous_response_id: first.id }));
    await caller.answer();
    caller.send(create("openai/ws-newest", "other", { previous_response_id: first.id }));
    const [failed] = await caller.answer();
    expect(errorOf(failed)).toMatchObject({ code: "previous_response_not_found", param: "previous_response_id" });
  });

  it("that fails takes with it what it went on from", async () => {
    await play("ws-evict", said("First."), { fault: { kind: "status", status: 400 } }, said("Never."));
    const caller = await dial(at);
    caller.send(create("openai/ws-evict", "one"));
    const { id } = responseOf(await caller.answer());
    caller.send(create("openai/ws-evict", "two", { previous_response_id: id }));
    expect((await caller.answer()).at(-1)).toMatchObject({ type: "error", status: 400 });
    caller.send(create("openai/ws-evict", "two", { previous_response_id: id }));
    expect(errorOf((await caller.answer()).at(-1)).code).toBe("previous_response_not_found");
    // Said again in full it works, on the same connection.
    caller.send(create("openai/ws-evict", "all of it"));
    expect(responseOf(await caller.answer()).status).toBe("completed");
  });

  it("from a stored response is possible on any connection, and for nobody of another team", async () => {
    const { key, post } = await teamAt(at, {});
    await play("ws-stored", said("First."), said("Second."), said("Third."));
    const stored = await (await post("/v1/responses", { model: "openai/ws-stored", input: "one" })).json<{
      id: string;
    }>();
    const caller = await dial(at, { authorization: `Bearer ${key}` });
    caller.send(create("openai/ws-stored", [user("two")], { previous_response_id: stored.id }));
    const second = responseOf(await caller.answer());
    expect(second.previous_response_id).toBe(stored.id);
    // What is not stored goes on from what is.
    caller.send(create("openai/ws-stored", [user("three")], { previous_response_id: second.id }));
    const third = responseOf(await caller.answer());
    expect(third.previous_response_id).toBe(second.id);
    const calls = await callsFor("ws-stored");
    expect(textsOf(calls[2]?.body)).toEqual(["one", "First.", "two", "Second.", "three"]);

    const stranger = await teamAt(at, {});
    const other = await dial(at, { authorization: `Bearer ${stranger.key}` });
    for (const id of [stored.id, second.id, third.id]) {
      for (const generate of [true, false]) {
        other.send(create("openai/ws-stored", "more", { previous_response_id: id, generate }));
        const [failed] = await other.answer();
        expect(failed).toMatchObject({ status: 404, error: { code: "previous_response_not_found" } });
      }
    }
    expect(await callsFor("ws-stored")).toHaveLength(3);
  });

  it("from an answer that was stored over a WebSocket is possible by POST", async () => {
    const { key, post } = await teamAt(at, {});
    await play("ws-store", said("First."), said("Second."));
    const caller = await dial(at, { authorization: `Bearer ${key}` });
    caller.send(create("anthropic/ws-store", "one", { store: true }));
    const first = responseOf(await caller.answer());
    expect(first.store).toBe(true);
    const answer = await post("/v1/responses", {
      model: "anthropic/ws-store",
      input: "two",
      previous_response_id: first.id,
    });
    expect(answer.status).toBe(200);
    expect(textsOf((await callsFor("ws-store"))[1]?.body)).toEqual(["one", "First.", "two"]);
  });
});

describe("lanes", () => {
  it("run at once, and each in its own order", async () => {
    await play("ws-lane-a", { blocks: [{ text: "a" }], fault: { kind: "stall", afterEvents: 4 } });
    await play("ws-lane-b", said("b one"), said("b two"));
    const caller = await dial(at);
    caller.send(create("openai/ws-lane-a", "hangs", { stream_id: "a" }));
    caller.send(create("openai/ws-lane-a", "waits", { stream_id: "a" }));
    caller.send(create("openai/ws-lane-b", "one", { stream_id: "b" }));
    caller.send(create("openai/ws-lane-b", "two", { stream_id: "b" }));
    for (const text of ["b one", "b two"]) {
      const messages = await caller.answer("b");
      expect(messages.every(({ stream_id: lane }) => lane === "a" || lane === "b")).toBe(true);
      expect(JSON.stringify(responseOf(messages).output)).toContain(text);
    }
    expect((await callsFor("ws-lane-a")).map(({ body }) => textsOf(body))).toEqual([["hangs"]]);
    caller.socket.close();
  });

  it("fork from each other's answers", async () => {
    await play("ws-fork", said("Root."), said("Left."), said("Right."));
    const caller = await dial(at);
    caller.send(create("openai/ws-fork", "root", { stream_id: "main" }));
    const { id } = responseOf(await caller.answer("main"));
    for (const lane of ["left", "right"]) {
      caller.send(create("openai/ws-fork", [user(lane)], { stream_id: lane, previous_response_id: id }));
      expect(responseOf(await caller.answer(lane)).status).toBe("completed");
    }
    const calls = await callsFor("ws-fork");
    expect(calls.map(({ body }) => textsOf(body)).slice(1)).toEqual([
      ["root", "Root.", "left"],
      ["root", "Root.", "right"],
    ]);
  });

  it("that wait are so many at most", async () => {
    await play("ws-crowd", { blocks: [{ text: "x" }], fault: { kind: "stall", afterEvents: 4 } });
    const caller = await dialWith(at, { waiting: 1 });
    for (const lane of ["a", "a", "a"]) caller.send(create("openai/ws-crowd", "Hi", { stream_id: lane }));
    const failed = (await caller.answer("a")).at(-1);
    expect(failed).toMatchObject({ type: "error", status: 429, stream_id: "a", headers: { "retry-after": "1" } });
    caller.socket.close();
  });
});

describe("messages that wait", () => {
  it("have room for so many bytes, and give it back", async () => {
    const small = gateway({ MAX_BODY_BYTES: "2048", MAX_BYTES_IN_FLIGHT: "6000" });
    await play("ws-room", { blocks: [{ text: "x" }], fault: { kind: "stall", afterEvents: 4 } });
    const caller = await dial(small);
    for (let at = 0; at < 4; at++) caller.send(create("openai/ws-room", "x".repeat(1700), { stream_id: "a" }));
    const failed = (await caller.answer("a")).at(-1);
    expect(failed).toMatchObject({ type: "error", status: 503, headers: { "retry-after": "1" } });
    caller.socket.close();
    await small.idle();
    expect(small.deps.flight.bytes).toBe(0);
  });
});

describe("a message that is none", () => {
  const cases: readonly [string, string | Uint8Array, number, Record<string, unknown>][] = [
    ["malformed JSON", '{"type":"response.create",', 400, { code: "invalid_json" }],
    ["no object", '["response.create"]', 400, { type: "invalid_request_error" }],
    ["bytes", new TextEncoder().encode('{"type":"response.create"}'), 400, { type: "invalid_request_error" }],
    ["no type", '{"model":"openai/m","input":"Hi"}', 400, { param: "type" }],
    ["another type", '{"type":"session.update"}', 400, { param: "type" }],
    [
      "steering",
      '{"type":"response.steer","previous_response_id":"resp_1","input":"x"}',
      400,
      { param: "type", code: "unsupported_parameter" },
    ],
    ["a member twice", '{"type":"response.create","model":"a","model":"b"}', 400, { param: "model" }],
    ["no model", '{"type":"response.create","input":"Hi"}', 400, { param: "model" }],
    ["an unknown model", '{"type":"response.create","model":"nobody","input":"Hi"}', 404, { code: "model_not_found" }],
    [
      "background mode",
      '{"type":"response.create","model":"openai/m","background":true}',
      400,
      { param: "background" },
    ],
    ["an input of numbers", '{"type":"response.create","model":"openai/m","input":1}', 400, { param: "input" }],
    [
      "a lane without a name",
      '{"type":"response.create","model":"openai/m","stream_id":""}',
      400,
      { param: "stream_id" },
    ],
    ["generate by word", '{"type":"response.create","model":"openai/m","generate":"no"}', 400, { param: "generate" }],
    [
      "an id that is none",
      '{"type":"response.create","model":"openai/m","input":"Hi","previous_response_id":7}',
      400,
      { param: "previous_response_id" },
    ],
  ];

  it.each(cases)("is told, and the connection goes on: %s", async (_, message, status, error) => {
    await play("ws-after", said("Still here."));
    const caller = await dial(at);
    caller.socket.send(message);
    const failed = await caller.next();
    expect(failed).toMatchObject({ type: "error", status, error, headers: { "x-request-id": expect.any(String) } });
    expect(errorOf(failed).message).toEqual(expect.any(String));
    caller.send(create("openai/ws-after", "Hi"));
    expect(responseOf(await caller.answer()).status).toBe("completed");
    caller.socket.close();
  });

  it("names the lane that it was meant for", async () => {
    const caller = await dial(at);
    caller.send({ type: "response.steer", stream_id: "a" });
    expect(await caller.next()).toMatchObject({ type: "error", stream_id: "a" });
  });

  it("may be as large as a body", async () => {
    const small = gateway({ MAX_BODY_BYTES: "2048" });
    await play("ws-large", said("Fine."));
    const caller = await dial(small);
    caller.send(create("openai/ws-large", "ü".repeat(1100)));
    expect(await caller.next()).toMatchObject({ type: "error", status: 413 });
    caller.send(create("openai/ws-large", "x".repeat(1000)));
    const first = responseOf(await caller.answer());
    // So may what was said before together with it.
    caller.send(create("openai/ws-large", "x".repeat(1000), { previous_response_id: first.id }));
    expect(await caller.next()).toMatchObject({ type: "error", status: 413 });
  });
});

describe("a call over a WebSocket", () => {
  it("needs a key that holds: within ten seconds of its revocation it is refused", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2026, 10, 24) });
    const { team, key } = await teamAt(at, {});
    await play("ws-revoked", said("One."), said("Never."));
    const caller = await dial(at, { authorization: `Bearer ${key}` });
    caller.send(create("openai/ws-revoked", "one"));
    expect(responseOf(await caller.answer()).status).toBe("completed");
    const [record] = (await at.deps.store.keys(team, undefined, 10)).items;
    if (record === undefined) throw new Error("no key");
    expect(record.hash).toBe(hashOf(key));
    await at.deps.store.putKey(team, { ...record, revoked_at: Date.now() });
    vi.setSystemTime(Date.now() + 10_001);
    for (const generate of [true, false]) {
      caller.send(create("openai/ws-revoked", "two", { generate }));
      const [refused] = await caller.answer();
      expect(refused).toMatchObject({ status: 401, error: { code: "invalid_api_key" } });
    }
    expect(await callsFor("ws-revoked")).toHaveLength(1);
  });

  it("counts against its team's limits", async () => {
    const { key } = await teamAt(at, { limits: { requests_per_minute: 1 } });
    await play("ws-limits", said("One."), said("Never."));
    const caller = await dial(at, { authorization: `Bearer ${key}` });
    caller.send(create("openai/ws-limits", "one"));
    const [created] = await caller.answer();
    expect(created?.headers).toMatchObject({
      "x-ratelimit-limit-requests": "1",
      "x-ratelimit-remaining-requests": "0",
    });
    caller.send(create("openai/ws-limits", "two"));
    const [refused] = await caller.answer();
    expect(refused).toMatchObject({ status: 429, error: { code: "rate_limit_exceeded", limit_source: "gearbox" } });
    expect(refused?.headers).toMatchObject({ "retry-after": expect.stringMatching(/^\d+$/) });
    expect(await callsFor("ws-limits")).toHaveLength(1);
  });

  it("holds its place among those that run at once until it ends", async () => {
    const { key } = await teamAt(at, { limits: { concurrent: 1 } });
    await play("ws-hold", { blocks: [{ text: "x" }], fault: { kind: "stall", afterEvents: 4 } }, said("Free again."));
    const headers = { authorization: `Bearer ${key}` };
    const [holder, other] = [await dial(at, headers), await dial(at, headers)];
    holder.send(create("openai/ws-hold", "hangs"));
    await holder.next();
    other.send(create("openai/ws-hold", "too many"));
    expect((await other.answer()).at(-1)).toMatchObject({ status: 429 });
    holder.socket.close();
    await at.idle();
    other.send(create("openai/ws-hold", "again"));
    expect(responseOf(await other.answer()).status).toBe("completed");
  });

  it("ends when its caller leaves, and what came so far is in the account", async () => {
    const { team, key } = await teamAt(at, {});
    const text = Array.from({ length: 400 }, (_, word) => `word${word}`).join(" ");
    await play("ws-left", { blocks: [{ text }], fault: { kind: "stall", afterEvents: 40 } });
    const caller = await dial(at, { authorization: `Bearer ${key}` });
    caller.send(create("openai/ws-left", "Count.", { stream_id: "a" }));
    caller.send(create("openai/ws-left", "Never asked.", { stream_id: "a" }));
    for (let heard = 0; heard < 20; heard++) await caller.next();
    caller.socket.close();
    await at.idle();
    const calls = await callsFor("ws-left");
    expect(await Promise.all(calls.map(closing))).toEqual(["client-left"]);
    const rows = (await at.deps.store.calls(team, undefined, 10)).items;
    expect(rows).toMatchObject([{ state: "estimated", status: 200 }]);
    expect(rows[0]?.usage.output).toBeGreaterThan(0);
  });

  it("ends so in all lanes, also where the provider has said nothing yet", async () => {
    const { team, key } = await teamAt(at, {});
    const hangs = { blocks: [{ text: "x" }], fault: { kind: "stall" as const, afterEvents: 4 } };
    await play("ws-all-left", hangs, hangs, { blocks: [{ text: "late" }], pace: { firstByteMs: 60_000 } });
    const caller = await dial(at, { authorization: `Bearer ${key}` });
    for (const lane of ["a", "b", "c"]) {
      caller.send(create("anthropic/ws-all-left", "Hi", { stream_id: lane }));
      if (lane !== "c") await caller.next();
    }
    while ((await callsFor("ws-all-left")).length < 3) await caller.next();
    caller.socket.close();
    await at.idle();
    const calls = await callsFor("ws-all-left");
    expect(await Promise.all(calls.map(closing))).toEqual(["client-left", "client-left", "client-left"]);
    const rows = (await at.deps.store.calls(team, undefined, 10)).items;
    expect(rows).toHaveLength(3);
    expect(at.deps.flight.bytes).toBe(0);
  });
});

describe("a connection", () => {
  it("is not opened without a key that holds", async () => {
    for (const authorization of ["Bearer nonsense", ""]) {
      const answer = await at.ask("/v1/responses", { headers: { upgrade: "websocket", authorization } });
      expect(answer.status).toBe(401);
    }
  });

  it.each([
    ["by the operator", gateway({ WEBSOCKETS: "off" }), "/v1/responses"],
    ["on other paths", at, "/v1/chat/completions"],
  ])("is refused with the status at which Codex uses POST: %s", async (_, to, path) => {
    const answer = await to.ask(path, { headers: { upgrade: "websocket" } });
    expect(answer.status).toBe(426);
    expect(answer.webSocket).toBeNull();
  });

  it("is refused so where the isolate has as many as it bears", async () => {
    await expect(dialWith(at, { connections: 0 })).rejects.toMatchObject({ kind: "upgrade" });
  });

  it("ends after so many calls, each of them whole", async () => {
    await play("ws-retires", said("One."), said("Two."));
    const caller = await dialWith(at, { calls: 2 });
    for (const input of ["one", "two"]) {
      caller.send(create("openai/ws-retires", input));
      expect(responseOf(await caller.answer()).status).toBe("completed");
    }
    expect(await caller.next()).toMatchObject({ type: "error", error: { code: "websocket_connection_limit_reached" } });
    expect((await caller.closed).code).toBe(1000);
  });

  it.each([
    ["is too old", { lifeMs: 60_000 }],
    ["is not used", { idleMs: 60_000 }],
  ])("ends when it %s, and not before", async (_, bounds) => {
    let now = 0;
    let tick = Promise.withResolvers<void>();
    const clock = { now: () => now, wait: () => tick.promise };
    const caller = await dialWith(at, bounds, { clock });
    const pass = async (ms: number): Promise<void> => {
      now += ms;
      const before = tick;
      tick = Promise.withResolvers<void>();
      before.resolve();
    };
    await pass(59_999);
    caller.socket.send("{}");
    expect(errorOf(await caller.next()).param).toBe("type");
    await pass(60_000);
    expect(errorOf(await caller.next()).code).toBe("websocket_connection_limit_reached");
    expect((await caller.closed).code).toBe(1000);
  });

  it("ends where its caller does not read, and the provider is let go", async () => {
    const { team, key } = await teamAt(at, {});
    const text = "many words ".repeat(4000);
    await play("ws-slow", { blocks: [{ text }], fault: { kind: "stall", afterEvents: 1500 } });
    const caller = await dialWith(at, { unreadBytes: 50_000, unreadShare: 0 }, { key });
    caller.send(create("openai/ws-slow", "Talk."));
    const messages = await caller.answer();
    expect(errorOf(messages.at(-1))).toMatchObject({ code: "websocket_connection_limit_reached" });
    expect(JSON.stringify(messages).length).toBeLessThan(60_000);
    expect((await caller.closed).code).toBe(1013);
    await at.idle();
    expect(await Promise.all((await callsFor("ws-slow")).map(closing))).toEqual(["client-left"]);
    expect((await at.deps.store.calls(team, undefined, 10)).items).toMatchObject([{ state: "estimated" }]);
  });

  it("goes on as long as its caller shows that it reads", async () => {
    const text = "many words ".repeat(300);
    await play("ws-reads", ...Array.from({ length: 6 }, () => said(text)));
    const caller = await dialWith(at, { unreadBytes: 150_000, unreadShare: 0 });
    let bytes = 0;
    let previous: string | null = null;
    for (let turn = 0; turn < 6; turn++) {
      caller.send(create("openai/ws-reads", "On.", { previous_response_id: previous }));
      const messages = await caller.answer();
      bytes += JSON.stringify(messages).length;
      previous = responseOf(messages).id;
    }
    expect(bytes).toBeGreaterThan(300_000);
    caller.socket.close();
  });
});
