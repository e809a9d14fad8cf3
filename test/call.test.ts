import { describe, expect, it } from "vitest";
import { readCall } from "../src/call.ts";

const read = (text: string) => readCall("id", "chat", new TextEncoder().encode(text));

describe("a call's body", () => {
  it("gives its model and whether it streams", () => {
    expect(read('{"model":"m","stream":true}')).toMatchObject({ model: "m", stream: true });
    expect(read('{"model":"m","stream":null}')).toMatchObject({ model: "m", stream: false });
  });

  it.each([
    ["no JSON", "{", undefined, "invalid_json"],
    ["empty", "", undefined, "invalid_json"],
    ["an array", "[]", undefined, undefined],
    ["null", "null", undefined, undefined],
    ["a member given twice", '{"model":"a","model":"b"}', "model", "duplicate_member"],
    ["a member given twice, deep", '{"model":"a","x":{"y":[{"z":1,"z":1}]}}', "x.y.z", "duplicate_member"],
    ["no model", '{"stream":true}', "model", "missing_required_parameter"],
    ["an empty model", '{"model":""}', "model", "missing_required_parameter"],
    ["a model that is no text", '{"model":7}', "model", "missing_required_parameter"],
    ["stream that is no boolean", '{"model":"m","stream":"yes"}', "stream", "invalid_value"],
  ])("is refused with the reason: %s", (_, text, param, code) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ status: 400, param, code }));
  });

  it("is refused when its bytes are no UTF-8", () => {
    const bytes = new Uint8Array([...new TextEncoder().encode('{"model":"'), 0xff, 0x22, 0x7d]);
    expect(() => readCall("id", "chat", bytes)).toThrow(expect.objectContaining({ code: "invalid_json" }));
  });
});
