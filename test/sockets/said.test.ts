/** A message as the body of a POST: the caller's own bytes, and before its input what was said before. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Create, readFrame } from "../../src/sockets/frame.ts";
import { messageOf } from "../../src/sockets/message.ts";
import { bodyOf, saidOf } from "../../src/sockets/said.ts";

const most = 1024 * 1024;

function read(message: string): Create {
  const creates: Create[] = [];
  const refused = readFrame(message, most, (create) => creates.push(create));
  const [create] = creates;
  if (create === undefined) throw refused?.fault ?? new Error("nothing was read");
  return create;
}

const printed = (body: Uint8Array): string => new TextDecoder().decode(body);

describe("a body", () => {
  it("has all members but the message's own, wherever they stand, and streams", () => {
    const member = fc
      .tuple(fc.stringMatching(/^[a-z]{3,8}$/), fc.json())
      .filter(([name]) => !/^(input|type|model|stream|generate|background)$/.test(name));
    const members = fc.uniqueArray(member, { selector: ([name]) => name, maxLength: 6 });
    const own: [string, string][] = [
      ["type", '"response.create"'],
      ["model", '"m"'],
      ["stream_id", '"a"'],
      ["generate", "true"],
      ["stream", "false"],
    ];
    const message = members.chain((some) =>
      fc.shuffledSubarray([...some, ...own], { minLength: some.length + own.length }),
    );
    fc.assert(
      fc.property(message, (all) => {
        const body = JSON.parse(
          printed(bodyOf(read(`{ ${all.map(([name, json]) => `"${name}" : ${json}`).join(" , ")} }`), undefined)),
        );
        const kept = all.filter(([name]) => !["type", "stream_id", "generate", "stream"].includes(name));
        expect(body).toEqual({
          ...Object.fromEntries(kept.map(([name, json]) => [name, JSON.parse(json)])),
          stream: true,
        });
      }),
    );
  });

  it("keeps numbers as they are written", () => {
    const message = '{"type":"response.create","model":"m","input":[{"n":12345678901234567890,"x":1.0}],"top_p":1.0}';
    const body = printed(bodyOf(read(message), { id: "resp_1", items: ['{"big":98765432109876543210}'] }));
    expect(body).toContain('"input":[{"big":98765432109876543210},{"n":12345678901234567890,"x":1.0}]');
    expect(body).toContain('"top_p":1.0');
  });

  it("names what is stored, and says what is not", () => {
    const create = read('{"type":"response.create","model":"m","previous_response_id":"resp_2","input":"Hi"}');
    const hi = { type: "message", role: "user", content: "Hi" };
    expect(JSON.parse(printed(bodyOf(create, undefined)))).toEqual({
      model: "m",
      previous_response_id: "resp_2",
      input: "Hi",
      stream: true,
    });
    const whole = bodyOf(create, { id: "resp_2", items: ['{"a":1},{"b":2}', '{"c":3}'] });
    expect(JSON.parse(printed(whole))).toEqual({ model: "m", input: [{ a: 1 }, { b: 2 }, { c: 3 }, hi], stream: true });
    const based = bodyOf(create, { id: "resp_2", base: "resp_1", items: ['{"a":1}'] });
    expect(JSON.parse(printed(based))).toEqual({
      model: "m",
      previous_response_id: "resp_1",
      input: [{ a: 1 }, hi],
      stream: true,
    });
  });

  it("of an empty input goes on with nothing of its own", () => {
    for (const input of ["", ',"input":[]', ',"input":[ ]']) {
      const create = read(`{"type":"response.create","model":"m","previous_response_id":"resp_2"${input}}`);
      expect(JSON.parse(printed(bodyOf(create, { id: "resp_2", items: ['{"a":1}'] })))).toMatchObject({
        input: [{ a: 1 }],
      });
    }
  });
});

describe("what is remembered", () => {
  it("is everything said since what is stored", () => {
    const create = read('{"type":"response.create","model":"m","previous_response_id":"resp_1","input":[{"a":1}]}');
    const answer = { id: "resp_2", output: ['{"b":2}'] };
    expect(saidOf(create, undefined, answer)).toEqual({ id: "resp_2", base: "resp_1", items: ['{"a":1}', '{"b":2}'] });
    const before = { id: "resp_1", items: ['{"z":0}'] };
    expect(saidOf(create, before, answer)).toEqual({ id: "resp_2", items: ['{"z":0}', '{"a":1}', '{"b":2}'] });
  });
});

describe("a message to the caller", () => {
  it("is the event with its lane, in front of all else", () => {
    const lane = 'a"b\\';
    expect(JSON.parse(messageOf(' {"type":"x","n":1}', { lane }))).toEqual({ stream_id: lane, type: "x", n: 1 });
    expect(messageOf('{"type":"x","n":1.0}', { lane: undefined })).toBe('{"type":"x","n":1.0}');
  });

  it("names what the call went on from, and leaves the rest of the response as it is", () => {
    const data = '{"type":"response.created","response":{"id":"resp_2","previous_response_id":null,"temperature":1.0}}';
    expect(messageOf(data, { lane: undefined, previous: "resp_1" })).toBe(data.replace("null", '"resp_1"'));
    const delta = '{"type":"response.output_text.delta","delta":"the \\"response\\""}';
    expect(messageOf(delta, { lane: undefined, previous: "resp_1" })).toBe(delta);
  });
});
