/** How a Chat caller's tool calls carry reasoning: the ids it gets, and what the codec makes of what comes back. */
import { describe, expect, it } from "vitest";
import { collect, type Message } from "../../src/canon/event.ts";
import { list, type Obj, obj } from "../../src/canon/json.ts";
import type { Block, Reasoning } from "../../src/canon/request.ts";
import { noUsage } from "../../src/canon/usage.ts";
import { unpackId } from "../../src/protocols/chat/carrier.ts";
import { chat } from "../../src/protocols/chat/index.ts";
import { restore } from "../../src/protocols/chat/restore.ts";
import type { ReplyContext } from "../../src/protocols/protocol.ts";
import { ask, context, throughStream } from "./chat-laws.ts";

/** Seals into a token that anyone can read, and opens it. */
const seal = (block: Reasoning): string => `gbxr1${Buffer.from(JSON.stringify(block)).toString("base64url")}`;
const open = (token: string): Reasoning | undefined => {
  try {
    return JSON.parse(Buffer.from(token.slice(5), "base64url").toString());
  } catch {
    return undefined;
  }
};

const thought = (value: string, kind = "signature"): Reasoning => ({
  type: "reasoning",
  summary: [`about ${value}`],
  native: { protocol: "messages", value, kind },
});
const call = (id: string): Block => ({ type: "call", id, kind: "function", name: "f", input: "{}" });
const text = (said: string): Block => ({ type: "text", text: said });
const message = (...blocks: Block[]): Message => ({
  id: "m",
  model: "m",
  blocks,
  finish: { reason: "calls" },
  usage: noUsage,
});

/** The assistant's message as a client keeps it, from a whole answer or from a stream. */
function kept(answer: Message, asked: ReplyContext): Obj[] {
  const whole = chat.reply.encode(answer, asked).choices as { message: Obj }[];
  const again = chat.reply.encode(collect(throughStream(answer, asked)), context()).choices as { message: Obj }[];
  return [...whole, ...again].map(({ message }) => message);
}

function heard(message: Obj): Block[] {
  const ids = callsOf(message).map(({ id }) => String(id));
  const results = ids.map((id) => ({ role: "tool", tool_call_id: id, content: "" }));
  const { turns } = chat.request.decode(ask({}, [message, ...results]), open);
  const called = turns.flatMap(({ blocks }) => blocks).filter(({ type }) => type === "result");
  const own = ids.map((id) => unpackId(id).id);
  expect(called.map((block) => block.type === "result" && block.callId)).toEqual(own);
  return [...(turns[0]?.blocks ?? [])];
}

const asked = { ...context(), seal };
const answers: [string, Block[]][] = [
  ["before its call", [thought("a"), call("c1")]],
  ["before the text before its call", [thought("a"), text("I look."), call("c1")]],
  ["behind the text", [text("I look."), thought("a"), call("c1")]],
  ["amid the text", [text("I "), thought("a"), text("look."), call("c1")]],
  ["of several kinds, before parallel calls", [thought("a"), thought("b", "redacted"), call("c1"), call("c2")]],
  ["between calls", [thought("a"), call("c1"), thought("b"), call("c2")]],
];

describe("reasoning on a call", () => {
  it.each(answers)("%s stands there again", (_, blocks) => {
    for (const said of kept(message(...blocks), asked)) expect(heard(said)).toEqual(blocks);
  });

  it("rides in ids of at most 1,500 letters, longer under a name that is kept", () => {
    const names: string[] = [];
    const keep = (token: string): string => `gbxk${names.push(token)}`;
    for (const size of [10, 300, 2000]) {
      const [whole] = kept(message(thought("x".repeat(size)), call("c1")), { ...asked, keep });
      const id = String(callsOf(whole)[0]?.id);
      expect(id).toMatch(/^c1_gbx(r1|k)[A-Za-z0-9_-]+$/);
      expect(id.length).toBeLessThanOrEqual(1500);
      expect(id.startsWith("c1_gbxk")).toBe(size === 2000);
    }
    expect(names.length).toBe(2);
    const [unkept] = kept(message(thought("x".repeat(2000)), call("c1")), asked);
    expect(JSON.stringify(unkept)).toContain(`"reasoning":["gbxr1`);
    expect(callsOf(unkept)[0]?.id).toBe("c1");
  });

  it("is not carried where no call follows, nor for what Chat servers made themselves", () => {
    for (const blocks of [
      [thought("a"), text("Done.")],
      [{ type: "reasoning" as const, summary: ["x"] }, call("c1")],
    ]) {
      expect(JSON.stringify(kept(message(...blocks), asked))).not.toContain("gbx");
    }
  });

  it("tells of what does not open, and takes the id where the extra is damaged", () => {
    const [whole] = kept(message(thought("a"), call("c1")), asked);
    const [first] = callsOf(whole);
    const damaged = { ...first, extra_content: { gearbox: { reasoning: ["gbxr1%"] } } };
    expect(heard({ ...whole, tool_calls: [damaged] })[0]).toEqual(thought("a"));
    const cut = { ...damaged, id: "c1_gbxr1e" };
    expect(heard({ ...whole, tool_calls: [cut] })).toMatchObject([{ native: { protocol: "chat" } }, { id: "c1" }]);
  });

  it("leaves other members of `extra_content` alone", () => {
    const entry = {
      ...asCall("c1"),
      extra_content: { google: { thought_signature: "s" }, gearbox: { reasoning: [] } },
    };
    const [block] = heard({ role: "assistant", content: null, tool_calls: [entry] });
    expect(block).toMatchObject({ ext: { chat: { extra_content: { google: { thought_signature: "s" } } } } });
    expect(JSON.stringify(block)).not.toContain("gearbox");
  });
});

function callsOf(message: Obj | undefined): readonly Obj[] {
  return list(message?.tool_calls).map(obj);
}

function asCall(id: string): Obj {
  return { id, type: "function", function: { name: "f", arguments: "{}" } };
}

describe("a relayed body", () => {
  const cases: [string, string, string][] = [
    ["ids", '[{"id":"c_gbxr1Aa-_"},{"tool_call_id" : "c_gbxk12"}]', '[{"id":"c"},{"tool_call_id" : "c"}]'],
    ["quoted JSON", '["{\\"id\\":\\"c_gbxr1A\\"}"]', '["{\\"id\\":\\"c_gbxr1A\\"}"]'],
    ["other members", '[{"name":"c_gbxr1A"}]', '[{"name":"c_gbxr1A"}]'],
    ["the only member", '[{"extra_content":{"gearbox":{}}}]', "[{}]"],
    ["the first member", '[{"extra_content":{"gearbox":{"a":"}"}},"b":1}]', '[{"b":1}]'],
    ["the last member", '[{"b":1.0 , "extra_content":{"gearbox":[]}}]', '[{"b":1.0}]'],
    ["Google's", '[{"extra_content":{"google":"é","gearbox":1}}]', '[{"extra_content":{"google":"Ã©"}}]'],
    ["nothing of ours", '[{"extra_content":{"google":1}}]', '[{"extra_content":{"google":1}}]'],
  ];

  it.each(cases)("is cut: %s", (_, before, after) => {
    const bytes = new TextEncoder().encode(`é${before}`);
    const cuts = restore(bytes, { start: 2, end: bytes.length }).toSorted((a, b) => b.start - a.start);
    const text = cuts.reduce(
      (left, { start, end, text }) => left.slice(0, start) + latin(new TextEncoder().encode(text)) + left.slice(end),
      latin(bytes),
    );
    expect(text.slice(2)).toBe(after);
  });
});

function latin(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
