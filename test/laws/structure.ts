/**
 * The leaves of a request that need not be found in another protocol's: they say how it is built, or ask for nothing, or
 * have a rule of their own. Each line says why.
 */
import { isObj, type Json, list, type Obj, obj, text } from "../../src/canon/json.ts";
import type { Leaf } from "./leaves.ts";

export function isStructure(leaf: Leaf, body: Obj): boolean {
  const { path, member, value } = leaf;
  if (members.has(member) || members.has(path)) return true;
  if (isNeutral(path, value)) return true;
  if (/^(input|messages|system)\b/.test(path) && typeof value === "string" && !/\S/.test(value)) return true;
  return isWritten(leaf) || isThought(path, body) || isLeftOut(path, body);
}

/** By their name or path. */
const members: ReadonlySet<string> = new Set([
  // Which kind of thing an object is, and who speaks: every protocol has words of its own.
  ...["type", "role", "mode", "execution", "mimeType", "mime_type", "media_type", "format"],
  // The lane puts the target's model in its place; Gemini says in the URL whether to stream.
  ...["model", "stream"],
  // Ids and states of what was said before: ids are made to fit, and tokens ride in them.
  ...["id", "status", "phase", "call_id", "tool_call_id", "tool_use_id"],
  // Words that are translated by tables of their own, or dialled to the model (effort, tiers, switches of thinking).
  ...["reasoning_effort", "effort", "thinkingLevel", "thinking_level", "includeThoughts", "include_thoughts"],
  ...["display", "service_tier", "tool_choice", "parallel_tool_calls", "disable_parallel_tool_use"],
  ...["responseMimeType", "response_mime_type", "is_error"],
  // Marks for prompt caches become those of the target (models/cache.ts), or its cache needs none.
  ...["cache_control", "prompt_cache_breakpoint", "prompt_cache_key", "ttl"],
  ...["prompt_cache_options.mode", "prompt_cache_options.ttl", "prompt_cache_retention"],
  // Strict schemas are the target's to keep, or are checked here; of names for schemas only OpenAI wants one.
  ...["strict", "response_format.json_schema.name", "text.format.name"],
  // How long a summary of the reasoning shall be: the others only show one or none.
  "reasoning.summary",
  // Bookkeeping between a caller and its provider.
  ...["include", "truncation", "include_usage", "reasoning.context", "store", "max_tool_calls", "labels"],
  // The end user has another name at another vendor (policy/pseudonym.ts).
  ...["user", "safety_identifier", "user_id"],
  // A search that may not reach the live web is one that the caller can do without.
  "external_web_access",
]);

/** Values that ask for what is done anyway. */
function isNeutral(path: string, value: Leaf["value"]): boolean {
  if (/^client_metadata\b|\binternal_|^safetySettings\b/.test(path)) return true;
  if (path.endsWith("detail") && value === "auto") return true;
  return (value === 0 && path.endsWith("_penalty")) || (value === 1 && /^(n|top_p)$/.test(path));
}

/** Claude Code's own line for Anthropic, and names that stand-ins take the place of until the answer comes back. */
function isWritten({ member, value }: Leaf): boolean {
  if (String(value).startsWith("x-anthropic-billing-header")) return true;
  return member === "name" && (value === "web_search" || !/^[\w-]{1,64}$/.test(String(value)));
}

/** Reasoning of another provider goes nowhere: it is reported once, as its proof (policy/proofs.ts). */
function isThought(path: string, body: Obj): boolean {
  return enclosing(path, body).some(
    (value) =>
      (value.signature ?? value.thoughtSignature ?? value.thought_signature ?? value.encrypted_content) !== undefined ||
      value.type === "redacted_thinking",
  );
}

/** Tools that are not declared: one that may not be called, where the list cannot be said, or a search without the web. */
function isLeftOut(path: string, body: Obj): boolean {
  if (!path.startsWith("tools[")) return false;
  const objects = enclosing(path, body);
  if (objects.some(({ external_web_access }) => external_web_access === false)) return true;
  const choice = obj(body.tool_choice);
  const { allowedFunctionNames } = obj(obj(body.toolConfig).functionCallingConfig);
  const may = allowedFunctionNames ?? obj(choice.allowed_tools).tools ?? choice.tools;
  if (may === undefined) return false;
  const names = objects.flatMap((each) => [text(each.name), text(obj(each.function).name)]);
  return names.some((name) => name !== undefined && !JSON.stringify(may).includes(`"${name}"`));
}

/** The objects on the way to a place. */
function enclosing(path: string, body: Obj): Obj[] {
  const found: Obj[] = [];
  let value: Json | undefined = body;
  for (const [, name, index] of path.matchAll(/\.?([^.[\]]+)|\[(\d+)\]/g)) {
    value = index === undefined ? (isObj(value) ? value[name ?? ""] : undefined) : list(value)[Number(index)];
    if (isObj(value)) found.push(value);
  }
  return found;
}
