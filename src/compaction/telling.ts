/** The bytes of an answer with its events reshaped, and numbered anew as some are left out and others come in. */
import { isObj, type Obj } from "../canon/json.ts";
import { type Batch, type Frame, framer, print } from "../http/sse.ts";
import type { Answer } from "../pipes.ts";
import { frameOf } from "../protocols/responses/encoder.ts";
import { type Tap, tapped } from "../tapped.ts";
import type { Reshaping } from "./reshaping.ts";

/** A stream as it comes. */
export function reshaped(answer: Answer, reshaping: Reshaping): Answer {
  return tapped(answer, tapOf(reshaping));
}

/** A stream that is there already. */
export function reshapedFrames(frames: Uint8Array, reshaping: Reshaping): Uint8Array {
  const tap = tapOf(reshaping);
  return Buffer.concat([tap.push(frames), tap.end()]);
}

const encoder = new TextEncoder();

function tapOf({ event: reshape }: Reshaping): Tap {
  const frames = framer();
  let sequence = 0;

  function told(event: Obj): Uint8Array {
    const isNumbered = typeof event.type === "string" && /^(?:response\.|error$)/.test(event.type);
    const { type, ...members } = event;
    const numbered = isNumbered ? { type, ...members, sequence_number: sequence++ } : event;
    return encoder.encode(print([frameOf(numbered)]));
  }

  /** Comments lie between the frames, and pass. */
  function pass({ bytes, frames: placed }: Batch): Uint8Array {
    const pieces: Uint8Array[] = [];
    let at = 0;
    for (const { frame, start, end } of placed) {
      const event = eventIn(frame);
      pieces.push(bytes.subarray(at, event === undefined ? end : start));
      if (event !== undefined) pieces.push(...reshape(event).map(told));
      at = end;
    }
    return Buffer.concat([...pieces, bytes.subarray(at)]);
  }

  const push = (chunk: Uint8Array): Uint8Array => (chunk.length === 0 ? chunk : pass(frames.push(chunk)));
  // Of the frames that keep a connection alive some have numbers too.
  return { push, end: () => pass(frames.end()), beat: push };
}

function eventIn({ data }: Frame): Obj | undefined {
  try {
    const event: unknown = JSON.parse(data);
    return isObj(event) ? event : undefined;
  } catch {
    return undefined;
  }
}
