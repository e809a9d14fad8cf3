/** What a Chat request may not say: each mistake is named as the caller wrote it. */
import { describe, expect, test } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import { ask, decode, encode, fault, hi } from "./chat-laws.ts";

describe("what is wrong is named", () => {
  const part = (part: Obj): Obj => ask({}, [{ role: "user", content: [{ type: "text", text: "a" }, part] }]);
  test.each<[string, Obj]>([
    ["model", { messages: [hi] }],
    ["model", ask({ model: 1 })],
    ["messages", { model: "m" }],
    ["messages", ask({}, [])],
    ["messages[0].role", ask({}, [{ role: "robot", content: "" }])],
    ["messages[0].content", ask({}, [{ role: "user", content: 1 }])],
    ["messages[0].content[1].image_url", part({ type: "image_url" })],
    ["messages[0].content[1].image_url.url", part({ type: "image_url", image_url: { url: 1 } })],
    ["messages[0].content[1].text", part({ type: "text" })],
    ["messages[0].content[1].type", part({})],
    ["messages[0].content[1].file.file_data", part({ type: "file", file: { file_data: "JVBE" } })],
    ["messages[0].tool_call_id", ask({}, [{ role: "tool", content: "" }])],
    [
      "messages[1].tool_calls[0].function",
      ask({}, [hi, { role: "assistant", tool_calls: [{ id: "a", type: "function" }] }]),
    ],
    ["messages[1].tool_calls[0].type", ask({}, [hi, { role: "assistant", tool_calls: [{ id: "a", type: "odd" }] }])],
    ["tools", ask({ tools: {} })],
    ["tools[1].function", ask({ tools: [{ type: "function", function: { name: "f" } }, { type: "function" }] })],
    ["tools[0].function.parameters", ask({ tools: [{ type: "function", function: { name: "f", parameters: [] } }] })],
    ["functions", ask({ tools: [], functions: [] })],
    ["tool_choice", ask({ tool_choice: "maybe" })],
    ["tool_choice.function.name", ask({ tool_choice: { type: "function", function: {} } })],
    ["reasoning_effort", ask({ reasoning_effort: "huge" })],
    ["verbosity", ask({ verbosity: "some" })],
    ["response_format.type", ask({ response_format: { type: "xml" } })],
    ["max_tokens", ask({ max_tokens: 1, max_completion_tokens: 2 })],
    ["stop[0]", ask({ stop: [1] })],
    ["temperature", ask({ temperature: "0" })],
    ["stream", ask({ stream: "true" })],
  ])("%s", (param, body) => {
    const found = fault(() => decode(body));
    expect(found).toMatchObject({ kind: "bad_request", param });
    expect(found.message).toContain(param);
  });

  test("a result without its call", () => {
    const body = ask({}, [hi, { role: "tool", tool_call_id: "x", content: "" }]);
    expect(fault(() => encode(decode(body))).kind).toBe("bad_request");
  });
});
