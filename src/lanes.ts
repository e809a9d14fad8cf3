/**
 * The two lanes. `relay`: the target speaks the caller's protocol, and the bytes pass as they are. `translate`: both
 * bodies cross through canon. Only this file knows that there are two; to the pipeline either is a `Lane`.
 */
import type { Call } from "./call.ts";
import { type Message, replay } from "./canon/event.ts";
import { refuseUnheld } from "./canon/foreign.ts";
import { reportMembers } from "./canon/foreign-members.ts";
import { defined, type Json } from "./canon/json.ts";
import { loser } from "./canon/loss.ts";
import { placeOf } from "./canon/place.ts";
import type { CanonRequest, Lose, Loss, Tool } from "./canon/request.ts";
import { type Flat, flatten } from "./canon/tools.ts";
import { noUsage, type Usage } from "./canon/usage.ts";
import { changed } from "./edited.ts";
import { type Update, withUpdates } from "./effort/updates.ts";
import { Fault } from "./fault.ts";
import { withoutForeign } from "./foreign.ts";
import { type Edit, setMember, splice } from "./http/json.ts";
import { print } from "./http/sse.ts";
import { withUpdatesIn } from "./in-band.ts";
import { type CacheMarks, fitMarks, withoutAutomaticMark } from "./models/cache.ts";
import { modelFacts } from "./models/catalog.ts";
import { fitModel, heldTo } from "./models/fit.ts";
import { fitSchemas } from "./models/schema.ts";
import { holding } from "./models/schema-check.ts";
import { type Answer, relayed, type Tell, translated } from "./pipes.ts";
import { withOwnProofs } from "./policy/proofs.ts";
import { withPseudonym } from "./policy/pseudonym.ts";
import { withCap } from "./policy/quote.ts";
import type { Target } from "./policy/route.ts";
import { mayHoldToken, type Sealer, withoutTokens } from "./policy/seal.ts";
import { restore } from "./protocols/chat/restore.ts";
import { wishesUsage, withUsageWish } from "./protocols/chat/usage-wish.ts";
import { excuseContents } from "./protocols/gemini/excuse.ts";
import { protocols } from "./protocols/index.ts";
import { answerObject, readMessage, uncounted } from "./protocols/message.ts";
import type { Protocol, Ranges, ReplyContext } from "./protocols/protocol.ts";
import { abilities, bend } from "./providers/quirks.ts";

/** One way of a call to one target, and of the answer back. */
export interface Lane {
  readonly body: readonly Uint8Array[];
  /** In place of the protocol's own path. */
  readonly path?: string;
  /** What of the request did not cross as it was. */
  readonly losses: readonly Loss[];
  /** What of the answer did not cross so far: for the log, as the headers are gone by then. */
  readonly answerLosses: readonly Loss[];
  /** The answer as a stream; `tell` is called once, when it is over. */
  stream(tell: Tell): Answer;
  /** A whole answer as the caller is to have it, from one that came as JSON or, against the wish, as a stream. */
  whole(bytes: Uint8Array, isStream: boolean): Whole;
  /** A JSON answer where a stream was wanted. */
  asStream(bytes: Uint8Array): Whole;
  /** Can an answer that came in the other form be said at all? Not where canon cannot hold what was asked for. */
  recasts(): boolean;
}

export interface Whole {
  readonly body: Uint8Array;
  readonly usage: Usage;
  /** Bytes of text, where the provider has not counted its tokens. */
  readonly said?: number;
  /** Why another target may do better; the answer is as good as any where there is none. */
  readonly flaw?: Fault;
}

export interface LaneContext {
  readonly call: Call;
  readonly target: Target;
  readonly sealer: Sealer;
  /** Keeps a sealed token for a while, and names it. */
  readonly keep: (token: string) => string;
  /** The target's account and model, as sealed tokens name them. */
  readonly origin: string;
  /** The numbers of the call's items that another account than the target's made. */
  readonly foreign?: Ranges;
  /** Output tokens to which the answer must be held, as no more is paid for. */
  readonly outputCap?: number;
  /** Is every loss of the request an error? */
  readonly strict: boolean;
  /** Changes of effort to be put among the items. */
  readonly updates?: readonly Update[] | undefined;
  /** `auto` where nothing is said. */
  readonly cacheMarks?: CacheMarks;
  /** Seconds since 1970. */
  readonly createdAt: number;
}

/** The lane of this call to this target. Throws the Fault of a request that cannot be said there. */
export function laneFor(context: LaneContext): Lane {
  return context.call.protocol === context.target.protocol ? relay(context) : translate(context);
}

