/** The cache on Durable Objects keeps the contract; and what is its own: alarms, slices, old data, rows written. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { durableCache } from "../../src/cache/durable.ts";
import type { CacheKey } from "../../src/cache/key.ts";
import { mostBytes } from "../../src/cache/store.ts";
import { mostShardBytes } from "../../src/teams/cache-rows.ts";
import type { CacheShard } from "../../src/teams/cache-shard.ts";
import { cacheContract, entry, filled, keyOf, newTeam, now } from "../cache/contract.ts";
import { rowsWritten } from "./objects.ts";

const { CACHE } = env as unknown as { CACHE: DurableObjectNamespace<CacheShard> };
const store = durableCache(CACHE);

cacheContract({ name: "Durable Objects", store, largest: mostBytes, room: mostShardBytes });

/** The shard of all keys of {@link keyOf}. */
const shardOf = (team: string) => CACHE.getByName(`${team}/a`);
const minute = 60_000;

function rows(team: string): Promise<number[]> {
  return runInDurableObject(shardOf(team), (_, { storage: { sql } }) =>
    ["entries", "chunks", "tags"].map((table) => sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one().n),
  );
}

const alarmOf = (team: string) => runInDurableObject(shardOf(team), (_, { storage }) => storage.getAlarm());
const prune = (team: string, time: number) => runInDurableObject(shardOf(team), (shard) => shard.prune(time));

it("asks each shard once for a whole batch, and puts a batch with one call to each", async () => {
  const asked: string[] = [];
  const namespace = {
    getByName(name: string) {
      asked.push(name.slice(-1));
      return CACHE.getByName(name);
    },
  } as typeof CACHE;
  const watched = durableCache(namespace);
  const team = newTeam();
  const keys = Array.from({ length: 200 }, (_, at) => `${(at % 5).toString(16)}${keyOf(at).slice(1)}` as CacheKey);
  await watched.putMany(
    team,
    keys.map((key) => ({ key, entry: entry() })),
    now,
  );
  expect(asked.splice(0).sort()).toEqual(["0", "1", "2", "3", "4"]);
  expect((await watched.getMany(team, keys, now)).size).toBe(200);
  expect(asked.sort()).toEqual(["0", "1", "2", "3", "4"]);
});

describe("a shard", () => {
  it("frees what has run out when its alarm rings, and rings again for what has not", async () => {
    const team = newTeam();
    await store.put(team, keyOf(1), entry({ body: filled(mostBytes), liveMs: minute, tags: ["a", "b"] }), now);
    await store.put(team, keyOf(2), entry({ liveMs: 5 * minute, tags: ["a"] }), now);
    expect([await alarmOf(team), await rows(team)]).toEqual([now + minute, [2, 3, 3]]);
    await prune(team, now + minute - 1);
    expect(await rows(team)).toEqual([2, 3, 3]);
    await prune(team, now + minute);
    expect([await alarmOf(team), await rows(team)]).toEqual([now + 5 * minute, [1, 1, 1]]);
    await prune(team, now + 5 * minute);
    expect(await rows(team)).toEqual([0, 0, 0]);
  });

  it("rings earlier for what runs out earlier, though not for every second", async () => {
    const team = newTeam();
    await store.put(team, keyOf(1), entry({ liveMs: 60 * minute }), now);
    await store.put(team, keyOf(2), entry({ liveMs: 60 * minute - 1000 }), now);
    expect(await alarmOf(team)).toBe(now + 60 * minute);
    await store.put(team, keyOf(3), entry({ liveMs: 2 * minute }), now);
    expect(await alarmOf(team)).toBe(now + 2 * minute);
  });

  it("frees slice after slice where much has run out at once", async () => {
    const team = newTeam();
    const kept = Array.from({ length: 1203 }, (_, at) => ({ key: keyOf(at), entry: entry({ liveMs: 1000 }) }));
    await store.putMany(team, kept, now);
    const left: unknown[] = [];
    for (let time = now + 1000; time < now + 4000; time += 1000) {
      await prune(team, time);
      left.push([(await rows(team))[0], await alarmOf(team)]);
    }
    expect(left.slice(0, 2)).toEqual([
      [703, now + 2000],
      [203, now + 3000],
    ]);
    expect((await rows(team))[0]).toBe(0);
  });

  it("of the first form opens, with its answers", async () => {
    const team = newTeam();
    const { body, about } = entry({ tags: ["old"] });
    await runInDurableObject(shardOf(team), (_, { storage: { sql } }) => {
      sql.exec(`
        CREATE TABLE entries (
          key TEXT PRIMARY KEY, about TEXT NOT NULL, model TEXT NOT NULL, bytes INTEGER NOT NULL,
          expires INTEGER NOT NULL, used INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE chunks (key TEXT NOT NULL, n INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (key, n))
          STRICT, WITHOUT ROWID;
        CREATE TABLE tags (tag TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (tag, key)) STRICT, WITHOUT ROWID;
      `);
      const row = [keyOf(1), JSON.stringify(about), "p/m", body.length, about.expiresAt, now];
      sql.exec("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", ...row);
      sql.exec("INSERT INTO chunks VALUES (?, 0, ?)", keyOf(1), body.slice().buffer);
      sql.exec("INSERT INTO tags VALUES ('old', ?)", keyOf(1));
    });
    expect(await store.get(team, keyOf(1), now)).toEqual({ body, about });
    expect(await store.forget(team, { tag: "old" })).toBe(1);
  });

  it("keeps nothing of what was put with an entry that cannot be written, and goes on counting right", async () => {
    const team = newTeam();
    const before = entry({ body: "before" });
    await store.put(team, keyOf(1), before, now);
    const wrong = entry({ body: filled(mostBytes), tags: [null as unknown as string] });
    const all = [
      { key: keyOf(1), entry: entry({ body: "after" }) },
      { key: keyOf(2), entry: wrong },
    ];
    // Often enough to fill the shard, had any of it stayed.
    const outcomes = await runInDurableObject(shardOf(team), (shard) =>
      Promise.all(Array.from({ length: 40 }, () => shard.putMany(all, now).then(String, () => "failed"))),
    );
    expect(new Set(outcomes)).toEqual(new Set(["failed"]));
    await store.put(team, keyOf(3), entry({ tags: ["a"] }), now + minute);
    expect(await store.get(team, keyOf(1), now)).toEqual(before);
    expect(await rows(team)).toEqual([2, 2, 1]);
  });

  it("writes no more rows for an answer than it has parts and names", async () => {
    const team = newTeam();
    const written = await runInDurableObject(shardOf(team), async (shard: CacheShard, { storage }) => {
      await shard.put(keyOf(0), entry(), now);
      return rowsWritten(storage, () => shard.put(keyOf(1), entry(), now));
    });
    expect(written).toBeGreaterThan(1);
    expect(written).toBeLessThanOrEqual(4);
  });
});
