/**
 * Server-sent events as bytes: cut into whole frames at any split, and printed. Frame boundaries are found in the bytes,
 * because the relay lane forwards those and may only speak between two frames; the text of a frame is decoded once it
 * is whole, so a chunk may end inside a character. Line ends are LF, CRLF or CR, as the WHATWG standard has it.
 */
import { Fault } from "../fault.ts";

/** One record: `event` is its event line, where it has one. */
export interface Frame {
  readonly event?: string;
  readonly data: string;
}

/** What we write: a comment is seen by no parser. */
export type OutFrame = Frame | { readonly comment: string };

/** A frame and where it lies in the bytes it came with. */
export interface Placed {
  readonly frame: Frame;
  readonly start: number;
  readonly end: number;
}

/** Whole frames, contiguous: `bytes` also holds what lies between them (comments, blank lines). */
export interface Batch {
  readonly bytes: Uint8Array;
  readonly frames: readonly Placed[];
}

export interface Framer {
  /** The frames that this chunk completes; the rest is kept until it is whole. */
  push(chunk: Uint8Array): Batch;
  /** What was left without its blank line when the body ended: a frame after all if it reads as one. */
  end(): Batch;
  /** Bytes kept. */
  readonly held: number;
}

const LF = 10;
const CR = 13;
const largestFrame = 64 * 1024 * 1024;
const nothing: Batch = { bytes: new Uint8Array(0), frames: [] };

export function framer(): Framer {
  const decoder = new TextDecoder();
  let kept: Uint8Array[] = [];
  let held = 0;
  let lineIsEmpty = true;
  let afterCr = false;

  /** Ends of frames in this chunk. A blank line that ends nothing (after another) makes an empty frame: harmless. */
  function boundaries(chunk: Uint8Array): number[] {
    const ends: number[] = [];
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === LF && afterCr) {
        afterCr = false;
        if (ends.at(-1) === at) ends[ends.length - 1] = at + 1;
      } else if (byte === LF || byte === CR) {
        if (lineIsEmpty) ends.push(at + 1);
        lineIsEmpty = true;
        afterCr = byte === CR;
      } else {
        lineIsEmpty = false;
        afterCr = false;
      }
    }
    return ends;
  }

  function batch(bytes: Uint8Array, ends: readonly number[]): Batch {
    let start = 0;
    const frames: Placed[] = [];
    for (const end of ends) {
      const frame = parse(decoder.decode(bytes.subarray(start, end)));
      if (frame !== undefined) frames.push({ frame, start, end });
      start = end;
    }
    return { bytes, frames };
  }

  return {
    push(chunk) {
      const ends = boundaries(chunk);
      const last = ends.at(-1);
      if (last === undefined) {
        kept.push(chunk);
        held += chunk.length;
        if (held > largestFrame) throw new Fault("upstream", "The provider sent an event larger than 64 MiB.");
        return nothing;
      }
      const before = held;
      const bytes = join([...kept, chunk.subarray(0, last)]);
      kept = last < chunk.length ? [chunk.subarray(last)] : [];
      held = chunk.length - last;
      return batch(
        bytes,
        ends.map((end) => end + before),
      );
    },
    end() {
      const bytes = join(kept);
      kept = [];
      held = 0;
      return bytes.length === 0 ? nothing : batch(bytes, [bytes.length]);
    },
    get held() {
      return held;
    },
  };
}

/** The frame in one record's text; `undefined` for a record without data, such as a comment. */
function parse(record: string): Frame | undefined {
  let event: string | undefined;
  let data: string | undefined;
  for (const line of record.split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(":");
    const field = (colon < 0 ? line : line.slice(0, colon)).replace(/^\uFEFF/, "");
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") data = data === undefined ? value : `${data}\n${value}`;
    if (field === "event") event = value;
  }
  if (data === undefined) return undefined;
  return event === undefined ? { data } : { event, data };
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const [first, ...others] = pieces;
  if (first === undefined) return new Uint8Array(0);
  if (others.length === 0) return first;
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Frames as text, each with its blank line. */
export function print(frames: readonly OutFrame[], newline: "\n" | "\r\n" = "\n"): string {
  let out = "";
  for (const frame of frames) {
    if ("comment" in frame) out += `: ${frame.comment}${newline}${newline}`;
    else if (frame.event === undefined) out += `data: ${frame.data}${newline}${newline}`;
    else out += `event: ${frame.event}${newline}data: ${frame.data}${newline}${newline}`;
  }
  return out;
}