function relay(context: LaneContext): Lane {
  const protocol = protocols[context.call.protocol];
  const asksUsage = protocol.id === "chat" && context.call.stream && !wishesUsage(context.call.body);
  /** Only for an answer that came in the other form than was asked for. */
  const crossing = (): Crossing => {
    const request = protocol.request.decode(context.call.body, context.sealer.open);
    return { from: protocol, to: protocol, flat: undefined, reply: replyContext(context, request, answerLosses) };
  };
  const losses: Loss[] = [];
  const answerLosses: Loss[] = [];
  return {
    body: relayedBody(
      context,
      asksUsage,
      loser(context.strict, losses, (field) => placeOf(field, protocol.names, context.call.body)),
    ),
    losses,
    answerLosses,
    stream: (tell) => relayed(protocol, asksUsage, tell),
    whole(bytes, isStream) {
      if (isStream) return recast(crossing(), bytes, true);
      const answer = answerObject(bytes, protocol);
      const usage = protocol.usage(answer, noUsage);
      const read = () => readMessage(protocol, bytes, false);
      return { body: bytes, usage, ...uncounted(usage, read), ...defined({ flaw: protocol.reply.flaw?.(answer) }) };
    },
    asStream: (bytes) => recastAsStream(crossing(), bytes),
    recasts() {
      try {
        refuseUnheld(crossing().reply.request.ext);
        return true;
      } catch {
        return false;
      }
    },
  };
}

/** The caller's bytes, but for the model's name, a wish for usage, a cap, and tokens that only we can read. */
function relayedBody(context: LaneContext, asksUsage: boolean, lose: Lose): Uint8Array[] {
  const { target, outputCap } = context;
  // Places are those of the caller's items: what is put among them comes last.
  const own = withoutForeign(withoutModels(context.call), context.foreign ?? [], target.model, lose);
  const call = withUpdatesIn(own, target, context.updates);
  const set = (member: string, value: Json): Edit => setMember(call.bytes, call.spans, member, JSON.stringify(value));
  const edits = mayHoldToken(call.bytes) ? tokenEdits(call, target) : [];
  if (edits.length > 0) lose("reasoning.native");
  if (call.spans.has("model") && target.model !== call.model) edits.push(set("model", target.model));
  if (asksUsage) edits.push(set("stream_options", withUsageWish(call.body)));
  if (outputCap !== undefined) {
    const [member, value] = withCap(target, call.body, outputCap);
    edits.push(set(member, value));
    lose("maxOutput", `>${outputCap}`);
  }
  return splice(call.bytes, edits);
}

/** The models to fall back on are ours to read, and no provider's. */
function withoutModels(call: Call): Call {
  return call.spans.has("models") ? changed(call, new Map([["models", undefined]])) : call;
}

/** A token on this lane is always another provider's: what this one made itself, its callers have as it came. */
function tokenEdits({ protocol, bytes, spans, body }: Call, { model }: Target): Edit[] {
  const messages = spans.get("messages");
  if (protocol === "chat") return messages === undefined ? [] : restore(bytes, messages);
  return ["input", "messages", "contents"].flatMap((member): Edit[] => {
    const value = body[member] ?? null;
    const without = withoutTokens(value);
    if (JSON.stringify(without) === JSON.stringify(value)) return [];
    const fit = protocol === "gemini" ? excuseContents(without, model) : without;
    return [setMember(bytes, spans, member, JSON.stringify(fit))];
  });
}

