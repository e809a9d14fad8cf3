/** Where a caller wrote what canon names: in the members of its own body, and never under an index that is not its own. */
import { describe, expect, it } from "vitest";
import { placeOf } from "../../src/canon/place.ts";
import type { ProtocolId } from "../../src/canon/request.ts";
import { protocols } from "../../src/protocols/index.ts";

const say = (caller: ProtocolId, field: string, body: object): string => {
  return placeOf(field, protocols[caller].names, JSON.parse(JSON.stringify(body)));
};

const file = { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,AA==" } };

describe("the place of a field in a caller's body", () => {
  it("is the member that the caller wrote, of several that mean the same", () => {
    expect(say("chat", "maxOutput", { max_tokens: 1 })).toBe("max_tokens");
    expect(say("chat", "maxOutput", { max_completion_tokens: 1 })).toBe("max_completion_tokens");
    expect(say("chat", "user", { safety_identifier: "u" })).toBe("safety_identifier");
    expect(say("responses", "user", { user: "u" })).toBe("user");
    expect(say("chat", "tools[0].strict", { functions: [{ name: "f", strict: true }] })).toBe("functions[0].strict");
  });

  it("is said even where the caller did not write it", () => {
    expect(say("chat", "maxOutput", {})).toBe("max_completion_tokens");
    expect(say("messages", "reasoning.effort", { thinking: { type: "adaptive" } })).toBe("output_config.effort");
  });

  it("keeps the spelling of a Gemini caller, and has no index in contents, which are joined and cut", () => {
    const body = { generation_config: { max_output_tokens: 1 }, contents: [{ parts: [{ inline_data: { x: 1 } }] }] };
    expect(say("gemini", "maxOutput", body)).toBe("generation_config.max_output_tokens");
    expect(say("gemini", "turns[7].blocks[2].inlineData.x", body)).toBe("contents.parts.inline_data.x");
    expect(say("gemini", "ext.generationConfig", body)).toBe("generation_config");
  });

  it("goes through messages, parts and results by their own members", () => {
    const asked = { messages: [{ role: "user", content: [{ type: "text", text: "a" }, file] }] };
    expect(say("chat", "turns[0].blocks[1].name", asked)).toBe("messages[0].content[1].file.filename");
    const result = { type: "function_call_output", call_id: "c", output: [{ type: "input_text", text: "a", x: 1 }] };
    expect(say("responses", "turns[1].blocks[0].blocks[0].x", { input: [{}, result] })).toBe("input[1].output[0].x");
    const failed = { messages: [{ role: "user", content: [{ type: "tool_result", is_error: true }] }] };
    expect(say("messages", "turns[0].blocks[0].isError", failed)).toBe("messages[0].content[0].is_error");
  });

  it("ends where the body does, so that no index is wrong", () => {
    expect(say("chat", "turns[0].blocks[0].name", { messages: [{ role: "user", content: "a" }] })).toBe(
      "messages[0].content",
    );
    const call = { type: "function_call", call_id: "c", name: "f", arguments: "{}" };
    expect(say("responses", "turns[0].blocks[0]", { input: [call] })).toBe("input[0]");
  });

  it("has no index among the blocks of an answer of old, which reasoning and calls are among", () => {
    const body = { messages: [{ role: "assistant", reasoning_content: "Hm", content: [file, file] }] };
    expect(say("chat", "turns[0].blocks[1].name", body)).toBe("messages[0]");
  });

  it("keeps what is noted behind a colon", () => {
    const tool = { name: "f", input_schema: { type: "object" } };
    expect(say("messages", "tools[0].schema: pattern", { tools: [tool] })).toBe("tools[0].input_schema: pattern");
  });
});
