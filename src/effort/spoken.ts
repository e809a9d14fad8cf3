/**
 * An effort as members of a request, in the words that its own protocol has for the model that is about to have it. What
 * crosses into another protocol is put into that one's words later (dial.ts): here the caller's own word is set.
 */
import { isObj, type Json, number, type Obj, obj } from "../canon/json.ts";
import type { Effort, ProtocolId } from "../canon/request.ts";
import type { ModelFacts } from "../models/catalog.ts";
import { effortPaths, effortWord } from "./asked.ts";
import { dial } from "./dial.ts";

/** The top-level members that change, with their new values; none where the model cannot be told in this request. */
export type Members = readonly (readonly [name: string, value: Json])[];

/** @param isRelayed the model itself reads these members */
export function spoken(
  protocol: ProtocolId,
  body: Obj,
  level: Effort,
  { facts, isRelayed }: { readonly facts: ModelFacts; readonly isRelayed: boolean },
): Members | undefined {
  if (isRelayed && facts.dial.style === "budget" && protocol === "messages") return budgeted(body, level, facts);
  if (isRelayed && facts.dial.style === "tokens" && protocol === "gemini") return counted(body, level, facts);
  const [member, ...within] = effortPaths[protocol];
  return [[member, within.length === 0 ? level : set(obj(body[member]), within, level)]];
}

/** The members without `auto`: it is our word, and a provider would not know it. */
export function unspoken(protocol: ProtocolId, body: Obj): Members {
  const [member, ...within] = effortPaths[protocol];
  if (effortWord(protocol, body) !== "auto") return [];
  return [[member, within.length === 0 ? null : set(obj(body[member]), within, undefined)]];
}

/**
 * Anthropic's older thinking is only made longer or shorter: switched on amid a loop, it would miss the thoughts of the
 * answers before.
 */
function budgeted(body: Obj, level: Effort, facts: ModelFacts): Members | undefined {
  const { thinking, max_tokens } = body;
  if (!isObj(thinking) || thinking.type !== "enabled") return undefined;
  const most = number(max_tokens) ?? leastBudget;
  const { reasoning } = dial(facts, "messages", { effort: level }, most);
  const budget = Math.max(leastBudget, Math.min(reasoning?.budget ?? leastBudget, most - 1));
  return [["thinking", { ...thinking, budget_tokens: budget }], ...unspoken("messages", body)];
}

/** The least that Anthropic takes. */
const leastBudget = 1024;

function counted(body: Obj, level: Effort, facts: ModelFacts): Members {
  const { reasoning } = dial(facts, "gemini", { effort: level }, undefined);
  const config = obj(body.generationConfig);
  const { thinkingLevel: _, ...thinking } = obj(config.thinkingConfig);
  return [["generationConfig", { ...config, thinkingConfig: { ...thinking, thinkingBudget: reasoning?.budget ?? 0 } }]];
}

function set(value: Obj, [name, ...within]: readonly string[], level: Effort | undefined): Obj {
  if (name === undefined) return value;
  if (within.length > 0) return { ...value, [name]: set(obj(value[name]), within, level) };
  const { [name]: _, ...rest } = value;
  return level === undefined ? rest : { ...rest, [name]: level };
}
