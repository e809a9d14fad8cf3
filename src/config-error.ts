/** What is wrong with the settings: every mistake at once, each with its place and its fix. */

/** One mistake. None of its members ever holds a setting's value: that may be a credential. */
export interface Problem {
  /** The setting, and the member within it: `PROVIDERS.local.speaks[0]`. */
  readonly path: string;
  readonly message: string;
  readonly fix: string;
}

/** The settings cannot be used. Its message is for the operator, several lines long, and safe to print. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const lines = problems.map((problem) => `  ${problem.path}: ${problem.message}\n    Fix: ${problem.fix}`);
    super(
      `The configuration has ${problems.length === 1 ? "a mistake" : `${problems.length} mistakes`}:\n${lines.join("\n")}`,
    );
    this.problems = problems;
  }
}

/** The fix for a name that nobody knows: the known one that was probably meant, else all of them. */
export function fixName(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  return meant === undefined
    ? `Remove it; known here are ${known.join(", ")}.`
    : `Did you mean ${meant}? Else remove it.`;
}

/** The known name that differs from this one by at most a third of its letters. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((left, right) => left.distance - right.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= Math.max(1, Math.floor(name.length / 3)) ? best.candidate : undefined;
}

/** Levenshtein's distance: the fewest letters to insert, remove or replace. */
function distance(left: string, right: string): number {
  const lines = [...left].reduce(nextLine, { right, distances: [...right, ""].map((_, column) => column) });
  return lines.distances[right.length] ?? 0;
}

interface Line {
  readonly right: string;
  /** From what was read of the left word to each beginning of the right one. */
  readonly distances: readonly number[];
}

function nextLine({ right, distances }: Line, letter: string): Line {
  const next = [(distances[0] ?? 0) + 1];
  for (const [column, other] of [...right].entries()) {
    const replaced = (distances[column] ?? 0) + (letter === other ? 0 : 1);
    next.push(Math.min(replaced, (distances[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
  }
  return { right, distances: next };
}
