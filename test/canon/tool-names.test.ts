/** What stand-ins are called, and that every call gets its own name, kind and text again (wire.md C.6). */
import { assert, constantFrom, integer, option, property, record, string, uniqueArray } from "fast-check";
import { describe, expect, it } from "vitest";
import { collect, type Event, type Message, replay } from "../../src/canon/event.ts";
import type { Block, CanonRequest, Tool, ToolCall } from "../../src/canon/request.ts";
import { flatten, type ToolAbilities } from "../../src/canon/tools.ts";
import { noUsage } from "../../src/canon/usage.ts";

const plain: ToolAbilities = { custom: false, namespaces: false, search: false, nameLimit: 64 };
const chat: ToolAbilities = { ...plain, custom: true };
const everything: ToolAbilities = { custom: true, namespaces: true, search: true, nameLimit: 64 };

describe("names", () => {
  const listed = (tools: Tool[], can = plain) => flatten(request({ tools }), can);
  const bare = (name: string): Tool => ({ type: "function", name });
  const spaced = (namespace: string, name: string): Tool => ({
    type: "namespace",
    name: namespace,
    tools: [{ type: "function", name }],
  });

  it("fit, are clean, and differ", () => {
    const long = "n".repeat(70);
    const flat = listed([
      bare("a__b"),
      spaced("a", "b"),
      bare("x.y"),
      bare("x_y"),
      bare("x:y"),
      spaced(long, "t"),
      spaced(long, "u"),
    ]);
    const own = (flat.request.tools ?? []).map((each) => ("name" in each ? each.name : ""));
    expect(own.slice(0, 3)).toEqual(["a__b", expect.stringMatching(/^a__b_[0-9a-f]{8}$/), "x_y"]);
    expect(new Set(own).size).toBe(7);
    for (const name of own) expect(name).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
    const back = flat.restoreMessage(message(own.map((name) => callOf({ name, input: "{}" })))).blocks;
    expect(back.map((block) => block.type === "call" && [block.namespace, block.name])).toEqual([
      [undefined, "a__b"],
      ["a", "b"],
      [undefined, "x.y"],
      [undefined, "x_y"],
      [undefined, "x:y"],
      [long, "t"],
      [long, "u"],
    ]);
  });

  it("are the same each time, and stay when more tools come", () => {
    const few = [bare("x.y"), bare("x:y"), spaced("n".repeat(70), "t")];
    const first = names(listed(few).request);
    expect(names(listed([...few, bare("x_y"), spaced("m", "t")]).request).slice(0, 3)).toEqual(first);
    expect(names(listed(few).request)).toEqual(first);
  });

  it("are changed even for a target that knows every kind, when they are too long for it", () => {
    const flat = listed([bare("n".repeat(70)), spaced("a", "b"), spaced("a", "c")], everything);
    expect(flat.request.tools).toEqual([
      { type: "function", name: expect.stringMatching(/^n{55}_[0-9a-f]{8}$/) },
      { type: "namespace", name: "a", tools: [bare("b"), bare("c")] },
    ]);
  });

  it("of a function called like the search do not collide with it", () => {
    const flat = listed([bare("tool_search"), { type: "search", name: "tool_search" }]);
    const [, search = ""] = names(flat.request).map((name) => name.replace("function ", ""));
    expect(search).toMatch(/^tool_search_[0-9a-f]{8}$/);
    const back = flat.restoreMessage(
      message([callOf({ name: search, input: "{}" }), callOf({ name: "tool_search", input: "{}" })]),
    );
    expect(back.blocks).toMatchObject([
      { kind: "search", name: "tool_search" },
      { kind: "function", name: "tool_search" },
    ]);
  });

  it("of tools no longer listed are changed in the history all the same", () => {
    const turns = [
      { role: "assistant" as const, blocks: [callOf({ kind: "custom", name: "old", namespace: "gone", input: "x" })] },
    ];
    expect(flatten(request({ turns }), plain).request.turns[0]?.blocks).toEqual([
      callOf({ name: "gone__old", input: '{"input":"x"}' }),
    ]);
  });
});

describe("there and back", () => {
  const tools = uniqueArray(
    record({
      kind: constantFrom("function", "custom"),
      name: string({ unit: constantFrom("a", "b", "_", ".", "é"), minLength: 1, maxLength: 80 }),
      namespace: option(string({ unit: constantFrom("a", "_", "."), minLength: 1, maxLength: 40 }), { nil: undefined }),
      input: string({ unit: "binary", maxLength: 20 }),
    }),
    { selector: ({ name, namespace }) => JSON.stringify([namespace ?? null, name]), maxLength: 12 },
  );
  const abilities = constantFrom(plain, chat, { ...plain, nameLimit: 20 }, { ...everything, nameLimit: 20 });

  it("gives every call its name, kind and text again, whole and streamed", () => {
    assert(
      property(tools, abilities, integer({ min: 1, max: 7 }), (made, can, size) => {
        const calls = made.map(({ namespace, ...rest }) => ({
          ...callOf(rest),
          ...(namespace !== undefined && { namespace }),
        }));
        const list = made.map(({ kind, name, namespace }): Tool => {
          const own = { type: kind, name } as const;
          return namespace === undefined ? own : { type: "namespace", name: namespace, tools: [own] };
        });
        const flat = flatten(request({ tools: list, turns: [{ role: "assistant", blocks: calls }] }), can);
        const said = flat.request.turns.flatMap(({ blocks }) => blocks);
        for (const block of said) {
          if (block.type !== "call") continue;
          expect(block.name.length).toBeLessThanOrEqual(can.nameLimit);
          if (!can.namespaces) expect(block.namespace).toBeUndefined();
          if (!can.custom) expect(block.kind).toBe("function");
        }
        const answer = message(said);
        expect(flat.restoreMessage(answer).blocks).toEqual(calls);
        const events = replay(answer).flatMap((event) => inDeltas(event, size));
        expect(collect(events.flatMap(flat.restore())).blocks).toEqual(calls);
      }),
      { numRuns: 300 },
    );
  });
});

function request(some: Partial<CanonRequest>): CanonRequest {
  return { model: "m", stream: true, turns: [], ...some };
}

function callOf({ kind = "function", ...rest }: Pick<ToolCall, "name" | "input"> & Partial<ToolCall>): ToolCall {
  return { type: "call", id: "c", kind, ...rest };
}

function message(blocks: readonly Block[]): Message {
  return { id: "r", model: "m", blocks, finish: { reason: "calls" }, usage: noUsage };
}

function names({ tools = [] }: CanonRequest): string[] {
  return tools.map((each) => ("name" in each ? `${each.type} ${each.name}` : each.type));
}

function inPieces(text: string, sizes: readonly number[]): string[] {
  const pieces: string[] = [];
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    pieces.push(text.slice(at, at + size));
    at += size;
  }
  return pieces;
}

function inDeltas(event: Event, size: number): Event[] {
  return event.type === "delta" ? inPieces(event.text, [size]).map((text) => ({ ...event, text })) : [event];
}
