/**
 * Who has a conversation whose other calls may have come to other isolates. That matters only where a route goes by time
 * or by price: by rendezvous every isolate comes to the same target. The others' word is asked for once, before the
 * first call of a conversation that this isolate has not seen, and waited for only so long; what there is to tell them
 * is told behind the answer's back.
 */
import type { Clock } from "../http/stream.ts";
import type { KeptAffinities } from "../stores/affinities.ts";
import { type Affinity, affinityTtlMs } from "./affinity.ts";
import type { Affinities } from "./affinity-memory.ts";
import type { Target, Way } from "./route.ts";

/** How long a call waits to hear who has its conversation. */
const mostWaitMs = 300;

/** A conversation that goes on is told of again once in so long, so that it is not forgotten elsewhere. */
const againMs = 3_600_000;

export interface Sharing {
  readonly affinities: Affinities;
  readonly keptAffinities: Pick<KeptAffinities, "get" | "put">;
  readonly clock: Clock;
  readonly waitUntil: (promise: Promise<unknown>) => void;
}

interface Place {
  readonly team: string;
  readonly conversation: string;
}

export interface Held {
  /**
   * Who has it so far. Never rejects.
   * @param isBegun may somebody have answered it before?
   */
  known(isBegun: boolean): Promise<Affinity | undefined>;
  /** @param items how many items the request had */
  answered(target: Target, items: number, now: number): void;
}

export function affinityOf(place: Place, way: Pick<Way, "strategy" | "candidates">, sharing: Sharing): Held {
  const { team, conversation } = place;
  const { affinities } = sharing;
  const isShared = (way.strategy === "fastest" || way.strategy === "cheapest") && way.candidates.length > 1;
  return {
    async known(isBegun) {
      const seen = affinities.of(team, conversation);
      return seen === undefined && isShared && isBegun ? heard(place, sharing) : seen;
    },
    answered(target, items, now) {
      const before = affinities.of(team, conversation);
      const next = affinities.answered(team, conversation, target, items, now);
      if (isShared && isNews(before, next)) tell(place, next, sharing);
    },
  };
}

async function heard({ team, conversation }: Place, sharing: Sharing): Promise<Affinity | undefined> {
  const { affinities, keptAffinities, clock } = sharing;
  const asked = keptAffinities.get(team, conversation, clock.now()).catch((cause) => failed(cause));
  const record = await Promise.race([asked, clock.wait(mostWaitMs).then(() => undefined)]);
  if (record === undefined) return undefined;
  const affinity = JSON.parse(record) as Affinity;
  affinities.learn(team, conversation, affinity);
  return affinity;
}

function tell({ team, conversation }: Place, affinity: Affinity, { keptAffinities, waitUntil }: Sharing): void {
  const record = JSON.stringify(affinity);
  waitUntil(keptAffinities.put(team, conversation, record, affinity.at + affinityTtlMs).catch(failed));
}

function failed(cause: unknown): undefined {
  console.error("affinity", cause);
}

function isNews(before: Affinity | undefined, next: Affinity): boolean {
  if (before === undefined) return true;
  const period = ({ at }: Affinity): number => Math.floor(at / againMs);
  return period(before) !== period(next) || JSON.stringify(before.segments) !== JSON.stringify(next.segments);
}
