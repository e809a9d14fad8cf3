/**
 * An event stream as one JSON array that grows: how Gemini streams to callers that do not ask for `alt=sse`. Few do, so
 * this is a second hop behind the first rather than a third form in it.
 */
import { framer } from "./sse.ts";

/** Each frame's data as an element; comments fall away. */
export function asArray(events: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = events.getReader();
  const frames = framer();
  const encoder = new TextEncoder();
  let isEmpty = true;

  /** The elements that this chunk completes. */
  function elements(chunk: Uint8Array): string {
    let text = "";
    for (const { frame } of frames.push(chunk).frames) {
      text += isEmpty ? `[${frame.data}` : `,\r\n${frame.data}`;
      isEmpty = false;
    }
    return text;
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          const { done, value } = await reader.read();
          const text = done ? (isEmpty ? "[]" : "]") : elements(value);
          if (text !== "") controller.enqueue(encoder.encode(text));
          if (done) return controller.close();
          if (text !== "") return;
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
