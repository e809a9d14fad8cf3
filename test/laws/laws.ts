/** The laws of streams (design page, chapter 8) as functions that a test can put to any protocol. */
import type { Event } from "../../src/canon/event.ts";
import { framer } from "../../src/http/sse.ts";
import type { Protocol } from "../../src/protocols/protocol.ts";

/** The bytes in pieces of the given sizes, taken round and round. */
export function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? bytes.length);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

/** What a protocol's decoder makes of a body that arrives in these pieces. */
export function eventsOf(
  protocol: Protocol,
  body: string,
  sizes: readonly number[] = [Number.MAX_SAFE_INTEGER],
): Event[] {
  const decoder = protocol.stream.decode();
  const frames = framer();
  const events: Event[] = [];
  for (const piece of cut(new TextEncoder().encode(body), sizes)) {
    for (const { frame } of frames.push(piece).frames) events.push(...decoder.frame(frame));
  }
  for (const { frame } of frames.end().frames) events.push(...decoder.frame(frame));
  return [...events, ...decoder.end()];
}

/** What is wrong with the order of these events; nothing where they keep the law. */
export function disorder(events: readonly Event[]): string[] {
  const wrong: string[] = [];
  const open = new Set<number>();
  const seen = new Set<number>();
  events.forEach((event, at) => {
    const last = at === events.length - 1;
    const ends = event.type === "finish" || event.type === "error";
    if (ends !== last) wrong.push(ends ? `${event.type} at ${at} is not the last` : "the last event is no end");
    if (event.type === "start" && at > 0) wrong.push(`start at ${at}`);
    if (event.type === "open") {
      if (seen.has(event.index)) wrong.push(`block ${event.index} opens twice`);
      seen.add(event.index);
      open.add(event.index);
    }
    if ((event.type === "delta" || event.type === "seal") && !open.has(event.index)) {
      wrong.push(`${event.type} for block ${event.index}, which is not open`);
    }
    if (event.type === "close" && !open.delete(event.index))
      wrong.push(`close of block ${event.index}, which is not open`);
    if (event.type === "finish" && open.size > 0) wrong.push(`blocks ${[...open]} are open at the end`);
  });
  return wrong;
}
