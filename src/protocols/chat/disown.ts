/**
 * A conversation that another account answered so far, fit for this one: what Chat servers beside the standard send of
 * reasoning that only its maker can read goes (OpenRouter's details, the signatures of Gemini's Chat endpoint).
 */
import { isObj, type Json, list, type Obj, obj } from "../../canon/json.ts";
import type { Lose } from "../../canon/request.ts";
import type { Disowned, Ranges } from "../protocol.ts";

export function disown(body: Obj, foreign: Ranges, _model: string, lose: Lose): Disowned {
  const messages = list(body.messages).map(obj);
  const items = new Map<number, Obj | undefined>();
  for (const [from, to] of foreign) {
    for (const [offset, message] of messages.slice(from, to).entries()) {
      const path = `messages[${from + offset}]`;
      const fit = withoutSignatures(withoutDetails(message, path, lose), path, lose);
      if (fit !== message) items.set(from + offset, fit);
    }
  }
  return { member: "messages", items };
}

/** Their order and all of them count to the maker; what is left of them means nothing to another. */
function withoutDetails(message: Obj, path: string, lose: Lose): Obj {
  const { reasoning_details: details, ...rest } = message;
  if (!list(details).some(isProof)) return message;
  lose(`${path}.reasoning_details`);
  return rest;
}

function isProof(detail: Json): boolean {
  return isObj(detail) && (typeof detail.data === "string" || typeof detail.signature === "string");
}

/** Google takes this in place of a signature for a call that another model made (wire.md B.4.6). */
const sentinel = "skip_thought_signature_validator";

function withoutSignatures(message: Obj, path: string, lose: Lose): Obj {
  let isChanged = false;
  const calls = list(message.tool_calls).map((call, at): Json => {
    if (!isObj(call)) return call;
    const extra = obj(call.extra_content);
    const google = obj(extra.google);
    if (typeof google.thought_signature !== "string" || google.thought_signature === sentinel) return call;
    isChanged = true;
    lose(`${path}.tool_calls[${at}].extra_content.google.thought_signature`);
    return { ...call, extra_content: { ...extra, google: { ...google, thought_signature: sentinel } } };
  });
  return isChanged ? { ...message, tool_calls: calls } : message;
}
