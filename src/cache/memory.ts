/**
 * A small memory of an isolate in front of where answers are kept: plain bytes only, since nothing else may cross from
 * one request to another. What was forgotten elsewhere lives on here for a few seconds at the most.
 */
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

  return {
    before: (store) => ({
      async get(team, key, now) {
        const name = `${team}/${key}`;
        const known = entries.get(name);
        if (known !== undefined && now < known.until) return known.entry;
        drop(name);
        const found = await store.get(team, key, now);
        if (found !== undefined) remember(name, found, now);
        return found;
      },
      async put(team, key, entry, now) {
        drop(`${team}/${key}`);
        await store.put(team, key, entry, now);
      },
      async forget(team, what) {
        for (const name of [...entries.keys()]) if (name.startsWith(`${team}/`)) drop(name);
        return store.forget(team, what);
      },
    }),
  };
}
