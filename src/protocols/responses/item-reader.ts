/**
 * One item of a Responses stream as it arrives. Deltas drive; what the item's end says beyond them is made up for, as
 * some providers send items whole or leave deltas out. What differs from what was already told stays as it was told.
 */
import type { Event } from "../../canon/event.ts";
import { type Obj, text } from "../../canon/json.ts";
import { callReader } from "./call-reader.ts";
import { callKind } from "./items.ts";
import { messageReader } from "./message-reader.ts";
import { reasoningReader } from "./reasoning-reader.ts";
import { itemOf } from "./reply.ts";

/** Reads one item: an answer to each event that names it. */
export interface ItemReader {
  readonly type: string;
  see(type: string, event: Obj): Event[];
  /** The item as its end has it. */
  done(item: Obj): Event[];
  /** The answer ended without the item's end. */
  cut(): Event[];
}

/** The index of the next block. */
export type NextIndex = () => number;

export function itemReader(item: Obj, next: NextIndex): ItemReader {
  if (item.type === "message") return messageReader(item, next);
  if (item.type === "reasoning") return reasoningReader(next());
  const kind = callKind(item);
  return kind === undefined ? wholeReader(text(item.type) ?? "", next) : callReader(item, kind, next());
}

/** An item that is told at its end, in one. */
function wholeReader(type: string, next: NextIndex): ItemReader {
  return {
    type,
    see: () => [],
    done(item) {
      const index = next();
      return [
        { type: "open", index, block: itemOf(item) },
        { type: "close", index },
      ];
    },
    cut: () => [],
  };
}
