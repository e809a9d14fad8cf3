/**
 * `context_management`: from how many tokens on a conversation is to be compacted on its way, where the provider does not
 * do it by itself. Tokens are estimated, as nobody has counted them yet. Pure.
 */
import type { Call } from "../call.ts";
import { isObj, type Json, list, type Obj } from "../canon/json.ts";
import { inputItems } from "../conversations/said.ts";
import { invalid } from "../fault.ts";
import { inputEstimate } from "../models/bound.ts";
import { modelFacts } from "../models/catalog.ts";
import { isTrigger, outlasts } from "./items.ts";

/** Does it ask for compaction and for nothing else? */
export function isPlan(value: Json | undefined): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((each) => isObj(each) && each.type === "compaction");
}

/**
 * Is the conversation longer than the call wants it? Not where it asks for a summary already, nor where a summary would
 * replace the smaller part of it: what stays as it was said would be sent, and summed up, again and again.
 */
export function isDue({ body, bytes }: Call, model: string): boolean {
  const threshold = thresholdOf(body.context_management, model);
  if (threshold === undefined || inputEstimate({ body, bytes: bytes.length }) < threshold) return false;
  const items = inputItems(body.input);
  if (isTrigger(items.at(-1))) return false;
  const staying = sizeOf(items.filter(outlasts));
  return sizeOf(items) > 2 * staying;
}

/** Where no number is given it is this part of what the model can read. */
const usualShare = 0.8;

function thresholdOf(plan: Json | undefined, model: string): number | undefined {
  if (!isPlan(plan)) return undefined;
  const { context } = modelFacts(model);
  const numbers = list(plan)
    .filter(isObj)
    .map((each, at) => numberIn(each, at) ?? (context ?? Infinity) * usualShare);
  return Math.min(...numbers);
}

function numberIn({ compact_threshold: threshold }: Obj, at: number): number | undefined {
  if (threshold === undefined || threshold === null) return undefined;
  if (typeof threshold === "number" && threshold > 0) return threshold;
  throw invalid(`context_management[${at}].compact_threshold`, "it must be a positive number.");
}

function sizeOf(items: readonly Json[]): number {
  return JSON.stringify(items).length;
}
