/**
 * An answer as it arrives. Laws (test/laws): every `open` has one `close`; `delta` and `seal` fall between the two of
 * their index; `finish` or `error` comes once and last; `collect(replay(message))` is the message.
 */
import type { Fault } from "../fault.ts";
import { defined } from "./json.ts";
import type { Annotation, Block, Ext, Native } from "./request.ts";
import { fold, noUsage, type Usage } from "./usage.ts";

/**
 * Why the answer ended. `context`: the model's window was full. `calls`: the caller is to run tools. `refusal`: the
 * model declined; `filter`: the provider's filter cut it. `pause`: the provider wants to be asked to go on.
 */
export type FinishReason =
  | "stop"
  | "stop_sequence"
  | "length"
  | "context"
  | "calls"
  | "refusal"
  | "filter"
  | "pause"
  | "other";

export interface Finish {
  readonly reason: FinishReason;
  /** The stop sequence that was met, where the provider says which. */
  readonly sequence?: string;
  /** The provider's own explanation of a refusal. */
  readonly explanation?: string;
}

/** A whole answer. */
export interface Message {
  readonly id: string;
  readonly model: string;
  readonly blocks: readonly Block[];
  readonly finish: Finish;
  readonly usage: Usage;
  readonly ext?: Ext;
}

export type Event =
  | { readonly type: "start"; readonly id: string; readonly model: string; readonly usage?: Usage }
  /** A block begins: empty where deltas follow, whole where none do. */
  | { readonly type: "open"; readonly index: number; readonly block: Block }
  | Delta
  /** The reasoning block's proof, complete. */
  | { readonly type: "seal"; readonly index: number; readonly native: Native }
  | { readonly type: "close"; readonly index: number; readonly ext?: Ext }
  | { readonly type: "finish"; readonly finish: Finish; readonly usage: Usage; readonly ext?: Ext }
  | { readonly type: "error"; readonly fault: Fault; readonly usage?: Usage };

/**
 * More of a block: of its text, refusal, call input or reasoning. Reasoning may have several parts (`part`, from 0), of
 * its summary or, with `raw`, of its raw content.
 */
export interface Delta {
  readonly type: "delta";
  readonly index: number;
  readonly text: string;
  readonly annotations?: readonly Annotation[];
  readonly part?: number;
  readonly raw?: boolean;
}

/** The message that a finished stream of events tells. Throws the fault of one that ended in an error. */
export function collect(events: Iterable<Event>): Message {
  let start: { id: string; model: string } = { id: "", model: "" };
  let usage: Usage = noUsage;
  const blocks = new Map<number, Block>();
  for (const event of events) {
    switch (event.type) {
      case "start":
        start = { id: event.id, model: event.model };
        usage = fold(usage, event.usage ?? noUsage);
        break;
      case "open":
        blocks.set(event.index, event.block);
        break;
      case "delta":
      case "seal":
      case "close": {
        const block = blocks.get(event.index);
        if (block !== undefined) blocks.set(event.index, grow(block, event));
        break;
      }
      case "finish": {
        const inOrder = [...blocks].sort(([a], [b]) => a - b).map(([, block]) => block);
        return defined({
          ...start,
          blocks: inOrder,
          finish: event.finish,
          usage: fold(usage, event.usage),
          ext: event.ext,
        });
      }
      case "error":
        throw event.fault;
    }
  }
  throw new Error("the events have no end");
}

/** The block with one more event of its own in it. */
export function grow(block: Block, event: Extract<Event, { type: "delta" | "seal" | "close" }>): Block {
  if (event.type === "seal") return block.type === "reasoning" ? { ...block, native: event.native } : block;
  if (event.type === "close") {
    return event.ext === undefined || block.type === "opaque"
      ? block
      : { ...block, ext: { ...block.ext, ...event.ext } };
  }
  switch (block.type) {
    case "text": {
      const annotations = [...(block.annotations ?? []), ...(event.annotations ?? [])];
      return { ...block, text: block.text + event.text, ...(annotations.length > 0 && { annotations }) };
    }
    case "refusal":
      return { ...block, text: block.text + event.text };
    case "call":
      return { ...block, input: block.input + event.text };
    case "reasoning":
      return event.raw === true
        ? { ...block, content: growPart(block.content ?? [], event) }
        : { ...block, summary: growPart(block.summary, event) };
    default:
      return block;
  }
}

function growPart(parts: readonly string[], { part = 0, text }: Delta): string[] {
  const grown = [...parts];
  while (grown.length <= part) grown.push("");
  grown[part] = (grown[part] ?? "") + text;
  return grown;
}

/** The shortest stream of events that tells this message. */
export function replay(message: Message): Event[] {
  return [
    { type: "start", id: message.id, model: message.model },
    ...message.blocks.flatMap(replayBlock),
    defined({ type: "finish" as const, finish: message.finish, usage: message.usage, ext: message.ext }),
  ];
}

function replayBlock(block: Block, index: number): Event[] {
  const [empty, deltas] = unfold(block);
  const native = block.type === "reasoning" ? block.native : undefined;
  return [
    { type: "open", index, block: empty },
    ...deltas.map((delta): Event => ({ type: "delta", index, ...delta })),
    ...(native === undefined ? [] : [{ type: "seal" as const, index, native }]),
    { type: "close", index },
  ];
}

type Part = Pick<Delta, "text" | "annotations" | "part" | "raw">;

/** What a block that opens already holds, as the deltas that would have told it. */
export function partsOf(block: Block): Part[] {
  return unfold(block)[1];
}

/** A block as it opens, and the deltas that fill it. */
function unfold(block: Block): [Block, Part[]] {
  switch (block.type) {
    case "text": {
      const { annotations, ...plain } = block;
      if (block.text === "" && annotations === undefined) return [block, []];
      return [{ ...plain, text: "" }, [defined({ text: block.text, annotations })]];
    }
    case "refusal":
      return [{ ...block, text: "" }, block.text === "" ? [] : [{ text: block.text }]];
    case "call":
      return [{ ...block, input: "" }, block.input === "" ? [] : [{ text: block.input }]];
    case "reasoning": {
      const { native: _, content, ...shown } = block;
      const summary = block.summary.map((text, part): Part => (part === 0 ? { text } : { text, part }));
      const raw = content?.map((text, part): Part => (part === 0 ? { text, raw: true } : { text, part, raw: true }));
      return [{ ...shown, summary: [] }, [...summary, ...(raw ?? [])]];
    }
    default:
      return [block, []];
  }
}
