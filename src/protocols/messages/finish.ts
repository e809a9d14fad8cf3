/** Why an answer ended, both ways. */
import type { Finish, FinishReason } from "../../canon/event.ts";
import { defined, type Obj, obj, text } from "../../canon/json.ts";
import { extra, withoutNull } from "./members.ts";

const reasons = {
  end_turn: "stop",
  stop_sequence: "stop_sequence",
  max_tokens: "length",
  tool_use: "calls",
  pause_turn: "pause",
  refusal: "refusal",
  model_context_window_exceeded: "context",
} as const satisfies Record<string, FinishReason>;

const words = {
  stop: "end_turn",
  stop_sequence: "stop_sequence",
  length: "max_tokens",
  context: "model_context_window_exceeded",
  calls: "tool_use",
  refusal: "refusal",
  filter: "refusal",
  pause: "pause_turn",
  other: "end_turn",
} as const satisfies Record<FinishReason, keyof typeof reasons>;

/** The end that `stop_reason` and its companions tell, and what of them only Anthropic can say. */
export function decodeFinish(ending: Obj): { readonly finish: Finish; readonly own?: Obj } {
  const word = text(ending.stop_reason) ?? "";
  const known = isReason(word) ? reasons[word] : undefined;
  const details = extra(withoutNull(obj(ending.stop_details)), explained);
  const own = defined({ stop_reason: known === undefined && word !== "" ? word : undefined, stop_details: details });
  return {
    finish: defined({
      reason: known ?? "other",
      sequence: text(ending.stop_sequence),
      explanation: text(obj(ending.stop_details).explanation),
    }),
    ...(Object.keys(own).length > 0 && { own }),
  };
}

/** `stop_reason`, `stop_sequence` and `stop_details`, which is null but for a refusal. */
export function encodeFinish(finish: Finish, own: Obj): Obj {
  const word = words[finish.reason];
  const details = obj(own.stop_details);
  const refused = word === "refusal" || own.stop_details !== undefined;
  return {
    stop_reason: own.stop_reason ?? word,
    stop_sequence: finish.sequence ?? null,
    stop_details: refused
      ? { type: "refusal", explanation: finish.explanation ?? null, ...unexplained, ...details }
      : null,
  };
}

/** What only Anthropic says of a refusal. */
const unexplained = {
  category: null,
  fallback_credit_token: null,
  fallback_has_prefill_claim: null,
  recommended_model: null,
};

const explained: ReadonlySet<string> = new Set(["explanation"]);

function isReason(word: string): word is keyof typeof reasons {
  return Object.hasOwn(reasons, word);
}
