/** Calls in the air on Durable Objects: the shard that keeps a key's answer also makes the call for it. */
import type { CacheShard } from "../teams/cache-shard.ts";
import { shardName } from "./durable.ts";
import type { Joining } from "./join.ts";

/** @param keeps do the shards keep the answers too? Not where those are in Redis. */
export function durableJoining(shards: DurableObjectNamespace<CacheShard>, keeps: boolean): Joining {
  return {
    keeps,
    join: async (team, boarding) => shards.getByName(shardName(team, boarding.key)).join(boarding),
    part: async (team, key, share) => shards.getByName(shardName(team, key)).part(share),
  };
}
