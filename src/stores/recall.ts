/** Where sealed tokens are kept that are too long to ride through a caller: each team's in an object of its own. */
import type { Recall } from "../teams/recall.ts";

export interface KeptTokens {
  /** @param at milliseconds since 1970 */
  keep(team: string, name: string, token: string, at: number): Promise<void>;
  /** Those of the named tokens that are kept for this team, by name. */
  recall(team: string, names: readonly string[], now: number): Promise<ReadonlyMap<string, string>>;
}

export function durableTokens(objects: DurableObjectNamespace<Recall>): KeptTokens {
  // A stub belongs to the request that made it, so each call makes its own.
  const object = (team: string) => objects.getByName(team);
  return {
    async keep(team, name, token, at) {
      await object(team).keep(name, token, at);
    },
    async recall(team, names, now) {
      return new Map(Object.entries(await object(team).recall(names, now)));
    },
  };
}
