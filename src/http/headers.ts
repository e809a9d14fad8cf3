/** Which headers cross, each way: what is not named here stays behind (cookies, `x-forwarded-*`, the caller's key …). */

/** From the caller to a provider of the same protocol. What identifies the operator's account never goes up. */
const up = new Set([
  "anthropic-beta",
  "anthropic-version",
  "conversation_id",
  "idempotency-key",
  "openai-beta",
  "originator",
  "session-id",
  "session_id",
  "thread-id",
  "user-agent",
  "version",
  "x-client-request-id",
  "x-codex-beta-features",
  "x-codex-turn-metadata",
  "x-codex-turn-state",
  "x-codex-window-id",
  "x-goog-api-client",
  "x-openai-internal-codex-responses-lite",
]);

/**
 * From the provider to the caller. A provider's own rate headers speak of the operator's account, and Codex warns of a
 * model it did not ask for when it sees `openai-model`.
 */
const down = new Set([
  "openai-processing-ms",
  "openai-version",
  "retry-after",
  "retry-after-ms",
  "x-codex-turn-state",
  "x-gearbox-simulated",
  "x-reasoning-included",
  "x-should-retry",
]);

/** Never compressed and never buffered on the way: a proxy that does ruins the time to the first token. */
export const streamHeaders = {
  "cache-control": "no-cache, no-transform",
  "content-type": "text/event-stream; charset=utf-8",
  "x-accel-buffering": "no",
} as const;

/** A call's id, under the names that OpenAI's and Anthropic's SDKs read, and under our own. */
export function callIds(id: string): Record<string, string> {
  return { "x-request-id": id, "request-id": id, "x-gearbox-call": id };
}

/** The caller's headers that a provider of the same protocol may see. */
export function upward(headers: Headers): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => up.has(name)));
}

/** The provider's headers that the caller may see. */
export function downward(headers: Headers): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => down.has(name)));
}
