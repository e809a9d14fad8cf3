/** A call as it came in: what routing, admission and both lanes need to know of it. */
import { isObj, type Json, type Obj } from "./canon/json.ts";
import type { ProtocolId } from "./canon/request.ts";
import { Fault, invalid } from "./fault.ts";
import { type Members, members } from "./http/json.ts";

export interface Call {
  /** Unique; base62. */
  readonly id: string;
  readonly protocol: ProtocolId;
  readonly bytes: Uint8Array;
  readonly body: Obj;
  readonly spans: Members["spans"];
  /** As the caller wrote it. */
  readonly model: string;
  readonly stream: boolean;
}

/** What a Gemini path says in place of the body. */
export interface Named {
  readonly model: string;
  readonly stream: boolean;
}

/**
 * Reads a call from its bytes. Faults name what is wrong: no JSON, no object, a member given twice (two readers may take
 * different ones), no model.
 */
export function readCall(id: string, protocol: ProtocolId, bytes: Uint8Array, named?: Named): Call {
  const { body: read, spans } = readObject(bytes);
  const body = named === undefined ? read : { ...read, ...named };
  return { id, protocol, bytes, body, spans, model: readModel(body), stream: readStream(body) };
}

/**
 * Reads a call whose tokens are to be counted. It lacks what a call must have (Anthropic's bound of the answer, OpenAI's
 * input), or stands inside another object (Gemini's `generateContentRequest`); and nothing of it is stored.
 */
export function readCounted(id: string, protocol: ProtocolId, bytes: Uint8Array, named?: Named): Call {
  const call = readCall(id, protocol, bytes, named);
  const { generateContentRequest: inner } = call.body;
  const body = isObj(inner) ? { ...inner, ...named } : call.body;
  return { ...call, stream: false, body: { ...lacking[protocol], ...body, ...(protocol === "responses" && unstored) } };
}

const lacking: { readonly [protocol in ProtocolId]: Obj } = {
  messages: { max_tokens: 1 },
  responses: { input: [] },
  chat: {},
  gemini: {},
};

/** Only in the body as it was read: the endpoints beside OpenAI's `/v1/responses` do not know the member. */
const unstored = { store: false };

/** Reads a call of `/v1/responses/compact`, which answers whole and stores nothing. */
export function readCompact(id: string, bytes: Uint8Array): Call {
  const call = readCall(id, "responses", bytes);
  return { ...call, stream: false, body: { ...call.body, ...unstored, stream: false } };
}

/** The object that these bytes hold, and where its members lie. */
export function readObject(bytes: Uint8Array): Pick<Call, "body" | "spans"> {
  const body = parse(bytes);
  if (!isObj(body)) throw new Fault("bad_request", "The request body must be a JSON object.");
  const { spans, duplicate } = members(bytes);
  if (duplicate !== undefined) throw invalid(duplicate, "the member is given twice.", "duplicate_member");
  return { body, spans };
}

export function readModel({ model }: Obj): string {
  if (typeof model !== "string" || model === "") throw noModel();
  return model;
}

export function readStream({ stream }: Obj): boolean {
  if (stream !== undefined && stream !== null && typeof stream !== "boolean") {
    throw invalid("stream", "it must be a boolean.");
  }
  return stream === true;
}

function noModel(): Fault {
  return new Fault("bad_request", "You must provide a model.", { param: "model", code: "missing_required_parameter" });
}

function parse(bytes: Uint8Array): Json {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes)) as Json;
  } catch (cause) {
    throw new Fault("bad_request", "The request body is not valid JSON.", { code: "invalid_json", cause });
  }
}
