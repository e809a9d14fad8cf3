/**
 * What a wire grammar must be able to do. Pure: no fetch, no clock, no environment, no randomness; what a codec needs
 * of these comes in as an argument. A protocol knows no other protocol: canon is between them.
 */
import type { Event, Message } from "../canon/event.ts";
import type { Obj } from "../canon/json.ts";
import type { Names } from "../canon/place.ts";
import type { CanonRequest, Lose, ProtocolId, Reasoning } from "../canon/request.ts";
import type { Usage } from "../canon/usage.ts";
import type { Fault, FaultKind } from "../fault.ts";
import type { Frame, OutFrame } from "../http/sse.ts";

/**
 * What becomes of a field of a request on the way to another protocol: said through canon, dropped (a hint, or
 * bookkeeping) or refused, because without it the answer would be another one.
 */
export type Disposition = "mapped" | "dropped" | "refused";

/** Packs a reasoning block with its native proof into a token that only this team's calls can open. */
export type Seal = (block: Reasoning) => string;

/** The block in a token of ours, or under the name of one; `undefined` when it is not ours, or does not open. */
export type Open = (token: string) => Reasoning | undefined;

/** What an encoder of answers needs to know beside the answer. */
export interface ReplyContext {
  /** What was asked, before it was fitted to the target: model name, tools, options to echo. */
  readonly request: CanonRequest;
  /** Unique to this call, `[A-Za-z0-9]`: the ids of the answer and its items are made from it. */
  readonly id: string;
  /** Seconds since 1970. */
  readonly createdAt: number;
  readonly seal: Seal;
  /**
   * Keeps a token for a while and gives it a name that is short and that `open` takes too. Absent where nothing outlives
   * the call.
   */
  readonly keep?: (token: string) => string;
  /** Reports what of the answer the caller's protocol cannot say. */
  readonly lose: Lose;
}

/** frame -> events. `end` is called once when the body has ended: it finishes, or says that the stream was cut. */
export interface Decoder {
  frame(frame: Frame): Event[];
  end(): Event[];
}

/** event -> frames. `beat` keeps an idle connection alive in the protocol's own way. */
export interface Encoder {
  event(event: Event): OutFrame[];
  beat(): OutFrame[];
}

/** What one relayed frame means to the gateway, which otherwise leaves it alone. */
export interface Sight {
  /** Nothing has to follow this frame: the answer is whole, or its failure has been told in full. */
  readonly ends?: boolean;
  /** The frame carries something a caller could act on; a preamble does not. */
  readonly commits?: boolean;
  /** The usage this frame carries, folded over what was known. */
  readonly usage?: Usage;
  /** The frame says that the answer failed. */
  readonly fault?: Fault;
  /** A frame with usage and nothing else, that a caller who has not asked for it must not see. */
  readonly usageOnly?: boolean;
}

/** Follows a relayed stream. `beat` and `fail` make the frames we add between those of the provider. */
export interface Watch {
  see(frame: Frame): Sight;
  /** `idleMs`: how long the provider has been silent. */
  beat(idleMs: number): OutFrame[];
  fail(fault: Fault): OutFrame[];
}

/** Numbers of items of a request, from the first up to the second. */
export type Ranges = readonly (readonly [from: number, to: number])[];

/** A request's items without what only the account that made it can read. */
export interface Disowned {
  /** The member that holds the items. */
  readonly member: "input" | "messages" | "contents";
  /** Those that changed, by their number; `undefined`: it goes. */
  readonly items: ReadonlyMap<number, Obj | undefined>;
  /** Other members that have to change with them. */
  readonly members?: Obj;
}

export interface Protocol {
  readonly id: ProtocolId;
  /** What ends a line of its event streams. */
  readonly newline: "\n" | "\r\n";
  /** What callers of this protocol call a field of canon, where it is not the same word (`maxOutput`, `topP` …). */
  readonly names: Names;
  readonly request: {
    /** Throws a Fault that names the member for what cannot be understood. */
    decode(body: Obj, open: Open): CanonRequest;
    /** `lose` reports a hint that cannot be said; what changes the meaning throws a Fault. */
    encode(request: CanonRequest, lose: Lose): Obj;
    /**
     * Takes the proofs of reasoning out of items that another account made, and keeps the rest such that the provider
     * takes it. Throws the Fault `unsupported` where the rest would mean another thing.
     */
    disown(body: Obj, foreign: Ranges, model: string, lose: Lose): Disowned;
  };
  readonly reply: {
    decode(body: Obj): Message;
    encode(message: Message, context: ReplyContext): Obj;
    /** Why a whole answer is of little use, though its caller may have it as it came: another try may do better. */
    flaw?(body: Obj): Fault | undefined;
  };
  readonly stream: {
    decode(): Decoder;
    encode(context: ReplyContext): Encoder;
    watch(): Watch;
    /** Bytes of generated text in the data of one frame that carries a part of the answer. */
    said(data: string): number;
  };
  readonly fault: {
    /** `body` is the text of a failed answer, whatever it is (JSON, HTML, nothing). */
    decode(status: number, body: string): Fault;
    encode(fault: Fault, requestId: string): Obj;
    /** Where the protocol has another status for a kind of fault than most. */
    readonly statuses?: { readonly [kind in FaultKind]?: number };
  };
  /** Folds whatever usage this body or frame carries into what was known. */
  usage(body: Obj, was: Usage): Usage;
}
