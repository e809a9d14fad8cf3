import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { valuesIn } from "../../src/http/json-values.ts";

const spaces = fc.constantFrom(undefined, 1, "\t", "  ");
const bytesOf = (value: unknown, space?: number | string) => Buffer.from(JSON.stringify(value, undefined, space));

describe("the values of an object", () => {
  it("are found by their names, whatever they hold and however they are set", () => {
    const object = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 3 }), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(object, spaces, (value, space) => {
        const bytes = bytesOf(value, space);
        const found = valuesIn(bytes);
        expect([...found.keys()].sort()).toEqual(Object.keys(value).sort());
        for (const [name, { start, end }] of found) {
          expect(JSON.parse(bytes.toString("utf8", start, end))).toEqual(JSON.parse(JSON.stringify(value[name])));
        }
      }),
    );
  });

  it("are those of their own span, and as they were written", () => {
    const bytes = Buffer.from('{"a": {"b" : 1.0 , "\\u0063":[1e-7, "],{"] }, "b":2}');
    const inner = valuesIn(bytes, valuesIn(bytes).get("a"));
    const texts = [...inner].map(([name, { start, end }]) => [name, bytes.toString("utf8", start, end)]);
    expect(texts).toEqual([
      ["b", "1.0"],
      ["c", '[1e-7, "],{"]'],
    ]);
  });
});
