/** What a request from another protocol has that canon has no word for: refused, passed over, or reported. */
import { type Json, list, type Obj, obj } from "../../canon/json.ts";
import type { Ext, Lose } from "../../canon/request.ts";
import { unsupported } from "../../fault.ts";

/**
 * Throws a fault for a member without which the answer would be another one than was asked for; reports the others,
 * once each. Null says nothing, and bookkeeping is nobody's loss.
 */
export function reportForeign(ext: Ext | undefined, lose: Lose): void {
  for (const [protocol, members] of Object.entries(ext ?? {})) {
    if (protocol === "messages") continue;
    for (const [member, value] of Object.entries(members)) {
      if (value === undefined || value === null) continue;
      refuse(member, value);
      if (!isBookkeeping(member, value)) lose(`ext.${member}`);
    }
    const generation = obj(obj(members).generationConfig);
    for (const [member, value] of Object.entries(generation)) if (value !== undefined) refuse(member, value);
  }
}

type Test = (value: Json) => boolean;

const isSet: Test = (value) => value !== null;
const isOn: Test = (value) => value === true;
const isMany: Test = (value) => typeof value === "number" && value > 1;
const isPositive: Test = (value) => typeof value === "number" && value > 0;
const isFilled: Test = (value) => Object.keys(obj(value)).length > 0;
const isMore: Test = (value) => list(value).some((modality) => String(modality).toLowerCase() !== "text");

/** wire.md C.27, as far as it is about members of the top level. */
const meaningful: ReadonlyMap<string, Test> = new Map([
  ["n", isMany],
  ["candidateCount", isMany],
  ["logprobs", isOn],
  ["responseLogprobs", isOn],
  ["top_logprobs", isPositive],
  ["logit_bias", isFilled],
  ["audio", isSet],
  ["modalities", isMore],
  ["responseModalities", isMore],
  ["previous_response_id", isSet],
  ["conversation", isSet],
  ["background", isOn],
  ["prompt", isSet],
  ["cachedContent", isSet],
  ["moderation", isSet],
  ["access_programs", isSet],
  ["web_search_options", isSet],
  ["reasoning", (value) => obj(value).mode === "pro"],
]);

function refuse(member: string, value: Json): void {
  if (meaningful.get(member)?.(value) === true) throw unsupported(member, "has no equivalent at Anthropic.");
}

const bookkeeping: ReadonlySet<string> = new Set([
  "client_metadata",
  "metadata",
  "labels",
  "include",
  "stream_options",
  "truncation",
  "safety_identifier",
  "safetySettings",
  "prompt_cache_key",
  "prompt_cache_retention",
  "prompt_cache_options",
]);

function isBookkeeping(member: string, value: Json | Obj): boolean {
  return bookkeeping.has(member) || member.startsWith("internal_") || (member === "store" && value === false);
}
