/** The event stream: bare data lines, no event names, no comments, no terminator (wire.md D.3). */
import { type Event, grow } from "../../canon/event.ts";
import { isObj, type Json, type Obj } from "../../canon/json.ts";
import type { Block } from "../../canon/request.ts";
import { Fault } from "../../fault.ts";
import type { Frame, OutFrame } from "../../http/sse.ts";
import type { Decoder, Encoder, ReplyContext } from "../protocol.ts";
import { answer } from "./answer.ts";
import { encodeFault } from "./fault.ts";
import { encodeFinish, isCut } from "./finish.ts";
import { type Cited, encodeGrounding } from "./grounding.ts";
import { inTurn } from "./in-turn.ts";
import { encodeParts } from "./parts.ts";
import { isSayable, isUnfinished, replyManner, showsThoughts } from "./reply.ts";
import { carry } from "./signature.ts";
import { encodeUsage } from "./usage.ts";

export function decode(): Decoder {
  const reader = answer();
  return {
    frame(frame) {
      if (isEmpty(frame)) return [];
      const body = parse(frame);
      if (body === undefined) return reader.fail(new Fault("upstream", "The provider sent an event that is no JSON."));
      return reader.chunk(body);
    },
    end: () => reader.end(),
  };
}

/** Compatible servers end with OpenAI's word. */
function isEmpty({ data }: Frame): boolean {
  return data.trim() === "" || data.trim() === "[DONE]";
}

/** The object in a frame; `undefined` for what is none. An error may come in an array. */
export function parse({ data }: Frame): Obj | undefined {
  try {
    const parsed: Json = JSON.parse(data);
    const first = Array.isArray(parsed) ? parsed[0] : parsed;
    return isObj(first) ? first : undefined;
  } catch {
    return undefined;
  }
}

/** A chunk that both of Google's SDKs pass over. */
export const beat: readonly Frame[] = [{ data: JSON.stringify({ usageMetadata: {} }) }];

interface State {
  readonly blocks: Map<number, Block>;
  /** A token or signature for the next part. */
  next: string | undefined;
  /**
   * The last part, which goes out with what follows it: the frame with the finish reason must hold a part that is not
   * empty, or Google's older SDK forgets the answer in its chats. Of a text that is its last character.
   */
  held: Obj | undefined;
  /** Is what is held a call that breaks off where it may have been cut? */
  unfinished: boolean;
  readonly cited: Cited[];
  ended: boolean;
}

export function encode(context: ReplyContext): Encoder {
  const state: State = {
    blocks: new Map(),
    next: undefined,
    held: undefined,
    unfinished: false,
    cited: [],
    ended: false,
  };
  const due = inTurn();
  return {
    event(event) {
      if (state.ended) return [];
      const frames = due(event).flatMap((each) => encodeEvent(each, state, context));
      return frames.map((frame) => ({ data: JSON.stringify(frame) }));
    },
    beat: (): OutFrame[] => (state.ended ? [] : [...beat]),
  };
}

function encodeEvent(event: Event, state: State, context: ReplyContext): Obj[] {
  switch (event.type) {
    case "start":
      return [];
    case "open":
      state.blocks.set(event.index, event.block);
      return [...flush(state, context), ...encodeOpen(event.block, state, context)];
    case "delta": {
      const block = state.blocks.get(event.index);
      if (block === undefined) return [];
      state.blocks.set(event.index, grow(block, event));
      return encodeDelta(block, event, state, context);
    }
    case "seal": {
      const block = state.blocks.get(event.index);
      if (block !== undefined) state.blocks.set(event.index, grow(block, event));
      return [];
    }
    case "close":
      return encodeClose(event.index, state, context);
    case "finish":
      return encodeEnd(event, state, context);
    case "error":
      state.ended = true;
      return [...(state.unfinished ? [] : flush(state, context)), encodeFault(event.fault)];
  }
}

function chunk(parts: readonly Obj[], { request, id }: ReplyContext): Obj {
  return {
    candidates: [{ content: { parts, role: "model" }, index: 0 }],
    modelVersion: request.model,
    responseId: id,
  };
}

/** The part that waited: something follows. */
function flush(state: State, context: ReplyContext): Obj[] {
  const { held } = state;
  state.held = undefined;
  state.unfinished = false;
  return held === undefined ? [] : [chunk([held], context)];
}

