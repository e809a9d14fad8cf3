/**
 * How strong a model the turn of a conversation needs, for routes that choose by it. Told from the turn's start: all
 * calls of its loop get the same answer, and so does any later one that reads the same prefix.
 */
import type { Obj } from "../canon/json.ts";
import { type Effort, efforts, type ProtocolId } from "../canon/request.ts";
import { choose } from "./choice.ts";
import { eachSignals, instructionsOf, type Signals } from "./signals.ts";
import { errand, wantsTitle } from "./words.ts";

export interface Tier {
  /** From 0, the cheapest model of a route, to 1, the strongest. */
  readonly share: number;
  /** Within a loop, or at a turn that only goes on with the one before: the conversation stays where it is. */
  readonly isHeld: boolean;
  /** A question about the conversation (its title), which says nothing of where the conversation is. */
  readonly isAside: boolean;
}

export function tierOf(protocol: ProtocolId, body: Obj): Tier {
  const all = eachSignals(protocol, body);
  const last = all.at(-1);
  if (last === undefined) return { share: shareOf("medium"), isHeld: false, isAside: false };
  // The acknowledgement of a plan begins a turn as hard as the plan: it is no cheap one.
  const begins = (signals: Signals): boolean => signals.isTurnStart && errand(signals.prompt) === undefined;
  const start = all.findLast(begins);
  const level = start === undefined ? "medium" : choose({ protocol, body }, {}, start).level;
  const isAside = last.answers === 0 && wantsTitle(instructionsOf(protocol, body), last.prompt);
  return { share: shareOf(level), isHeld: last !== start && all.length > 1, isAside };
}

/** The levels that a score gives, evenly from end to end. */
function shareOf(level: Effort): number {
  const [least, most] = [efforts.indexOf("low"), efforts.indexOf("xhigh")];
  return Math.min(1, Math.max(0, (efforts.indexOf(level) - least) / (most - least)));
}
