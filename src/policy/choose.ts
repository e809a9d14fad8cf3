/**
 * The targets of a call in the order to try: the one that has the conversation, then as the route's strategy says. Pure
 * but for what `health` remembers.
 */
import { type Affinity, holderOf } from "./affinity.ts";
import type { Health } from "./health.ts";
import { originOf } from "./origin.ts";
import { ranked } from "./rendezvous.ts";
import type { Candidate, Target, Way } from "./route.ts";
import type { Strategy } from "./route-table.ts";

export interface Circumstances {
  /** As `conversationOf` names it. */
  readonly conversation: string;
  /** Who has the conversation. Absent of a first call, or where the record was lost. */
  readonly affinity?: Affinity;
  /** May another model or provider answer where the first one fails? */
  readonly fallback: boolean;
  readonly health: Pick<Health, "admits" | "firstContentMs">;
  /** Nano-dollars that a call like this comes to there; `undefined` where no price is known. */
  readonly costOf: (target: Target) => number | undefined;
  /** With the strategy `effort`: how strong a target the turn needs, from 0 to 1, and whether the conversation stays. */
  readonly tier?: { readonly share: number; readonly isHeld: boolean };
}

/** What is ranked: a candidate under its account's name. */
interface Entrant extends Candidate {
  readonly origin: string;
}

/**
 * Targets that are known to be dead are left out, unless all are: a provider's own word is a better answer than none.
 *
 * @param random from 0 up to 1
 */
export function choose(way: Way, circumstances: Circumstances, now: number, random: () => number): Target[] {
  const { conversation, affinity, fallback, health } = circumstances;
  const entrants = way.candidates.map((candidate) => ({ ...candidate, origin: originOf(candidate.target) }));
  const healthy = entrants.filter(({ target }) => health.admits(target, now));
  const alike = ranked(conversation, healthy.length > 0 ? healthy : entrants);
  const ordered = inOrder(way.strategy, alike, circumstances, now, random);
  const holder = holderOf(affinity, now);
  const mayMove = way.strategy === "effort" && circumstances.tier?.isHeld === false;
  const staying = ordered.find(({ origin, rank }) => origin === holder && (!mayMove || rank === ordered[0]?.rank));
  const targets = (staying === undefined ? ordered : moveFirst(ordered, staying)).map(({ target }) => target);
  const [best] = targets;
  if (fallback || best === undefined) return targets;
  return targets.filter(({ provider, model }) => provider.id === best.provider.id && model === best.model);
}

/** @param alike by rendezvous, which decides where the strategy sees no difference, as between two credentials */
function inOrder(
  strategy: Strategy,
  alike: readonly Entrant[],
  { health, costOf, tier }: Circumstances,
  now: number,
  random: () => number,
): readonly Entrant[] {
  switch (strategy) {
    case "weighted":
      return alike;
    case "priority":
      return sortedBy(alike, ({ rank }) => rank);
    case "cheapest":
      return sortedBy(alike, ({ target }) => costOf(target) ?? Number.POSITIVE_INFINITY);
    case "fastest":
      return fasterOfTwo(alike, (target) => health.firstContentMs(target, now), random);
    case "effort":
      return byNeed(alike, tier?.share ?? 1);
  }
}

/** The place on the list that the need comes to, then those beside it, the stronger one first. */
function byNeed(alike: readonly Entrant[], share: number): readonly Entrant[] {
  const ranks = [...new Set(alike.map(({ rank }) => rank))].sort((one, other) => one - other);
  const wanted = Math.round(share * (ranks.length - 1));
  return sortedBy(alike, ({ rank }) => {
    const away = ranks.indexOf(rank) - wanted;
    return away > 0 ? 2 * away - 1 : -2 * away;
  });
}

function sortedBy(entrants: readonly Entrant[], number: (entrant: Entrant) => number): readonly Entrant[] {
  return entrants
    .map((entrant) => ({ entrant, by: number(entrant) }))
    .sort((one, other) => (one.by === other.by ? 0 : one.by - other.by))
    .map(({ entrant }) => entrant);
}

/**
 * The faster of two that chance names leads, so that isolates of one mind do not all run to the same target; the others
 * follow by their times.
 */
function fasterOfTwo(
  alike: readonly Entrant[],
  timeOf: (target: Target) => number,
  random: () => number,
): readonly Entrant[] {
  const byTime = sortedBy(alike, ({ target }) => timeOf(target));
  // Both are drawn from the list by time, so the faster is the one that stands before the other.
  const one = Math.floor(random() * byTime.length);
  const other = (one + 1 + Math.floor(random() * (byTime.length - 1))) % byTime.length;
  const faster = byTime[Math.min(one, other)];
  return faster === undefined ? byTime : moveFirst(byTime, faster);
}

function moveFirst(entrants: readonly Entrant[], first: Entrant): readonly Entrant[] {
  return [first, ...entrants.filter((each) => each !== first)];
}