/** More of a text, but for its last character. Nothing else is held while a text is open. */
function tell(text: string, state: State, context: ReplyContext): Obj[] {
  const { held } = state;
  const signedBefore = held?.thoughtSignature !== undefined;
  const frames = signedBefore ? flush(state, context) : [];
  const whole = signedBefore || typeof held?.text !== "string" ? text : held.text + text;
  // Half a character is no character.
  const end = whole.length - (/[\uD800-\uDBFF][\uDC00-\uDFFF]$/.test(whole) ? 2 : 1);
  if (end > 0) frames.push(chunk([signed({ text: whole.slice(0, end) }, state)], context));
  state.held = signed({ text: whole.slice(end) }, state);
  return frames;
}

/** The part, signed if a signature waits for it. */
function signed(part: Obj, state: State): Obj {
  const { next } = state;
  state.next = undefined;
  return next === undefined ? part : { ...part, thoughtSignature: next };
}

function encodeOpen(block: Block, state: State, context: ReplyContext): Obj[] {
  switch (block.type) {
    case "text":
    case "refusal":
      return block.text === "" ? [] : tell(block.text, state, context);
    case "reasoning": {
      // Of two signatures for one part, the first goes on a thought of its own.
      const before = state.next === undefined ? [] : [chunk([signed({ text: "", thought: true }, state)], context)];
      const shown = showsThoughts(context) ? block.summary.join("\n\n") : "";
      return shown === "" ? before : [...before, chunk([{ text: shown, thought: true }], context)];
    }
    default:
      return [];
  }
}

function encodeDelta(block: Block, event: Extract<Event, { type: "delta" }>, state: State, context: ReplyContext) {
  if (event.text === "") return [];
  switch (block.type) {
    case "text":
    case "refusal":
      return tell(event.text, state, context);
    case "reasoning": {
      // Raw reasoning is shown only where there is no summary.
      if (!showsThoughts(context)) return [];
      if (event.raw === true && block.summary.length > 0) return [];
      const before = event.raw === true ? (block.content ?? []) : block.summary;
      const newPart = before.length > 0 && (event.part ?? 0) >= before.length;
      return [chunk([{ text: newPart ? `\n\n${event.text}` : event.text, thought: true }], context)];
    }
    default:
      return [];
  }
}

function encodeClose(index: number, state: State, context: ReplyContext): Obj[] {
  const block = state.blocks.get(index);
  if (block === undefined) return [];
  switch (block.type) {
    case "text":
      // One block is one text to the SDKs, which join the parts: places count from its beginning.
      if (block.annotations !== undefined) {
        state.cited.push({ text: block.text, annotations: block.annotations, part: 0 });
      }
      return [];
    case "refusal":
      return [];
    case "reasoning":
      return sealThought(block, state, context);
    default:
      return encodeWhole(index, block, state, context);
  }
}

function sealThought(block: Extract<Block, { type: "reasoning" }>, state: State, context: ReplyContext): Obj[] {
  const signature = carry(block, context.seal);
  if (signature === undefined) return [];
  const { value, place } = signature;
  if (place === "own") return [chunk([{ text: "", thought: true, thoughtSignature: value }], context)];
  if (place !== "next") return [chunk([{ text: "", thoughtSignature: value }], context)];
  state.next = value;
  return [];
}

function encodeWhole(index: number, block: Block, state: State, context: ReplyContext): Obj[] {
  if (!isSayable(block)) {
    context.lose(`blocks[${index}]`);
    return [];
  }
  const [part] = encodeParts([block], replyManner(context, [block]));
  if (part === undefined) return [];
  const whole = block.type === "opaque" ? part : signed(part, state);
  state.held = whole;
  state.unfinished = block.type === "call" && isUnfinished(block.input);
  return [];
}

function encodeEnd(event: Extract<Event, { type: "finish" }>, state: State, context: ReplyContext): Obj[] {
  state.ended = true;
  const { finish, usage } = event;
  const parts = state.held === undefined || (state.unfinished && isCut(finish)) ? [] : [state.held];
  if (state.next !== undefined) parts.push({ text: "", thoughtSignature: state.next });
  const grounding = encodeGrounding(state.cited);
  if (finish.reason === "pause") context.lose("finish.reason", "pause>stop");
  const candidate = {
    content: { parts: parts.length > 0 ? parts : [{ text: "" }], role: "model" },
    ...encodeFinish(finish),
    index: 0,
    ...(grounding !== undefined && { groundingMetadata: grounding }),
  };
  const { request, id } = context;
  return [{ candidates: [candidate], usageMetadata: encodeUsage(usage), modelVersion: request.model, responseId: id }];
}
