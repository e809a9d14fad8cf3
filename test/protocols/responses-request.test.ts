/** Requests of the Responses API through canon and back: nothing is lost, and the same request gives the same bytes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import { decode, encode, everything, missing } from "./responses-fixtures.ts";

describe("the way through canon and back", () => {
  it("loses nothing, whatever is planted", () => {
    const request = decode(everything);
    const { body, lost } = encode(request);
    expect(missing(everything, body)).toEqual([]);
    expect(lost).toEqual([]);
    expect(decode(body)).toEqual(request);
  });

  it("gives the same bytes for the same request, and each turn without regard to later ones", () => {
    const whole = encode(decode(everything)).body;
    expect(JSON.stringify(encode(decode(structuredClone(everything))).body)).toBe(JSON.stringify(whole));
    const items = everything.input as readonly Obj[];
    const before = encode(decode({ ...everything, input: items.slice(0, 9) })).body;
    expect(JSON.stringify((whole.input as Obj[]).slice(0, 9))).toBe(JSON.stringify(before.input));
  });

  it.each([
    ["a string as input", { input: "hello" }],
    ["a bare request", { input: [] }],
    ["an empty content", { input: [{ role: "user", content: [] }] }],
    [
      "null options",
      { input: "x", reasoning: null, text: null, tools: null, tool_choice: null, instructions: null, stream: null },
    ],
    [
      "null inside options",
      { input: "x", reasoning: { effort: null, generate_summary: "concise" }, text: { format: null } },
    ],
    ["an unknown format", { input: "x", text: { format: { type: "grammar", definition: "d" } } }],
    ["a forced function", { input: "x", tool_choice: { type: "function", name: "f" } }],
    ["a forced hosted tool", { input: "x", tool_choice: { type: "file_search" } }],
    ["a forced function with more to it", { input: "x", tool_choice: { type: "function", name: "f", more: 1 } }],
    [
      "allowed tools",
      { input: "x", tool_choice: { type: "allowed_tools", mode: "auto", tools: [{ type: "custom", name: "f" }] } },
    ],
    ["only the older name of the user", { input: "x", user: "u" }],
    ["an empty list as output", { input: [{ type: "function_call_output", call_id: "c", output: [] }] }],
    [
      "a search whose arguments are a text",
      { input: [{ type: "tool_search_call", execution: "client", call_id: "c", arguments: "q" }] },
    ],
    ["an empty cipher", { input: [{ type: "reasoning", summary: [], encrypted_content: "" }] }],
    [
      "base64 without its type",
      { input: [{ role: "user", content: [{ type: "input_file", file_data: "JVBERi0=" }] }] },
    ],
  ])("keeps %s", (name, members) => {
    const original: Obj = { model: "m", ...members };
    const request = decode(original);
    const { body, lost } = encode(request);
    expect(decode(body)).toEqual(request);
    expect(lost).toEqual([]);
    if (!name.startsWith("base64")) expect(missing(original, body)).toEqual([]);
  });

  it("holds for generated conversations", () => {
    const item = fc.oneof(
      fc.record({
        type: fc.constant("message"),
        role: fc.constantFrom("user", "system", "developer"),
        content: fc.string(),
      }),
      fc.record({
        role: fc.constant("assistant"),
        phase: fc.constantFrom("commentary", "final_answer"),
        content: fc.array(fc.record({ type: fc.constant("output_text"), text: fc.string(), planted: fc.jsonValue() })),
      }),
      fc.record({
        type: fc.constant("function_call"),
        call_id: fc.string({ maxLength: 64 }),
        name: fc.string(),
        arguments: fc.string(),
        planted: fc.jsonValue(),
      }),
      fc.record({
        type: fc.constant("custom_tool_call_output"),
        call_id: fc.string({ maxLength: 64 }),
        output: fc.string(),
      }),
      fc.record({
        type: fc.constant("reasoning"),
        summary: fc.array(fc.record({ type: fc.constant("summary_text"), text: fc.string() })),
        encrypted_content: fc.string({ minLength: 1 }),
      }),
      fc.record({ type: fc.constant("mcp_call"), planted: fc.jsonValue() }),
    );
    fc.assert(
      fc.property(fc.array(item), (input) => {
        const original = JSON.parse(JSON.stringify({ model: "m", input })) as Obj;
        const request = decode(original);
        const { body } = encode(request);
        expect(decode(body)).toEqual(request);
        expect(missing(original, body)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
