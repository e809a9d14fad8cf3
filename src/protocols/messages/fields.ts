/**
 * Every field of a Messages request, and what becomes of it on the way to another protocol: `mapped` through canon,
 * `dropped` (a hint or bookkeeping that nothing else knows) or `refused` (it would change the meaning). The last two
 * ride in `ext.messages`, so that they come back on Messages.
 */
import type { MessageCreateParamsBase as Beta } from "@anthropic-ai/sdk/resources/beta/messages/messages";
import type { MessageCreateParamsBase as Stable } from "@anthropic-ai/sdk/resources/messages/messages";
import type { Disposition } from "../protocol.ts";

/** Parameters of the SDK that it sends as headers. */
type Headers = "betas" | "user_profile_id" | "workspace_id";

/** Fields of API version 2023-06-01 that the SDK's types no longer have. */
type Older = "temperature" | "top_p" | "top_k";

export const fields = {
  model: "mapped",
  max_tokens: "mapped",
  messages: "mapped",
  system: "mapped",
  stream: "mapped",
  tools: "mapped",
  tool_choice: "mapped",
  thinking: "mapped",
  output_config: "mapped",
  output_format: "mapped",
  stop_sequences: "mapped",
  temperature: "mapped",
  top_p: "mapped",
  top_k: "mapped",
  service_tier: "mapped",
  metadata: "mapped",
  cache_control: "dropped",
  diagnostics: "dropped",
  inference_geo: "refused",
  speed: "dropped",
  billing_policy: "dropped",
  fallback_credit_token: "dropped",
  fallbacks: "dropped",
  context_management: "dropped",
  compaction: "refused",
  container: "refused",
  mcp_servers: "refused",
  thread: "refused",
} as const satisfies Record<Exclude<keyof Stable | keyof Beta, Headers> | Older, Disposition>;
