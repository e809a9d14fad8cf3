/** A call that goes on from what was said, as the call that says it. */
import { describe, expect, it } from "vitest";
import { readCall } from "../../src/call.ts";
import { type Expanded, expand, withProofs } from "../../src/conversations/expand.ts";
import { Fault } from "../../src/fault.ts";
import { members } from "../../src/http/json.ts";
import type { Turn } from "../../src/stores/conversations.ts";
import { type Shelf, shelf } from "./shelf.ts";

const question = { role: "user", content: "Who?" };
const thought = { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "gbxr1abc" };
const answer = { type: "message", id: "msg_1", role: "assistant", content: [{ type: "output_text", text: "Me." }] };

const first: Turn = {
  id: "resp_1",
  input: [{ json: JSON.stringify(question), prefix: "msg_" }],
  output: [thought, answer].map((item) => ({ json: JSON.stringify(item), id: item.id, prefix: "" })),
  body: "{}",
  at: 0,
  expiresAt: 1,
};

async function stocked(): Promise<Shelf> {
  const store = shelf();
  await store.keep("team", first);
  return store;
}

async function expanded(body: object | string, settings = {}, team = "team", maxBodyBytes = 10_000): Promise<Expanded> {
  const text = typeof body === "string" ? body : JSON.stringify({ model: "m", ...body });
  const call = readCall("call", "responses", new TextEncoder().encode(text));
  const deps = { conversations: await stocked(), clock: { now: () => 0 }, config: { maxBodyBytes } };
  return expand(call, { id: team, settings }, deps);
}

const textOf = ({ call }: Expanded): string => new TextDecoder().decode(call.bytes);

async function refusalOf(call: Promise<Expanded>): Promise<Fault> {
  const thrown: unknown = await call.then(
    () => undefined,
    (cause) => cause,
  );
  if (!(thrown instanceof Fault)) throw new Error("the call was not refused");
  return thrown;
}

describe("a call that goes on from a response", () => {
  it("says all that was said before its own items, and names nothing", async () => {
    const { call } = await expanded({ previous_response_id: "resp_1", input: [{ role: "user", content: "Why?" }] });
    expect(call.body.input).toEqual([question, thought, answer, { role: "user", content: "Why?" }]);
    expect(call.body).not.toHaveProperty("previous_response_id");
  });

  it("may say its own words as a mere text, or nothing", async () => {
    const { call } = await expanded({ previous_response_id: "resp_1", input: "Why?" });
    expect(call.body.input).toEqual([question, thought, answer, { type: "message", role: "user", content: "Why?" }]);
    const silent = await expanded({ previous_response_id: "resp_1", input: [] });
    expect(silent.call.body.input).toEqual([question, thought, answer]);
  });

  it("inherits neither instructions nor tools", async () => {
    const { call } = await expanded({ previous_response_id: "resp_1", input: "Why?" });
    expect(Object.keys(call.body).sort()).toEqual(["input", "model", "store"]);
  });

  it("is refused where that is not there, or belongs to another team", async () => {
    for (const call of [
      expanded({ previous_response_id: "resp_2", input: "Why?" }),
      expanded({ previous_response_id: "resp_1", input: "Why?" }, {}, "other"),
    ]) {
      const { kind, param, code, message } = await refusalOf(call);
      expect({ kind, param, code }).toEqual({
        kind: "not_found",
        param: "previous_response_id",
        code: "previous_response_not_found",
      });
      expect(message).toMatch(/^Previous response with id 'resp_[12]' not found\.$/);
    }
  });

  it("is refused beside a conversation of OpenAI's own, and as anything but a string", async () => {
    expect((await refusalOf(expanded({ previous_response_id: "resp_1", conversation: "conv_1" }))).kind).toBe(
      "bad_request",
    );
    expect((await refusalOf(expanded({ previous_response_id: 1 }))).param).toBe("previous_response_id");
  });

  it("may be tried again where what it goes on from cannot be reached", async () => {
    const bytes = new TextEncoder().encode('{"model":"m","input":"Why?","previous_response_id":"resp_1"}');
    const conversations = { ...shelf(), history: async () => Promise.reject(new Error("the object is gone")) };
    const deps = { conversations, clock: { now: () => 0 }, config: { maxBodyBytes: 1000 } };
    const down = expand(readCall("call", "responses", bytes), { id: "team", settings: {} }, deps);
    expect(await refusalOf(down)).toMatchObject({ status: 503, kind: "busy" });
  });

  it("is refused where it has become larger than a call may be", async () => {
    const long = expanded({ previous_response_id: "resp_1", input: "Why?" }, {}, "team", 200);
    expect((await refusalOf(long)).kind).toBe("too_large");
  });
});

