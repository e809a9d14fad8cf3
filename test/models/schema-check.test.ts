/** Finished answers against what was promised of them: whole and streamed come to the same. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { collect, type Event, type FinishReason, type Message, replay } from "../../src/canon/event.ts";
import type { Block } from "../../src/canon/request.ts";
import { flatten } from "../../src/canon/tools.ts";
import { noUsage } from "../../src/canon/usage.ts";
import { Fault } from "../../src/fault.ts";
import { holding, type Promised } from "../../src/models/schema-check.ts";

const can = { custom: true, namespaces: true, search: true, nameLimit: 64 };
const flat = flatten({ model: "m", stream: true, turns: [] }, can);
const schema = {
  type: "object",
  properties: { "a/b": { type: "array", items: { type: "string", minLength: 2 } } },
  required: ["a/b"],
};
const promised: Promised = { answer: schema, calls: new Map([["look", schema]]) };

const text = (said: string): Block => ({ type: "text", text: said });
const call = (input: string, name = "look"): Block => ({ type: "call", id: "c", kind: "function", name, input });

function message(reason: FinishReason, ...blocks: Block[]): Message {
  return { id: "i", model: "m", blocks, finish: { reason }, usage: { ...noUsage, output: 7 } };
}

/** The fault of a whole answer; the streamed one must end in the same. */
function faultOf(answer: Message, wanted: Promised | undefined = promised): Fault | undefined {
  const back = holding(flat, wanted);
  const restore = back.restore();
  const events: Event[] = replay(answer).flatMap(restore);
  const last = events.at(-1);
  const streamed = last?.type === "error" ? last.fault : undefined;
  try {
    expect(back.restoreMessage(answer)).toEqual(answer);
    expect(collect(events)).toEqual(answer);
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    expect(streamed).toMatchObject({ kind: thrown.kind, message: thrown.message });
    if (last?.type === "error") expect(last.usage).toEqual(answer.usage);
    return thrown;
  }
  expect(streamed).toBeUndefined();
  return undefined;
}

describe("an answer", () => {
  it("passes where it keeps the promise", () => {
    expect(faultOf(message("stop", text('{"a/b":["xx",'), text('"yy"]}')))).toBeUndefined();
    expect(faultOf(message("stop_sequence", text('{"a/b":[]}')))).toBeUndefined();
  });

  it("that breaks it is a fault with the place of the breach", () => {
    const fault = faultOf(message("stop", text('{"a/b":["xx","y"]}')));
    expect(fault).toMatchObject({ kind: "upstream", status: 502 });
    expect(fault?.message).toBe(
      "The model's answer does not satisfy the schema that was asked for: 'minLength' does not hold at '/a~1b/1'.",
    );
    expect(faultOf(message("stop", text("Sorry.")))?.message).toContain("it is not JSON");
    expect(faultOf(message("stop", text("")))?.message).toContain("it is not JSON");
    expect(faultOf(message("stop", text("{}")))?.message).toContain("'required' does not hold at ''");
  });

  it.each(["length", "context", "refusal", "filter", "pause"] as const)(
    "that ended by %s promises nothing",
    (reason) => {
      expect(faultOf(message(reason, text('{"a/b":["x'), call('{"a/')))).toBeUndefined();
    },
  );

  it("may be a refusal, or a word before calls", () => {
    expect(faultOf(message("stop", { type: "refusal", text: "No." }))).toBeUndefined();
    expect(faultOf(message("calls", text("I look."), call('{"a/b":[]}')))).toBeUndefined();
  });

  it("is not looked at where nothing was promised", () => {
    expect(holding(flat, undefined)).toBe(flat);
    expect(faultOf(message("stop", text("Hello")), { calls: new Map() })).toBeUndefined();
  });
});

describe("a call", () => {
  it("is held against its own tool's schema", () => {
    const fault = faultOf(message("calls", call('{"a/b":[]}'), call('{"a/b":7}')));
    expect(fault?.message).toContain("call of 'look'");
    expect(fault?.message).toContain("'type' does not hold at '/a~1b'");
    expect(faultOf(message("calls", call("{}", "other")))).toBeUndefined();
    expect(faultOf(message("calls", call("")))?.message).toContain("'required'");
  });

  it("is checked whatever reason was given for the end", () => {
    expect(faultOf(message("stop", call("{}")))?.kind).toBe("upstream");
  });
});

it("bounds what a regular expression may take", () => {
  const answer = { type: "string", pattern: "^.*a.*b.*c$" };
  const wanted = { answer, calls: new Map<string, typeof answer>() };
  expect(faultOf(message("stop", text(JSON.stringify("aabbc"))), wanted)).toBeUndefined();
  expect(faultOf(message("stop", text(JSON.stringify("a".repeat(5000)))), wanted)?.message).toContain("too long");
});

it("leaves the caller's schema as it is", () => {
  const before = JSON.stringify(schema);
  faultOf(message("stop", text('{"a/b":[]}')));
  expect(JSON.stringify(schema)).toBe(before);
});

it("knows the older drafts", () => {
  const answer = {
    $schema: "http://json-schema.org/draft-07/schema#",
    definitions: { word: { type: "string" } },
    type: "array",
    items: [{ $ref: "#/definitions/word", minLength: 9 }],
    additionalItems: false,
  };
  const wanted = { answer, calls: new Map<string, typeof answer>() };
  expect(faultOf(message("stop", text('["x"]')), wanted)).toBeUndefined();
  expect(faultOf(message("stop", text('["x","y"]')), wanted)?.message).toContain("'/1'");
});

it("says the same of a stream in whatever pieces", () => {
  const pieces = fc.array(fc.nat(9), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(fc.string()), pieces, (words, sizes) => {
      const said = JSON.stringify({ "a/b": words });
      const restore = holding(flat, promised).restore();
      const ended = cut(said, sizes).flatMap(restore).at(-1);
      expect(ended?.type).toBe(words.every((word) => [...word].length >= 2) ? "finish" : "error");
    }),
  );
});

function cut(said: string, sizes: readonly number[]): Event[] {
  const deltas: Event[] = [];
  for (let at = 0, turn = 0; at < said.length; turn++) {
    const size = 1 + (sizes[turn % sizes.length] ?? 0);
    deltas.push({ type: "delta", index: 0, text: said.slice(at, at + size) });
    at += size;
  }
  return [
    { type: "start", id: "i", model: "m" },
    { type: "open", index: 0, block: text("") },
    ...deltas,
    { type: "close", index: 0 },
    { type: "finish", finish: { reason: "stop" }, usage: noUsage },
  ];
}
