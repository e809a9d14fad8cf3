/** Who has which conversation, as this isolate has seen it: each team's apart, the longest unused forgotten first. */
import { type Affinity, answeredBy } from "./affinity.ts";
import type { Target } from "./route.ts";

const mostConversations = 20_000;

export interface Affinities {
  of(team: string, conversation: string): Affinity | undefined;
  /** Takes what is known elsewhere of a conversation that this isolate has not seen. */
  learn(team: string, conversation: string, affinity: Affinity): void;
  /**
   * The record as it is now.
   * @param items how many items the request had
   */
  answered(team: string, conversation: string, target: Target, items: number, now: number): Affinity;
}

export function affinityMemory(): Affinities {
  const known = new Map<string, Affinity>();
  const nameOf = (team: string, conversation: string): string => `${team}/${conversation}`;

  function put(name: string, affinity: Affinity): void {
    known.delete(name);
    if (known.size >= mostConversations) known.delete(known.keys().next().value ?? "");
    known.set(name, affinity);
  }

  return {
    of: (team, conversation) => known.get(nameOf(team, conversation)),
    learn: (team, conversation, affinity) => put(nameOf(team, conversation), affinity),
    answered(team, conversation, target, items, now) {
      const name = nameOf(team, conversation);
      const next = answeredBy(target, items, known.get(name), now);
      put(name, next);
      return next;
    },
  };
}
