/**
 * What Gemini answers, chunk by chunk, as events. A whole answer has the shape of one chunk, so this reads both: the
 * two agree because they are the same.
 */
import type { Event, Finish } from "../../canon/event.ts";
import { isObj, type Json, list, number, type Obj, obj, text } from "../../canon/json.ts";
import type { Block, Reasoning } from "../../canon/request.ts";
import { noUsage, type Usage } from "../../canon/usage.ts";
import { Fault } from "../../fault.ts";
import { decodeError } from "./fault.ts";
import { spell } from "./fields.ts";
import { decodeBlock, decodeFinish, malformation, unreadable } from "./finish.ts";
import { annotate, readSupports, type Support } from "./grounding.ts";
import { generated } from "./media.ts";
import { hashOf } from "./names.ts";
import { made, nativeOf } from "./signature.ts";
import { type StreamedCall, streamedCall } from "./streamed-call.ts";
import { usage } from "./usage.ts";

export interface Answer {
  /** After an end, nothing more. */
  chunk(body: Obj): Event[];
  /** `whole`: the body was complete, so that an answer without a finish reason is one all the same. */
  end(whole?: boolean): Event[];
  /** Ends it with a fault. */
  fail(fault: Fault): Event[];
}

/** The text or thought that is being written. */
interface Open {
  readonly type: "text" | "reasoning";
  readonly index: number;
  text: string;
}

interface State {
  started: boolean;
  ended: boolean;
  /** The next block's. */
  index: number;
  open: Open | undefined;
  /** Signatures of the open text, which follow it as blocks of their own. */
  trailing: Reasoning[];
  streamed: StreamedCall | undefined;
  calls: number;
  responseId: string;
  reason: Json | undefined;
  message: string | undefined;
  blocked: Finish | undefined;
  candidates: boolean;
  supports: readonly Support[];
  usage: Usage;
}

export function answer(): Answer {
  const state: State = {
    started: false,
    ended: false,
    index: 0,
    open: undefined,
    trailing: [],
    streamed: undefined,
    calls: 0,
    responseId: "",
    reason: undefined,
    message: undefined,
    blocked: undefined,
    candidates: false,
    supports: [],
    usage: noUsage,
  };
  return {
    chunk: (body) => (state.ended ? [] : chunk(body, state)),
    end: (whole = false) => (state.ended ? [] : end(whole, state)),
    fail: (fault) => (state.ended ? [] : fail(fault, state)),
  };
}

function fail(fault: Fault, state: State): Event[] {
  state.ended = true;
  return [{ type: "error", fault, usage: state.usage }];
}

function chunk(body: Obj, state: State): Event[] {
  if (isObj(body.error)) return fail(decodeError(body.error, 502), state);
  const events = start(body, state);
  state.usage = usage(body, state.usage);
  state.blocked = decodeBlock(obj(body.promptFeedback)) ?? state.blocked;
  // Of several candidates canon has only the first.
  const candidate = list(body.candidates)
    .map(obj)
    .find(({ index }) => (number(index) ?? 0) === 0);
  if (candidate === undefined) return events;
  state.candidates = true;
  if (isObj(candidate.groundingMetadata)) {
    const supports = readSupports(candidate.groundingMetadata);
    if (supports.length > 0) state.supports = supports;
  }
  for (const part of list(obj(candidate.content).parts)) events.push(...readPart(spell(obj(part), "part"), state));
  state.reason = candidate.finishReason ?? state.reason;
  state.message = text(candidate.finishMessage) ?? state.message;
  return events;
}

function start(body: Obj, state: State): Event[] {
  if (state.started) return [];
  state.started = true;
  state.responseId = text(body.responseId) ?? "";
  return [{ type: "start", id: state.responseId, model: text(body.modelVersion) ?? "" }];
}

function readPart(part: Obj, state: State): Event[] {
  const signature = text(part.thoughtSignature);
  if (isObj(part.functionCall)) return readCall(spell(part.functionCall, "functionCall"), signature, state);
  const said = text(part.text);
  if (part.thought === true && (said !== undefined || signature !== undefined)) {
    return readThought(said ?? "", signature, state);
  }
  if (said !== undefined) return readText(said, signature, state);
  const media = generated(part);
  if (media !== undefined) return [...sign(signature, state), ...whole(media, state)];
  const { thoughtSignature: _, ...others } = part;
  if (Object.keys(others).length > 0) return whole({ type: "opaque", protocol: "gemini", value: part }, state);
  return signature === undefined ? [] : trail(made(signature, "end"), state);
}

function readThought(said: string, signature: string | undefined, state: State): Event[] {
  const events = state.open?.type === "reasoning" ? [] : openBlock("reasoning", state);
  const { open } = state;
  if (open === undefined) return events;
  if (said !== "") events.push({ type: "delta", index: open.index, text: said });
  if (signature === undefined) return events;
  events.push({ type: "seal", index: open.index, native: nativeOf(signature, "own") });
  return [...events, ...close(state, false)];
}

