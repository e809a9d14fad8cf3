/** `generationConfig`: sampling, length, format and thinking. */
import { defined, type Obj, text } from "../../canon/json.ts";
import {
  type CanonRequest,
  type Effort,
  efforts,
  type Format,
  type Lose,
  type ReasoningOptions,
} from "../../canon/request.ts";
import { invalid, unsupported } from "../../fault.ts";
import { remainder, spell } from "./fields.ts";
import { maybeFlag, maybeList, maybeNumber, maybeObj, maybeText, needObj, needText } from "./members.ts";
import { toJsonSchema, withoutConst } from "./schema.ts";

/** The options that canon says. */
export type Options = Pick<
  CanonRequest,
  | "maxOutput"
  | "stop"
  | "temperature"
  | "topP"
  | "topK"
  | "seed"
  | "presencePenalty"
  | "frequencyPenalty"
  | "format"
  | "reasoning"
>;

/** Numbers: our word, and Gemini's. */
const numbers = {
  temperature: "temperature",
  topP: "topP",
  topK: "topK",
  maxOutput: "maxOutputTokens",
  seed: "seed",
  presencePenalty: "presencePenalty",
  frequencyPenalty: "frequencyPenalty",
} as const satisfies { readonly [name in keyof Options]?: string };

const at = "generationConfig";

/** What canon says of a `generationConfig`, and the rest of it. */
export function decodeOptions(value: Obj[string]): { options: Options; rest: Obj | undefined } {
  const config = spell(maybeObj(value, at), "generationConfig");
  const stop = maybeList(config.stopSequences, `${at}.stopSequences`);
  const formatted = decodeFormat(config);
  const thinking = decodeThinking(config.thinkingConfig);
  const options = defined({
    ...decodeNumbers(config),
    stop: stop.length > 0 ? stop.map((each, n) => needText(each, `${at}.stopSequences[${n}]`)) : undefined,
    format: formatted.format,
    reasoning: thinking.reasoning,
  });
  const rest = { ...remainder(config, "generationConfig"), ...formatted.rest, ...thinking.rest };
  return { options, rest: Object.keys(rest).length > 0 ? rest : undefined };
}

function decodeNumbers(config: Obj): Options {
  const read = Object.entries(numbers).map(([name, theirs]) => [name, maybeNumber(config[theirs], `${at}.${theirs}`)]);
  return defined(Object.fromEntries(read));
}

/** A media type that is neither JSON nor plain text (`text/x.enum`) stays Gemini's own, and its schema with it. */
function decodeFormat(config: Obj): { format?: Format | undefined; rest?: Obj } {
  const { responseSchema, responseJsonSchema } = config;
  const mimeType = maybeText(config.responseMimeType, `${at}.responseMimeType`);
  if (responseSchema !== undefined && responseJsonSchema !== undefined) {
    throw invalid(`${at}.responseJsonSchema`, "cannot be set together with responseSchema.");
  }
  if (mimeType !== undefined && mimeType !== "application/json" && mimeType !== "text/plain") {
    return { rest: defined({ responseMimeType: mimeType, responseSchema, responseJsonSchema }) };
  }
  if (responseJsonSchema !== undefined) {
    return { format: { type: "schema", schema: needObj(responseJsonSchema, `${at}.responseJsonSchema`) } };
  }
  if (responseSchema !== undefined) {
    return { format: { type: "schema", schema: toJsonSchema(needObj(responseSchema, `${at}.responseSchema`)) } };
  }
  if (mimeType === undefined) return {};
  return { format: { type: mimeType === "text/plain" ? "text" : "json" } };
}

function decodeThinking(value: Obj[string]): { reasoning?: ReasoningOptions | undefined; rest?: Obj } {
  const path = `${at}.thinkingConfig`;
  const config = spell(maybeObj(value, path), "thinkingConfig");
  const budget = maybeNumber(config.thinkingBudget, `${path}.thinkingBudget`);
  const level = maybeText(config.thinkingLevel, `${path}.thinkingLevel`);
  const shown = maybeFlag(config.includeThoughts, `${path}.includeThoughts`);
  if (budget !== undefined && level !== undefined) {
    throw invalid(`${path}.thinkingBudget`, "cannot be set together with thinkingLevel.");
  }
  if (budget !== undefined && budget < -1) throw invalid(`${path}.thinkingBudget`, "must be -1, 0 or more.");
  const reasoning: ReasoningOptions = defined({
    effort: level === undefined || level === unspecified ? undefined : effortOf(level, `${path}.thinkingLevel`),
    summary: shown === undefined ? undefined : shown ? ("auto" as const) : ("none" as const),
    ...(budget !== undefined && budget >= 0 && thinkingMode(budget)),
  });
  // -1 lets the model choose, which is what it does when nothing is said: only Gemini has a word for it.
  const automatic = budget === -1 ? { thinkingBudget: -1 } : level === unspecified ? { thinkingLevel: level } : {};
  const rest = { ...remainder(config, "thinkingConfig"), ...automatic };
  return {
    reasoning: Object.keys(reasoning).length > 0 ? reasoning : undefined,
    ...(Object.keys(rest).length > 0 && { rest: { thinkingConfig: rest } }),
  };
}

