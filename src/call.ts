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

/**
 * Reads a call from its bytes. Faults name what is wrong: no JSON, no object, a member given twice (two readers may take
 * different ones), no model.
 */
export function readCall(id: string, protocol: ProtocolId, bytes: Uint8Array): Call {
  const body = parse(bytes);
  if (!isObj(body)) throw new Fault("bad_request", "The request body must be a JSON object.");
  const { spans, duplicate } = members(bytes);
  if (duplicate !== undefined) throw invalid(duplicate, "the member is given twice.", "duplicate_member");
  const { model, stream } = body;
  if (typeof model !== "string" || model === "") {
    throw new Fault("bad_request", "You must provide a model.", { param: "model", code: "missing_required_parameter" });
  }
  if (stream !== undefined && stream !== null && typeof stream !== "boolean")
    throw invalid("stream", "it must be a boolean.");
  return { id, protocol, bytes, body, spans, model, stream: stream === true };
}

function parse(bytes: Uint8Array): Json {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes)) as Json;
  } catch (cause) {
    throw new Fault("bad_request", "The request body is not valid JSON.", { code: "invalid_json", cause });
  }
}
