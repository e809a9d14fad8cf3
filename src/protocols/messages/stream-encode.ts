/** Canon events -> the event stream that Messages callers and Anthropic's SDK demand (wire.md D.2). */
import type { Event, Finish } from "../../canon/event.ts";
import { type Obj, obj } from "../../canon/json.ts";
import { noUsage, type Usage } from "../../canon/usage.ts";
import type { OutFrame } from "../../http/sse.ts";
import type { Encoder, ReplyContext } from "../protocol.ts";
import { type BlockWriting, type Piece, writeBlock } from "./block-writing.ts";
import { encodeFault } from "./fault.ts";
import { encodeFinish } from "./finish.ts";
import { encodeFinalUsage, encodeUsage } from "./usage.ts";

export function encodeStream(context: ReplyContext): Encoder {
  const writing = writeAnswer(context);
  return {
    event: (event) => writing.event(event).map(frameOf),
    beat: () => [frameOf({ type: "ping" })],
  };
}

/** The SDK sees no event without its event line. */
export function frameOf(event: Obj): OutFrame {
  return { event: String(event.type), data: JSON.stringify(event) };
}

/** Answer events -> the objects that go over the wire, in a stream one by one, in a whole answer put together. */
export interface AnswerWriting {
  event(event: Event): Obj[];
}

type Own = Extract<Event, { type: "open" | "delta" | "seal" | "close" }>;

/** The block that has the word. `index` is its number on the wire, from its first piece on. */
interface Speaker {
  readonly canonIndex: number;
  readonly writing: BlockWriting | undefined;
  readonly refuses: boolean;
  index?: number;
}

/**
 * Writes an answer as wire events. Blocks go out one after the other, numbered from 0 in the order in which they began:
 * what comes of a block while another one is open waits until that one closes.
 */
export function writeAnswer(context: ReplyContext): AnswerWriting {
  const waiting = new Map<number, Own[]>();
  let speaker: Speaker | undefined;
  let next = 0;
  let begun = false;
  let over = false;
  let calls = false;
  let refusal: string | undefined;

  function own(event: Own): Obj[] {
    if (event.type === "open" && speaker === undefined) return begin(event);
    if (speaker === undefined || event.index !== speaker.canonIndex) {
      waiting.set(event.index, [...(waiting.get(event.index) ?? []), event]);
      return [];
    }
    return event.type === "open" ? [] : go(event, speaker);
  }

  function begin({ index, block }: Extract<Own, { type: "open" }>): Obj[] {
    const writing = writeBlock(block, context.seal);
    if (writing === undefined) context.lose(`blocks[${index}]`);
    speaker = { canonIndex: index, writing, refuses: block.type === "refusal" };
    if (block.type === "call") calls = true;
    if (block.type === "refusal") refusal = (refusal ?? "") + block.text;
    return tell(writing?.open() ?? [], speaker);
  }

  function go(event: Exclude<Own, { type: "open" }>, current: Speaker): Obj[] {
    if (event.type === "delta") {
      if (current.refuses) refusal = (refusal ?? "") + event.text;
      // A page that was not found by Anthropic's own search cannot be cited: its proof of the find is missing.
      const foreign = event.annotations?.some(({ ext }) => ext?.messages === undefined) === true;
      if (foreign) context.lose(`blocks[${event.index}].annotations`);
    }
    const told = tell(current.writing?.take(event) ?? [], current);
    if (event.type !== "close") return told;
    if (current.index !== undefined) told.push({ type: "content_block_stop", index: current.index });
    speaker = undefined;
    return [...told, ...resume()];
  }

  function tell(pieces: readonly Piece[], current: Speaker): Obj[] {
    return pieces.map((piece) => {
      const index = current.index ?? next++;
      current.index = index;
      return "start" in piece
        ? { type: "content_block_start", index, content_block: piece.start }
        : { type: "content_block_delta", index, delta: piece.delta };
    });
  }

  function resume(): Obj[] {
    const [first] = waiting;
    if (first === undefined) return [];
    waiting.delete(first[0]);
    return first[1].flatMap(own);
  }

  return {
    event(event) {
      if (over) return [];
      switch (event.type) {
        case "start":
          if (begun) return [];
          begun = true;
          return opening(context, event.usage ?? noUsage);
        case "open":
        case "delta":
        case "seal":
        case "close":
          return own(event);
        case "finish":
          over = true;
          return ending(event, refusal, calls);
        case "error":
          over = true;
          return [encodeFault(event.fault, context.id)];
      }
    },
  };
}

function opening({ id, request }: ReplyContext, usage: Usage): Obj[] {
  const message = {
    id: `msg_${id}`,
    type: "message",
    role: "assistant",
    model: request.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    container: null,
    context_management: null,
    diagnostics: null,
    usage: {
      ...encodeUsage(usage),
      fallback_credit: null,
      inference_geo: null,
      iterations: null,
      service_tier: null,
      speed: null,
    },
  };
  return [{ type: "message_start", message }, { type: "ping" }];
}

function ending(
  { finish, usage, ext }: Extract<Event, { type: "finish" }>,
  refusal: string | undefined,
  calls: boolean,
): Obj[] {
  const { usage: ownUsage, stop_reason, stop_details, container, ...own } = ext?.messages ?? {};
  const details = {
    ...(stop_reason !== undefined && { stop_reason }),
    ...(stop_details !== undefined && { stop_details }),
  };
  const delta = {
    ...encodeFinish(endOf(finish, refusal, calls), details),
    container: container ?? null,
  };
  const counts = { ...encodeFinalUsage(usage), fallback_credit: null, iterations: null, ...obj(ownUsage) };
  return [{ type: "message_delta", delta, usage: counts, context_management: null, ...own }, { type: "message_stop" }];
}

/** A limit wins over a refusal; some providers end an answer with calls as if it had none. */
function endOf(finish: Finish, refusal: string | undefined, calls: boolean): Finish {
  if (finish.reason !== "stop" && finish.reason !== "refusal") return finish;
  if (refusal !== undefined) return { explanation: refusal, ...finish, reason: "refusal" };
  return calls && finish.reason === "stop" ? { ...finish, reason: "calls" } : finish;
}
