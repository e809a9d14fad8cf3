/**
 * What is known of models: what each family accepts, and the models worth listing. Sources are wire.md B.3.7, B.4.5,
 * C.9, C.13 and C.14; a number that is not given there is left out, and where two sources differ the stricter one holds.
 * Contexts are those of the vendors' list (table.ts).
 */
import type { Effort } from "../canon/request.ts";
import { entryOf } from "./table.ts";

/** Kinds of content a model reads. */
export type Input = "text" | "image" | "pdf" | "audio";

/** How a family is told to think, and in which steps (effort/dial.ts). */
export type Dial =
  /** Nothing is known: what the caller said passes. */
  | { readonly style: "unknown" }
  /** The model does not reason, and refuses to be asked to. */
  | { readonly style: "none" }
  /** OpenAI's levels. `max` exists in the Responses API only. */
  | { readonly style: "effort"; readonly levels: readonly Effort[] }
  /**
   * Anthropic's adaptive thinking. `off` is what it offers instead of thinking; `offLimit` is the highest effort at
   * which it may be off.
   */
  | {
      readonly style: "adaptive";
      readonly levels: readonly Effort[];
      readonly off: "off" | "between_tools" | "never";
      readonly offLimit?: Effort;
    }
  /** Anthropic's older thinking: a number of tokens, a share of the model's longest answer. */
  | { readonly style: "budget" }
  /** Gemini's levels, none of which is off. */
  | { readonly style: "level"; readonly levels: readonly Effort[] }
  /** Gemini's older thinking: a number of tokens, a share of `most`; `least` is 0 where it can be off. */
  | { readonly style: "tokens"; readonly least: number; readonly most: number };

export interface ModelFacts {
  readonly dial: Dial;
  /** Tokens. */
  readonly context?: number;
  /** Tokens, reasoning included. */
  readonly maxOutput?: number;
  /** The smallest output bound that is accepted. */
  readonly minOutput?: number;
  readonly inputs?: readonly Input[];
  /** Does it call tools at all? Unknown where absent. */
  readonly tools?: boolean;
  /** May a request demand a tool call? */
  readonly forcedTools: "yes" | "no" | "without_thinking";
  /** Are temperature, top_p and top_k accepted? `at_none`: only with the effort `none` said. */
  readonly sampling: "yes" | "no" | "without_thinking" | "at_none";
  /** Are presence and frequency penalties accepted? */
  readonly penalties: boolean;
  /** May a system turn stand amid the conversation? Unknown where absent. */
  readonly midSystem?: boolean;
  /** May the conversation end with an assistant's turn to be continued? */
  readonly prefill: boolean;
  /** Are function tools refused on Chat Completions while the model reasons (wire.md fact 13)? */
  readonly toolsNeedResponses: boolean;
}

/**
 * The facts of the family with the longest match in the model's name, whatever stands around it (`provider/`, a region,
 * a date), and the model's own context. Nothing is changed for a model that is not known.
 */
export function modelFacts(model: string): ModelFacts {
  const before = remembered.get(model);
  if (before !== undefined) return before;
  const name = model.slice(model.lastIndexOf("/") + 1).toLowerCase();
  const context = contextOf(name);
  const facts = context === undefined ? familyOf(name) : { ...familyOf(name), context };
  // Names come from callers: what is remembered of them has a bound.
  if (remembered.size >= mostRemembered) remembered.clear();
  remembered.set(model, facts);
  return facts;
}

const mostRemembered = 500;
const remembered = new Map<string, ModelFacts>();

/** Those who make models, and Bedrock, which names them after their makers and regions. */
const makers = ["openai", "anthropic", "google", "x-ai", "deepseek", "mistral", "moonshotai", "aws"];

function contextOf(name: string): number | undefined {
  for (const maker of makers) {
    const context = entryOf(maker, name)?.context;
    if (context !== undefined) return context;
  }
  return undefined;
}

function familyOf(name: string): ModelFacts {
  let best: { length: number; facts: ModelFacts } = { length: 0, facts: unknown };
  for (const { pattern, facts } of compiled) {
    const length = pattern.exec(name)?.[0].length ?? 0;
    if (length > best.length) best = { length, facts };
  }
  return best.facts;
}

/** Anything not in the tables. */
const unknown: ModelFacts = {
  dial: { style: "unknown" },
  forcedTools: "yes",
  sampling: "yes",
  penalties: true,
  prefill: true,
  toolsNeedResponses: false,
};

const fromLow = ["low", "medium", "high", "xhigh", "max"] as const;
const toHigh = ["low", "medium", "high"] as const;

type Family = readonly [pattern: string, facts: Partial<ModelFacts>];

/** wire.md C.9, C.14 and fact 13; the Responses API refuses bounds under 16 (C.13). */
const openai: Partial<ModelFacts> = {
  inputs: ["text", "image", "pdf"],
  sampling: "no",
  penalties: false,
  midSystem: true,
  minOutput: 16,
};

