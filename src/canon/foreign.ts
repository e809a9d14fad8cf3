/**
 * Members and tools that canon has no word for, on their way to a target of another protocol: refused where the answer
 * would be another one without them (wire.md C.27), else dropped, and reported unless they are mere bookkeeping.
 */
import { type Fault, unsupported } from "../fault.ts";
import { type Json, list, type Obj, obj, text } from "./json.ts";
import type { Ext, Lose, Opaque, ProtocolId, Tool } from "./request.ts";

/** @param said members that the target's encoder says by itself */
export function reportForeign(
  ext: Ext | undefined,
  target: ProtocolId,
  lose: Lose,
  said: readonly string[] = [],
): void {
  for (const [protocol, members] of Object.entries(ext ?? {})) {
    if (protocol === target) continue;
    refuseWithin(members, said);
    for (const [member, value] of Object.entries(optionByOption(members))) {
      if (!isNothing(value) && !said.includes(member) && !isBookkeeping(member, value)) lose(`ext.${member}`);
    }
  }
}

/** Throws where the answer may be one that canon cannot hold, whoever gives it: of several choices, sound, logprobs. */
export function refuseUnheld(ext: Ext | undefined): void {
  for (const members of Object.values(ext ?? {})) refuseWithin(members, []);
}

/** What a web search is told in the caller's protocol only; to search where it must not would be another answer. */
export function reportSearchOptions(tools: readonly Tool[], target: ProtocolId, lose: Lose): void {
  for (const [index, tool] of tools.entries()) {
    if (tool.type !== "web_search" || !tool.live) continue;
    const foreign = Object.entries(tool.ext ?? {}).filter(([protocol]) => protocol !== target);
    for (const [member, value] of foreign.flatMap(([, members]) => Object.entries(members))) {
      const field = `tools[${index}].${member}`;
      if (searchFilters.has(member) && isFilled(value ?? null)) {
        throw unsupported(field, "cannot be kept to by this provider's search.");
      }
      if (!isNothing(value) && !searchFilters.has(member) && !searchNames.has(member)) lose(field);
    }
  }
}

const searchFilters: ReadonlySet<string> = new Set(["blocked_domains", "excludeDomains", "filters"]);
const searchNames: ReadonlySet<string> = new Set(["type", "name", "cache_control", "external_web_access"]);

/** The refusal of a tool that only its own protocol's providers run; Gemini's have no type but a member for each. */
export function hostedTool({ value }: Opaque, field: string): Fault {
  const kind = text(value.type) ?? Object.keys(value)[0] ?? "unknown";
  return unsupported(field, `is the tool '${kind}', which has no equivalent in what this provider speaks.`);
}

type Test = (value: Json) => boolean;

const always: Test = () => true;
const isTrue: Test = (value) => value === true;
const isMany: Test = (value) => value !== 1;
const isPositive: Test = (value) => typeof value === "number" && value > 0;
const isFilled: Test = (value) => list(value).length > 0 || Object.keys(obj(value)).length > 0;
const isMoreThanText: Test = (value) => list(value).some((each) => String(each).toLowerCase() !== "text");

/** Members that decide what the answer is, and when they do. No two protocols mean different things by one of them. */
const meaningful: ReadonlyMap<string, Test> = new Map([
  ["access_programs", always],
  ["audio", always],
  ["background", isTrue],
  ["cachedContent", always],
  ["candidateCount", isMany],
  ["compaction", always],
  ["container", always],
  ["conversation", always],
  ["inference_geo", always],
  ["logit_bias", isFilled],
  ["logprobs", (value) => isTrue(value) || isPositive(value)],
  ["mcp_servers", isFilled],
  ["modalities", isMoreThanText],
  ["moderation", always],
  ["n", isMany],
  ["previous_response_id", always],
  ["prompt", always],
  ["reasoning", (value) => obj(value).mode === "pro"],
  ["responseLogprobs", isTrue],
  ["responseModalities", isMoreThanText],
  ["speechConfig", always],
  ["thread", always],
  ["top_logprobs", isPositive],
]);

/** Their absence changes nothing that the caller could notice. */
const bookkeeping: ReadonlySet<string> = new Set([
  "client_metadata",
  "include",
  "labels",
  "max_tool_calls",
  "metadata",
  "prompt_cache_options",
  "prompt_cache_retention",
  "safetySettings",
  "safety_identifier",
  "truncation",
]);

function refuseWithin(members: Obj, said: readonly string[]): void {
  refuse(members, "", said);
  refuse(obj(members.generationConfig), "generationConfig.", said);
}

function refuse(members: Obj, path: string, said: readonly string[]): void {
  for (const [member, value] of Object.entries(members)) {
    if (value === undefined || value === null || said.includes(member)) continue;
    if (meaningful.get(member)?.(value) !== true) continue;
    throw unsupported(`${path}${member}`, "has no equivalent in what this provider speaks.");
  }
}

function isNothing(value: Json | undefined): boolean {
  return value === undefined || value === null;
}

/** Options within an option are told one by one, but for those that speak of what OpenAI keeps, or how it pads frames. */
function optionByOption({ reasoning, stream_options, ...others }: Obj): Obj {
  const { context: _, mode: __, ...ofReasoning } = obj(reasoning);
  const { include_obfuscation: ___, ...ofStream } = obj(stream_options);
  return {
    ...others,
    ...Object.fromEntries(Object.entries(ofReasoning).map(([option, value]) => [`reasoning.${option}`, value])),
    ...Object.fromEntries(Object.entries(ofStream).map(([option, value]) => [`stream_options.${option}`, value])),
  };
}

/** What was not refused asks for nothing: `n: 1`, no biases, nothing kept. */
function isBookkeeping(member: string, value: Json | undefined): boolean {
  return (
    bookkeeping.has(member) ||
    meaningful.has(member) ||
    member.startsWith("internal_") ||
    (member === "store" && value === false)
  );
}
