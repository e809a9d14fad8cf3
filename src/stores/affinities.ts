/** Where it is kept who has which conversation, for isolates that have not seen it: each team's in an object of its own. */
import type { AffinityRecords } from "../teams/affinity-records.ts";

export interface KeptAffinities {
  /** The record as it was written; `undefined` where there is none, or no longer. */
  get(team: string, conversation: string, now: number): Promise<string | undefined>;
  /** @param expiresAt milliseconds since 1970, at most a day from now */
  put(team: string, conversation: string, record: string, expiresAt: number): Promise<void>;
  /** All of the team's. */
  forget(team: string): Promise<void>;
}

export function durableAffinities(objects: DurableObjectNamespace<AffinityRecords>): KeptAffinities {
  // A stub belongs to the request that made it, so each call makes its own.
  const object = (team: string) => objects.getByName(team);
  return {
    get: async (team, conversation, now) => object(team).get(conversation, now),
    put: async (team, conversation, record, expiresAt) => object(team).put(conversation, record, expiresAt),
    forget: async (team) => object(team).forget(),
  };
}
