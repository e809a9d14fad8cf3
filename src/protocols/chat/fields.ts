/**
 * Every field of a Chat Completions request, and what becomes of it on the way to another protocol: `mapped` through
 * canon, `dropped` (a hint or bookkeeping that nothing else knows) or `refused` (it would change the meaning). The last
 * two ride in `ext.chat`, so that they come back on Chat.
 */
import type { ChatCompletionCreateParamsBase } from "openai/resources/chat/completions/completions";
import type { Disposition } from "../protocol.ts";

export const fields = {
  messages: "mapped",
  model: "mapped",
  audio: "refused",
  frequency_penalty: "mapped",
  function_call: "mapped",
  functions: "mapped",
  logit_bias: "refused",
  logprobs: "refused",
  max_completion_tokens: "mapped",
  max_tokens: "mapped",
  metadata: "mapped",
  modalities: "refused",
  moderation: "refused",
  n: "refused",
  parallel_tool_calls: "mapped",
  prediction: "dropped",
  presence_penalty: "mapped",
  prompt_cache_key: "mapped",
  prompt_cache_options: "dropped",
  prompt_cache_retention: "dropped",
  reasoning_effort: "mapped",
  response_format: "mapped",
  safety_identifier: "mapped",
  seed: "mapped",
  service_tier: "mapped",
  stop: "mapped",
  store: "dropped",
  stream: "mapped",
  stream_options: "mapped",
  temperature: "mapped",
  tool_choice: "mapped",
  tools: "mapped",
  top_logprobs: "refused",
  top_p: "mapped",
  user: "mapped",
  verbosity: "mapped",
  web_search_options: "mapped",
} as const satisfies Record<keyof ChatCompletionCreateParamsBase, Disposition>;
