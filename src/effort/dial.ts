/**
 * A wish for reasoning in the words of one model (wire.md C.9). Where the model lacks the level, the next lower one
 * holds, then the next higher; who asked for any reasoning at all never falls to none. Without a wish nothing is added:
 * what a model does by itself is its provider's to choose.
 */
import { defined } from "../canon/json.ts";
import { type Effort, efforts, type ProtocolId, type ReasoningOptions } from "../canon/request.ts";
import type { Dial, ModelFacts } from "../models/catalog.ts";

/** The reasoning as the model takes it. Gemini's zero budget is mode `off`. */
export interface Dialled {
  readonly reasoning?: ReasoningOptions;
  /** Higher than it was where the reasoning would not have fit. */
  readonly maxOutput?: number;
  readonly changes: readonly Change[];
}

/** What became of a field: `change` is `dropped` or `from>to`. */
interface Change {
  readonly field: string;
  readonly change: string;
}

/** `maxOutput` is the bound of the answer, reasoning included. */
export function dial(
  facts: ModelFacts,
  protocol: ProtocolId,
  wanted: ReasoningOptions,
  maxOutput: number | undefined,
): Dialled {
  const spoken: readonly ProtocolId[] = protocols[facts.dial.style];
  const turn: Dial = spoken.includes(protocol) ? facts.dial : { style: "unknown" };
  const same = { reasoning: wanted, maxOutput, changes: [] };
  if (turn.style === "none") return { ...defined({ maxOutput }), changes: dropped(wanted) };
  if (wanted.effort === undefined && wanted.mode === undefined) return defined(same);
  const wish = wishOf(wanted, maxOutput ?? facts.maxOutput ?? usualMaxOutput);
  switch (turn.style) {
    case "unknown":
      return defined({ ...same, ...inWordsOf(protocol, wanted, wish) });
    case "effort":
      return defined({ ...same, ...atLevel(wish, forProtocol(turn.levels, protocol)) });
    case "level":
      return defined({ ...same, ...atLevel(wish, turn.levels) });
    case "adaptive":
      return defined({ ...same, ...adaptive(wish, turn) });
    case "budget":
      return defined({ ...same, ...withBudget(wish, facts.maxOutput ?? usualMaxOutput, maxOutput) });
    case "tokens":
      return defined({ ...same, ...withTokens(wish, turn) });
  }
}

/** Where each style has its words. Elsewhere (Claude behind a compatible server) the wish passes as it can be said. */
const protocols = {
  unknown: [],
  none: ["chat", "responses", "messages", "gemini"],
  effort: ["chat", "responses"],
  adaptive: ["messages"],
  budget: ["messages"],
  level: ["gemini"],
  tokens: ["gemini"],
} as const satisfies Record<Dial["style"], readonly ProtocolId[]>;

/** Tokens, of a model whose longest answer is not known. */
const usualMaxOutput = 32_000;

/** What is wanted, as one level: absent where reasoning was switched on with no word of how much. */
interface Wish {
  readonly wanted: ReasoningOptions;
  readonly effort?: Effort;
  /** Is the level our reading of a number of tokens? */
  readonly isRead: boolean;
}

function wishOf(wanted: ReasoningOptions, maxOutput: number): Wish {
  switch (wanted.mode) {
    case "off":
      return { wanted, effort: "none", isRead: false };
    case "budget":
      if (wanted.effort !== undefined || wanted.budget === undefined) break;
      return { wanted, effort: ofShare(wanted.budget / maxOutput), isRead: true };
    case "between_tools":
      return { wanted, effort: wanted.effort ?? "low", isRead: false };
    case "adaptive":
    case undefined:
      break;
  }
  return { wanted, ...defined({ effort: wanted.effort }), isRead: false };
}

/** The level of which a budget is the usual share of the answer. */
function ofShare(share: number): Effort {
  if (share <= 0) return "none";
  if (share <= 0.05) return "minimal";
  if (share <= 0.2) return "low";
  if (share <= 0.45) return "medium";
  return share <= 0.75 ? "high" : "xhigh";
}

/** The share of a model's longest answer that each level may think. */
const shares = {
  none: 0,
  minimal: 0.02,
  low: 0.1,
  medium: 0.3,
  high: 0.6,
  xhigh: 0.9,
  max: 0.95,
} as const satisfies Record<Effort, number>;

/** The least that Anthropic takes for a budget, and that is worth asking Gemini for. */
const leastBudget = 1024;

function forProtocol(levels: readonly Effort[], protocol: ProtocolId): readonly Effort[] {
  return protocol === "responses" ? levels : levels.filter((level) => level !== "max");
}

/** The level itself, else the next lower one of these, else the next higher. */
export function nearest(effort: Effort, levels: readonly Effort[]): Effort {
  const at = efforts.indexOf(effort);
  const lower = efforts.slice(effort === "none" ? 0 : 1, at + 1).reverse();
  return [...lower, ...efforts.slice(at + 1)].find((level) => levels.includes(level)) ?? effort;
}

function atLevel(wish: Wish, levels: readonly Effort[]): Dialled {
  const level = wish.effort && nearest(wish.effort, levels);
  const reasoning = defined({ effort: level, summary: wish.wanted.summary });
  return { reasoning, changes: changed(wish, level) };
}

