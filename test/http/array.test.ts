import { expect, it } from "vitest";
import { asArray } from "../../src/http/array.ts";
import { cut } from "../laws/laws.ts";

const text = 'data: {"a":"é"}\r\n\r\n: hi\r\n\r\ndata: {"b":2}\r\n\r\n';

/** A stream of the text in pieces of one size. */
function streamOf(body: string, size: number): ReadableStream<Uint8Array> {
  const pieces = cut(new TextEncoder().encode(body), [size]);
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
}

it("an event stream becomes a JSON array at any split, also an empty one", async () => {
  for (let size = 1; size <= text.length; size++) {
    expect(await new Response(asArray(streamOf(text, size))).json()).toEqual([{ a: "é" }, { b: 2 }]);
  }
  expect(await new Response(asArray(streamOf("", 1))).json()).toEqual([]);
});

it("a caller that leaves closes the event stream", async () => {
  let left = false;
  const events = new ReadableStream<Uint8Array>({
    cancel() {
      left = true;
    },
  });
  await asArray(events).cancel();
  expect(left).toBe(true);
});
