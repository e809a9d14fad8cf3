/** The store on Durable Objects keeps its contract, and what is its own: old data, rows written, restarts. */

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { durableStore } from "../../src/stores/durable.ts";
import { gathering } from "../../src/stores/gather.ts";
import type { Directory } from "../../src/teams/directory.ts";
import type { Team } from "../../src/teams/team.ts";
import { storeContract } from "../stores/contract.ts";

const { TEAM, DIRECTORY } = env as unknown as {
  TEAM: DurableObjectNamespace<Team>;
  DIRECTORY: DurableObjectNamespace<Directory>;
};
const wait = (ms: number): Promise<void> => scheduler.wait(Math.min(ms, 1));
const open = (clock: () => number) => durableStore({ teams: TEAM, directory: DIRECTORY }, gathering(wait), clock);

storeContract("durable objects", open);

const at = Date.UTC(2026, 9, 24, 12);
const store = open(() => at);
const record = (id: string) => ({ id, name: "t", created_at: at, settings: {} });
const key = { id: "key_a", hash: "h", prefix: "gbx_", name: "k", created_at: at, settings: {} };
const day = { meter: "team/day/2026-10-24", limit: 1000 };

function reservation(id: string, expiresAt: number) {
  const draft = { id, key: "key_a", at, protocol: "chat", asked: "m", provider: "p", model: "m" } as const;
  return { id, now: at, expiresAt, rates: [], lives: [], sums: [day], cost: { wanted: 300, least: 1 }, draft };
}

describe("a team's object", () => {
  it("of the first schema opens, with its calls", async () => {
    const stub = TEAM.getByName("oldoldoldold");
    await runInDurableObject(stub, (_, { storage }) => {
      storage.sql.exec(`
        CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
        CREATE TABLE usage (
          id TEXT PRIMARY KEY, at INTEGER NOT NULL, key TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
          state TEXT NOT NULL, status INTEGER NOT NULL, input INTEGER, cache_read INTEGER, cache_write INTEGER,
          output INTEGER, reasoning INTEGER, searches INTEGER
        ) STRICT, WITHOUT ROWID;
        INSERT INTO meta VALUES ('schema', 1);
        INSERT INTO usage VALUES ('c1', ${at}, 'hash', 'openai', 'gpt-5.5', 'settled', 200, 10, 2, NULL, 5, 1, NULL);
        INSERT INTO usage VALUES ('c2', ${at}, 'hash', 'openai', 'gpt-5.5', 'estimated', 200, NULL, NULL, NULL, NULL, NULL, NULL);
      `);
    });
    await store.adopt(record("oldoldoldold"), key);
    expect(await store.usage("oldoldoldold", { groupBy: ["model"] }, at)).toMatchObject([
      { model: "gpt-5.5", calls: 2, input: 10, cacheRead: 2, output: 5, estimated: 1, cost: 0 },
    ]);
    expect((await store.calls("oldoldoldold", undefined, 10)).items.map(({ id }) => id)).toEqual(["c2", "c1"]);
  });

  it("of a newer schema is left alone", async () => {
    const stub = TEAM.getByName("newnewnewnew");
    await store.createTeam(record("newnewnewnew"));
    await runInDurableObject(stub, (_, { storage }) => {
      storage.sql.exec("UPDATE meta SET value = 99 WHERE name = 'schema'");
    });
    await evictDurableObject(stub);
    await expect(store.reserve("newnewnewnew", reservation("1", at + 1000))).rejects.toThrow("store cannot be reached");
  });

  it("that is restarted still holds what it held, and its alarm settles what ran out", async () => {
    const id = "restarts0000";
    await store.createTeam(record(id));
    await store.reserve(id, reservation("1", at + 1000));
    await evictDurableObject(TEAM.getByName(id));
    expect((await store.levels(id, { rates: [], lives: [], sums: [day] }, at))[0]?.left).toBe(700);
    expect(await runDurableObjectAlarm(TEAM.getByName(id))).toBe(true);
    expect((await store.calls(id, undefined, 10)).items).toMatchObject([{ id: "1", isSwept: true, cost: 300 }]);
  });

  it("writes at most eight rows for a call with a budget of its key and two of its team", async () => {
    const id = "rowswritten0";
    await store.createTeam(record(id));
    const sums = ["key_a/day/2026-11-24", "team/day/2026-11-24", "team/total"].map((meter) => ({ meter, limit: 1e9 }));
    const written = await runInDurableObject(TEAM.getByName(id), async (team: Team, { storage }) => {
      const exec = storage.sql.exec.bind(storage.sql);
      let rows = 0;
      const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
      storage.sql.exec = ((query: string, ...bindings: SqlStorageValue[]) => {
        const cursor = exec(query, ...bindings);
        cursors.push(cursor);
        return cursor;
      }) as typeof storage.sql.exec;
      await team.reserve({ ...reservation("1", at + 60_000), sums });
      const { draft } = reservation("1", 0);
      const row = { ...draft, state: "settled", status: 200, usage: { input: 1, output: 1 }, cost: 5 } as const;
      await team.settle([{ row, sums, rates: [] }], at);
      for (const { rowsWritten } of cursors) rows += rowsWritten;
      storage.sql.exec = exec as typeof storage.sql.exec;
      return rows;
    });
    expect(written).toBeGreaterThan(3);
    expect(written).toBeLessThanOrEqual(8);
  });
});