function readText(said: string, signature: string | undefined, state: State): Event[] {
  if (said === "") return signature === undefined ? [] : trail(made(signature, "end"), state);
  // A text goes on, unless its signature has come: what is signed is finished.
  const goesOn = state.open?.type === "text" && state.trailing.length === 0;
  const events = goesOn ? [] : [...close(state, false), ...sign(signature, state), ...openBlock("text", state)];
  const { open } = state;
  if (open === undefined) return events;
  open.text += said;
  events.push({ type: "delta", index: open.index, text: said });
  return goesOn && signature !== undefined ? [...events, ...trail(made(signature, "previous"), state)] : events;
}

/** A signature of what came before it: its block follows when the text is finished, as sources may still come. */
function trail(block: Reasoning, state: State): Event[] {
  if (state.open?.type === "text") {
    state.trailing.push(block);
    return [];
  }
  return whole(block, state);
}

function sign(signature: string | undefined, state: State): Event[] {
  return signature === undefined ? [] : whole(made(signature, "next"), state);
}

/**
 * A call comes whole, or in pieces of which only the first has its name. It is told when it is complete: what a cut
 * leaves of one must not be run.
 */
function readCall(wire: Obj, signature: string | undefined, state: State): Event[] {
  const named = text(wire.name) !== undefined;
  const events: Event[] = [];
  if (named || state.streamed === undefined) {
    events.push(...finishCall(state));
    state.streamed = streamedCall(wire, signature);
  } else {
    state.streamed.push(wire);
  }
  return wire.willContinue === true ? events : [...events, ...finishCall(state)];
}

function finishCall(state: State): Event[] {
  const { streamed } = state;
  if (streamed === undefined) return [];
  state.streamed = undefined;
  const input = streamed.input();
  // The hash keeps the made ids of two answers apart, though not of two that give no id and call alike.
  const id = streamed.id ?? `call_${state.calls}_${hashOf(`${state.responseId} ${streamed.name} ${input}`)}`;
  state.calls++;
  return [
    ...sign(streamed.signature, state),
    ...whole({ type: "call", id, kind: "function", name: streamed.name, input }, state),
  ];
}

function openBlock(type: Open["type"], state: State): Event[] {
  const events = close(state, false);
  const index = state.index++;
  state.open = { type, index, text: "" };
  const block: Block = type === "text" ? { type, text: "" } : { type, summary: [] };
  return [...events, { type: "open", index, block }];
}

/** A block that comes at once, after what was open. */
function whole(block: Block, state: State): Event[] {
  const events = close(state, false);
  const index = state.index++;
  if (block.type === "call") {
    events.push({ type: "open", index, block: { ...block, input: "" } });
    events.push({ type: "delta", index, text: block.input });
  } else if (block.type === "reasoning" && block.native !== undefined) {
    const { native, ...bare } = block;
    events.push({ type: "open", index, block: bare }, { type: "seal", index, native });
  } else {
    events.push({ type: "open", index, block });
  }
  return [...events, { type: "close", index }];
}

function close(state: State, isLast: boolean): Event[] {
  const { open } = state;
  if (open === undefined) return [];
  state.open = undefined;
  const events: Event[] = open.type === "text" ? cite(open, state, isLast) : [];
  events.push({ type: "close", index: open.index });
  for (const block of state.trailing.splice(0)) events.push(...whole(block, state));
  return events;
}

function cite(open: Open, state: State, isLast: boolean): Event[] {
  if (state.supports.length === 0) return [];
  const { annotations, others } = annotate(state.supports, open.text, isLast);
  state.supports = others;
  return annotations.length > 0 ? [{ type: "delta", index: open.index, text: "", annotations }] : [];
}

function end(isWhole: boolean, state: State): Event[] {
  const cut = state.reason === undefined && state.blocked === undefined && !(isWhole && state.candidates);
  if (cut) return fail(new Fault("upstream", "The provider's answer broke off."), state);
  const fault = malformation(state.reason ?? null, state.message);
  if (fault !== undefined) return fail(fault, state);
  const finish = finishOf(state);
  const isComplete = finish.reason === "stop" || finish.reason === "calls";
  // Of a call in pieces the end is missing.
  if (state.streamed !== undefined && isComplete) return fail(unreadable(), state);
  state.ended = true;
  return [...close(state, true), { type: "finish", finish, usage: state.usage }];
}

function finishOf({ reason, blocked, message, calls }: State): Finish {
  if (reason === undefined && blocked !== undefined) return blocked;
  return decodeFinish(reason ?? "OTHER", message, calls > 0);
}
