/**
 * How much thinking a call is likely to need, from what the conversation shows: a log-linear model of ten weights. A
 * score of 0 is the thinking of an average call, each 0.7 doubles it. Fitted by test/bench/effort-fit.mjs on the
 * reasoning that coding agents spent, one project's; chosen for how it carries over to other projects, models and agents.
 */
import { isWork } from "./act.ts";
import type { Signals } from "./signals.ts";

/** Changes with any change of a decision: whoever re-derives old decisions must know by which version they were made. */
export const policyVersion = 1;

/** Natural logarithm of the expected thinking over the average call's. */
export function score(signals: Signals): number {
  let sum = bias;
  for (const { weight, of } of terms) sum += weight * of(signals);
  return sum;
}

/**
 * What the score lacks where the last answers show no reasoning at all. Most clients of Chat Completions carry none back,
 * and a first call has none yet: there the usual amount is taken, or all their calls would seem easy.
 */
export function unseen({ meanReasoning }: Signals): number {
  return meanReasoning > 0 ? 0 : usualReasoning;
}

/** What is there that weighs most, in words, weightiest first: for much thinking, or against it. */
export function because(signals: Signals, isFor: boolean, most: number): string[] {
  const pulls: { pull: number; words: Term["words"] }[] = [];
  for (const { weight, of, usual, words } of terms) {
    const value = of(signals);
    const pull = (isFor ? weight : -weight) * (value - usual);
    if (value > 0 && pull > leastPull) pulls.push({ pull, words });
  }
  pulls.sort((one, other) => other.pull - one.pull);
  return pulls.slice(0, most).map(({ words }) => words(signals));
}

/** What pulls less is no reason. */
const leastPull = 0.15;

interface Term {
  readonly name: string;
  readonly weight: number;
  /** The mean of the term over the calls that it was fitted on. */
  readonly usual: number;
  of(signals: Signals): number;
  words(signals: Signals): string;
}

/** Brings the expectation of the average call to itself. */
const bias = -2.49;

/**
 * Lengths count by their logarithm: ten times as much to read is no ten times as much to think about. Below `few` all are
 * alike, and above `many` too: most of a long paste is passed over.
 */
function lengthTerm(length: number, few: number, many: number): number {
  return Math.log1p(Math.min(length, many) / few);
}

export const terms: readonly Term[] = [
  {
    name: "turnStart",
    weight: 0.91,
    usual: 0.1,
    of: ({ isTurnStart }) => Number(isTurnStart),
    words: ({ answers }) => (answers === 0 ? "the first call" : "a new user turn"),
  },
  {
    name: "prompt",
    weight: 0.31,
    usual: 0.44,
    of: ({ isTurnStart, prompt }) => (isTurnStart ? lengthTerm(prompt.length, 1, 2000) : 0),
    words: ({ prompt }) => `a prompt of ${sized(prompt.length)}`,
  },
  {
    name: "news",
    weight: 0.6,
    usual: 0.63,
    of: ({ isTurnStart, news }) => (isTurnStart ? 0 : lengthTerm(news, 1000, 16_000)),
    words: ({ news }) => `${sized(news)} of new text`,
  },
  {
    name: "done",
    weight: -0.42,
    usual: 0.32,
    of: ({ isTurnStart, act, hasFailed }) => Number(!isTurnStart && !hasFailed && isWork(act)),
    words: ({ act }) => (act === "edit" ? "an edit went through" : `a ${act} passed`),
  },
  {
    name: "failed",
    weight: 0.46,
    usual: 0.02,
    of: ({ isTurnStart, act, hasFailed }) => Number(!isTurnStart && hasFailed && act !== "edit" && isWork(act)),
    words: ({ act }) => `a ${act} failed`,
  },
  {
    name: "wait",
    weight: -1.45,
    usual: 0,
    of: ({ isTurnStart, act }) => Number(!isTurnStart && act === "wait"),
    words: () => "waiting for a command",
  },
  {
    name: "answered",
    weight: 0.7,
    usual: 0.01,
    of: ({ isTurnStart, act }) => Number(!isTurnStart && (act === "ask" || act === "plan" || act === "agent")),
    words: ({ act }) => (act === "agent" ? "another agent reported" : "the user answered"),
  },
  {
    name: "lookShare",
    weight: 0.75,
    usual: 0.42,
    of: ({ lookShare }) => lookShare,
    words: ({ lookUpsInRow, lookShare }) => {
      if (lookUpsInRow > 1) return `${lookUpsInRow} look-ups in a row`;
      return lookShare > 0.5 ? "mostly looking things up" : "few look-ups";
    },
  },
  {
    name: "reasoning",
    weight: 0.32,
    usual: 2.41,
    of: ({ meanReasoning }) => lengthTerm(meanReasoning, 15, Number.POSITIVE_INFINITY),
    words: ({ meanReasoning }) => (meanReasoning > usualLength ? "much thinking of late" : "little thinking of late"),
  },
  {
    name: "turnReasoning",
    weight: 0.1,
    usual: 2.3,
    of: ({ turnReasoning }) => lengthTerm(turnReasoning, 15, Number.POSITIVE_INFINITY),
    words: ({ turnReasoning }) =>
      turnReasoning > 1000 ? "much thinking in this turn" : "little thinking in this turn",
  },
];

/** Characters of reasoning of which the term has its usual value. */
const usualLength = 150;

const ofReasoning: ReadonlySet<string> = new Set(["reasoning", "turnReasoning"]);

const usualReasoning = terms
  .filter(({ name }) => ofReasoning.has(name))
  .reduce((sum, { weight, usual }) => sum + weight * usual, 0);

function sized(length: number): string {
  return length < 1000 ? `${length} characters` : `${Math.round(length / 1000)}k characters`;
}
