/** Where answers are kept. Two engines behind one contract: Durable Object shards of each team, and Upstash Redis. */
import type { ProtocolId } from "../canon/request.ts";
import type { Usage } from "../canon/usage.ts";
import type { CacheKey } from "./key.ts";

/** An answer as its provider sent it, whole and properly ended. */
export interface Entry {
  readonly body: Uint8Array;
  readonly about: About;
}

export interface About {
  /** `application/json` or `text/event-stream`. */
  readonly type: string;
  readonly protocol: ProtocolId;
  readonly provider: string;
  readonly model: string;
  readonly usage: Usage;
  /** Nano-dollars that it cost when it was made; absent where no price is known. */
  readonly cost?: number;
  /** Milliseconds since 1970. */
  readonly storedAt: number;
  readonly expiresAt: number;
  readonly tags: readonly string[];
}

/** What is to be forgotten of a team: everything where nothing is said. */
export interface Forget {
  /** `provider/model`. */
  readonly model?: string;
  readonly tag?: string;
}

/** An entry and where it is kept. */
export interface Kept {
  readonly key: CacheKey;
  readonly entry: Entry;
}

/**
 * Times are milliseconds since 1970. An entry is found whole or not at all, as it was put last. A team has so much room:
 * what was not asked for the longest makes way.
 */
export interface CacheStore {
  /** The entry, unless it has expired. */
  get(team: string, key: CacheKey, now: number): Promise<Entry | undefined>;
  /** Those that are there, with one look-up for all keys of a shard. */
  getMany(team: string, keys: readonly CacheKey[], now: number): Promise<ReadonlyMap<CacheKey, Entry>>;
  /** One that is larger than an engine keeps, or that has expired, is not put. */
  put(team: string, key: CacheKey, entry: Entry, now: number): Promise<void>;
  putMany(team: string, entries: readonly Kept[], now: number): Promise<void>;
  /** How many entries are gone. */
  forget(team: string, what: Forget): Promise<number>;
}

/** Larger answers are not kept. */
export const mostBytes = 1024 * 1024;
