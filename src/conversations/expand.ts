/**
 * A call that names what was said before, as one that says it: `previous_response_id` and references become the items
 * themselves, before anything else looks at the call. So both lanes, the limits, the prices and the cache see a whole
 * conversation, and no provider is asked to keep one: upstream `store` is false. Instructions and tools are not inherited, as OpenAI has it.
 */
import type { Call } from "../call.ts";
import { type Json, list, type Obj } from "../canon/json.ts";
import { type Changes, changed } from "../edited.ts";
import { Fault, invalid } from "../fault.ts";
import { modelFacts } from "../models/catalog.ts";
import type { ConversationStore, FoundItem, History } from "../stores/conversations.ts";
import { noItem, noPrevious, reached } from "./absent.ts";
import { inputItems, referenceOf, references } from "./said.ts";

/** What has to be known of a call when its answer is to be kept, or only told what it went on from. */
export interface Conversation {
  /** Is the answer kept? */
  readonly isKept: boolean;
  readonly previous?: string;
  /** Where what it goes on from lies. */
  readonly home?: string;
  /** As the caller wrote it, and what its references name. */
  readonly input: Json | undefined;
  readonly named: ReadonlyMap<string, FoundItem>;
}

export interface Expanded {
  readonly call: Call;
  /** Absent where the answer passes as it is. */
  readonly conversation?: Conversation;
}

/** Whose call it is. */
export interface Owner {
  readonly id: string;
  readonly settings: { readonly store_responses?: boolean | undefined };
}

export interface ExpandDeps {
  readonly conversations: ConversationStore;
  readonly clock: { now(): number };
  readonly config: { readonly maxBodyBytes: number };
}

/**
 * Throws the Fault of what is not there, or of a conversation too long to be sent. Any other call, and one that names
 * nothing and is not to be kept, comes back as it is.
 */
export async function expand(call: Call, team: Owner, deps: ExpandDeps): Promise<Expanded> {
  if (call.protocol !== "responses") return { call };
  const { store, input } = call.body;
  const previous = previousOf(call.body);
  const isOff = team.settings.store_responses === false;
  const wantsStoring = store !== false && call.body.background !== true;
  const isKept = wantsStoring && !isOff;
  const ids = references(input);
  if (previous === undefined && ids.length === 0 && !wantsStoring) return { call };
  const now = deps.clock.now();
  const [history, named] = await Promise.all([
    previous === undefined ? undefined : reached(deps.conversations.history(team.id, previous, now)),
    ids.length === 0 ? new Map<string, FoundItem>() : reached(deps.conversations.items(team.id, ids, now)),
  ]);
  if (previous !== undefined && history === undefined) throw noPrevious(previous, isOff);
  for (const id of ids) if (!named.has(id)) throw noItem(id, isOff);
  const whole = changed(call, changesOf(call, { history, named, wantsStoring }));
  if (whole.bytes.length > deps.config.maxBodyBytes && whole.bytes.length > call.bytes.length) throw tooLong();
  if (previous === undefined && !isKept) return { call: whole };
  const home = history?.home ?? named.get(ids.at(-1) ?? "")?.home;
  const known = { isKept, input, named, ...(home !== undefined && { home }) };
  return { call: whole, conversation: { ...known, ...(previous !== undefined && { previous }) } };
}

function previousOf(body: Obj): string | undefined {
  const { previous_response_id: id, conversation } = body;
  if (id === undefined || id === null) return undefined;
  if (typeof id !== "string") throw invalid("previous_response_id", "it must be a string.", "invalid_type");
  if (conversation === undefined || conversation === null) return id;
  throw invalid("previous_response_id", "it cannot be used together with 'conversation'.");
}

interface Told {
  readonly history: History | undefined;
  readonly named: ReadonlyMap<string, FoundItem>;
  readonly wantsStoring: boolean;
}

function changesOf(call: Call, { history, named, wantsStoring }: Told): Changes {
  const changes = new Map<string, { json: string; value: Json } | undefined>();
  const set = (member: string, value: Json): void => {
    changes.set(member, { json: JSON.stringify(value), value });
  };
  if (call.spans.has("previous_response_id")) changes.set("previous_response_id", undefined);
  // An input that is no such thing is refused by whoever reads it next.
  const isReadable = ["string", "undefined"].includes(typeof call.body.input) || Array.isArray(call.body.input);
  if (isReadable && (history !== undefined || named.size > 0)) changes.set("input", inputOf(call, history, named));
  if (wantsStoring) set("store", false);
  return changes;
}

const proofs = "reasoning.encrypted_content";

/** The call with a wish for the proofs of reasoning, which its next turn needs. A model without any refuses the wish. */
export function withProofs(call: Call, conversation: Conversation | undefined, model: string): Call {
  const include = list(call.body.include);
  if (conversation?.isKept !== true || include.includes(proofs) || modelFacts(model).dial.style === "none") return call;
  const value = [...include, proofs];
  return changed(call, new Map([["include", { json: JSON.stringify(value), value }]]));
}

/** What was said before, then the caller's own items: in its own bytes where none of them is a mere name. */
function inputOf(call: Call, history: History | undefined, named: Told["named"]): { json: string; value: Json } {
  if (history !== undefined && history.items === undefined) throw tooLong();
  const { input } = call.body;
  const items = inputItems(input).map((item) => {
    const json = named.get(referenceOf(item) ?? "")?.json;
    return { json, value: json === undefined ? item : (JSON.parse(json) as Json) };
  });
  const before = history?.items ?? [];
  const value = [...before.map((json) => JSON.parse(json) as Json), ...items.map((item) => item.value)];
  const own =
    named.size === 0 && Array.isArray(input)
      ? [rawItems(call)].filter((each) => each !== "")
      : items.map((item) => item.json ?? JSON.stringify(item.value));
  return { json: `[${[...before, ...own].join(",")}]`, value };
}

/** The inside of the caller's list of items. */
function rawItems({ bytes, spans }: Call): string {
  const { start, end } = spans.get("input") ?? { start: 0, end: 0 };
  return new TextDecoder().decode(bytes.subarray(start + 1, end - 1)).trim();
}

function tooLong(): Fault {
  return new Fault("too_large", "The conversation that this call goes on from is too long to be sent again.", {
    param: "previous_response_id",
  });
}
