// What each of the four protocols has to provide to the simulated provider.

import type { Obj } from "./json.ts";
import type { Block, Finish, Usage } from "./script.ts";

export type ProtocolId = "responses" | "chat" | "messages" | "gemini";

/** A protocol, or another of OpenAI's endpoints. */
export type WireId = ProtocolId | "completions" | "embeddings" | "moderations" | "images" | "audio";

/** A request to a provider, parsed but not yet judged. */
export interface ProviderRequest {
  protocol: WireId;
  /** From the body, or from the path for Gemini. */
  model: string;
  stream: boolean;
  /** False for Gemini's stream without `alt=sse`, which is a JSON array. */
  sse: boolean;
  headers: Record<string, string>;
  query: URLSearchParams;
  body: Obj;
  raw: string;
}

/** Why a provider refuses a request. */
export interface Problem {
  message: string;
  /** The field at fault, in OpenAI's notation. */
  param?: string;
  code?: string;
  /** Default 400. */
  status?: number;
  /** Seconds, for Gemini's RetryInfo. */
  retryAfter?: string;
}

export type Check = (request: ProviderRequest) => Problem | undefined;

/** One step of the conversation in a request. A text block of a message is an entry of its own. */
export interface Entry {
  who: "user" | "assistant" | "tool";
  text: string;
}

/** A turn with every default filled in, ready to render. */
export interface Take {
  blocks: Block[];
  finish: Finish;
  usage: Required<Usage>;
  /** A deterministic id such as `msg_3f..`; the same arguments give the same id. */
  id(prefix: string, index?: number): string;
  /** A deterministic signature in valid base64 for the block at that index. */
  signature(index: number): string;
}

/** A stream as the texts of its frames; the last `tail` of them are the protocol's terminal event. */
export interface Frames {
  frames: string[];
  tail: number;
}

export interface Wire {
  readonly protocol: WireId;
  /** In the order in which a provider looks; the first problem is the answer. */
  readonly checks: readonly Check[];
  /** The conversation, without system text. */
  entries(body: Obj): Entry[];
  /** Whether a stream was asked for, where that is not said by `stream: true`. */
  streams?(body: Obj): boolean;
  /** An answer that is no JSON: its type and its bytes as Latin-1. */
  whole?(take: Take, request: ProviderRequest): { type: string; bytes: string } | undefined;
  /** Whether the caller asked to see reasoning. */
  wantsReasoning(body: Obj): boolean;
  json(take: Take, request: ProviderRequest): Obj;
  stream(take: Take, request: ProviderRequest): Frames;
  /** The body of an error answer. */
  error(problem: Problem, take: Pick<Take, "id">): Obj;
  /** The error frames that may come after `sent` good frames. */
  streamError(sent: number, take: Take, request: ProviderRequest): string[];
  /** A frame that is not JSON. */
  readonly badFrame: string;
  /** Headers that this provider puts on every answer. */
  headers(request: ProviderRequest, take: Pick<Take, "id">): Record<string, string>;
}
