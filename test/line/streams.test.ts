/** What can go wrong with a stream, on both lanes: who leaves, who breaks off, who is silent, who is slow. */
import { describe, expect, it, vi } from "vitest";
import type { Fault } from "../sim/script.ts";
import { type Caller, dataOf, paths, question, textOf } from "./calls.ts";
import { callsFor, closing, gateway, play, sums } from "./gateway.ts";

const callers: Caller[] = ["responses", "chat"];
/** `openai` relays either caller; `anthropic` translates for either. */
const lanes = callers.flatMap((caller) => ["openai", "anthropic"].map((provider) => ({ caller, provider })));
const words = { blocks: [{ text: "one two three four five six seven eight nine ten" }] };

function asked(caller: Caller, provider: string, model: string, more: object = {}): [string, Record<string, unknown>] {
  return [paths[caller], question(caller, `${provider}/${model}`, "Count.", { stream: true, ...more })];
}

describe("a caller that leaves", () => {
  it.each(lanes)("closes the provider's stream: $provider to $caller", async ({ caller, provider }) => {
    const { post, deps, team, idle } = gateway({ HEARTBEAT_MS: "100" });
    const model = `leaves-${caller}-${provider}`;
    await play(model, { ...words, fault: { kind: "stall", afterEvents: 4 } });
    const answer = await post(...asked(caller, provider, model));
    const reader = answer.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    const [call] = await callsFor(model);
    if (call === undefined) throw new Error("the simulator was not asked");
    expect(await closing(call)).toBe("client-left");
    await idle();
    expect((await sums(deps, team))[0]).toMatchObject({ calls: 1, estimated: 1 });
  });
});

it.each([true, false])("who has left before anybody was asked costs nothing, stream: %s", async (stream) => {
  const asked: string[] = [];
  const at = gateway({}, (url, init) => {
    init.signal?.throwIfAborted();
    asked.push(url);
    return fetch(url, init);
  });
  const leaving = new AbortController();
  const { reserve } = at.deps.store;
  vi.spyOn(at.deps.store, "reserve").mockImplementation(async (team, reservation) => {
    const admission = await reserve(team, reservation);
    leaving.abort();
    return admission;
  });
  const body = JSON.stringify(question("chat", "openai/left-before", "Hi", { stream }));
  const answer = await at.ask(paths.chat, { method: "POST", body, signal: leaving.signal });
  await answer.body?.cancel();
  await at.idle();
  expect(asked).toEqual([]);
  expect(await sums(at.deps, at.team)).toMatchObject([{ calls: 1, estimated: 0, cost: 0 }]);
});

describe("a provider that breaks off", () => {
  const faults: Fault[] = [
    { kind: "cut", afterEvents: 6 },
    { kind: "cut", afterEvents: 6, midEvent: true },
    { kind: "reset", afterEvents: 6 },
    { kind: "error-event", afterEvents: 6 },
  ];
  const cases = lanes.flatMap((lane) => faults.map((fault) => ({ ...lane, fault, name: JSON.stringify(fault) })));

  it.each(cases)(
    "ends in the caller's error frame: $provider to $caller, $name",
    async ({ caller, provider, fault }) => {
      const { post } = gateway();
      const model = `breaks-${caller}-${provider}-${JSON.stringify(fault)}`;
      await play(model, { ...words, fault });
      const answer = await post(...asked(caller, provider, model));
      const frames = dataOf(await answer.text());
      const last = frames.at(-1);
      expect(answer.status).toBe(200);
      if (caller === "responses") {
        expect(last).toMatchObject({
          type: "response.failed",
          response: { status: "failed", error: { code: expect.any(String) } },
        });
        const numbers = frames.map((frame) => (frame === "[DONE]" ? -1 : frame.sequence_number));
        expect(numbers).toEqual(numbers.map((_, at) => at));
      } else {
        expect(last).toMatchObject({ error: { message: expect.any(String), type: expect.any(String) } });
      }
      expect(
        frames.filter((frame) => frame !== "[DONE]" && (frame.type === "response.failed" || "error" in frame)),
      ).toHaveLength(1);
    },
  );

  it.each(lanes)("after its answer was whole is no failure: $provider to $caller", async ({ caller, provider }) => {
    const { post } = gateway();
    const model = `no-done-${caller}-${provider}`;
    await play(model, { ...words, fault: { kind: "double-done" } });
    const body = await (await post(...asked(caller, provider, model))).text();
    expect(textOf(caller, body)).toBe(words.blocks[0]?.text);
    expect(body).not.toContain('error":{');
  });

  it("may leave out [DONE] where it has said why it ended", async () => {
    const { post } = gateway();
    await play("without-done", { ...words, fault: { kind: "no-done" } });
    const body = await (await post(...asked("responses", "compatible", "without-done"))).text();
    expect(dataOf(body).at(-1)).toMatchObject({ type: "response.completed" });
  });
});

describe("a provider that is silent", () => {
  const beats = {
    "responses anthropic": '"type":"response.in_progress"',
    "chat anthropic": ": ",
    "responses openai": ": ",
    "chat openai": ": ",
  };

  it.each(lanes)("is covered by heartbeats: $provider to $caller", async ({ caller, provider }) => {
    const { post } = gateway({ HEARTBEAT_MS: "100" });
    const model = `silent-${caller}-${provider}`;
    await play(model, { ...words, fault: { kind: "stall", afterEvents: 4 } });
    const answer = await post(...asked(caller, provider, model));
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let heard = "";
    const beat = beats[`${caller} ${provider}` as keyof typeof beats];
    while (heard.split(beat).length < 5) heard += (await reader?.read())?.value ?? "";
    await reader?.cancel();
    expect(heard.split(beat).length).toBeGreaterThanOrEqual(5);
  });
});

describe("a caller that is slow", () => {
  it.each(lanes)("holds the provider back: $provider to $caller", async ({ caller, provider }) => {
    let pulled = 0;
    const frame = new TextEncoder().encode(
      `data: {"choices":[{"index":0,"delta":{"content":"${"x".repeat(1000)}"}}]}\n\n`,
    );
    const endless = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled++;
          controller.enqueue(frame);
        },
      },
      { highWaterMark: 0 },
    );
    const headers = { "content-type": "text/event-stream" };
    const { post } = gateway({}, async () => new Response(endless, { headers }));
    const answer = await post(...asked(caller, provider, "endless"));
    const reader = answer.body?.getReader();
    if (provider === "openai" && caller === "chat") for (let reads = 0; reads < 10; reads++) await reader?.read();
    // What says nothing in its protocol is read on for 64 KB, in the hope of something that does.
    expect(pulled).toBeLessThanOrEqual(provider === "openai" && caller === "chat" ? 12 : 80);
    await reader?.cancel();
  });
});
