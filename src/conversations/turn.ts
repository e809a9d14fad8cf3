/** A response and the call that it answers, as they are kept. */
import { isObj, type Json, list, type Obj, obj, text } from "../canon/json.ts";
import type { Said, StoredResponse, Turn } from "../stores/conversations.ts";
import type { Conversation } from "./expand.ts";
import { inputItems, referenceOf, saidOf } from "./said.ts";
import type { Trace } from "./trace.ts";

/** How answers end that are kept: whole, or cut where the model had to stop. */
const ends = new Set(["completed", "incomplete"]);

/** What is told of a stored response: itself, and how it was streamed. */
export interface Stored {
  readonly response: Obj;
  /** Absent where it came whole, or in events that nobody could tell again. */
  readonly trace?: Trace | undefined;
}

/** @returns `undefined` for a response that has not ended properly, or that nobody could name. */
export function turnOf(
  conversation: Conversation,
  { response, trace }: Stored,
  at: number,
  ttlMs: number,
): Turn | undefined {
  const id = text(response.id) ?? "";
  if (id === "" || !ends.has(text(response.status) ?? "")) return undefined;
  const { previous, home } = conversation;
  return {
    id,
    ...(previous !== undefined && { previous }),
    ...(home !== undefined && { home }),
    input: inputItems(conversation.input).map((item) => saidBy(item, conversation)),
    output: list(response.output).filter(isObj).map(saidOf),
    body: JSON.stringify({ response: { ...response, output: [] }, trace }),
    at,
    expiresAt: at + ttlMs,
  };
}

/** An item of the caller's; one that is only named is what it names. */
function saidBy(item: Parameters<typeof saidOf>[0], { named }: Conversation): Said {
  const id = referenceOf(item);
  const json = id === undefined ? undefined : named.get(id)?.json;
  if (id === undefined || json === undefined) return saidOf(item);
  return { ...saidOf(JSON.parse(json)), json, id, isReference: true };
}

/** The way back of {@link Turn.body}. */
export function readStored({ body, output }: StoredResponse): Stored {
  const { response, trace } = JSON.parse(body) as { response: Obj; trace?: Trace };
  return { response: { ...obj(response), output: output.map((json) => JSON.parse(json) as Json) }, trace };
}
