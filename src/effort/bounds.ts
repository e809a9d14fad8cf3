/** What a level becomes between the team's floor and ceiling, on a model that takes only some levels. */
import { type Effort, efforts } from "../canon/request.ts";
import { nearest } from "./dial.ts";

export interface Bounds {
  readonly floor?: Effort;
  readonly ceiling?: Effort;
}

/**
 * The nearest level that is allowed, and what stood in the way. The ceiling holds against a floor above it. Of a model
 * that takes nothing between the two, what it takes holds.
 */
export function bounded(
  level: Effort,
  { levels }: { readonly levels?: readonly Effort[] },
  { floor = "none", ceiling = "max" }: Bounds,
): { readonly level: Effort; readonly limit?: string } {
  const [least, most, wanted] = [rank(floor), rank(ceiling), rank(level)];
  const within = efforts[Math.min(Math.max(wanted, Math.min(least, most)), most)] ?? level;
  const limit = wanted > most ? `at most ${ceiling}` : `at least ${floor}`;
  const known = levels ?? [];
  if (known.length === 0) return within === level ? { level } : { level: within, limit };
  const allowed = known.filter((each) => rank(each) >= least && rank(each) <= most);
  const offered = allowed.length > 0 ? allowed : known;
  // Who asked for any reasoning does not fall to none, unless there is nothing else.
  const near = nearest(within, offered);
  const found = offered.includes(near) ? near : (offered[0] ?? near);
  if (found === level) return { level };
  return { level: found, limit: found === within ? limit : `the model takes no ${within}` };
}

function rank(level: Effort): number {
  return efforts.indexOf(level);
}
