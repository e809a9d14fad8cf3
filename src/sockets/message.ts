/** The messages that a caller gets: the events of a stream without their framing, and failures. */
import { type Obj, obj, text } from "../canon/json.ts";
import { members, setMember, splice } from "../http/json.ts";

/** What an event is given on its way to a WebSocket. */
export interface Dress {
  /** The lane of the call, where its caller has named one. */
  readonly lane: string | undefined;
  /** What the call went on from: whoever answered it was told the conversation and not its name. */
  readonly previous?: string | undefined;
  /** The answer's headers, which have no other place. */
  readonly headers?: Obj;
}

const encoder = new TextEncoder();

/** @param data an event's JSON; all but the response object stays as it is */
export function messageOf(data: string, { lane, previous, headers }: Dress): string {
  const named = previous === undefined || !data.includes('"response"') ? data : withPrevious(data, previous);
  const more = [
    ...(lane === undefined ? [] : [`"stream_id":${JSON.stringify(lane)}`]),
    ...(headers === undefined ? [] : [`"headers":${JSON.stringify(headers)}`]),
  ];
  return more.length === 0 ? named : `{${more.join(",")},${named.slice(named.indexOf("{") + 1)}`;
}

function withPrevious(data: string, previous: string): string {
  const bytes = encoder.encode(data);
  const span = members(bytes).spans.get("response");
  if (span === undefined) return data;
  const response = bytes.subarray(span.start, span.end);
  const edit = setMember(response, members(response).spans, "previous_response_id", JSON.stringify(previous));
  return Buffer.concat([
    bytes.subarray(0, span.start),
    ...splice(response, [edit]),
    bytes.subarray(span.end),
  ]).toString();
}

/** A failed answer as a message (wire.md A.11). */
export async function failureOf(answer: Response, lane: string | undefined): Promise<string> {
  const body = await answer.text();
  const error = { message: body, type: "server_error", param: null, code: null, ...obj(objectIn(body).error) };
  return printFailure(answer.status, error, headersOf(answer), lane);
}

/** The words at which Codex and the SDKs open another connection. */
export function limitReached(why: string, lane: string | undefined): string {
  const message = `Responses websocket connection limit reached: ${why}. Create a new websocket connection to continue.`;
  const error = { type: "invalid_request_error", code: "websocket_connection_limit_reached", message, param: null };
  return printFailure(400, error, {}, lane);
}

/** Codex reads the headers beside the error, OpenAI's SDK in it. */
function printFailure(status: number, error: Obj, headers: Obj, lane: string | undefined): string {
  const failure = { type: "error", status, error: { ...error, headers }, headers };
  return JSON.stringify({ ...failure, ...(lane !== undefined && { stream_id: lane }) });
}

/** Of the body alone, which is not sent as one. */
const ofBody = new Set(["content-type", "content-length", "cache-control", "x-accel-buffering"]);

export function headersOf({ headers }: Response): Obj {
  return Object.fromEntries([...headers].filter(([name]) => !ofBody.has(name)));
}

/** The type of an event, from its event line or from itself. */
export function typeOf({ event, data }: { readonly event?: string; readonly data: string }): string {
  return event ?? text(objectIn(data).type) ?? "";
}

/** The object that the text is; an empty one where it is none. */
export function objectIn(json: string): Obj {
  try {
    return obj(JSON.parse(json));
  } catch {
    return {};
  }
}