function translate(context: LaneContext): Lane {
  const { call, target, origin } = context;
  const [from, to] = [protocols[target.protocol], protocols[call.protocol]];
  const losses: Loss[] = [];
  const asked = withPlaces(to.request.decode(call.body, context.sealer.open));
  // Of a tool that stands elsewhere by now only the member is told.
  let isInOrder = true;
  const place = (field: string): string => {
    return placeOf(isInOrder ? field : field.replace(/^tools\[\d+\]/, "tools"), to.names, call.body);
  };
  const lose = loser(context.strict, losses, place);
  reportMembers(asked, target.protocol, lose);
  const request = withPseudonym(asked, call.protocol, target.protocol);
  const can = abilities(target);
  const own = withOwnProofs(request, { protocol: target.protocol, origin }, lose);
  const flat = flatten(withSearchIf(can.webSearch !== false, own, lose), can);
  isInOrder = haveSamePlaces(asked.tools, flat.request.tools);
  const { body, back } = inCallersWords(context, place, () => {
    const wanted = { ...flat.request, model: target.model };
    const capped = heldTo(context.outputCap, wanted, modelFacts(target.model), lose);
    const fitted = fitModel(capped.request, capped.facts, target.protocol, lose);
    const { request: held, promised } = fitSchemas(fitMarks(fitted, target.protocol, lose), target, lose);
    const encoded = withoutAutomaticMark(from.request.encode(held, lose), context.cacheMarks ?? "auto");
    const bent = bend(encoded, target, lose);
    return { body: withUpdates(target, bent, context.updates), back: holding(flat, promised) };
  });
  const answerLosses: Loss[] = [];
  const crossing: Crossing = { from, to, flat: back, reply: replyContext(context, asked, answerLosses) };
  return {
    body: [new TextEncoder().encode(JSON.stringify(body))],
    losses,
    answerLosses,
    stream: (tell) => translated(from, to, back.restore(), crossing.reply, tell),
    whole: (bytes, isStream) => recast(crossing, bytes, isStream),
    asStream: (bytes) => recastAsStream(crossing, bytes),
    recasts: () => true,
  };
}

/** The turns know which of the caller's they were: some are left out on the way, and the others move up. */
function withPlaces(request: CanonRequest): CanonRequest {
  return { ...request, turns: request.turns.map((turn, place) => ({ ...turn, place })) };
}

/** Does each tool stand where the caller had it? Stand-ins for namespaces and tools amid the conversation move it. */
function haveSamePlaces(asked: readonly Tool[] = [], now: readonly Tool[] = []): boolean {
  return now.every((tool, at) => {
    const was = asked[at];
    return tool.type === "opaque" || tool.type === "web_search"
      ? was?.type === tool.type
      : was !== undefined && "name" in was && was.name === tool.name;
  });
}

/** A refusal while encoding names the field as the caller wrote it, and who cannot take it. */
function inCallersWords<T>({ target }: LaneContext, place: (field: string) => string, encode: () => T): T {
  try {
    return encode();
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.param === undefined) throw thrown;
    const param = place(thrown.param);
    const message = thrown.message.replace(`'${thrown.param}'`, `'${param}'`);
    throw new Fault(thrown.kind, `${message} (${target.provider.id}/${target.model})`, {
      param,
      cause: thrown,
      ...(thrown.code !== undefined && { code: thrown.code }),
    });
  }
}

/** A web search is a hint where the target has none: the model answers from what it knows, and the caller is told. */
function withSearchIf(canSearch: boolean, request: CanonRequest, lose: Lose): CanonRequest {
  if (canSearch || request.tools === undefined) return request;
  request.tools.forEach((tool, at) => {
    if (tool.type === "web_search" && tool.live) lose(`tools[${at}].web_search`);
  });
  return { ...request, tools: request.tools.filter((tool) => tool.type !== "web_search") };
}

/** Everything a whole answer needs to get from one protocol to another (or to the other form of the same one). */
interface Crossing {
  readonly from: Protocol;
  readonly to: Protocol;
  readonly flat: Flat | undefined;
  readonly reply: ReplyContext;
}

function replyContext(context: LaneContext, request: CanonRequest, losses: Loss[]): ReplyContext {
  const { call, sealer, keep, origin, createdAt } = context;
  return {
    request,
    id: call.id,
    createdAt,
    seal: (block) => sealer.seal(block, origin),
    keep,
    lose: loser(false, losses),
  };
}

function recast(crossing: Crossing, bytes: Uint8Array, isStream: boolean): Whole {
  const message = read(crossing, bytes, isStream);
  const body = crossing.to.reply.encode(message, crossing.reply);
  return {
    body: new TextEncoder().encode(JSON.stringify(body)),
    usage: message.usage,
    ...uncounted(message.usage, () => message),
  };
}

function recastAsStream(crossing: Crossing, bytes: Uint8Array): Whole {
  const message = read(crossing, bytes, false);
  const encoder = crossing.to.stream.encode(crossing.reply);
  const frames = replay(message).flatMap((event) => encoder.event(event));
  return {
    body: new TextEncoder().encode(print(frames, crossing.to.newline)),
    usage: message.usage,
    ...uncounted(message.usage, () => message),
  };
}

function read({ from, flat }: Crossing, bytes: Uint8Array, isStream: boolean): Message {
  const message = readMessage(from, bytes, isStream);
  return flat === undefined ? message : flat.restoreMessage(message);
}
