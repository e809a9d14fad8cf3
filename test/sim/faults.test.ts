// Each fault of the simulated provider does what it says, in all four protocols.

import { afterAll, beforeAll, expect, it } from "vitest";
import { frames, post } from "./ask.ts";
import { type Call, type Fault, type Sim, startSim, type Turn } from "./sim.ts";
import type { ProtocolId } from "./wire.ts";

let sim: Sim;
beforeAll(async () => {
  sim = await startSim();
});
afterAll(() => sim.close());

const protocols: ProtocolId[] = ["responses", "chat", "messages", "gemini"];
const text: Turn = { blocks: [{ text: "one two three four five six seven eight nine ten" }] };
const stream = { responses: { stream: true }, chat: { stream: true }, messages: { stream: true }, gemini: {} };
const broken = async (protocol: ProtocolId, fault: Fault, streamed = true): Promise<Response> => {
  sim.play("faulty", [{ ...text, fault }]);
  return post(sim.url, protocol, "faulty", streamed ? stream[protocol] : {}, streamed);
};
const terminal = {
  responses: "response.completed",
  chat: "[DONE]",
  messages: "message_stop",
  gemini: "finishReason",
};

it.each(protocols)("%s: status, html, wrong type and swapped forms", async (protocol) => {
  const limited = await broken(protocol, {
    kind: "status",
    status: 429,
    retryAfter: "7",
    headers: { "x-more": "1" },
  });
  expect(limited.status).toBe(429);
  expect(limited.headers.get("retry-after")).toBe("7");
  expect(limited.headers.get("x-more")).toBe("1");
  expect(limited.headers.get("x-gearbox-simulated")).toBe("true");
  expect(Object.keys(await limited.json())).toContain("error");
  const own = await broken(protocol, { kind: "status", status: 502, body: "<html>" });
  expect([own.status, await own.text()]).toEqual([502, "<html>"]);
  expect((await broken(protocol, { kind: "html-200" })).headers.get("content-type")).toBe("text/html");
  expect((await broken(protocol, { kind: "wrong-content-type" })).headers.get("content-type")).toMatch("text/plain");
  expect(await (await broken(protocol, { kind: "json-for-stream" })).json()).toEqual(expect.any(Object));
  expect(await (await broken(protocol, { kind: "stream-for-json" }, false)).text()).toMatch(/^(event|data): /);
  const error = await broken(protocol, { kind: "error-200" });
  expect([error.status, Object.keys(await error.json())]).toEqual([200, expect.arrayContaining(["error"])]);
});

it.each(protocols)("%s: cut, no-done, double-done, bad-json, error-event", async (protocol) => {
  const whole = await (await broken(protocol, { kind: "wrong-content-type" })).text();
  const body = async (fault: Fault): Promise<string> => (await broken(protocol, fault)).text();
  const cut = await body({ kind: "cut", afterEvents: 3 });
  expect(whole.split(/\r?\n\r?\n/).slice(0, 3)).toEqual(cut.split(/\r?\n\r?\n/).slice(0, 3));
  expect(frames(cut)).toHaveLength(3);
  const half = await body({ kind: "cut", afterEvents: 3, midEvent: true });
  expect(half.startsWith(cut)).toBe(true);
  expect(half.length).toBeGreaterThan(cut.length);
  expect(await body({ kind: "cut", afterEvents: 999 })).toBe(await body({ kind: "no-done" }));
  expect(await body({ kind: "no-done" })).not.toContain(terminal[protocol]);
  expect((await body({ kind: "double-done" })).split(terminal[protocol]).length).toBeGreaterThan(
    whole.split(terminal[protocol]).length,
  );
  expect(frames(whole).length).toBeGreaterThan(4);
  const bad = await body({ kind: "bad-json", afterEvents: 2 });
  expect(() => frames(bad)).toThrow(SyntaxError);
  expect(bad).toContain(terminal[protocol]);
  const error = frames(await body({ kind: "error-event", afterEvents: 2 }));
  expect(JSON.stringify(error[2])).toContain("error");
  expect((await broken(protocol, { kind: "error-event", afterEvents: 2 }, false)).status).toBe(500);
});

