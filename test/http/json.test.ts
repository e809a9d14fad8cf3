import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { elementEdits, elements, members, setMember, splice } from "../../src/http/json.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (slices: readonly Uint8Array[]): string => new TextDecoder().decode(Buffer.concat(slices));

describe("members of a JSON object", () => {
  it("are found where they lie, for any object and blanks", () => {
    const object = fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue(), { noNullPrototype: true });
    const property = fc.property(object, fc.constantFrom(undefined, 1, "\t"), (value, indent) => {
      const body = bytes(JSON.stringify(value, null, indent));
      const { spans, duplicate } = members(body);
      expect(duplicate).toBeUndefined();
      const found = [...spans].map(([name, { start, end }]) => [name, JSON.parse(textOf([body.subarray(start, end)]))]);
      expect(Object.fromEntries(found)).toEqual(JSON.parse(JSON.stringify(value)));
    });
    fc.assert(property);
  });

  it.each([
    ['{"a":1,"a":2}', "a"],
    ['{"a":1,"\\u0061":2}', "a"],
    ['{"m":[{"x":{"b":1,"b":2}}]}', "m.x.b"],
    ['{"a":{"b":1},"c":{"b":1}}', undefined],
    ['{"a":"{\\"a\\":1,\\"a\\":2}"}', undefined],
    ['["a","a"]', undefined],
    ['{"a":["b","b"],"b":"a"}', undefined],
  ])("given twice: %s", (body, path) => {
    expect(members(bytes(body)).duplicate).toBe(path);
  });
});

describe("a spliced body", () => {
  it("keeps every other byte: blanks, big integers, 1.0, escapes", () => {
    const body = bytes('{ "model" : "a" ,"seed":12345678901234567890, "temperature":1.0,"x":"\\u00e9" }');
    const { spans } = members(body);
    const edits = [setMember(body, spans, "model", '"b"'), setMember(body, spans, "extra", "true")];
    expect(textOf(splice(body, edits))).toBe(
      '{"extra":true, "model" : "b" ,"seed":12345678901234567890, "temperature":1.0,"x":"\\u00e9" }',
    );
  });

  it("sets a member of an empty object", () => {
    const body = bytes("{ }");
    expect(JSON.parse(textOf(splice(body, [setMember(body, members(body).spans, "a", "1")])))).toEqual({ a: 1 });
  });

  it("says what JSON.parse and assignment would, for any object and member", () => {
    const name = fc.constantFrom("model", "stream_options", 'q"uote', "é");
    const object = fc.dictionary(fc.oneof(name, fc.string()), fc.jsonValue(), { noNullPrototype: true });
    const property = fc.property(object, name, fc.jsonValue(), (value, member, set) => {
      const body = bytes(JSON.stringify(value));
      const edited = splice(body, [setMember(body, members(body).spans, member, JSON.stringify(set))]);
      expect(JSON.parse(textOf(edited))).toEqual(JSON.parse(JSON.stringify({ ...value, [member]: set })));
    });
    fc.assert(property);
  });
});

describe("elements of a JSON array", () => {
  const list = fc.array(fc.jsonValue(), { maxLength: 6 });

  it("are found where they lie, for any list and blanks", () => {
    const property = fc.property(list, fc.constantFrom(undefined, 1, "\t"), (values, indent) => {
      const body = bytes(JSON.stringify(values, null, indent));
      const found = elements(body, { start: 0, end: body.length });
      const read = found.map(({ start, end }) => JSON.parse(textOf([body.subarray(start, end)])));
      expect(read).toEqual(JSON.parse(JSON.stringify(values)));
    });
    fc.assert(property);
  });

  it("change and go alone, whichever they are", () => {
    const kinds = fc.array(fc.constantFrom("stays", "changes", "goes"), { minLength: 6, maxLength: 6 });
    const property = fc.property(list, kinds, fc.constantFrom(undefined, 2), (values, fates, indent) => {
      const body = bytes(`{"a": ${JSON.stringify(values, null, indent)}, "b": [1, 2]}`);
      const span = members(body).spans.get("a") ?? { start: 0, end: 0 };
      const texts = fates.flatMap((fate, at) =>
        fate === "stays" ? [] : [[at, fate === "goes" ? undefined : '{"new":","}'] as const],
      );
      const edited = textOf(splice(body, elementEdits(elements(body, span), new Map(texts))));
      const wanted = values.flatMap((value, at) =>
        fates[at] === "goes" ? [] : [fates[at] === "changes" ? { new: "," } : value],
      );
      expect(JSON.parse(edited)).toEqual(JSON.parse(JSON.stringify({ a: wanted, b: [1, 2] })));
    });
    fc.assert(property);
  });
});
