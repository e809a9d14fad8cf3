/** Why an answer ended, in the words of Chat servers and back. */
import type { Finish, FinishReason } from "../../canon/event.ts";

/** OpenAI's five words, and what its imitators say instead. */
const reasons: Readonly<Record<string, FinishReason>> = {
  stop: "stop",
  eos: "stop",
  end_turn: "stop",
  stop_sequence: "stop_sequence",
  length: "length",
  max_tokens: "length",
  model_length: "context",
  tool_calls: "calls",
  tool_use: "calls",
  function_call: "calls",
  content_filter: "filter",
  safety: "filter",
  sensitive: "filter",
  refusal: "refusal",
};

/**
 * A forced call ends with `stop` at OpenAI, and some servers say `stop` or nothing after any call: what the answer holds
 * decides.
 */
export function decodeFinish(word: string | undefined, hasCalls: boolean): Finish {
  const lower = (word ?? "stop").toLowerCase();
  const reason = Object.hasOwn(reasons, lower) ? (reasons[lower] ?? "other") : "other";
  if (reason === "stop" && hasCalls) return { reason: "calls" };
  if (reason === "calls" && !hasCalls) return { reason: "stop" };
  return { reason };
}

export const finishWords = {
  stop: "stop",
  stop_sequence: "stop",
  length: "length",
  context: "length",
  calls: "tool_calls",
  refusal: "content_filter",
  filter: "content_filter",
  pause: "stop",
  other: "stop",
} as const satisfies Record<FinishReason, string>;

/** Reasons that Chat tells as `stop`, although they are something else. */
export const blurred: ReadonlySet<FinishReason> = new Set(["pause", "other"]);
