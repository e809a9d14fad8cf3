/** How much is measured: the whole of it, or a quick look that shows whether everything runs. */
import type { Measure } from "./measures.ts";

export interface Plan {
  readonly rounds: number;
  readonly starts: number;
  readonly streams: number;
  readonly holdMs: number;
  /** Of the milliseconds that each measure takes. */
  readonly share: number;
  /** No round begins later than this, and nothing runs longer than twice as long. */
  readonly limitMs: number;
}

const plans = {
  full: { rounds: 3, starts: 5, streams: 1000, holdMs: 5000, share: 1, limitMs: 330_000 },
  quick: { rounds: 1, starts: 1, streams: 200, holdMs: 1000, share: 0.35, limitMs: 45_000 },
} as const satisfies Record<string, Plan>;

export interface Choice {
  readonly plan: Plan;
  /** Words of which one stands in the id of each subject that is measured; none: all are. */
  readonly only: readonly string[];
}

/** Reads `--quick`, `--rounds N` and `--only WORD[,WORD]`. Gives a text where it cannot. */
export function readArguments(given: readonly string[]): Choice | string {
  let choice: Choice = { plan: plans.full, only: [] };
  for (let at = 0; at < given.length; at++) {
    const [name, value = ""] = [given[at], given[at + 1]];
    if (name === "--quick") choice = { ...choice, plan: plans.quick };
    else if (name === "--rounds" && /^[1-9]$/.test(value))
      choice = { ...choice, plan: { ...choice.plan, rounds: Number(value) } };
    else if (name === "--only" && value !== "") choice = { ...choice, only: value.split(",") };
    else return `${name} ${value} is not understood; --quick, --rounds 1 to 9 and --only word,word are.`;
    if (name !== "--quick") at += 1;
  }
  return choice;
}

export function shortened(measure: Measure, { share }: Plan): Measure {
  return { ...measure, ms: measure.ms * share };
}
