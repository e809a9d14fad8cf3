/** Whether a call may be answered from the cache and kept in it: what its own headers say, or else its team. Pure. */
import { isObj, list, type Obj, obj } from "../canon/json.ts";
import type { ProtocolId } from "../canon/request.ts";
import { invalid } from "../fault.ts";
import type { TeamSettings } from "../teams/records.ts";

export interface Wish {
  /** May an answer from the cache be given, and how old may it be? */
  readonly reads: boolean;
  readonly mostAgeMs: number;
  /** For how long the answer is kept; 0 keeps nothing. */
  readonly ttlMs: number;
  readonly tags: readonly string[];
  /** May it wait for the answer of an equal call that is being made? */
  readonly coalesces: boolean;
}

interface Asked {
  readonly protocol: ProtocolId;
  readonly body: Obj;
  readonly isKept: boolean;
}

/** A year: nothing is kept for longer. */
const mostSeconds = 366 * 24 * 3600;

/**
 * `undefined` where nothing wants the cache. Throws the Fault of a header that cannot be read.
 *
 * @param asked absent of what is answered alike each time, as embeddings are
 */
export function readWish(headers: Headers, settings: TeamSettings["cache"], asked?: Asked): Wish | undefined {
  const own = ownWish(headers);
  const control = directives(headers.get("cache-control"));
  const usual =
    settings !== undefined && (asked === undefined || isRepeatable(asked)) ? settings.ttl_seconds : undefined;
  const seconds = own?.seconds ?? usual;
  if (seconds === undefined || seconds === 0) return undefined;
  const isKept = !control.has("no-store");
  const mostAge = Math.min(seconds, Number(control.get("max-age") ?? seconds));
  if (!Number.isFinite(mostAge)) throw invalid("cache-control", "max-age must be a number of seconds.");
  return {
    reads: isKept && !control.has("no-cache") && mostAge > 0,
    mostAgeMs: mostAge * 1000,
    ttlMs: isKept ? seconds * 1000 : 0,
    tags: tagsIn(headers.get("x-gearbox-cache-tag")),
    coalesces: own?.coalesces === true || settings?.coalesce === true,
  };
}

/** `x-gearbox-cache: ttl=3600`, or `ttl=3600, coalesce`, or `off`, which is no seconds. */
function ownWish(headers: Headers): { readonly seconds: number; readonly coalesces: boolean } | undefined {
  const said = headers.get("x-gearbox-cache");
  if (said === null) return undefined;
  if (said.trim().toLowerCase() === "off") return { seconds: 0, coalesces: false };
  const [, written, more] = /^\s*ttl=(\d{1,9})\s*(,\s*coalesce\s*)?$/i.exec(said) ?? [];
  const seconds = Number(written ?? Number.NaN);
  if (seconds >= 1 && seconds <= mostSeconds) return { seconds, coalesces: more !== undefined };
  throw invalid("x-gearbox-cache", `write ttl= and 1 to ${mostSeconds} seconds, with or without ", coalesce"; or off.`);
}

function directives(header: string | null): ReadonlyMap<string, string> {
  const parts = (header ?? "").toLowerCase().split(",");
  return new Map(parts.map((part) => part.trim().split("=")).map(([name = "", value = ""]) => [name, value]));
}

/** Names for what is to be forgotten together. */
function tagsIn(header: string | null): readonly string[] {
  const tags = (header ?? "").split(",").map((tag) => tag.trim());
  const wrong = tags.find((tag) => tag !== "" && !/^[\w.:-]{1,64}$/.test(tag));
  if (wrong !== undefined || tags.length > 8) {
    throw invalid("x-gearbox-cache-tag", "write up to 8 names of letters, digits and . : _ -, with commas.");
  }
  return [...new Set(tags.filter((tag) => tag !== ""))];
}

/**
 * Would the same call be answered alike? Not where it wants variety (a temperature, which has one of its own where none
 * is said, without a seed; several choices), where the provider acts (its own tools), or where something is kept there.
 */
function isRepeatable({ protocol, body, isKept }: Asked): boolean {
  const options = protocol === "gemini" ? obj(body.generationConfig ?? body.generation_config) : body;
  const choices = options.n ?? options.candidateCount ?? options.candidate_count ?? 1;
  const isFixed = options.temperature === 0 || typeof options.seed === "number";
  return isFixed && choices === 1 && !isKept && body.store !== true && !hasHostedTool(protocol, body);
}

/** Tools that the caller runs itself; all others are the provider's. */
const callers = new Set(["function", "custom", "namespace"]);

function hasHostedTool(protocol: ProtocolId, body: Obj): boolean {
  if (isObj(body.web_search_options) || list(body.mcp_servers).length > 0) return true;
  return list(body.tools)
    .map(obj)
    .some((tool) =>
      protocol === "gemini"
        ? Object.keys(tool).some((name) => name !== "functionDeclarations" && name !== "function_declarations")
        : tool.type !== undefined && !callers.has(String(tool.type)),
    );
}
