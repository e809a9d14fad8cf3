/** Anthropic's token counts, both ways. Its `input_tokens` leaves out what a cache was read and written for. */
import { defined, isObj, list, type Obj, obj } from "../../canon/json.ts";
import { count, reportedCost, type Usage } from "../../canon/usage.ts";

/**
 * The counts of a whole answer, `message_start` or `message_delta`, over what was known. They are cumulative, and some
 * servers give the cache's share in only one of the frames; a zero that comes after a count is a server's blank.
 */
export function decodeUsage(body: Obj, was: Usage): Usage {
  const found = body.usage ?? obj(body.message).usage;
  if (!isObj(found)) return was;
  const passes = list(found.iterations).filter(isObj);
  const billed = (member: string, before: number | undefined): number | undefined =>
    passes.length === 0 ? later(count(found[member]), before) : sum(passes, member, count(found[member]));
  const cacheRead = billed("cache_read_input_tokens", was.cacheRead);
  const cacheWrite = billed("cache_creation_input_tokens", was.cacheWrite) ?? written(found);
  const fresh = billed("input_tokens", freshInput(was));
  const long = count(obj(found.cache_creation).ephemeral_1h_input_tokens);
  return defined({
    input: fresh === undefined ? undefined : fresh + (cacheRead ?? 0) + (cacheWrite ?? 0),
    cacheRead,
    cacheWrite,
    cacheWriteLong: later(long, was.cacheWriteLong),
    output: billed("output_tokens", was.output),
    reasoning: later(count(obj(found.output_tokens_details).thinking_tokens), was.reasoning),
    searches: later(count(obj(found.server_tool_use).web_search_requests), was.searches),
    reportedCost: later(reportedCost(found), was.reportedCost),
  });
}

/**
 * Anthropic's answers name every count: null is one that is unknown, or that its provider does not keep. Input and output
 * must be numbers.
 */
export function encodeUsage(usage: Usage): Obj {
  const { cacheRead, cacheWrite, cacheWriteLong, reasoning, searches, output = 0 } = usage;
  return {
    input_tokens: freshInput(usage) ?? 0,
    cache_creation_input_tokens: cacheWrite ?? null,
    cache_read_input_tokens: cacheRead ?? null,
    cache_creation:
      cacheWriteLong === undefined
        ? null
        : {
            ephemeral_5m_input_tokens: Math.max(0, (cacheWrite ?? cacheWriteLong) - cacheWriteLong),
            ephemeral_1h_input_tokens: cacheWriteLong,
          },
    output_tokens: output,
    output_tokens_details: reasoning === undefined ? null : { thinking_tokens: reasoning },
    server_tool_use: searches === undefined ? null : { web_search_requests: searches, web_fetch_requests: 0 },
  };
}

/** The counts at the end of a stream. How long a cache is kept was to be said at its start; an unknown input changes none. */
export function encodeFinalUsage(usage: Usage): Obj {
  const { cache_creation: _, ...counts } = encodeUsage(usage);
  return usage.input === undefined ? { ...counts, input_tokens: null } : counts;
}

/** Members of a usage that canon has counts for. */
export const counted: ReadonlySet<string> = new Set([
  "input_tokens",
  "cache_creation_input_tokens",
  "cache_read_input_tokens",
  "cache_creation",
  "output_tokens",
  "output_tokens_details",
  "server_tool_use",
]);

function freshInput({ input, cacheRead = 0, cacheWrite = 0 }: Usage): number | undefined {
  return input === undefined ? undefined : Math.max(0, input - cacheRead - cacheWrite);
}

function later(now: number | undefined, was: number | undefined): number | undefined {
  return now === undefined || (now === 0 && was !== undefined) ? was : now;
}

/**
 * A compaction, an advisor or a model that fell over is billed but not in the counts of the top level: those are of the
 * last pass only (platform.claude.com, compaction and fallback; the recordings agree).
 */
function sum(passes: readonly Obj[], member: string, top: number | undefined): number | undefined {
  const counts = passes.map((pass) => count(pass[member])).filter((each) => each !== undefined);
  if (counts.length === 0) return top;
  return Math.max(
    top ?? 0,
    counts.reduce((all, each) => all + each, 0),
  );
}

function written(found: Obj): number | undefined {
  const { ephemeral_5m_input_tokens: short, ephemeral_1h_input_tokens: long } = obj(found.cache_creation);
  return count(short) === undefined && count(long) === undefined ? undefined : (count(short) ?? 0) + (count(long) ?? 0);
}
