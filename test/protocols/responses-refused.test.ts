/** Requests that cannot be understood or served: the fault names the member in the caller's own words. */
import { describe, expect, it } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import { Fault } from "../../src/fault.ts";
import { responses } from "../../src/protocols/responses/index.ts";
import { decode } from "./responses-fixtures.ts";

function faultOf(body: Obj): Fault {
  try {
    decode(body);
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
  throw new Error("no fault");
}

describe("what is wrong is named in the caller's words", () => {
  const message = (part: Obj): Obj => ({ model: "m", input: [{ role: "user", content: [part] }] });
  it.each<[string, Obj]>([
    ["model", { input: "x" }],
    ["input", { model: "m" }],
    ["input", { model: "m", input: 5 }],
    ["input[0]", { model: "m", input: [7] }],
    ["input[0].type", { model: "m", input: [{}] }],
    ["input[0].role", { model: "m", input: [{ role: "tool", content: "x" }] }],
    ["input[0].content", { model: "m", input: [{ role: "user" }] }],
    ["input[0].content[0].text", message({ type: "input_text", text: 5 })],
    ["input[0].content[0].type", message({ text: "x" })],
    ["input[0].content[0].image_url", message({ type: "input_image", image_url: { url: "x" } })],
    ["input[0].content[0].image_url", message({ type: "input_image", image_url: "x", file_id: "y" })],
    ["input[0].content[0].image_url", message({ type: "input_image" })],
    ["input[0].content[0].file_id", message({ type: "input_file", file_data: "x", file_id: "y" })],
    [
      "input[0].content[0].input_audio.format",
      message({ type: "input_audio", input_audio: { data: "x", format: "flac" } }),
    ],
    [
      "input[1].call_id",
      {
        model: "m",
        input: [
          { role: "user", content: "x" },
          { type: "function_call_output", output: "x" },
        ],
      },
    ],
    ["input[0].arguments", { model: "m", input: [{ type: "function_call", call_id: "c", name: "f", arguments: {} }] }],
    ["input[0].output", { model: "m", input: [{ type: "function_call_output", call_id: "c" }] }],
    ["input[0].summary[0].text", { model: "m", input: [{ type: "reasoning", summary: [{}] }] }],
    [
      "tools[1].parameters",
      { model: "m", input: "x", tools: [{ type: "tool_search" }, { type: "function", name: "f", parameters: "x" }] },
    ],
    [
      "tools[0].tools[0].name",
      { model: "m", input: "x", tools: [{ type: "namespace", name: "n", tools: [{ type: "function" }] }] },
    ],
    [
      "tools[0].format.definition",
      { model: "m", input: "x", tools: [{ type: "custom", name: "n", format: { type: "grammar", syntax: "lark" } }] },
    ],
    ["tool_choice", { model: "m", input: "x", tool_choice: "sometimes" }],
    ["reasoning.effort", { model: "m", input: "x", reasoning: { effort: "ultra" } }],
    ["reasoning.summary", { model: "m", input: "x", reasoning: { summary: "long" } }],
    ["text.verbosity", { model: "m", input: "x", text: { verbosity: "chatty" } }],
    ["text.format.schema", { model: "m", input: "x", text: { format: { type: "json_schema", name: "n" } } }],
    ["service_tier", { model: "m", input: "x", service_tier: "gold" }],
    ["temperature", { model: "m", input: "x", temperature: "hot" }],
    ["stream", { model: "m", input: "x", stream: "yes" }],
  ])("%s", (param, body) => {
    const fault = faultOf(body);
    expect(fault).toMatchObject({ status: 400, param });
    expect(fault.message).toContain(param);
  });

  it.each<[string, string | undefined, Obj]>([
    ["previous_response_id", "previous_response_not_found", { model: "m", input: "x", previous_response_id: "resp_1" }],
    ["conversation", "unsupported_parameter", { model: "m", input: "x", conversation: { id: "conv_1" } }],
    ["background", "unsupported_parameter", { model: "m", input: "x", background: true }],
    ["prompt", "unsupported_parameter", { model: "m", input: "x", prompt: { id: "pmpt_1" } }],
    ["input", undefined, { model: "m", input: [{ type: "item_reference", id: "msg_1" }] }],
    ["input", undefined, { model: "m", input: [{ id: "msg_1" }] }],
  ])("%s needs what we do not keep", (param, code, body) => {
    expect(faultOf(body)).toMatchObject({ kind: "unsupported", status: 400, param, code });
  });

  it("says of an unknown item what OpenAI says", () => {
    const fault = faultOf({ model: "m", input: [{ type: "item_reference", id: "msg_9" }] });
    expect(fault.message).toMatch(
      /^Item with id 'msg_9' not found\. Items are not persisted when `store` is set to false\./,
    );
    expect(responses.fault.encode(fault, "r")).toMatchObject({
      error: { type: "invalid_request_error", param: "input", code: null },
    });
  });
});
