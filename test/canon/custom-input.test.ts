/** The text of a custom call, out of a stand-in's arguments: the same at any split, and nothing lost of strange ones. */
import { array, assert, integer, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { readInput, wrapInput } from "../../src/canon/custom-input.ts";

describe("the text of a custom call", () => {
  it("is the same at any split", () => {
    assert(
      property(
        string({ unit: "binary", maxLength: 60 }),
        array(integer({ min: 1, max: 9 }), { minLength: 1 }),
        (text, sizes) => {
          const pieces = inPieces(escapedAtWill(text, sizes), sizes);
          const { told, joined } = read(pieces);
          expect(joined).toBe(text);
          for (const piece of told) expect(piece.isWellFormed()).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("is told as soon as it is certain", () => {
    expect(read(['{"input":"ab', "c", "\\u00", "e9", '"}']).told).toEqual(["ab", "c", "", "é", "", ""]);
  });

  it("keeps a lone surrogate", () => {
    for (const text of ["\ud800", "a\udc00b", "\ud83d\ud83d\ude00", "\ude00\ud83d"]) {
      for (const size of [1, 2, 5, 100]) expect(read(inPieces(wrapInput(text), [size])).joined).toBe(text);
    }
  });

  const strange = {
    "": "",
    "plain text": "plain text",
    "{}": "{}",
    '{"input":5}': '{"input":5}',
    '{"input":null,"x":1}': '{"input":null,"x":1}',
    '{"other":"a"}': '{"other":"a"}',
    '["input"]': '["input"]',
    '{"in put":"a"}': '{"in put":"a"}',
    '{"input"': '{"input"',
    '{"other":1,"input":"late"}': "late",
    '{"input":"first","other":{"a":["]"]}}': "first",
    '{"input":"cut off': "cut off",
    '{"input":"cut \\u00': "cut \\u00",
    '{"input":"C:\\path \\z"}': "C:\\path \\z",
    '{"input":"bare\nbreak"}': "bare\nbreak",
    '{"other":1,"input":"broken': '{"other":1,"input":"broken',
  };
  for (const [json, text] of Object.entries(strange)) {
    it(`loses nothing of ${JSON.stringify(json)}`, () => {
      for (const size of [1, 3, 100]) expect(read(inPieces(json, [size])).joined).toBe(text);
    });
  }
});

/** The arguments as a model might print them: by the sizes, some units escaped that need it not. */
function escapedAtWill(text: string, sizes: readonly number[]): string {
  const units = [...Array(text.length).keys()].map((at) => {
    const unit = text.charAt(at);
    if ((sizes[at % sizes.length] ?? 1) % 2 === 1) return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
    return unit < " " || unit === '"' || unit === "\\" ? JSON.stringify(unit).slice(1, -1) : unit;
  });
  return `{"input": "${units.join("")}", "more": [1]}`;
}

function inPieces(text: string, sizes: readonly number[]): string[] {
  const pieces: string[] = [];
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    pieces.push(text.slice(at, at + size));
    at += size;
  }
  return pieces;
}

function read(pieces: readonly string[]): { told: string[]; joined: string } {
  const reader = readInput();
  const told = [...pieces.map((piece) => reader.push(piece)), reader.end()];
  return { told, joined: told.join("") };
}
