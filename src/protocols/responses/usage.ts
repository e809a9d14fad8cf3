/** Token counts of the Responses API, whose convention is canon's. */
import { defined, isObj, type Obj, obj } from "../../canon/json.ts";
import { count, fold, reportedCost, total, type Usage } from "../../canon/usage.ts";

/** Folds the usage of an answer, or of an event that holds one, into what was known. */
export function usage(body: Obj, was: Usage): Usage {
  const answer = isObj(body.response) ? body.response : body;
  if (!isObj(answer.usage) && !isObj(answer.tool_usage)) return was;
  const counts = obj(answer.usage);
  const input = obj(counts.input_tokens_details);
  return fold(
    was,
    defined({
      input: count(counts.input_tokens),
      cacheRead: count(input.cached_tokens),
      cacheWrite: count(input.cache_write_tokens),
      cacheWriteLong: count(obj(input.cache_write_tokens_details).ttl_12h_tokens),
      output: count(counts.output_tokens),
      reasoning: count(obj(counts.output_tokens_details).reasoning_tokens),
      searches: count(obj(obj(answer.tool_usage).web_search).num_requests),
      reportedCost: reportedCost(counts),
    }),
  );
}

/**
 * All five members, without which Codex asks again and again; null where the counts are unknown. A provider that counts no
 * reading from or writing to a cache bills none: its zero is the truth.
 */
export function encodeUsage(usage: Usage): Obj | null {
  const sum = total(usage);
  if (sum === undefined) return null;
  return defined({
    input_tokens: usage.input,
    input_tokens_details: { cached_tokens: usage.cacheRead ?? 0, cache_write_tokens: usage.cacheWrite ?? 0 },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
    total_tokens: sum,
  });
}
