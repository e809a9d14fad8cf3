/**
 * What either lane does to the bytes of a streamed answer. Both speak only between two whole frames, end with the frame
 * the caller's protocol ends with, and tell once how it ended and what it cost.
 */
import { type Event, partsOf } from "./canon/event.ts";
import { fold, noUsage, type Usage } from "./canon/usage.ts";
import { asFault, Fault } from "./fault.ts";
import { type Batch, framer, type OutFrame, type Placed, print } from "./http/sse.ts";
import type { Pipe } from "./http/stream.ts";
import type { Protocol, ReplyContext } from "./protocols/protocol.ts";

/** How an answer ended: `left` is the caller's doing, `cut` the provider's. */
export interface Outcome {
  readonly usage: Usage;
  readonly ended: "whole" | "failed" | "cut" | "left";
  readonly fault?: Fault;
}

export type Tell = (outcome: Outcome) => void;

/** A pipe that knows whether something was said that cannot be taken back, and whether the answer failed. */
export interface Answer extends Pipe {
  readonly committed: boolean;
  readonly fault: Fault | undefined;
  /** Bytes of text that were generated so far. */
  readonly said: number;
}

const nothing = new Uint8Array(0);
const encoder = new TextEncoder();

function brokeOff(cause?: unknown): Fault {
  return new Fault("upstream", "The provider's answer broke off.", { cause });
}

/**
 * The relay lane: the provider's bytes, frame by frame as they are. An unfinished frame waits for its end, so that an
 * error frame of ours never lands inside it. `hidesUsage`: the caller has not asked for the usage frame, we have.
 */
export function relayed(protocol: Protocol, hidesUsage: boolean, tell: Tell): Answer {
  const frames = framer();
  const watch = protocol.stream.watch();
  const outcome = once(tell);
  let usage = noUsage;
  let said = 0;
  let committed = false;
  let ended = false;
  let fault: Fault | undefined;

  const say = (out: readonly OutFrame[]): Uint8Array => encoder.encode(print(out, protocol.newline));

  function pass(batch: Batch): Uint8Array {
    const hidden: Placed[] = [];
    for (const placed of batch.frames) {
      const sight = watch.see(placed.frame);
      said += protocol.stream.said(placed.frame.data);
      if (sight.usage !== undefined) usage = fold(usage, sight.usage);
      ended ||= sight.ends === true;
      fault ??= sight.fault;
      committed ||= fault === undefined && (sight.commits === true || ended);
      if (hidesUsage && sight.usageOnly === true) hidden.push(placed);
    }
    return hidden.length === 0 ? batch.bytes : without(batch.bytes, hidden);
  }

  /** The body is over. Where the provider has not told how its answer ended, we do. */
  function close(cause: unknown): Uint8Array {
    const isWhole = ended && fault === undefined;
    const told = isWhole ? undefined : (fault ?? (cause instanceof Fault ? cause : brokeOff(cause)));
    const how = isWhole ? "whole" : fault === undefined ? "cut" : "failed";
    outcome({ usage, ended: how, ...(told && { fault: told }) });
    fault = told;
    return ended || told === undefined ? nothing : say(watch.fail(told));
  }

  return {
    push: (chunk) => pass(frames.push(chunk)),
    end() {
      const rest = frames.end();
      // A frame that broke off in its middle is of no use to anyone; the error frame takes its place.
      const isWhole = rest.frames.length > 0 ? rest.frames.every(isComplete) : ended;
      const last = isWhole ? pass(rest) : nothing;
      const gap = last.length > 0 && !ended ? encoder.encode(protocol.newline.repeat(2)) : nothing;
      return Buffer.concat([last, gap, close(undefined)]);
    },
    fail: close,
    beat: (idleMs) => say(watch.beat(idleMs)),
    leave: () => outcome({ usage, ended: ended ? "whole" : "left" }),
    done: false,
    get committed() {
      return committed;
    },
    get fault() {
      return fault;
    },
    get said() {
      return said;
    },
  };
}

/** Did the body end only in want of this frame's blank line? */
function isComplete({ frame }: Placed): boolean {
  if (frame.data === "[DONE]") return true;
  try {
    JSON.parse(frame.data);
    return true;
  } catch {
    return false;
  }
}

function without(bytes: Uint8Array, hidden: readonly Placed[]): Uint8Array {
  const kept: Uint8Array[] = [];
  let at = 0;
  for (const { start, end } of hidden) {
    kept.push(bytes.subarray(at, start));
    at = end;
  }
  return Buffer.concat([...kept, bytes.subarray(at)]);
}

/** The translate lane: frames to events, tools back to the caller's names, events to frames. */
export function translated(
  from: Protocol,
  to: Protocol,
  restore: (event: Event) => Event[],
  context: ReplyContext,
  tell: Tell,
): Answer {
  const frames = framer();
  const decoder = from.stream.decode();
  const speaker = to.stream.encode(context);
  const outcome = once(tell);
  let usage = noUsage;
  let said = 0;
  let committed = false;
  let done = false;
  let fault: Fault | undefined;

  function say(events: readonly Event[]): Uint8Array {
    const out: OutFrame[] = [];
    for (const event of events.flatMap(restore)) {
      if (done) break;
      out.push(...speaker.event(event));
      note(event);
    }
    return out.length === 0 ? nothing : encoder.encode(print(out, to.newline));
  }

  function note(event: Event): void {
    said += textOf(event);
    committed ||= event.type !== "start" && event.type !== "error";
    if ("usage" in event && event.usage !== undefined) usage = fold(usage, event.usage);
    if (event.type !== "finish" && event.type !== "error") return;
    done = true;
    if (event.type === "error") fault = event.fault;
    outcome({ usage, ended: fault === undefined ? "whole" : "failed", ...(fault && { fault }) });
  }

  const read = (batch: Batch): Event[] => batch.frames.flatMap(({ frame }) => decoder.frame(frame));

  return {
    push: (chunk) => say(read(frames.push(chunk))),
    end() {
      const rest = frames.end();
      return say([...(rest.frames.every(isComplete) ? read(rest) : []), ...decoder.end()]);
    },
    fail: (thrown) => say([{ type: "error", fault: thrown instanceof Fault ? asFault(thrown) : brokeOff(thrown) }]),
    beat: () => (done ? nothing : encoder.encode(print(speaker.beat(), to.newline))),
    leave: () => outcome({ usage, ended: "left" }),
    get done() {
      return done;
    },
    get committed() {
      return committed;
    },
    get fault() {
      return fault;
    },
    get said() {
      return said;
    },
  };
}

/** Bytes of text in this event; a call may open with all of its input. */
function textOf(event: Event): number {
  if (event.type === "delta") return Buffer.byteLength(event.text);
  if (event.type !== "open") return 0;
  return partsOf(event.block).reduce((bytes, { text }) => bytes + Buffer.byteLength(text), 0);
}

function once(tell: Tell): Tell {
  let told = false;
  return (outcome) => {
    if (told) return;
    told = true;
    tell(outcome);
  };
}
