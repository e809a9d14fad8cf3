import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { framer, print } from "../../src/http/sse.ts";
import { cut } from "../laws/laws.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Frames and forwarded bytes of a body that comes in these pieces. */
function run(body: Uint8Array, sizes: readonly number[]) {
  const frames = framer();
  const batches = [...cut(body, sizes).map((piece) => frames.push(piece)), frames.end()];
  return {
    frames: batches.flatMap((batch) => batch.frames.map(({ frame }) => frame)),
    forwarded: Buffer.concat(batches.map((batch) => batch.bytes)),
    places: batches.flatMap(({ bytes, frames }) => frames.map(({ start, end }) => bytes.subarray(start, end))),
  };
}

describe("frames of an event stream", () => {
  it.each([
    ["LF", "event: a\ndata: 1\n\ndata: 2\n\n"],
    ["CRLF", "event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n"],
    ["CR", "event: a\rdata: 1\r\rdata: 2\r\r"],
    ["no blank after the colon", "event:a\ndata:1\n\ndata:2\n\n"],
    ["comments, ids and retries between", ": hi\n\nid: 7\nevent: a\ndata: 1\n\nretry: 5\ndata: 2\n\n: bye\n\n"],
    ["a byte order mark", "\uFEFFevent: a\ndata: 1\n\ndata: 2\n\n"],
    ["a last frame without its blank line", "event: a\ndata: 1\n\ndata: 2"],
  ])("are the same with %s, at every split", (_, text) => {
    const body = bytes(text);
    for (let size = 1; size <= body.length; size++) {
      const { frames, forwarded } = run(body, [size]);
      expect(frames).toEqual([{ event: "a", data: "1" }, { data: "2" }]);
      expect(forwarded).toEqual(Buffer.from(body));
    }
  });

  it("joins several data lines", () => {
    expect(run(bytes("data: a\ndata: b\ndata\n\n"), [3]).frames).toEqual([{ data: "a\nb\n" }]);
  });

  it("come back from print, whatever their text and the split", () => {
    const frame = fc.record(
      {
        event: fc.stringMatching(/^[a-z.]{1,8}$/),
        data: fc.string({ unit: "grapheme" }).map((text) => JSON.stringify(text)),
      },
      { requiredKeys: ["data"] },
    );
    const property = fc.property(
      fc.array(frame),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      fc.constantFrom("\n" as const, "\r\n" as const),
      (frames, sizes, newline) => {
        const body = bytes(print(frames, newline));
        const seen = run(body, sizes);
        expect(seen.frames).toEqual(frames);
        expect(seen.forwarded).toEqual(Buffer.from(body));
        expect(seen.places.map((place) => print([parseOne(place)], newline)).join("")).toEqual(print(frames, newline));
      },
    );
    fc.assert(property);
  });

  it("holds back an unfinished frame, and says how much", () => {
    const frames = framer();
    expect(frames.push(bytes("data: 1\n\ndata: unfin")).bytes).toEqual(bytes("data: 1\n\n"));
    expect(frames.held).toBe("data: unfin".length);
  });
});

function parseOne(place: Uint8Array) {
  const [frame] = run(place, [place.length]).frames;
  if (frame === undefined) throw new Error("no frame at its place");
  return frame;
}
