/** The cache on Durable Objects: each team's keys are spread over sixteen shards of its own. */
import type { CacheShard } from "../teams/cache-shard.ts";
import type { CacheStore } from "./store.ts";

const digits = "0123456789abcdef";

export function durableCache(shards: DurableObjectNamespace<CacheShard>): CacheStore {
  // A stub belongs to the request that made it, so each call makes its own.
  const shard = (team: string, digit: string) => shards.getByName(`${team}/${digit}`);
  return {
    get: async (team, key, now) => shard(team, key.charAt(0)).get(key, now),
    put: async (team, key, entry, now) => shard(team, key.charAt(0)).put(key, entry, now),
    async forget(team, what) {
      const counts = await Promise.all([...digits].map(async (digit) => shard(team, digit).forget(what)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
  };
}