describe("items that are only named", () => {
  it("stand where they were named, with or without their type", async () => {
    const input = [
      question,
      { type: "item_reference", id: "rs_1" },
      { id: "msg_1" },
      { role: "user", content: "Why?" },
    ];
    const { call, conversation } = await expanded({ input });
    expect(call.body.input).toEqual([question, thought, answer, { role: "user", content: "Why?" }]);
    expect(conversation?.home).toBe("7");
  });

  it("are refused where one is not there, or belongs to another team", async () => {
    const named = { type: "item_reference", id: "msg_1" };
    for (const call of [expanded({ input: [{ ...named, id: "msg_2" }] }), expanded({ input: [named] }, {}, "other")]) {
      const { kind, param, message } = await refusalOf(call);
      expect({ kind, param }).toEqual({ kind: "not_found", param: "input" });
      expect(message).toMatch(/^Item with id 'msg_[12]' not found\. Items are not persisted when `store`/);
    }
  });
});

describe("what goes upstream", () => {
  it("asks no provider to store anything, and for the proofs that the next turn needs", async () => {
    const { call, conversation } = await expanded({ input: "Hi", include: ["message.output_text.logprobs"] });
    expect(call.body.store).toBe(false);
    expect(conversation).toMatchObject({ isKept: true });
    const asked = withProofs(call, conversation, "gpt-5.5");
    expect(asked.body.include).toEqual(["message.output_text.logprobs", "reasoning.encrypted_content"]);
    expect(JSON.parse(new TextDecoder().decode(asked.bytes))).toEqual(asked.body);
    expect(withProofs(call, conversation, "gpt-4.1")).toBe(call);
  });

  it("is the caller's own call where nothing is stored and nothing named", async () => {
    const text = '{"model":"m", "store":false, "input":"Hi"}';
    const whole = await expanded(text);
    expect(textOf(whole)).toBe(text);
    expect(whole.conversation).toBeUndefined();
  });

  it("is stored nowhere where the team has switched that off", async () => {
    const whole = await expanded({ input: "Hi", store: true }, { store_responses: false });
    expect(whole.call.body.store).toBe(false);
    expect(whole.call.body.include).toBeUndefined();
    expect(whole.conversation).toBeUndefined();
    const lost = await refusalOf(expanded({ previous_response_id: "resp_2" }, { store_responses: false }));
    expect([lost.kind, lost.code]).toEqual(["bad_request", "previous_response_not_found"]);
  });

  it("has every byte that was not changed, wherever the member stood that goes", async () => {
    const own = [
      ' "model" : "m"',
      '"temperature":1.0 ',
      '"big":12345678901234567890',
      '\n"input":[ {"role":"user","content":"\\u00e9", "n":1.0} ] ',
    ];
    for (const at of [0, 1, 2, 3, 4]) {
      const whole = await expanded(`{${own.toSpliced(at, 0, ' "previous_response_id" : "resp_1" ').join(",")}}`);
      for (const part of [...own.slice(0, 3), '{"role":"user","content":"\\u00e9", "n":1.0}]']) {
        expect(textOf(whole)).toContain(part);
      }
      expect(JSON.parse(textOf(whole))).toEqual(JSON.parse(JSON.stringify(whole.call.body)));
      expect(whole.call.body).not.toHaveProperty("previous_response_id");
      expect(new Map(whole.call.spans)).toEqual(members(whole.call.bytes).spans);
    }
  });

  it("leaves an input of no known kind to whoever reads it", async () => {
    const { call } = await expanded({ previous_response_id: "resp_1", input: 7 });
    expect(call.body.input).toBe(7);
  });
});
