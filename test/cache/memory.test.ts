import { describe, expect, it } from "vitest";
import type { CacheKey } from "../../src/cache/key.ts";
import { cacheMemory } from "../../src/cache/memory.ts";
import type { CacheStore, Entry } from "../../src/cache/store.ts";

const now = Date.UTC(2026, 10, 24, 12);
const key = (number: number) => String(number).padStart(64, "0") as CacheKey;

function entry(size = 10, liveMs = 60_000): Entry {
  const about = { type: "application/json", protocol: "chat", provider: "p", model: "m", usage: {}, tags: [] } as const;
  return { body: new Uint8Array(size), about: { ...about, storedAt: now, expiresAt: now + liveMs } };
}

/** A store with these entries, for any team; it says what it was asked for. */
function shelf(entries: ReadonlyMap<CacheKey, Entry>) {
  const asked: CacheKey[][] = [];
  const store: CacheStore = {
    get: async (_, wanted) => entries.get(wanted),
    async getMany(_, keys) {
      asked.push([...keys]);
      return new Map(keys.flatMap((each) => (entries.has(each) ? [[each, entries.get(each) as Entry] as const] : [])));
    },
    put: async () => undefined,
    putMany: async () => undefined,
    forget: async () => 1,
  };
  return { store, asked };
}

describe("the isolate's memory of answers", () => {
  it("asks for what it does not know, once, and for each team by itself", async () => {
    const { store, asked } = shelf(new Map([1, 2].map((at) => [key(at), entry()])));
    const memory = cacheMemory();
    const front = () => memory.before(store);
    expect(await front().get("T1", key(1), now)).toEqual(entry());
    expect((await front().getMany("T1", [key(1), key(2), key(3)], now)).size).toBe(2);
    expect((await front().getMany("T1", [key(1), key(2)], now)).size).toBe(2);
    expect(await front().get("T2", key(1), now)).toEqual(entry());
    expect(asked).toEqual([[key(1)], [key(2), key(3)], [key(1)]]);
  });

  it("lets no entry outlive itself, nor its ten seconds", async () => {
    const { store, asked } = shelf(
      new Map([
        [key(1), entry(10, 5000)],
        [key(2), entry()],
      ]),
    );
    const front = cacheMemory().before(store);
    await front.getMany("T1", [key(1), key(2)], now);
    await front.getMany("T1", [key(1), key(2)], now + 4999);
    expect(asked).toHaveLength(1);
    await front.get("T1", key(1), now + 5000);
    await front.get("T1", key(2), now + 9999);
    await front.get("T1", key(2), now + 10_000);
    expect(asked.slice(1)).toEqual([[key(1)], [key(2)]]);
  });

  it.each<[string, (store: CacheStore) => Promise<unknown>]>([
    ["put", (store) => store.put("T1", key(1), entry(), now)],
    ["put with others", (store) => store.putMany("T1", [{ key: key(1), entry: entry() }], now)],
    ["forgotten", (store) => store.forget("T1", { tag: "any" })],
  ])("does not remember what was %s since", async (_, change) => {
    const { store, asked } = shelf(new Map([[key(1), entry()]]));
    const front = cacheMemory().before(store);
    await front.get("T1", key(1), now);
    await change(front);
    await front.get("T1", key(1), now);
    expect(asked).toHaveLength(2);
  });

  it("does not remember what was forgotten while it was read", async () => {
    const { store, asked } = shelf(new Map([[key(1), entry()]]));
    const front = cacheMemory().before(store);
    const reading = front.get("T1", key(1), now);
    await front.forget("T1", {});
    await reading;
    await front.get("T1", key(1), now);
    expect(asked).toHaveLength(2);
  });

  it("holds no more than eight megabytes", async () => {
    const all = Array.from({ length: 12 }, (_, at) => key(at));
    const { store, asked } = shelf(new Map(all.map((each) => [each, entry(1024 * 1024)])));
    const front = cacheMemory().before(store);
    await front.getMany("T1", all, now);
    await front.getMany("T1", all, now);
    expect(asked[1]).toEqual(all.slice(0, 4));
  });
});
