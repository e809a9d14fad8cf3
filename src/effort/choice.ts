/** Which level a call gets by what its conversation shows: rules first, then the score and its cut points. */
import type { Obj } from "../canon/json.ts";
import type { Effort, ProtocolId } from "../canon/request.ts";
import { pathOf } from "./act.ts";
import { averageTokens, multiples } from "./saving.ts";
import { because, score, unseen } from "./score.ts";
import { instructionsOf, type Signals } from "./signals.ts";
import { errand, wantsTitle } from "./words.ts";

export interface Choice {
  readonly level: Effort;
  readonly by: "team" | "request" | "rule" | "score" | "default";
  readonly score: number;
  /** In plain words, weightiest first. */
  why(): readonly string[];
}

interface Asking {
  readonly protocol: ProtocolId;
  readonly body: Obj;
  readonly levels?: readonly Effort[];
}

interface Limits {
  readonly cutShift?: number;
  readonly latencyMs?: number;
}

/** The level for the next answer alone. */
export function choose(asking: Asking, limits: Limits, signals: Signals): Choice {
  const need = score(signals);
  const expected = need + unseen(signals);
  const rated = levelOf(expected - (limits.cutShift ?? 0));
  const rule = ruled(asking, signals, rated);
  if (rule !== undefined) return { ...rule, by: "rule", score: need };
  const level = inTime(rated, expected, limits.latencyMs);
  const why = () => {
    const reasons = because(signals, level === "high" || level === "xhigh", mostReasons);
    if (level !== rated) return ["to be in time", ...reasons];
    return reasons.length > 0 ? reasons : ["nothing out of the usual"];
  };
  return { level, by: "score", score: need, why };
}

/**
 * The level of a conversation that had better not change it: it holds easy calls and hard ones, so its start decides
 * only between the two middle levels.
 */
export function chooseForSession(asking: Asking, limits: Limits, start: Signals): Choice {
  const choice = choose(asking, limits, start);
  if (isTitle(asking, start)) return choice;
  const middle = choice.level === "low" || choice.level === "medium" ? "medium" : "high";
  const level = inTime(middle, averageNeed, limits.latencyMs);
  return { ...choice, level, why: () => [...choice.why(), "for the whole session, since a change costs its cache"] };
}

/** The score of an average call, which is what a session holds. */
const averageNeed = 0;

/**
 * How far a team's spending moves the cut points: not at all until half of its budget is spent, from there to where a
 * call must need twice as much. `spent` is a share of the budget.
 */
export function thrift(spent: number): number {
  return Math.max(0, Math.min(1, 2 * spent - 1)) * Math.LN2;
}

/**
 * Scores from which on a level is chosen. High begins below the average call, which is where half of all calls lie: most
 * of them need next to nothing, and starving a hard one costs more than the tokens of three easy ones.
 */
const cuts = { medium: -1.25, high: -0.65, xhigh: 1.8 } as const;

function levelOf(need: number): Effort {
  if (need < cuts.medium) return "low";
  if (need < cuts.high) return "medium";
  return need < cuts.xhigh ? "high" : "xhigh";
}

const mostReasons = 3;

function ruled(asking: Asking, signals: Signals, rated: Effort): Pick<Choice, "level" | "why"> | undefined {
  const { failures, isPlanning, isTurnStart, prompt, edits } = signals;
  if (isTitle(asking, signals)) {
    return { level: asking.levels === undefined ? "low" : "none", why: () => ["a title or a summary in a line"] };
  }
  const atLeastHigh = rated === "xhigh" ? rated : "high";
  if (failures >= 2) {
    return { level: atLeastHigh, why: () => [`${failures} failed test or build runs in a row`, ...editing(edits)] };
  }
  if (isPlanning) return { level: atLeastHigh, why: () => ["plan mode"] };
  const small = isTurnStart ? errand(prompt) : undefined;
  return small && { level: "low", why: () => [small === "chore" ? "a chore" : "an acknowledgement"] };
}

function isTitle({ protocol, body }: Asking, { answers, prompt }: Signals): boolean {
  return answers === 0 && wantsTitle(instructionsOf(protocol, body), prompt);
}

function editing(edits: Signals["edits"]): string[] {
  const files = new Set(edits.map((input) => pathOf(input))).size;
  return files === 0 ? [] : [`editing ${files} ${files === 1 ? "file" : "files"}`];
}

/** The levels that a score may give, highest first. */
const rateable: readonly Effort[] = ["xhigh", "high", "medium", "low"];

/** How long a token of reasoning takes (GPT-5.5 in Codex). */
const tokenMs = 19.6;

/** The highest level, up to the chosen one, of which the expected reasoning takes no longer. */
function inTime(level: Effort, need: number, latencyMs: number | undefined): Effort {
  if (latencyMs === undefined) return level;
  const expectedMs = averageTokens * tokenMs * Math.exp(need);
  const from = rateable.indexOf(level);
  return rateable.slice(from).find((each) => multiples[each] * expectedMs <= latencyMs) ?? "low";
}
