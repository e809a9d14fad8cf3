/** Why an answer ended, in both languages (wire.md C.24). */
import type { Finish, FinishReason } from "../../canon/event.ts";
import { type Json, list, type Obj, obj, text } from "../../canon/json.ts";
import { Fault } from "../../fault.ts";

const reasons: Readonly<Record<string, FinishReason>> = {
  FINISH_REASON_UNSPECIFIED: "other",
  STOP: "stop",
  MAX_TOKENS: "length",
  SAFETY: "refusal",
  RECITATION: "refusal",
  BLOCKLIST: "refusal",
  PROHIBITED_CONTENT: "refusal",
  SPII: "refusal",
  MODEL_ARMOR: "refusal",
  IMAGE_SAFETY: "refusal",
  IMAGE_PROHIBITED_CONTENT: "refusal",
  IMAGE_RECITATION: "refusal",
  IMAGE_OTHER: "refusal",
  LANGUAGE: "other",
  OTHER: "other",
  NO_IMAGE: "other",
  CONTINUATION: "pause",
};

const malformed: ReadonlySet<Json> = new Set([
  "MALFORMED_FUNCTION_CALL",
  "UNEXPECTED_TOOL_CALL",
  "TOO_MANY_TOOL_CALLS",
  "MALFORMED_RESPONSE",
]);

/** The fault of an answer that is none, because the model's calls or all of it cannot be read; another try may do better. */
export function malformation(reason: Json, message?: string): Fault | undefined {
  return malformed.has(reason) ? unreadable(message) : undefined;
}

/** That of an answer, or of a chunk. */
export function flaw({ candidates }: Obj): Fault | undefined {
  const { finishReason = null, finishMessage } = obj(list(candidates)[0]);
  return malformation(finishReason, text(finishMessage));
}

/** @param message the provider's, which quotes the model */
export function unreadable(message?: string): Fault {
  return new Fault("upstream", "The model made a tool call that cannot be read.", { cause: message });
}

/** Callers may have enums printed as integers. AI Studio's and Vertex AI's numbers agree on these only. */
const byNumber: Readonly<Record<number, FinishReason>> = {
  1: "stop",
  2: "length",
  3: "refusal",
  4: "refusal",
  5: "other",
  7: "refusal",
  8: "refusal",
};

/** STOP ends turns with calls as well. */
export function decodeFinish(reason: Json, message: string | undefined, calls: boolean): Finish {
  const known =
    typeof reason === "number"
      ? byNumber[reason]
      : Object.hasOwn(reasons, String(reason))
        ? reasons[String(reason)]
        : undefined;
  const ours = known ?? "other";
  if (ours === "stop" && calls) return { reason: "calls" };
  return ours === "refusal" && message !== undefined ? { reason: ours, explanation: message } : { reason: ours };
}

/** The refusal of a prompt, for which there are no candidates; `undefined` where nothing was blocked. */
export function decodeBlock(feedback: Obj): Finish | undefined {
  const { blockReason } = feedback;
  if (blockReason === undefined || blockReason === null) return undefined;
  const why = text(feedback.blockReasonMessage) ?? `The prompt was blocked: ${String(blockReason)}.`;
  return { reason: "refusal", explanation: why };
}

/** `pause` is said as STOP: at CONTINUATION Google's SDK would send another call by itself. */
const theirs = {
  stop: "STOP",
  stop_sequence: "STOP",
  calls: "STOP",
  pause: "STOP",
  length: "MAX_TOKENS",
  context: "MAX_TOKENS",
  refusal: "SAFETY",
  filter: "SAFETY",
  other: "OTHER",
} as const satisfies Record<FinishReason, string>;

export function encodeFinish({ reason, explanation }: Finish): Obj {
  const finishReason = theirs[reason];
  return explanation === undefined ? { finishReason } : { finishReason, finishMessage: explanation };
}

/** Did the provider cut the answer, so that a call it was writing is not to be run? */
export function isCut({ reason }: Finish): boolean {
  return reason === "length" || reason === "context";
}
