/**
 * Every field of a Responses request, and what becomes of it on the way to another protocol: `mapped` through canon,
 * `dropped` (bookkeeping, or a hint that nothing else knows) or `refused` (it would change the meaning, or asks for what
 * the provider keeps). What is not mapped rides in `ext.responses`, and so comes back on this protocol.
 */
import type { ResponseCreateParamsBase } from "openai/resources/responses/responses";
import type { Disposition } from "../protocol.ts";

export const fields = {
  model: "mapped",
  input: "mapped",
  access_programs: "refused",
  background: "refused",
  context_management: "dropped",
  conversation: "refused",
  image: "dropped",
  include: "dropped",
  instructions: "mapped",
  max_output_tokens: "mapped",
  max_tool_calls: "dropped",
  metadata: "mapped",
  moderation: "refused",
  parallel_tool_calls: "mapped",
  // What it names is written out before the codec sees the call.
  previous_response_id: "mapped",
  prompt: "refused",
  prompt_cache_key: "mapped",
  prompt_cache_options: "dropped",
  prompt_cache_retention: "dropped",
  reasoning: "mapped",
  safety_identifier: "mapped",
  service_tier: "mapped",
  store: "dropped",
  stream: "mapped",
  stream_options: "dropped",
  temperature: "mapped",
  text: "mapped",
  tool_choice: "mapped",
  tools: "mapped",
  top_logprobs: "refused",
  top_p: "mapped",
  truncation: "dropped",
  user: "mapped",
} as const satisfies Record<keyof ResponseCreateParamsBase, Disposition>;

/** The members of a request that canon holds. */
export const mapped: ReadonlySet<string> = new Set(
  Object.entries(fields).flatMap(([field, disposition]) => (disposition === "mapped" ? [field] : [])),
);
