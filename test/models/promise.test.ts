/** The promise on the line: a call crosses to Anthropic, and what comes back is held against the caller's schema. */
import { describe, expect, it } from "vitest";
import { readCall } from "../../src/call.ts";
import type { Obj } from "../../src/canon/json.ts";
import type { ProtocolId } from "../../src/canon/request.ts";
import { Fault } from "../../src/fault.ts";
import { type Lane, type LaneContext, laneFor } from "../../src/lanes.ts";
import { catalog } from "../../src/providers/catalog.ts";

const schema = {
  type: "object",
  properties: { city: { type: "string", minLength: 3 } },
  required: ["city"],
  additionalProperties: false,
};

function lane(protocol: ProtocolId, body: Obj): Lane {
  const provider = catalog.find(({ id }) => id === "anthropic");
  if (provider === undefined) throw new Error("no anthropic");
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  const context: LaneContext = {
    call: readCall("id", protocol, bytes),
    target: { provider, protocol: "messages", model: "claude-opus-5-5" },
    sealer: { open: () => undefined, seal: () => "" },
    keep: (token) => token,
    origin: "anthropic/claude-opus-5-5/x",
    strict: false,
    createdAt: 0,
  };
  return laneFor(context);
}

const sent = (lane: Lane) => JSON.parse(Buffer.concat(lane.body).toString());
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const answered = (content: Obj, stop_reason: string): Uint8Array =>
  bytes({ type: "message", id: "msg_1", model: "m", content: [content], stop_reason, usage: { output_tokens: 5 } });

function streamed(content: Obj, partial: Obj, stop_reason: string): Uint8Array {
  const events = [
    { type: "message_start", message: { id: "msg_1", model: "m", usage: { input_tokens: 3 } } },
    { type: "content_block_start", index: 0, content_block: content },
    { type: "content_block_delta", index: 0, delta: partial },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason }, usage: { output_tokens: 5 } },
    { type: "message_stop" },
  ];
  return Buffer.from(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(""));
}

const chat = (more: Obj): Obj => ({
  model: "m",
  messages: [{ role: "user", content: "Where?" }],
  stream: true,
  ...more,
});
const format = { response_format: { type: "json_schema", json_schema: { name: "where", strict: true, schema } } };
const look = { tools: [{ type: "function", function: { name: "look", strict: true, parameters: schema } }] };

describe("an answer that was promised to keep to a schema", () => {
  it("is asked for in what Anthropic takes, and the caller is told", () => {
    const asked = lane("chat", chat(format));
    expect(sent(asked).output_config.format.schema.properties.city).toEqual({
      type: "string",
      description: "Keep to: minLength 3.",
    });
    expect(asked.losses).toEqual([{ field: expect.stringContaining(": minLength"), change: "described" }]);
  });

  it("passes whole, or is an upstream failure", () => {
    const asked = lane("chat", chat({ ...format, stream: false }));
    const good = asked.whole(answered({ type: "text", text: '{"city":"Ulm"}' }, "end_turn"), false);
    expect(JSON.parse(Buffer.from(good.body).toString()).choices[0].message.content).toBe('{"city":"Ulm"}');
    const bad = answered({ type: "text", text: '{"city":"U"}' }, "end_turn");
    expect(() => asked.whole(bad, false)).toThrow(Fault);
    expect(() => asked.whole(bad, false)).toThrow("'minLength' does not hold at '/city'");
  });

  it.each([
    ["Ulm", "whole"],
    ["U", "failed"],
  ])("streams %s and is %s at its end", (city, ended) => {
    const outcomes: unknown[] = [];
    const stream = lane("chat", chat(format)).stream((outcome) => outcomes.push(outcome));
    const text_delta = { type: "text_delta", text: JSON.stringify({ city }) };
    const body = Buffer.from(stream.push(streamed({ type: "text", text: "" }, text_delta, "end_turn"))).toString();
    expect(outcomes).toEqual([expect.objectContaining({ ended, usage: expect.objectContaining({ output: 5 }) })]);
    expect(body.includes('"finish_reason":"stop"')).toBe(ended === "whole");
    expect(body.includes("does not satisfy the schema")).toBe(ended === "failed");
  });
});

describe("a call whose arguments were promised to keep to a schema", () => {
  const tool = { type: "tool_use", id: "toolu_1", name: "look", input: {} };
  const partial = { type: "input_json_delta", partial_json: '{"city":"U"}' };

  it("is not released by a Responses stream", () => {
    const { function: declared } = look.tools[0] ?? { function: {} };
    const body = { model: "m", input: "Where?", stream: true, tools: [{ type: "function", ...declared }] };
    const stream = lane("responses", body).stream(() => undefined);
    const said = Buffer.from(stream.push(streamed(tool, partial, "tool_use"))).toString();
    expect(said).toContain("response.failed");
    expect(said).toContain("call of 'look'");
    expect(said).not.toContain("response.output_item.done");
    expect(said).not.toContain("response.completed");
  });

  it("ends a Chat stream in an error, and not in a finish", () => {
    const stream = lane("chat", chat(look)).stream(() => undefined);
    const said = Buffer.from(stream.push(streamed(tool, partial, "tool_use"))).toString();
    expect(said).toContain("call of 'look'");
    expect(said).not.toContain('"finish_reason":"tool_calls"');
  });
});

it("names the caller's field and the keyword in a refusal", () => {
  const open = { ...schema, additionalProperties: true };
  const wish = { response_format: { type: "json_schema", json_schema: { name: "w", strict: true, schema: open } } };
  expect(() => lane("chat", chat(wish))).toThrow(/response_format.*'additionalProperties'.*anthropic\/claude-opus-5-5/);
});