const openaiFamilies: readonly Family[] = [
  ["gpt-6-astra|gpt-6\\.1-sol", { dial: { style: "effort", levels: fromLow }, toolsNeedResponses: true }],
  [
    "gpt-6-(?:sol|luna)|gpt-6\\.1-terra|gpt-5\\.6",
    { dial: { style: "effort", levels: ["none", ...fromLow] }, sampling: "at_none", toolsNeedResponses: true },
  ],
  // Codex's own slugs, by what its catalog offers for them (wire.md A.5).
  [
    "codex-auto-review|gpt-daybreak-(?:blue|red)",
    { dial: { style: "effort", levels: fromLow }, toolsNeedResponses: true },
  ],
  [
    "gpt-5\\.[45]",
    { dial: { style: "effort", levels: ["none", ...toHigh, "xhigh"] }, sampling: "at_none", toolsNeedResponses: true },
  ],
  ["gpt-5\\.[23]", { dial: { style: "effort", levels: ["none", ...toHigh, "xhigh"] }, sampling: "at_none" }],
  ["gpt-5\\.1", { dial: { style: "effort", levels: ["none", ...toHigh] }, sampling: "at_none" }],
  ["gpt-5(?!-chat)", { dial: { style: "effort", levels: ["minimal", ...toHigh] } }],
  ["o[134]", { dial: { style: "effort", levels: toHigh } }],
  ["gpt-3\\.5|(?:chat)?gpt-4o|gpt-4(?:\\.1)?", { dial: { style: "none" }, sampling: "yes", penalties: true }],
];

/** wire.md B.3.7; who takes a system turn amid the conversation: C.1. */
const anthropic: Partial<ModelFacts> = {
  inputs: ["text", "image", "pdf"],
  maxOutput: 128_000,
  forcedTools: "yes",
  sampling: "no",
  penalties: false,
  midSystem: true,
  prefill: false,
};

const budget: Partial<ModelFacts> = {
  dial: { style: "budget" },
  maxOutput: 64_000,
  forcedTools: "without_thinking",
  sampling: "without_thinking",
  midSystem: false,
  prefill: true,
};

const anthropicFamilies: readonly Family[] = [
  [
    "sonnet-5[.-]5",
    { dial: { style: "adaptive", levels: fromLow, off: "between_tools", offLimit: "high" }, forcedTools: "no" },
  ],
  ["opus-5[.-]5", { dial: { style: "adaptive", levels: fromLow, off: "never" }, forcedTools: "no" }],
  ["haiku-5[.-]5|opus-5", { dial: { style: "adaptive", levels: fromLow, off: "off", offLimit: "high" } }],
  [
    "fable-5(?:[.-][12])?|mythos-5(?:[.-]\\d)?",
    { dial: { style: "adaptive", levels: fromLow, off: "never" }, forcedTools: "no" },
  ],
  ["opus-4[.-]8", { dial: { style: "adaptive", levels: fromLow, off: "off" } }],
  ["sonnet-5|opus-4[.-]7", { dial: { style: "adaptive", levels: fromLow, off: "off" }, midSystem: false }],
  [
    "(?:opus|sonnet)-4[.-]6",
    {
      dial: { style: "adaptive", levels: [...toHigh, "max"], off: "off" },
      forcedTools: "without_thinking",
      sampling: "without_thinking",
      midSystem: false,
    },
  ],
  ["(?:opus|sonnet|haiku)-4[.-]5|sonnet-4(?:[.-]0)?", budget],
  ["opus-4(?:[.-][01])?", { ...budget, maxOutput: 32_000 }],
];

/** wire.md B.4.5; penalties on 2.5 exist on Vertex only (C.16). */
const google: Partial<ModelFacts> = { inputs: ["text", "image", "pdf", "audio"], midSystem: false };

const googleFamilies: readonly Family[] = [
  ["gemini-4-hydrogen", { dial: { style: "level", levels: [...toHigh, "xhigh"] } }],
  // Their levels are not listed; these three exist on every model with levels.
  ["gemini-4-(?:argon|carbon)", { dial: { style: "level", levels: toHigh } }],
  ["gemini-[3-9](?:\\.\\d+)?-pro", { dial: { style: "level", levels: toHigh } }],
  [
    "gemini-(?:3\\.[7-9]|[4-9](?:\\.\\d+)?)-flash(?!-lite)|gemini-flash-latest",
    { dial: { style: "level", levels: toHigh } },
  ],
  [
    "gemini-[3-9](?:\\.\\d+)?-flash(?:-lite)?|gemini-flash-lite",
    { dial: { style: "level", levels: ["minimal", ...toHigh] } },
  ],
  ["gemini-3-pro-image", { dial: { style: "tokens", least: 128, most: 32_768 }, tools: false }],
  ["gemini-2\\.5-pro", { dial: { style: "tokens", least: 128, most: 32_768 }, penalties: false }],
  ["gemini-2\\.5-flash(?:-lite)?", { dial: { style: "tokens", least: 0, most: 24_576 }, penalties: false }],
];