const unspecified = "THINKING_LEVEL_UNSPECIFIED";

function thinkingMode(budget: number): Pick<ReasoningOptions, "mode" | "budget"> {
  return budget === 0 ? { mode: "off" } : { mode: "budget", budget };
}

function effortOf(level: string, path: string): Effort {
  const effort = efforts.find((known) => known === level.toLowerCase());
  if (effort === undefined || effort === "none") throw invalid(path, `there is no level '${level}'.`);
  return effort;
}

/** `undefined` when there is nothing to say. */
export function encodeOptions(request: CanonRequest, lose: Lose): Obj | undefined {
  if (request.stop !== undefined && request.stop.length > 5) {
    throw unsupported("stop", "holds more than the 5 sequences that Gemini takes.");
  }
  const config = defined({
    ...encodeNumbers(request),
    stopSequences: request.stop,
    ...encodeFormat(request.format),
    thinkingConfig: encodeThinking(request.reasoning, lose),
  });
  return Object.keys(config).length > 0 ? config : undefined;
}

function encodeNumbers(request: CanonRequest): Obj {
  const said: Record<string, number | undefined> = {};
  for (const [name, theirs] of Object.entries(numbers)) {
    const value = request[name as keyof typeof numbers];
    said[theirs] = value;
  }
  return said;
}

function encodeFormat(format: Format | undefined): Obj {
  switch (format?.type) {
    case undefined:
      return {};
    case "text":
      return { responseMimeType: "text/plain" };
    case "json":
      return { responseMimeType: "application/json" };
    case "schema":
      return { responseMimeType: "application/json", responseJsonSchema: withoutConst(format.schema) };
  }
}

function encodeThinking(reasoning: ReasoningOptions | undefined, lose: Lose): Obj | undefined {
  if (reasoning === undefined) return undefined;
  const { summary } = reasoning;
  if (summary === "concise" || summary === "detailed") lose("reasoning.summary", `${summary}>auto`);
  const config = defined({
    includeThoughts: summary === undefined ? undefined : summary !== "none",
    ...encodeEffort(reasoning),
  });
  return Object.keys(config).length > 0 ? config : undefined;
}

function encodeEffort({ mode, budget, effort }: ReasoningOptions): Obj {
  if (mode === "budget" && budget !== undefined) return { thinkingBudget: budget };
  if (mode === "off" || effort === "none") return { thinkingBudget: 0 };
  return effort === undefined ? {} : { thinkingLevel: effort.toUpperCase() };
}

/** OpenAI's word for a tier of Gemini's. */
const tiers = { standard: "default", flex: "flex", priority: "priority" } as const;

/** The tier, or what only Gemini can say. */
export function decodeTier(value: Obj[string]): { tier?: string; rest?: Obj } {
  const tier = text(value)?.toLowerCase();
  if (value === undefined || value === null) return {};
  if (tier === "unspecified") return { rest: { serviceTier: value } };
  if (tier === "standard" || tier === "flex" || tier === "priority") return { tier: tiers[tier] };
  throw invalid("serviceTier", "must be standard, flex or priority.");
}

/** Gemini's word for a tier of OpenAI's (wire.md C.20). */
const theirTiers: Readonly<Record<string, string>> = {
  auto: "standard",
  default: "standard",
  scale: "standard",
  flex: "flex",
  priority: "priority",
  fast: "priority",
  ultrafast: "priority",
};

export function encodeTier(tier: string | undefined, lose: Lose): string | undefined {
  if (tier === undefined) return undefined;
  const theirs = Object.hasOwn(theirTiers, tier) ? theirTiers[tier] : undefined;
  if (theirs === undefined) throw unsupported("tier", `is '${tier}', which Gemini has no tier for.`);
  if (tier === "scale" || tier === "fast" || tier === "ultrafast") lose("tier", `${tier}>${theirs}`);
  return theirs;
}
