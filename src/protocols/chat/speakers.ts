/** What the blocks of an answer put into the deltas of its chunks. */
import { type Delta, grow, partsOf } from "../../canon/event.ts";
import type { Obj } from "../../canon/json.ts";
import type { Annotation, Block, Ext, Native, ToolCall } from "../../canon/request.ts";
import type { ReplyContext } from "../protocol.ts";
import { encodeAnnotations } from "./annotations.ts";
import { carrier } from "./carrier.ts";
import { merge } from "./members.ts";
import { hasPlace } from "./reply.ts";

export interface Speakers {
  open(index: number, block: Block): Obj[];
  more(index: number, delta: Delta): Obj[];
  seal(index: number, native: Native): void;
  close(index: number, ext?: Ext): Obj[];
  hasRefused(): boolean;
}

type Part = Omit<Delta, "type" | "index">;

/** Says what one block holds; made when the block opens. */
interface Speaker {
  /** What the block's beginning says. */
  readonly head?: Obj;
  more(part: Part): Obj[];
  close?(): Obj[];
}

/** What the blocks of one answer have in common. */
interface Progress {
  /** How much text there is. */
  length: number;
  calls: number;
  hasRefused: boolean;
}

export function speakers(context: Pick<ReplyContext, "lose" | "seal" | "keep">): Speakers {
  const open = new Map<number, Speaker>();
  /** Reasoning is carried whole, whatever of it is shown. */
  const thoughts = new Map<number, Block>();
  const carried = carrier(context);
  const progress: Progress = { length: 0, calls: 0, hasRefused: false };
  const reasoning = reasoningSpeakers();

  function speaker(block: Block): Speaker | undefined {
    switch (block.type) {
      case "text":
        return textSpeaker(progress);
      case "refusal":
        return refusalSpeaker(progress);
      case "reasoning":
        return reasoning();
      case "call":
        return callSpeaker(carried.load(block), progress.calls++);
      default:
        return undefined;
    }
  }

  function keepUp(index: number, event: Parameters<typeof grow>[1]): void {
    const thought = thoughts.get(index);
    if (thought !== undefined) thoughts.set(index, grow(thought, event));
  }

  return {
    open(index, block) {
      if (!hasPlace(block)) context.lose(`blocks[${index}]`);
      if (block.type === "reasoning") thoughts.set(index, block);
      const spoken = speaker(block);
      if (spoken === undefined) return [];
      open.set(index, spoken);
      const head = spoken.head === undefined ? [] : [spoken.head];
      return [...head, ...partsOf(block).flatMap((part) => spoken.more(part))];
    },
    more(index, delta) {
      keepUp(index, delta);
      return open.get(index)?.more(delta) ?? [];
    },
    seal: (index, native) => keepUp(index, { type: "seal", index, native }),
    close(index, ext) {
      keepUp(index, { type: "close", index, ...(ext && { ext }) });
      const thought = thoughts.get(index);
      if (thought?.type === "reasoning") carried.note(thought, progress.length);
      return open.get(index)?.close?.() ?? [];
    },
    hasRefused: () => progress.hasRefused,
  };
}

function textSpeaker(progress: Progress): Speaker {
  const before = progress.length;
  const waiting: Annotation[] = [];
  let length = 0;
  const cite = (annotations: readonly Annotation[]): Obj =>
    annotations.length === 0 ? {} : { annotations: encodeAnnotations(annotations, before, length) };
  return {
    more({ text, annotations = [] }) {
      progress.length += text.length;
      length += text.length;
      // How long the text is that a citation without a place is for shows only at its end.
      waiting.push(...annotations.filter(({ end }) => end === undefined));
      const placed = annotations.filter(({ end }) => end !== undefined);
      return text === "" && placed.length === 0 ? [] : [{ ...(text !== "" && { content: text }), ...cite(placed) }];
    },
    close: () => (waiting.length === 0 ? [] : [cite(waiting)]),
  };
}

function refusalSpeaker(progress: Progress): Speaker {
  return {
    more({ text }) {
      if (text === "") return [];
      progress.hasRefused = true;
      return [{ refusal: text }];
    },
  };
}

/** Reasoning is one text on Chat: parts and blocks are told apart by a blank line. Of summary and raw text one is shown. */
function reasoningSpeakers(): () => Speaker {
  let shown: { readonly speaker: object; readonly part: number } | undefined;
  return () => {
    let shows: "raw" | "summary" | undefined;
    const speaker: Speaker = {
      more({ text, part = 0, raw = false }) {
        if (text === "") return [];
        shows ??= raw ? "raw" : "summary";
        if (raw !== (shows === "raw")) return [];
        const isNew = shown !== undefined && (shown.speaker !== speaker || shown.part !== part);
        shown = { speaker, part };
        return [{ reasoning_content: isNew ? `\n\n${text}` : text }];
      },
    };
    return speaker;
  };
}

function callHead(call: ToolCall, index: number): Obj {
  const { id, name } = call;
  const head =
    call.kind === "custom"
      ? { index, id, type: "custom", custom: { name, input: "" } }
      : { index, id, type: "function", function: { name, arguments: "" } };
  return { tool_calls: [merge(head, call.ext?.chat)] };
}

function callSpeaker(call: ToolCall, index: number): Speaker {
  let isEmpty = true;
  const more = (text: string): Obj[] => {
    if (text === "") return [];
    isEmpty = false;
    const piece = call.kind === "custom" ? { custom: { input: text } } : { function: { arguments: text } };
    return [{ tool_calls: [{ index, ...piece }] }];
  };
  return {
    head: callHead(call, index),
    more: ({ text }) => more(text),
    // Clients parse the arguments, and "" is no JSON.
    close: () => (isEmpty && call.kind !== "custom" ? more("{}") : []),
  };
}