/**
 * OpenAI's names begin so, as others' contain them (`marco-o1`). Nothing matches when a version number goes on behind
 * it: `gpt-5.9` and `opus-5-7` are models we know nothing of. A date may follow, which has four digits or more.
 */
const compiled = [
  ...openaiFamilies.map((family) => compile("^", openai, family)),
  ...anthropicFamilies.map((family) => compile("(?<![a-z0-9])", anthropic, family)),
  ...googleFamilies.map((family) => compile("(?<![a-z0-9])", google, family)),
];

function compile(start: string, vendor: Partial<ModelFacts>, [pattern, own]: Family) {
  const version = "(?![.-]?\\d{1,2}(?!\\d))";
  return { pattern: new RegExp(`${start}(?:${pattern})${version}`), facts: { ...unknown, ...vendor, ...own } };
}

interface Listing {
  readonly provider: string;
  /** For people. */
  readonly name: string;
  /** What the model does when no effort is asked for, where that is known. */
  readonly defaultEffort?: Effort;
}

const listings = {
  "gpt-6-astra": { provider: "openai", name: "GPT-6 Astra", defaultEffort: "low" },
  "gpt-6.1-sol": { provider: "openai", name: "GPT-6.1 Sol", defaultEffort: "low" },
  "gpt-6.1-terra": { provider: "openai", name: "GPT-6.1 Terra", defaultEffort: "low" },
  "gpt-6-sol": { provider: "openai", name: "GPT-6 Sol", defaultEffort: "medium" },
  "gpt-6-luna": { provider: "openai", name: "GPT-6 Luna", defaultEffort: "medium" },
  "gpt-5.6-sol": { provider: "openai", name: "GPT-5.6 Sol", defaultEffort: "low" },
  "gpt-5.6-terra": { provider: "openai", name: "GPT-5.6 Terra", defaultEffort: "medium" },
  "gpt-5.6-luna": { provider: "openai", name: "GPT-5.6 Luna", defaultEffort: "medium" },
  "gpt-5.5": { provider: "openai", name: "GPT-5.5", defaultEffort: "medium" },
  "gpt-daybreak-blue-latest": { provider: "openai", name: "GPT Daybreak Blue", defaultEffort: "low" },
  "gpt-daybreak-red-latest": { provider: "openai", name: "GPT Daybreak Red", defaultEffort: "medium" },
  "codex-auto-review": { provider: "openai", name: "Codex Auto Review", defaultEffort: "medium" },
  "claude-opus-5-5": { provider: "anthropic", name: "Claude Opus 5.5", defaultEffort: "medium" },
  "claude-sonnet-5-5": { provider: "anthropic", name: "Claude Sonnet 5.5", defaultEffort: "high" },
  "claude-haiku-5-5": { provider: "anthropic", name: "Claude Haiku 5.5", defaultEffort: "high" },
  "claude-fable-5-2": { provider: "anthropic", name: "Claude Fable 5.2", defaultEffort: "high" },
  "gemini-4-hydrogen": { provider: "gemini", name: "Gemini 4 Hydrogen" },
  "gemini-4-argon": { provider: "gemini", name: "Gemini 4 Argon" },
  "gemini-4-carbon": { provider: "gemini", name: "Gemini 4 Carbon" },
  "gemini-3-pro": { provider: "gemini", name: "Gemini 3 Pro" },
  "gemini-3-pro-image": { provider: "gemini", name: "Gemini 3 Pro Image" },
  "gemini-flash-latest": { provider: "gemini", name: "Gemini Flash (latest)" },
  "gemini-2.5-pro": { provider: "gemini", name: "Gemini 2.5 Pro" },
  "gemini-2.5-flash": { provider: "gemini", name: "Gemini 2.5 Flash" },
  "gemini-2.5-flash-lite": { provider: "gemini", name: "Gemini 2.5 Flash-Lite" },
} as const satisfies Record<string, Listing>;

/** A model as `GET /v1/models` tells of it. */
export interface KnownModel extends Listing {
  readonly id: string;
  /** The efforts it takes, lowest first; empty where it takes a number of tokens instead. */
  readonly efforts: readonly Effort[];
  readonly facts: ModelFacts;
}

/** The models worth listing, by provider; any other name may be called as well. */
export const knownModels: readonly KnownModel[] = Object.entries<Listing>(listings).map(([id, listing]) => {
  const facts = modelFacts(id);
  return { id, ...listing, efforts: "levels" in facts.dial ? facts.dial.levels : [], facts };
});