/** The report, where the level is not what was said. */
function changed({ wanted, effort, isRead }: Wish, level: string | undefined): Change[] {
  if (isRead) return [{ field: "reasoning.budget", change: `${wanted.budget}>${level}` }];
  return effort === level ? [] : [{ field: "reasoning.effort", change: `${effort}>${level}` }];
}

function dropped({ effort, mode, summary }: ReasoningOptions): Change[] {
  if (effort === "none" || mode === "off") return [];
  if (effort !== undefined || mode !== undefined) return [{ field: "reasoning.effort", change: "dropped" }];
  return summary === undefined || summary === "none" ? [] : [{ field: "reasoning.summary", change: "dropped" }];
}

/** For a model of which no levels are known: only what the protocol has no words for is put into others. */
function inWordsOf(protocol: ProtocolId, wanted: ReasoningOptions, wish: Wish): Dialled {
  const { effort } = wish;
  const summary = defined({ summary: wanted.summary });
  switch (protocol) {
    case "chat":
    case "responses":
      return { reasoning: defined({ effort, ...summary }), changes: wish.isRead ? changed(wish, effort) : [] };
    case "messages":
      if (effort === "none") return { reasoning: { mode: "off", ...summary }, changes: [] };
      if (wanted.effort !== "minimal") break;
      return { reasoning: { ...wanted, effort: "low" }, changes: changed(wish, "low") };
    case "gemini":
      if (effort === "none") return { reasoning: { mode: "off", ...summary }, changes: [] };
  }
  return { reasoning: wanted, changes: [] };
}

type Adaptive = Extract<Dial, { style: "adaptive" }>;

function adaptive(wish: Wish, turn: Adaptive): Dialled {
  const { wanted, effort } = wish;
  if (effort === "none" && turn.off !== "never") return restrained(wanted, turn, turn.off);
  if (wanted.mode === "between_tools" && turn.off === "between_tools") return restrained(wanted, turn, turn.off);
  const level = effort && nearest(effort, turn.levels);
  const reasoning = defined({ mode: "adaptive" as const, effort: level, summary: wanted.summary });
  const mode = wanted.mode === "between_tools" ? [{ field: "reasoning.mode", change: "between_tools>adaptive" }] : [];
  return { reasoning, changes: [...mode, ...changed(wish, level)] };
}

/** Anthropic's effort also says how much to write: it outlives the thinking, up to the level that is allowed then. */
function restrained(wanted: ReasoningOptions, turn: Adaptive, mode: "off" | "between_tools"): Dialled {
  const wish: Wish = {
    wanted,
    ...defined({ effort: wanted.effort === "none" ? undefined : wanted.effort }),
    isRead: false,
  };
  const level = wish.effort && nearest(wish.effort, upTo(turn.levels, turn.offLimit ?? "max"));
  const swapped = mode === (wanted.mode ?? "off") ? [] : [{ field: "reasoning.effort", change: `none>${mode}` }];
  const reasoning = defined({ mode, effort: level, summary: wanted.summary });
  return { reasoning, changes: [...swapped, ...changed(wish, level)] };
}

function upTo(levels: readonly Effort[], limit: Effort): readonly Effort[] {
  return levels.filter((level) => efforts.indexOf(level) <= efforts.indexOf(limit));
}

/** Anthropic's number of tokens, which must stay below the bound of the answer: the bound makes room for it. */
function withBudget(wish: Wish, longest: number, maxOutput: number | undefined): Dialled {
  const { wanted, effort = "high" } = wish;
  const summary = defined({ summary: wanted.summary });
  if (effort === "none") return { reasoning: { mode: "off", ...summary }, changes: [] };
  const asked = wanted.mode === "budget" ? wanted.budget : undefined;
  const budget = Math.min(Math.max(asked ?? Math.floor(shares[effort] * longest), leastBudget), longest - 1);
  const changes = clamped(asked, budget);
  const reasoning: ReasoningOptions = { mode: "budget", budget, ...summary };
  if (maxOutput === undefined || maxOutput > budget) return { reasoning, changes };
  const raised = Math.min(longest, budget + maxOutput);
  return {
    reasoning,
    maxOutput: raised,
    changes: [...changes, { field: "maxOutput", change: `${maxOutput}>${raised}` }],
  };
}

function withTokens(wish: Wish, { least, most }: Extract<Dial, { style: "tokens" }>): Dialled {
  const { wanted, effort } = wish;
  const summary = defined({ summary: wanted.summary });
  if (effort === undefined) return { reasoning: summary, changes: [] };
  if (effort === "none") {
    if (least === 0) return { reasoning: { mode: "off", ...summary }, changes: [] };
    return {
      reasoning: { mode: "budget", budget: least, ...summary },
      changes: changed({ ...wish, isRead: false }, String(least)),
    };
  }
  const asked = wanted.mode === "budget" ? wanted.budget : undefined;
  const share = Math.max(Math.floor(shares[effort] * most), leastBudget);
  const budget = Math.min(Math.max(asked ?? share, least), most);
  return { reasoning: { mode: "budget", budget, ...summary }, changes: clamped(asked, budget) };
}

function clamped(asked: number | undefined, budget: number): Change[] {
  return asked === undefined || asked === budget ? [] : [{ field: "reasoning.budget", change: `${asked}>${budget}` }];
}
