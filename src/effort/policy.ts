/**
 * How hard a call shall think, who chose it, and why. A pure function of the request and the policy: no clock, no chance,
 * no memory. The same prefix of a conversation gives the same decision for ever, or `policyVersion` changes.
 */
import type { Obj } from "../canon/json.ts";
import type { Effort, ProtocolId } from "../canon/request.ts";
import { bounded } from "./bounds.ts";
import { type Choice, choose } from "./choice.ts";
import { savedTokens } from "./saving.ts";
import { policyVersion } from "./score.ts";
import { type CachePrices, sessionChoice } from "./session.ts";
import { eachSignals, signalsOf, turnSignals } from "./signals.ts";
import type { Switching } from "./switching.ts";

export interface EffortRequest {
  readonly protocol: ProtocolId;
  /** In its own protocol's words, parsed. */
  readonly body: Obj;
  /** What the caller asked for; `auto` leaves it to us. */
  readonly asked?: Effort | "auto";
  /** The levels that the target's model takes; absent where they are not known. */
  readonly levels?: readonly Effort[];
  readonly switching: Switching;
  /** Where changes are costly: what one costs. Absent, none is worth it. */
  readonly prices?: CachePrices;
  /** What the model does when nothing is asked of it, where that is known: what advice is held against. */
  readonly usual?: Effort;
}

export interface EffortPolicy {
  /** `advise` decides and changes nothing, `fill` speaks where the caller did not, `override` always. */
  readonly mode: "off" | "advise" | "fill" | "override";
  /** With `override`: this one, whatever the conversation shows. */
  readonly level?: Effort;
  readonly floor?: Effort;
  readonly ceiling?: Effort;
  /** Where nothing else chooses. */
  readonly default?: Effort;
  /**
   * Added to the three cut points (`thrift`): above 0 a call must need more thinking to get it. It moves with a team's
   * spending, so it counts only where a change of effort leaves the prompt cache alone: elsewhere the calls of before
   * would be decided anew, and one prompt read again costs more than all that less thinking saves.
   */
  readonly cutShift?: number;
  /** What the reasoning of a call may be expected to take. */
  readonly latencyMs?: number;
  /** Nano-dollars that getting out of a failing loop is worth, where that is more than the calls it would take. */
  readonly escalationNano?: number;
}

export interface Decision {
  readonly level: Effort;
  /** Who chose, before floor, ceiling and the model's list had their say. */
  readonly by: "team" | "request" | "rule" | "score" | "default";
  /** In plain words, weightiest first. */
  readonly reasons: readonly string[];
  readonly policy: number;
  /** How much thinking the call is likely to need (score.ts); 0 where the conversation was not read. */
  readonly score: number;
  /** `from>to`, where what was chosen could not be. */
  readonly changed?: string;
  /** Only what would have been chosen: the request is to stay as it is. */
  readonly isAdvice: boolean;
  /** Of advice: tokens of reasoning that it may be expected to save; below 0 where it asks for more. */
  readonly saves?: number;
}

/** Undefined where nobody chooses: then the request stays as it is. */
export function decide(request: EffortRequest, policy: EffortPolicy): Decision | undefined {
  const { asked } = request;
  const adapts = asked === "auto" || policy.mode !== "off";
  const isAdvice = policy.mode === "advise" && asked !== "auto";
  if (policy.mode === "override" && policy.level !== undefined) return fixed("team", policy.level, request, policy);
  if (asked !== undefined && asked !== "auto" && policy.mode !== "override" && !isAdvice) {
    return fixed("request", asked, request, policy);
  }
  const choice = adapts ? adapted(request, policy) : undefined;
  if (choice !== undefined) return settled(choice, request, policy, isAdvice);
  const level = policy.default ?? (adapts ? "medium" : undefined);
  return level === undefined || isAdvice ? undefined : fixed("default", level, request, policy);
}

/**
 * As a header says it: `high; because="2 failed test or build runs in a row"; policy=1`. Advice begins with its name and
 * ends with what it would have saved: `advice low; because="an edit went through"; policy=1; saves=72`.
 */
export function say({ level, reasons, policy, isAdvice, saves }: Decision): string {
  const because = reasons
    .join(", ")
    .replace(/[^ -~]/g, "?")
    .replace(/["\\]/g, "'");
  const told = `${level}; because="${because}"; policy=${policy}`;
  return `${isAdvice ? "advice " : ""}${told}${saves === undefined ? "" : `; saves=${saves}`}`;
}

/** A level that holds from the answer on that stands, or would stand, at an entry of the conversation. */
export interface Position {
  readonly at: number;
  readonly level: Effort;
}

/**
 * Where the level is set or changes within the conversation, for models that take that in-band. Each position follows
 * from what stands before it alone: whoever inserts them again on every later request sends the same prefix again. The
 * policy must be the one that the conversation began with.
 */
export function positions(request: EffortRequest, policy: EffortPolicy): Position[] {
  const found: Position[] = [];
  const limits = steady(request, policy);
  let before: Effort | undefined;
  for (const signals of eachSignals(request.protocol, request.body)) {
    if (request.switching === "in_band_turns" && !signals.isTurnStart && found.length > 0) continue;
    const chosen = choose(request, limits, signals).level;
    if (chosen === before) continue;
    before = chosen;
    const { level } = bounded(chosen, request, policy);
    if (found.at(-1)?.level !== level) found.push({ at: signals.at, level });
  }
  return found;
}

function adapted(request: EffortRequest, policy: EffortPolicy): Choice | undefined {
  const { protocol, body, switching } = request;
  const limits = steady(request, policy);
  if (switching === "costly") return sessionChoice(request, limits);
  const signals = switching === "in_band_turns" ? turnSignals(protocol, body) : signalsOf(protocol, body);
  return signals && choose(request, limits, signals);
}

/** The policy without what may be another at the next call, where what was decided before must be decided again. */
function steady({ switching }: EffortRequest, policy: EffortPolicy): EffortPolicy {
  if (switching === "neutral" || policy.cutShift === undefined) return policy;
  const { cutShift: _, ...kept } = policy;
  return kept;
}

function fixed(by: Decision["by"], level: Effort, request: EffortRequest, policy: EffortPolicy): Decision {
  return settled({ level, by, why: () => [because[by] ?? ""], score: 0 }, request, policy, false);
}

const because: Partial<Record<Decision["by"], string>> = {
  team: "set by the team",
  request: "asked for",
  default: "the default",
};

function settled(choice: Choice, request: EffortRequest, policy: EffortPolicy, isAdvice: boolean): Decision {
  const { by, score } = choice;
  const { level, limit } = bounded(choice.level, request, policy);
  const reasons = limit === undefined ? choice.why() : [...choice.why(), limit];
  const saves = isAdvice ? { saves: savedTokens(adviceAgainst(request), level, score) } : {};
  const decision = { level, by, reasons, policy: policyVersion, score, isAdvice, ...saves };
  return level === choice.level ? decision : { ...decision, changed: `${choice.level}>${level}` };
}

/** What the call runs at without the advice. */
function adviceAgainst({ asked, usual = "medium" }: EffortRequest): Effort {
  return asked === undefined || asked === "auto" ? usual : asked;
}
