/** Requests of the Messages protocol into canon, and round. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import type { Reasoning } from "../../src/canon/request.ts";
import { messages } from "../../src/protocols/messages/index.ts";
import { decoded, encoded, everything, minimal } from "./messages-fixtures.ts";
import { fault, leaves, missing } from "./messages-laws.ts";

describe("the laws of a request", () => {
  test("nothing is lost on the way through canon and back", () => {
    const { body, lost } = encoded(decoded(everything));
    expect(missing(everything, body)).toEqual([]);
    expect(lost).toEqual([]);
  });

  test("decode, encode, decode is decode", () => {
    expect(decoded(encoded(decoded(everything)).body)).toEqual(decoded(everything));
    expect(decoded(encoded(decoded(minimal)).body)).toEqual(decoded(minimal));
  });

  test("the same request gives the same bytes, and canon is left as it was", () => {
    const request = decoded(everything);
    const before = JSON.stringify(request);
    expect(JSON.stringify(encoded(request).body)).toBe(JSON.stringify(encoded(decoded(everything)).body));
    expect(JSON.stringify(request)).toBe(before);
  });

  test("what a turn becomes does not depend on later ones", () => {
    const request = decoded(everything);
    const whole = JSON.stringify(encoded(request).body.messages).slice(1, -1);
    for (let count = 1; count <= request.turns.length; count++) {
      const part = encoded({ ...request, turns: request.turns.slice(0, count) }).body.messages;
      expect(whole.startsWith(JSON.stringify(part).slice(1, -2))).toBe(true);
    }
  });

  test("planted members come back from each level, whatever they are", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 2 }), fc.integer({ min: 1, max: 17 }), (value, level) => {
        const planted: Obj = JSON.parse(JSON.stringify(everything), (key, old: unknown) =>
          key === `x${level}` ? value : old,
        );
        const { body } = encoded(decoded(planted));
        expect(leaves(planted).size).toBeGreaterThan(50);
        expect(missing(planted, body)).toEqual([]);
        expect(decoded(body)).toEqual(decoded(planted));
      }),
    );
  });
});

describe("decode", () => {
  test("a signature without text is a block, a redacted one too", () => {
    const [, turn] = decoded(everything).turns;
    expect(turn?.blocks.slice(0, 3)).toEqual([
      {
        type: "reasoning",
        summary: ["hm"],
        native: { protocol: "messages", value: "sig1", kind: "signature" },
        ext: { messages: { x7: 7 } },
      },
      { type: "reasoning", summary: [], native: { protocol: "messages", value: "sig2", kind: "signature" } },
      {
        type: "reasoning",
        summary: [],
        native: { protocol: "messages", value: "blob", kind: "redacted" },
        ext: { messages: { x8: 8 } },
      },
    ]);
  });

  test("a token of ours in the place of a signature opens", () => {
    const ours: Reasoning = {
      type: "reasoning",
      summary: ["s"],
      native: { protocol: "gemini", value: "g", origin: "a/b/c" },
    };
    const body = {
      ...minimal,
      messages: [{ role: "assistant", content: [{ type: "thinking", thinking: "s", signature: "T" }] }],
    };
    const request = messages.request.decode(body, (token) => (token === "T" ? ours : undefined));
    expect(request.turns[0]?.blocks).toEqual([ours]);
  });

  test("a user message with results and text is one turn", () => {
    expect(decoded(everything).turns[2]?.blocks.map(({ type }) => type)).toEqual(["result", "result", "text"]);
  });

  test("thinking and effort", () => {
    const reasoning = (members: Obj) => decoded({ ...minimal, ...members }).reasoning;
    expect(reasoning({ thinking: { type: "enabled", budget_tokens: 2000 } })).toEqual({ mode: "budget", budget: 2000 });
    expect(reasoning({ thinking: { type: "disabled" } })).toEqual({ mode: "off" });
    expect(reasoning({ thinking: { type: "between_tools" } })).toEqual({ mode: "between_tools" });
    expect(reasoning({ thinking: { type: "adaptive", display: "omitted" } })).toEqual({
      mode: "adaptive",
      summary: "none",
    });
    expect(reasoning({ output_config: { effort: "max" } })).toEqual({ effort: "max" });
    expect(reasoning({})).toBeUndefined();
  });

  test("a display that canon has no word for comes back", () => {
    const body = { ...minimal, thinking: { type: "adaptive", display: "updates" } };
    expect(encoded(decoded(body)).body.thinking).toEqual({ type: "adaptive", display: "updates" });
  });

  test("the choice of a tool", () => {
    const tools = [
      { name: "f", input_schema: {} },
      { type: "web_search_20250305", name: "web_search" },
    ];
    const choice = (tool_choice: Obj) => {
      const { toolChoice, parallel } = decoded({ ...minimal, tools, tool_choice });
      return { toolChoice, parallel };
    };
    expect(choice({ type: "any" })).toEqual({ toolChoice: { mode: "required" }, parallel: undefined });
    expect(choice({ type: "tool", name: "f", disable_parallel_tool_use: false })).toEqual({
      toolChoice: { mode: "required", only: [{ kind: "function", name: "f" }] },
      parallel: true,
    });
    expect(choice({ type: "tool", name: "web_search" }).toolChoice?.only?.[0]?.kind).toBe("web_search");
    expect(choice({ type: "none" }).toolChoice).toEqual({ mode: "none" });
  });

  const user = (...content: Obj[]): Obj => ({ ...minimal, messages: [{ role: "user", content }] });
  test.each<[string, Obj]>([
    ["model", { ...minimal, model: 1 }],
    ["max_tokens", { model: "m", messages: [] }],
    ["messages", { ...minimal, messages: "hi" }],
    ["messages[0]", { ...minimal, messages: ["hi"] }],
    ["messages[0].role", { ...minimal, messages: [{ role: "tool", content: "x" }] }],
    ["messages[0].content", { ...minimal, messages: [{ role: "user" }] }],
    ["messages[0].content[1].text", user({ type: "text", text: "" }, { type: "text" })],
    ["messages[0].content[0].type", user({ text: "x" })],
    [
      "messages[0].content[0].source.data",
      user({ type: "image", source: { type: "base64", media_type: "image/png" } }),
    ],
    [
      "messages[0].content[0].content[0].source.url",
      user({ type: "tool_result", tool_use_id: "a", content: [{ type: "image", source: { type: "url" } }] }),
    ],
    ["messages[0].content[0].tool_use_id", user({ type: "tool_result" })],
    ["messages[0].content[0].input", user({ type: "tool_use", id: "a", name: "b", input: "{}" })],
    ["system", { ...minimal, system: 1 }],
    ["system[0].text", { ...minimal, system: [{ type: "text", text: null }] }],
    ["tools[0].input_schema", { ...minimal, tools: [{ name: "f" }] }],
    ["tools[1].name", { ...minimal, tools: [{ type: "bash_20250124" }, { input_schema: {} }] }],
    ["tool_choice.type", { ...minimal, tool_choice: { type: "required" } }],
    ["tool_choice.name", { ...minimal, tool_choice: { type: "tool" } }],
    ["thinking.type", { ...minimal, thinking: { type: "hasOwnProperty" } }],
    ["thinking.budget_tokens", { ...minimal, thinking: { type: "enabled" } }],
    ["output_config.effort", { ...minimal, output_config: { effort: "extreme" } }],
    ["output_config.format.schema", { ...minimal, output_config: { format: { type: "json_schema" } } }],
    [
      "output_format",
      {
        ...minimal,
        output_format: { type: "json_schema", schema: {} },
        output_config: { format: { type: "json_schema", schema: {} } },
      },
    ],
    ["stop_sequences[1]", { ...minimal, stop_sequences: ["a", 1] }],
    ["service_tier", { ...minimal, service_tier: "gold" }],
    ["temperature", { ...minimal, temperature: "hot" }],
  ])("what is wrong is named: %s", (param, body) => {
    expect(fault(() => decoded(body))).toMatchObject({ kind: "bad_request", param });
  });
});
