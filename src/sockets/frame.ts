/** A message of the caller's: a `response.create`, which is the body of a POST and a few members of its own. */
import { readModel, readObject } from "../call.ts";
import { type Obj, text } from "../canon/json.ts";
import { asFault, Fault, invalid, unsupported } from "../fault.ts";
import type { Members } from "../http/json.ts";

export interface Create {
  /** As it came. */
  readonly bytes: Uint8Array;
  readonly body: Obj;
  readonly spans: Members["spans"];
  /** What the caller calls its lane. */
  readonly lane: string | undefined;
  /** Nothing is to be generated: a later call goes on from it. */
  readonly isPrewarm: boolean;
  readonly previous: string | undefined;
}

/** What is wrong with a message, and in which lane its caller wants to be told. */
export interface Refused {
  readonly fault: Fault;
  readonly lane: string | undefined;
}

/** @param data what a WebSocket's event carries @param take may throw a Fault as well */
export function readFrame(data: unknown, maxBytes: number, take: (create: Create) => void): Refused | undefined {
  let lane: string | undefined;
  try {
    if (typeof data !== "string") throw new Fault("bad_request", "Messages must be text: one JSON object each.");
    const bytes = data.length > maxBytes ? undefined : new TextEncoder().encode(data);
    if (bytes === undefined || bytes.length > maxBytes) {
      throw new Fault("too_large", `The message is larger than ${maxBytes} bytes.`);
    }
    const { body, spans } = readObject(bytes);
    lane = laneOf(body);
    take(createOf(bytes, { body, spans }, lane));
    return undefined;
  } catch (thrown) {
    return { fault: asFault(thrown), lane };
  }
}

const longestLane = 128;

function laneOf({ stream_id: lane }: Obj): string | undefined {
  if (lane === undefined || lane === null) return undefined;
  if (typeof lane === "string" && lane !== "" && lane.length <= longestLane) return lane;
  throw invalid("stream_id", `it must be a string of 1 to ${longestLane} characters.`);
}

function createOf(bytes: Uint8Array, { body, spans }: Pick<Create, "body" | "spans">, lane: string | undefined) {
  const { type, generate, background, input } = body;
  if (type === "response.steer") throw unsupported("type", "'response.steer' is not available through this gateway.");
  if (type !== "response.create") throw invalid("type", "it must be 'response.create'.");
  if (generate !== undefined && generate !== null && typeof generate !== "boolean") {
    throw invalid("generate", "it must be a boolean.", "invalid_type");
  }
  if (background === true) throw unsupported("background", "is not available over a WebSocket.");
  if (input !== undefined && input !== null && typeof input !== "string" && !Array.isArray(input)) {
    throw invalid("input", "it must be a string or a list of items.", "invalid_type");
  }
  readModel(body);
  return { bytes, body, spans, lane, isPrewarm: generate === false, previous: text(body.previous_response_id) };
}
