/** The cache on Durable Objects: each team's keys are spread over sixteen shards of its own. */
import type { CacheShard } from "../teams/cache-shard.ts";
import type { CacheKey } from "./key.ts";
import type { CacheStore, Entry, Kept } from "./store.ts";

const digits = "0123456789abcdef";

export function durableCache(shards: DurableObjectNamespace<CacheShard>): CacheStore {
  // A stub belongs to the request that made it, so each call makes its own.
  const shard = (team: string, digit: string) => shards.getByName(shardName(team, digit));

  async function forgetIn(team: string, digit: string, what: Parameters<CacheStore["forget"]>[1]): Promise<number> {
    let forgotten = 0;
    for (let after: string | undefined = ""; after !== undefined; ) {
      const { count, next } = await shard(team, digit).forget(what, after);
      forgotten += count;
      after = next;
    }
    return forgotten;
  }

  return {
    get: async (team, key, now) => shard(team, digitOf(key)).get(key, now),
    async getMany(team, keys, now) {
      const found = new Map<CacheKey, Entry>();
      await Promise.all(
        [...Map.groupBy(new Set(keys), digitOf)].map(async ([digit, own]) => {
          const entries: readonly (Entry | undefined)[] = await shard(team, digit).getMany(own, now);
          for (const [index, key] of own.entries()) {
            const entry = entries[index];
            if (entry !== undefined) found.set(key, entry);
          }
        }),
      );
      return found;
    },
    put: async (team, key, entry, now) => shard(team, digitOf(key)).put(key, entry, now),
    async putMany(team, entries, now) {
      const groups: Map<string, Kept[]> = Map.groupBy(entries, ({ key }) => digitOf(key));
      await Promise.all([...groups].map(async ([digit, own]) => shard(team, digit).putMany(own, now)));
    },
    async forget(team, what) {
      const counts = await Promise.all([...digits].map((digit) => forgetIn(team, digit, what)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
  };
}

/** The shard of a key, or of all keys that begin like it. */
export function shardName(team: string, key: string): string {
  return `${team}/${key.charAt(0)}`;
}

function digitOf(key: CacheKey): string {
  return key.charAt(0);
}
