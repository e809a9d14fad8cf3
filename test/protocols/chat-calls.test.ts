/** Calls in streams of imperfect Chat servers: each comes out once and whole. */
import { describe, expect, test } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import { chunk, done, events, fn, piece, short, told } from "./chat-laws.ts";

describe("calls", () => {
  test.each<[string, readonly Obj[], readonly string[]]>([
    [
      "in pieces",
      [
        piece({ index: 0, id: "a", type: "function", ...fn("f", "") }),
        piece({ index: 0, ...fn(undefined, '{"x"') }),
        piece({ index: 0, ...fn(undefined, ":1}") }),
      ],
      ['a:f({"x":1})'],
    ],
    ["name and all arguments in one chunk", [piece({ index: 0, id: "a", ...fn("f", '{"x":1}') })], ['a:f({"x":1})']],
    [
      "no index",
      [piece({ id: "a", ...fn("f", "{") }), piece(fn(undefined, "}")), piece({ id: "b", ...fn("g", "{}") })],
      ["a:f({})", "b:g({})"],
    ],
    [
      "each with index 0",
      [piece({ index: 0, id: "a", ...fn("f", "{}") }), piece({ index: 0, id: "b", ...fn("g", "{}") })],
      ["a:f({})", "b:g({})"],
    ],
    [
      "id and name with each piece",
      [piece({ index: 0, id: "a", ...fn("f", "{") }), piece({ index: 0, id: "a", ...fn("f", "}") })],
      ["a:f({})"],
    ],
    ["id again without index", [piece({ id: "a", ...fn("f", "{") }), piece({ id: "a", ...fn("f", "}") })], ["a:f({})"]],
    [
      "an empty id with each piece",
      [piece({ index: 0, id: "a", ...fn("f", "{") }), piece({ index: 0, id: "", ...fn(undefined, "}") })],
      ["a:f({})"],
    ],
    [
      "the name after the id",
      [piece({ index: 0, id: "a" }), piece({ index: 0, ...fn("f") }), piece({ index: 0, ...fn(undefined, "{}") })],
      ["a:f({})"],
    ],
    [
      "arguments before the name",
      [piece({ index: 0, id: "a", ...fn(undefined, "{") }), piece({ index: 0, ...fn("f", "}") })],
      ["a:f({})"],
    ],
    [
      "the whole call again at the end",
      [
        piece({ index: 0, id: "a", ...fn("f", "{") }),
        piece({ index: 0, ...fn(undefined, "}") }),
        piece({ index: 0, id: "a", ...fn("f", "{}") }),
      ],
      ["a:f({})"],
    ],
    [
      "the name with each piece, and no id",
      [
        piece({ index: 0, ...fn("f", "{") }),
        piece({ index: 0, ...fn("f", "}") }),
        piece({ index: 0, ...fn("f", "") }),
        piece({ index: 0, id: "a", ...fn("f", "{}") }),
      ],
      ["made:f({})"],
    ],
    ["indexes from 1", [piece({ index: 1, id: "a", ...fn("f", "{}") })], ["a:f({})"]],
    [
      "an index in quotes",
      [piece({ index: "0", id: "a", ...fn("f", "{") }), piece({ index: "0", ...fn(undefined, "}") })],
      ["a:f({})"],
    ],
    ["arguments as an object", [piece({ index: 0, id: "a", ...fn("f", { x: 1 }) })], ['a:f({"x":1})']],
    ["no arguments", [piece({ index: 0, id: "a", ...fn("f", "") })], ["a:f({})"]],
    ["null arguments", [piece({ index: 0, id: "a", ...fn("f", null) })], ["a:f({})"]],
    [
      "interleaved",
      [
        piece({ index: 0, id: "a", ...fn("f", "{") }),
        piece({ index: 1, id: "b", ...fn("g", '{"y"') }),
        piece({ index: 0, ...fn(undefined, "}") }),
        piece({ index: 1, ...fn(undefined, ":2}") }),
      ],
      ["a:f({})", 'b:g({"y":2})'],
    ],
    [
      "two in one chunk",
      [
        chunk({
          tool_calls: [
            { index: 0, id: "a", ...fn("f", "{}") },
            { index: 1, id: "b", ...fn("g", "{}") },
          ],
        }),
      ],
      ["a:f({})", "b:g({})"],
    ],
    [
      "custom",
      [
        piece({ index: 0, id: "a", type: "custom", custom: { name: "c", input: "" } }),
        piece({ index: 0, custom: { input: "free" } }),
      ],
      ["a:c(free)"],
    ],
    [
      "a custom one without input",
      [piece({ index: 0, id: "a", type: "custom", custom: { name: "c", input: "" } })],
      ["a:c()"],
    ],
  ])("%s", (_, pieces, expected) => {
    const message = told(...pieces, chunk({}, "tool_calls"), done);
    expect(short(message).map((each) => each.replace(/^call_\w{14}:/, "made:"))).toEqual(expected);
    expect(message.finish.reason).toBe("calls");
  });

  test("no ids at all: each call has its own, the same each time", () => {
    const stream = [
      piece(fn("f", "{}")),
      piece(fn("f", "{}")),
      piece({ index: 0, id: "", ...fn("g", "{}") }),
      chunk({}, "stop"),
      done,
    ];
    const ids = told(...stream).blocks.map((block) => (block.type === "call" ? block.id : ""));
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^call_[0-9a-z]{14}$/);
    expect(told(...stream).blocks.map((block) => (block.type === "call" ? block.id : ""))).toEqual(ids);
  });

  test("the one call of old", () => {
    const message = told(
      chunk({ function_call: { name: "f", arguments: "" } }),
      chunk({ function_call: { arguments: "{}" } }),
      chunk({}, "function_call"),
    );
    expect(message.blocks).toMatchObject([{ type: "call", kind: "function", name: "f", input: "{}" }]);
    expect(message.finish.reason).toBe("calls");
  });

  test("text after a call is a new block, and its first token is not lost", () => {
    const message = told(
      chunk({ content: "a" }),
      piece({ index: 0, id: "x", ...fn("f", "{}") }),
      chunk({ content: "b" }),
      chunk({ content: "c" }, "stop"),
    );
    expect(short(message)).toEqual(["text:a", "x:f({})", "text:bc"]);
  });

  test("a whole call is closed before the next opens", () => {
    const types = events(
      piece({ index: 0, id: "a", ...fn("f", "{}") }),
      piece({ index: 1, id: "b", ...fn("g", "{}") }),
      chunk({}, "tool_calls"),
    );
    expect(types.map((event) => ("index" in event ? `${event.type}${event.index}` : event.type))).toEqual([
      "start",
      "open0",
      "delta0",
      "close0",
      "open1",
      "delta1",
      "close1",
      "finish",
    ]);
  });

  test("what a server adds to a call stays with it", () => {
    const extra_content = { google: { thought_signature: "s" } };
    const message = told(piece({ index: 0, id: "a", extra_content, ...fn("f", "{}") }), chunk({}, "tool_calls"));
    expect(message.blocks[0]).toMatchObject({ ext: { chat: { extra_content } } });
  });

  test("cut at the limit in the middle of the arguments", () => {
    const message = told(piece({ index: 0, id: "a", ...fn("f", '{"x":') }), chunk({}, "length"), done);
    expect(short(message)).toEqual(['a:f({"x":)']);
    expect(message.finish.reason).toBe("length");
  });
});
