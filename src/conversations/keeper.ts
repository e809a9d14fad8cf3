/**
 * Keeps the answer of a call, on whichever lane it comes: it is told to the caller as what it is (stored, and what it
 * goes on from), and its end is passed on when it has been written, so that nobody who asks on comes too soon.
 */
import { isObj, type Json, list, number, type Obj, obj, text } from "../canon/json.ts";
import { members, setMember, splice } from "../http/json.ts";
import { type Batch, framer, type Placed, print } from "../http/sse.ts";
import type { Answer } from "../pipes.ts";
import type { ConversationStore } from "../stores/conversations.ts";
import { type Tap, tapped } from "../tapped.ts";
import type { Conversation } from "./expand.ts";
import { recorder } from "./trace.ts";
import { type Stored, turnOf } from "./turn.ts";

export interface AnswerKeeper {
  /** A whole answer; resolves when it is kept. */
  whole(body: Uint8Array): Promise<Uint8Array>;
  /** A stream that is there already. */
  frames(body: Uint8Array): Promise<Uint8Array>;
  /** A stream as it comes. */
  pipe(answer: Answer): Answer;
}

export interface KeeperDeps {
  readonly conversations: ConversationStore;
  readonly clock: { now(): number; wait(ms: number): Promise<void> };
  readonly config: { readonly responsesTtlHours: number };
  readonly waitUntil: (promise: Promise<unknown>) => void;
}

/** An answer is not held back for longer than this. */
const patienceMs = 5000;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** @param conversation as `expand` found it; where there is none all passes untouched */
export function answerKeeper(conversation: Conversation | undefined, team: string, deps: KeeperDeps): AnswerKeeper {
  if (conversation === undefined) {
    return { whole: async (body) => body, frames: async (body) => body, pipe: (answer) => answer };
  }
  /** What goes wrong here costs a later call its history, never this one its answer. */
  async function keep(stored: Stored): Promise<void> {
    const now = deps.clock.now();
    const ttlMs = deps.config.responsesTtlHours * 3_600_000;
    const turn = conversation?.isKept ? turnOf(conversation, stored, now, ttlMs) : undefined;
    if (turn === undefined) return;
    const kept = deps.conversations
      .keep(team, turn)
      .then(
        (isKept) => isKept || console.error("conversation", turn.id, "is too large, or what it goes on from is gone"),
      )
      .catch((cause) => console.error("conversation", turn.id, cause));
    deps.waitUntil(kept);
    await Promise.race([kept, deps.clock.wait(patienceMs)]);
  }
  return {
    async whole(body) {
      const told = asKept(body, conversation);
      await keep({ response: obj(JSON.parse(decoder.decode(told))) });
      return told;
    },
    async frames(body) {
      const tap = tapOf(conversation, keep);
      const told = Buffer.concat([tap.push(body), tap.end()]);
      await tap.ready;
      return told;
    },
    pipe(answer) {
      return tapped(answer, tapOf(conversation, keep));
    },
  };
}

/** The frames of the caller's protocol, whichever lane made them. */
function tapOf(conversation: Conversation, keep: (stored: Stored) => Promise<void>): Tap {
  const frames = framer();
  const record = recorder();
  const items: Json[] = [];
  let ready: Promise<void> | undefined;

  function see(event: Obj): void {
    // What has no number keeps a connection alive, or says what every other API says at the end.
    if (number(event.sequence_number) === undefined) return;
    record.note(event);
    if (event.type === "response.output_item.done") items.push(event.item ?? null);
    const { response } = event;
    if (!isObj(response) || event.type !== `response.${text(response.status)}` || !ends.has(event.type)) return;
    // Some providers leave out of the last event what they have told before.
    const output = list(response.output).length === 0 ? items : list(response.output);
    const whole = { ...response, output };
    ready ??= keep({ response: whole, trace: record.end(whole) });
  }

  function pass({ bytes, frames: placed }: Batch): Uint8Array {
    const pieces: Uint8Array[] = [];
    let at = 0;
    for (const each of placed) {
      const told = retold(each, conversation);
      see(told.event);
      if (told.frame === undefined) continue;
      pieces.push(bytes.subarray(at, each.start), told.frame);
      at = each.end;
    }
    return pieces.length === 0 ? bytes : Buffer.concat([...pieces, bytes.subarray(at)]);
  }

  return {
    push: (chunk) => (chunk.length === 0 ? chunk : pass(frames.push(chunk))),
    end: () => pass(frames.end()),
    // No part of the answer.
    beat: (bytes) => bytes,
    get ready() {
      return ready;
    },
  };
}

const ends: ReadonlySet<string> = new Set(["response.completed", "response.incomplete"]);

/** The event of a frame, and the frame anew where it holds the response object. */
function retold({ frame }: Placed, conversation: Conversation): { event: Obj; frame?: Uint8Array } {
  const event = parse(frame.data);
  if (!isObj(event.response)) return { event };
  const bytes = encoder.encode(frame.data);
  const span = members(bytes).spans.get("response") ?? { start: 0, end: 0 };
  const response = decoder.decode(asKept(bytes.subarray(span.start, span.end), conversation));
  const data = decoder.decode(Buffer.concat(splice(bytes, [{ ...span, text: response }])));
  return { event: parse(data), frame: encoder.encode(print([{ ...frame, data }])) };
}

function parse(data: string): Obj {
  try {
    return obj(JSON.parse(data));
  } catch {
    return {};
  }
}

/** The response object with what upstream was not told: that it is stored, and what it goes on from. */
function asKept(response: Uint8Array, { isKept, previous }: Conversation): Uint8Array {
  const { spans } = members(response);
  const edits = [
    ...(isKept ? [setMember(response, spans, "store", "true")] : []),
    ...(previous === undefined ? [] : [setMember(response, spans, "previous_response_id", JSON.stringify(previous))]),
  ];
  return new Uint8Array(Buffer.concat(splice(response, edits)));
}
