/** Keeping an answer on its way to the caller. */
import { describe, expect, it } from "vitest";
import { isObj, type Obj, obj } from "../../src/canon/json.ts";
import type { Conversation } from "../../src/conversations/expand.ts";
import { type AnswerKeeper, answerKeeper } from "../../src/conversations/keeper.ts";
import { readStored } from "../../src/conversations/turn.ts";
import type { Answer } from "../../src/pipes.ts";
import type { ConversationStore } from "../../src/stores/conversations.ts";
import { frames } from "../sim/ask.ts";
import { type Shelf, shelf } from "./shelf.ts";

const conversation: Conversation = { isKept: true, previous: "resp_0", home: "7", input: "Hi", named: new Map() };
const item = { id: "msg_1", type: "message", role: "assistant", content: [{ type: "output_text", text: "Grüß dich" }] };
const response = (status: string, output: readonly Obj[]): Obj => ({
  ...{ id: "resp_1", object: "response", status, output, previous_response_id: null, store: false },
});

/** What a provider might send for this answer. */
const events: readonly Obj[] = [
  { type: "response.created", sequence_number: 0, response: response("in_progress", []) },
  { type: "response.output_item.added", sequence_number: 1, output_index: 0, item: { ...item, content: [] } },
  { type: "response.output_text.delta", sequence_number: 2, output_index: 0, content_index: 0, delta: "Grüß " },
  { type: "response.output_text.delta", sequence_number: 3, output_index: 0, content_index: 0, delta: "dich" },
  { type: "response.output_item.done", sequence_number: 4, output_index: 0, item },
  { type: "response.completed", sequence_number: 5, response: response("completed", [item]) },
];

const bytesOf = (all: readonly Obj[]): Uint8Array =>
  new TextEncoder().encode(all.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(""));

function keeperOn(store: ConversationStore, asked: Conversation | undefined = conversation): AnswerKeeper {
  const clock = { now: () => 1000, wait: () => new Promise<void>(() => undefined) };
  const config = { responsesTtlHours: 2 };
  return answerKeeper(asked, "team", { conversations: store, clock, config, waitUntil: () => undefined });
}

/** A lane that passes on what it gets. */
function lane(): Answer {
  const nothing = new Uint8Array(0);
  return {
    push: (chunk) => chunk,
    end: () => nothing,
    fail: () => nothing,
    beat: () => nothing,
    leave: () => undefined,
    ...{ done: false, committed: true, fault: undefined, said: 0 },
  };
}

async function streamed(store: Shelf, all: readonly Obj[], asked?: Conversation): Promise<string> {
  const pipe = keeperOn(store, asked).pipe(lane());
  const bytes = bytesOf(all);
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 7) out.push(pipe.push(bytes.subarray(at, at + 7)));
  out.push(pipe.end());
  await pipe.ready;
  return Buffer.concat(out).toString();
}

describe("a streamed answer", () => {
  it("is told as stored and as what it goes on from, and everything else passes as it is", async () => {
    const told = frames(await streamed(shelf(), events));
    const wanted = events.map((event) =>
      isObj(event.response)
        ? { ...event, response: { ...event.response, store: true, previous_response_id: "resp_0" } }
        : event,
    );
    expect(told).toEqual(wanted);
  });

  it("is kept with what it answers and how it was streamed", async () => {
    const store = shelf();
    const told = frames(await streamed(store, events));
    const [turn] = store.turns;
    expect(turn).toMatchObject({ id: "resp_1", previous: "resp_0", home: "7", at: 1000, expiresAt: 1000 + 7_200_000 });
    expect(turn?.input.map(({ json }) => JSON.parse(json))).toEqual([{ type: "message", role: "user", content: "Hi" }]);
    const found = await store.response("team", "resp_1", 0);
    if (found === undefined) throw new Error("nothing was kept");
    expect(readStored(found).response).toEqual(obj(told.at(-1)).response);
    expect(readStored(found).trace).toBeDefined();
  });

  it("is kept whole where its last event leaves its items out", async () => {
    const store = shelf();
    const last = { ...events.at(-1), response: response("completed", []) };
    await streamed(store, [...events.slice(0, -1), last]);
    expect(store.turns[0]?.output.map(({ id }) => id)).toEqual(["msg_1"]);
  });

  it("that broke off or failed is not kept at all", async () => {
    const store = shelf();
    await streamed(store, events.slice(0, -1));
    const failed = { type: "response.failed", sequence_number: 5, response: response("failed", [item]) };
    await streamed(store, [...events.slice(0, -1), failed]);
    expect(store.turns).toEqual([]);
  });

  it("has its end held back until it is written", async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const pipe = keeperOn({ ...shelf(), keep: () => promise }).pipe(lane());
    pipe.push(bytesOf(events.slice(0, -1)));
    expect(pipe.ready).toBeUndefined();
    pipe.push(bytesOf(events.slice(-1)));
    let isReady = false;
    const ready = pipe.ready?.then(() => {
      isReady = true;
    });
    await Promise.resolve();
    expect(isReady).toBe(false);
    resolve(true);
    await ready;
    expect(isReady).toBe(true);
  });

  it("reaches its caller though it cannot be written", async () => {
    const pipe = keeperOn({ ...shelf(), keep: async () => Promise.reject(new Error("down")) }).pipe(lane());
    expect(pipe.push(bytesOf(events)).length).toBeGreaterThan(0);
    await expect(pipe.ready).resolves.toBeUndefined();
  });

  it("that is not kept passes untouched", async () => {
    const pipe = lane();
    expect(answerKeeper(undefined, "team", keptNowhere).pipe(pipe)).toBe(pipe);
    const store = shelf();
    const told = frames(await streamed(store, events, { ...conversation, isKept: false }));
    expect(obj(told.at(-1)?.response)).toMatchObject({ store: false, previous_response_id: "resp_0" });
    expect(store.turns).toEqual([]);
  });
});

const keptNowhere = {
  conversations: shelf(),
  clock: { now: () => 0, wait: async () => undefined },
  config: { responsesTtlHours: 1 },
  waitUntil: () => undefined,
};

describe("a whole answer", () => {
  it("is told as stored, in its own bytes, and kept", async () => {
    const store = shelf();
    const text = '{"id":"resp_1", "status":"incomplete","output":[],"usage":{"n":1.0}}';
    const told = new TextDecoder().decode(await keeperOn(store).whole(new TextEncoder().encode(text)));
    expect(told).toContain('"id":"resp_1", "status":"incomplete","output":[],"usage":{"n":1.0}}');
    expect(JSON.parse(told)).toMatchObject({ store: true, previous_response_id: "resp_0" });
    expect(store.turns.map(({ id }) => id)).toEqual(["resp_1"]);
  });

  it("that was made a stream is kept as one", async () => {
    const store = shelf();
    expect(frames(Buffer.from(await keeperOn(store).frames(bytesOf(events))).toString())).toHaveLength(events.length);
    expect(store.turns).toHaveLength(1);
  });
});
