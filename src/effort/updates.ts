/**
 * Changes of effort as items amid the conversation, for models that take them so. A caller never sees them and never
 * sends them back: each call derives them all anew from what stands before each, and puts them where they were.
 */
import { type Obj, obj } from "../canon/json.ts";
import type { Effort, ProtocolId } from "../canon/request.ts";
import { type EffortPolicy, type EffortRequest, positions } from "./policy.ts";
import { bindsThoughts } from "./switching.ts";
import { wires } from "./wires.ts";

/** From the answer on that follows so many answers, this level holds. */
export interface Update {
  readonly answers: number;
  readonly level: Effort;
}

export interface InBand {
  /** What the request itself says, the same in every call of the conversation. */
  readonly baseline: Effort;
  readonly updates: readonly Update[];
}

/** Undefined where there is no answer to be asked for. The policy must be the one that the conversation began with. */
export function inBandOf(request: EffortRequest, policy: EffortPolicy): InBand | undefined {
  const [first, ...later] = positions(request, policy);
  if (first === undefined) return undefined;
  const entries = wires[request.protocol].entries(request.body);
  const starts = answerStarts(request.protocol, request.body);
  const update = ({ at, level }: { at: number; level: Effort }): Update => {
    return { answers: starts.filter((start) => start < at).length, level };
  };
  // A compacted history has lost the updates within it: OpenAI wants a fresh one behind it.
  const isCompacted = entries.slice(0, first.at).some((entry) => obj(entry).type === "compaction");
  return { baseline: first.level, updates: (isCompacted ? [first, ...later] : later).map(update) };
}

/** An item, and the entry of the conversation before which it stands. */
export interface Insertion {
  readonly at: number;
  readonly item: Obj;
}

/** Where each protocol that takes updates has its conversation. */
const conversations = { responses: "input", messages: "messages" } as const;

type Taking = keyof typeof conversations;

/** The member that holds the conversation; undefined where the protocol has no words for an update. */
export function updatedMember(protocol: ProtocolId): string | undefined {
  return takes(protocol) ? conversations[protocol] : undefined;
}

/** The updates in this protocol's words. Answers are counted, as translation moves entries but makes no answer. */
export function insertions(protocol: ProtocolId, body: Obj, updates: readonly Update[]): Insertion[] {
  if (!takes(protocol) || updates.length === 0) return [];
  const entries = wires[protocol].entries(body);
  const starts = answerStarts(protocol, body);
  // A wish to have the history compacted must be the last item, and nothing that follows it is kept anyway.
  const isClosed = obj(entries.at(-1)).type === "compaction_trigger";
  return updates.flatMap(({ answers, level }) => {
    const at = starts[answers] ?? entries.length;
    return isClosed && at === entries.length ? [] : [{ at, item: items[protocol](level) }];
  });
}

/** Whom the call is for. */
export interface Taker {
  readonly protocol: ProtocolId;
  /** By its own name. */
  readonly model: string;
}

/** The body with the updates in it; as it is where they are undefined. */
export function withUpdates(taker: Taker, body: Obj, updates: readonly Update[] | undefined): Obj {
  if (updates === undefined) return body;
  const { protocol } = taker;
  const thinking = forgiving(taker, body);
  const whole = thinking === undefined ? body : { ...body, thinking };
  const member = updatedMember(protocol);
  const found = insertions(protocol, body, updates);
  if (member === undefined || found.length === 0) return whole;
  const entries = [...wires[protocol].entries(body)];
  for (const { at, item } of found.toReversed()) entries.splice(at, 0, item);
  return { ...whole, [member]: entries };
}

/**
 * The thinking of a request that is not refused for thoughts behind another prefix: they are dropped. In every call, as
 * nothing shows whether the ones before were decided upon in the same way. Undefined where it stays as it is.
 */
export function forgiving({ protocol, model }: Taker, { thinking }: Obj): Obj | undefined {
  if (protocol !== "messages" || !bindsThoughts(model)) return undefined;
  const { type = "adaptive", block_binding, ...rest } = obj(thinking);
  if (type !== "adaptive" || block_binding !== undefined) return undefined;
  return { type, ...rest, block_binding: { prefix_mismatch_behavior: "drop_block" } };
}

type Headers = Readonly<Record<string, string>>;

/** The headers with the betas that Anthropic wants to be named, from the first call on: a later one would be another. */
export function withUpdatesBeta(headers: Headers, taker: Taker, updates: readonly Update[] | undefined): Headers {
  if (updates === undefined || taker.protocol !== "messages") return headers;
  const named = headers["anthropic-beta"]?.split(",").map((beta) => beta.trim()) ?? [];
  const wanted = bindsThoughts(taker.model) ? [betas.updates, betas.binding] : [betas.updates];
  return { ...headers, "anthropic-beta": [...new Set([...named, ...wanted])].join(",") };
}

const betas = {
  updates: "mid-conversation-output-config-2026-07-01",
  binding: "thinking-binding-controls-2026-08-01",
} as const;

const items = {
  responses: (effort) => ({ type: "configuration_update", reasoning: { effort } }),
  messages: (effort) => ({ role: "system", content: [], output_config: { effort } }),
} as const satisfies Record<Taking, (level: Effort) => Obj>;

function takes(protocol: ProtocolId): protocol is Taking {
  return Object.hasOwn(conversations, protocol);
}

/** The entries at which answers begin. */
function answerStarts(protocol: ProtocolId, body: Obj): number[] {
  const wire = wires[protocol];
  const starts: number[] = [];
  let inAnswer = false;
  wire.entries(body).forEach((entry, at) => {
    const isAnswer = wire.isAnswer(wire.kindOf(obj(entry)));
    if (isAnswer && !inAnswer) starts.push(at);
    inAnswer = isAnswer;
  });
  return starts;
}
