// What a test tells the simulated provider to answer: turns, blocks and faults, free of any protocol.

import { isObj } from "./json.ts";
import type { Proofs } from "./signatures.ts";

/** One answer. It is rendered in whichever protocol is asked. */
export interface Turn {
  /** Content, in order. */
  blocks?: Block[];
  /** Default: `tool_calls` if a call block is present, `refusal` if a refusal block is, else `stop`. */
  finish?: Finish;
  /** Default: computed from the size of the request body and of the answer. */
  usage?: Usage;
  fault?: Fault;
  pace?: Pace;
  /** From this answer on, proofs of reasoning that come back are looked at. Default: any that are well formed will do. */
  proofs?: Proofs;
}

export type Finish = "stop" | "length" | "tool_calls" | "refusal" | "content_filter" | "stop_sequence";

/** Tokens. `input` includes `cached` and `cacheWrite`; `output` includes `reasoning`. */
export interface Usage {
  input: number;
  cached?: number;
  cacheWrite?: number;
  output: number;
  reasoning?: number;
}

export type Block =
  | { text: string }
  | { refusal: string }
  /** A summary of the reasoning. The signature becomes Anthropic's signature, OpenAI's encrypted_content, Gemini's thoughtSignature. */
  | { reasoning: string; signature?: string }
  /** Anthropic's redacted_thinking data; other protocols skip it. */
  | { redacted: string }
  | CallBlock
  /** A PNG in base64; protocols that cannot answer with images skip it. */
  | { image: string };

/** `arguments` is a JSON value or raw text; `input` is the free-form input of a custom tool. */
export interface CallBlock {
  call: string;
  id?: string;
  arguments?: unknown;
  input?: string;
  namespace?: string;
}

/**
 * How the bytes leave. `chunkBytes` cuts the whole body into chunks of that size (1 splits UTF-8 sequences);
 * `firstByteMs` delays everything, status line included; `eventMs` is the pause between two events.
 */
export interface Pace {
  chunkBytes?: number;
  firstByteMs?: number;
  eventMs?: number;
}

/**
 * What goes wrong. `afterEvents` counts SSE frames (or elements of Gemini's JSON array). On a JSON answer, a fault
 * with `afterEvents: 0` strikes before the body and any other count strikes in the middle of it.
 */
export type Fault =
  /** The default body is the protocol's own error JSON. */
  | { kind: "status"; status: number; retryAfter?: string; body?: string; headers?: Record<string, string> }
  /** Headers, that many events, then silence until the client leaves. For silence before the headers: `pace.firstByteMs`. */
  | { kind: "stall"; afterEvents: number }
  /** The socket is destroyed; 0 = before the headers. */
  | { kind: "reset"; afterEvents: number }
  /** A clean end of the body before the protocol's terminal event, or in the middle of a frame. */
  | { kind: "cut"; afterEvents: number; midEvent?: boolean }
  /** The protocol's own in-stream error, then a clean end. A JSON answer becomes a 500. */
  | { kind: "error-event"; afterEvents: number }
  /** One frame that is not JSON among good ones. */
  | { kind: "bad-json"; afterEvents: number }
  /** Everything but the terminal frame ([DONE], response.completed, message_stop, Gemini's finishReason chunk). */
  | { kind: "no-done" }
  /** The terminal frame twice. */
  | { kind: "double-done" }
  | { kind: "html-200" }
  /** The JSON answer although a stream was asked for; and the other way round. */
  | { kind: "json-for-stream" }
  | { kind: "stream-for-json" }
  /** The right body under `text/plain`. */
  | { kind: "wrong-content-type" }
  /** The protocol's error JSON under status 200. */
  | { kind: "error-200" };

const faultKinds: Record<Fault["kind"], true> = {
  status: true,
  stall: true,
  reset: true,
  cut: true,
  "error-event": true,
  "bad-json": true,
  "no-done": true,
  "double-done": true,
  "html-200": true,
  "json-for-stream": true,
  "stream-for-json": true,
  "wrong-content-type": true,
  "error-200": true,
};

const blockKinds = ["text", "refusal", "reasoning", "redacted", "call", "image"];

/** Checks a script that came as JSON: a turn or a list of turns. Answers a text saying what is wrong with it. */
export function readTurns(value: unknown): Turn[] | string {
  const turns = Array.isArray(value) ? value : [value];
  if (turns.length === 0) return "a script needs at least one turn";
  for (const [index, turn] of turns.entries()) {
    const wrong = wrongTurn(turn);
    if (wrong !== undefined) return `turn ${index}: ${wrong}`;
  }
  return turns as Turn[];
}

function wrongTurn(turn: unknown): string | undefined {
  if (!isObj(turn)) return "not an object";
  for (const key of Object.keys(turn)) {
    if (!["blocks", "finish", "usage", "fault", "pace", "proofs"].includes(key)) return `unknown member ${key}`;
  }
  const blocks = turn.blocks ?? [];
  if (!Array.isArray(blocks)) return "blocks is not a list";
  for (const block of blocks) {
    if (!isObj(block) || !blockKinds.some((kind) => typeof block[kind] === "string")) {
      return `a block needs one of ${blockKinds.join(", ")}`;
    }
  }
  if (turn.fault === undefined) return undefined;
  const kind = isObj(turn.fault) ? turn.fault.kind : undefined;
  return typeof kind === "string" && Object.hasOwn(faultKinds, kind) ? undefined : `unknown fault ${String(kind)}`;
}
