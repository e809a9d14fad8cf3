/**
 * A small memory of an isolate in front of where answers are kept: plain bytes only, since nothing else may cross from
 * one request to another. What was forgotten elsewhere lives on here for a few seconds at the most.
 */
import type { CacheKey } from "./key.ts";
import type { CacheStore, Entry } from "./store.ts";

const rememberMs = 10_000;
const mostBytes = 8 * 1024 * 1024;

interface Remembered {
  readonly entry: Entry;
  readonly until: number;
}

export interface CacheMemory {
  /** The store with this memory before it. */
  before(store: CacheStore): CacheStore;
}

export function cacheMemory(): CacheMemory {
  const entries = new Map<string, Remembered>();
  let bytes = 0;
  // What is read while something is forgotten may be gone already.
  let forgettings = 0;

  function drop(name: string): void {
    bytes -= entries.get(name)?.entry.body.length ?? 0;
    entries.delete(name);
  }

  function remember(name: string, entry: Entry, now: number): void {
    drop(name);
    entries.set(name, { entry, until: Math.min(now + rememberMs, entry.about.expiresAt) });
    bytes += entry.body.length;
    for (const oldest of entries.keys()) {
      if (bytes <= mostBytes) return;
      drop(oldest);
    }
  }

  function known(name: string, now: number): Entry | undefined {
    const remembered = entries.get(name);
    if (remembered !== undefined && now < remembered.until) return remembered.entry;
    drop(name);
    return undefined;
  }

  async function getMany(
    store: CacheStore,
    team: string,
    keys: readonly CacheKey[],
    now: number,
  ): Promise<ReadonlyMap<CacheKey, Entry>> {
    const found = new Map<CacheKey, Entry>();
    const asked = keys.filter((key) => {
      const entry = known(nameOf(team, key), now);
      if (entry !== undefined) found.set(key, entry);
      return entry === undefined;
    });
    if (asked.length === 0) return found;
    const before = forgettings;
    for (const [key, entry] of await store.getMany(team, asked, now)) {
      found.set(key, entry);
      if (before === forgettings) remember(nameOf(team, key), entry, now);
    }
    return found;
  }

  return {
    before: (store) => ({
      get: async (team, key, now) => (await getMany(store, team, [key], now)).get(key),
      getMany: (team, keys, now) => getMany(store, team, keys, now),
      async put(team, key, entry, now) {
        drop(nameOf(team, key));
        await store.put(team, key, entry, now);
      },
      async putMany(team, kept, now) {
        for (const { key } of kept) drop(nameOf(team, key));
        await store.putMany(team, kept, now);
      },
      async forget(team, what) {
        forgettings++;
        for (const name of [...entries.keys()]) if (name.startsWith(`${team}/`)) drop(name);
        return store.forget(team, what);
      },
    }),
  };
}

function nameOf(team: string, key: CacheKey): string {
  return `${team}/${key}`;
}