it.each(protocols)("%s: stall keeps silent until the client leaves", async (protocol) => {
  for (const afterEvents of [0, 2]) {
    sim.play("faulty", [{ ...text, fault: { kind: "stall", afterEvents } }]);
    const leave = new AbortController();
    const response = await post(sim.url, protocol, "faulty", stream[protocol], true, leave.signal);
    if (afterEvents > 0) await response.body?.getReader().read();
    const call = last("faulty");
    expect(call.closed).toBe("open");
    leave.abort();
    await sim.whenClosed(call);
    expect(call.closed).toBe("client-left");
  }
});

it.each(protocols)("%s: reset before the headers, and after some events", async (protocol) => {
  await expect(broken(protocol, { kind: "reset", afterEvents: 0 })).rejects.toThrow("fetch failed");
  await sim.whenClosed(last("faulty"));
  expect(last("faulty").closed).toBe("ended");
  const response = await broken(protocol, { kind: "reset", afterEvents: 3 });
  const read: string[] = [];
  await expect(drain(response, read)).rejects.toThrow("terminated");
  expect(frames(read.join(""))).toHaveLength(3);
  await expect((await broken(protocol, { kind: "reset", afterEvents: 1 }, false)).json()).rejects.toThrow();
});

it("waits with the first byte, and knows when the client leaves meanwhile", async () => {
  sim.play("slow", [
    { ...text, pace: { firstByteMs: 3_600_000 } },
    { ...text, pace: { eventMs: 3_600_000 } },
  ]);
  const leave = new AbortController();
  const pending = post(sim.url, "chat", "slow", { stream: true }, true, leave.signal);
  await expect.poll(() => sim.callsFor("slow").length).toBe(1);
  leave.abort();
  await expect(pending).rejects.toThrow();
  await sim.whenClosed(last("slow"));
  expect(last("slow").closed).toBe("client-left");
  const reader = (await post(sim.url, "chat", "slow", { stream: true })).body?.getReader();
  expect(frames(new TextDecoder().decode((await reader?.read())?.value))).toHaveLength(1);
  await reader?.cancel();
  await sim.whenClosed(last("slow"));
});

it("sends a Gemini JSON array in pieces that faults can cut", async () => {
  const array = async (fault?: Fault): Promise<string> => {
    sim.play("array", [{ ...text, ...(fault === undefined ? {} : { fault }) }]);
    const url = `${sim.url}/v1/models/array:streamGenerateContent?key=k`;
    const body = JSON.stringify({ contents: [{ parts: [{ text: "hi" }] }] });
    return (await fetch(url, { method: "POST", body })).text();
  };
  const whole = JSON.parse(await array());
  expect(JSON.parse(`${await array({ kind: "cut", afterEvents: 2 })}]`)).toEqual(whole.slice(0, 2));
  expect(JSON.parse(await array({ kind: "error-event", afterEvents: 2 }))).toEqual([
    ...whole.slice(0, 2),
    { error: expect.objectContaining({ code: 503, status: "UNAVAILABLE" }) },
  ]);
});

it("cuts the bytes where the pace says so", async () => {
  sim.play("bytes", [{ blocks: [{ text: "ü世👋" }], pace: { chunkBytes: 1 } }]);
  const response = await post(sim.url, "messages", "bytes", { stream: true });
  const sizes: number[] = [];
  for await (const chunk of response.body ?? new ReadableStream<Uint8Array>()) sizes.push(chunk.length);
  expect(sizes.length).toBeGreaterThan(500); // of some 1,300 bytes: packets may meet on the way
});

function last(model: string): Call {
  const call = sim.callsFor(model).at(-1);
  if (call === undefined) throw new Error(`no call for ${model}`);
  return call;
}

async function drain(response: Response, into: string[]): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? new ReadableStream<Uint8Array>())
    into.push(decoder.decode(chunk, { stream: true }));
}
