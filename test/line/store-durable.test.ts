/** The store on Durable Objects keeps its contract, and what is its own: old data, rows written, restarts. */

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { durableStore } from "../../src/stores/durable.ts";
import { gathering } from "../../src/stores/gather.ts";
import type { CallRow, Settlement, SumCharge } from "../../src/stores/store.ts";
import type { Directory } from "../../src/teams/directory.ts";
import { prune } from "../../src/teams/pruning.ts";
import type { Team } from "../../src/teams/team.ts";
import { storeContract } from "../stores/contract.ts";
import { rowsWritten } from "./objects.ts";

const { TEAM, DIRECTORY } = env as unknown as {
  TEAM: DurableObjectNamespace<Team>;
  DIRECTORY: DurableObjectNamespace<Directory>;
};
const wait = (ms: number): Promise<void> => scheduler.wait(Math.min(ms, 1));
const open = (clock: () => number) => durableStore({ teams: TEAM, directory: DIRECTORY }, gathering(wait), clock);

storeContract("durable objects", open);

/** Far ahead, so that no alarm rings but those that a test rings. */
const at = Date.UTC(2126, 9, 24, 12);
const store = open(() => at);
const record = (id: string) => ({ id, name: "t", created_at: at, settings: {} });
const key = { id: "key_a", hash: "h", prefix: "gbx_", name: "k", created_at: at, settings: {} };
const dayMs = 24 * 60 * 60 * 1000;
const day = { meter: "team/day/2126-10-24", limit: 1000 };

function reservation(id: string, expiresAt: number) {
  const draft = { id, key: "key_a", at, protocol: "chat", asked: "m", provider: "p", model: "m" } as const;
  return { id, now: at, expiresAt, rates: [], lives: [], sums: [day], cost: { wanted: 300, least: 1 }, draft };
}

function settlement(id: string, row: Partial<CallRow> = {}, sums: readonly SumCharge[] = []): Settlement {
  const whole = { state: "settled", status: 200, usage: { input: 1, output: 1 } } as const;
  return { row: { ...reservation(id, 0).draft, ...whole, ...row }, sums, rates: [] };
}

function alarmAt(id: string): Promise<number | null> {
  return runInDurableObject(TEAM.getByName(id), (_, { storage }) => storage.getAlarm());
}

afterEach(() => {
  vi.useRealTimers();
});

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

  it("of the second schema opens, with its sums, and counts on", async () => {
    const id = "secondsecond";
    await store.createTeam(record(id));
    await store.settle(id, settlement("1", { cost: 7 }));
    await runInDurableObject(TEAM.getByName(id), (_, { storage }) => {
      storage.sql.exec(`
        ALTER TABLE rollups DROP COLUMN hits;
        ALTER TABLE rollups DROP COLUMN saved;
        UPDATE meta SET value = 2 WHERE name = 'schema';
      `);
    });
    await evictDurableObject(TEAM.getByName(id));
    await store.settle(id, settlement("2", { cost: 0, saved: 5 }));
    expect(await store.usage(id, { groupBy: [] }, at)).toMatchObject([{ calls: 2, cost: 7, hits: 1, saved: 5 }]);
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
    expect(await alarmAt(id)).toBe(at + 1000);
    vi.useFakeTimers({ toFake: ["Date"], now: at + 1000 });
    expect(await runDurableObjectAlarm(TEAM.getByName(id))).toBe(true);
    expect((await store.calls(id, undefined, 10)).items).toMatchObject([{ id: "1", isSwept: true, cost: 300 }]);
  });

  it("wakes for its next hold, for an event that is due, and for rows that are too old, whichever is first", async () => {
    const id = "wakesforwork";
    await store.createTeam(record(id));
    expect(await alarmAt(id)).toBeNull();
    await store.reserve(id, reservation("1", at + 60_000));
    await store.reserve(id, reservation("2", at + 30_000));
    expect(await alarmAt(id)).toBe(at + 30_000);
    await evictDurableObject(TEAM.getByName(id));
    await store.settle(id, settlement("3", { cost: 1 }));
    expect(await alarmAt(id)).toBe(at + 30_000);
    await store.settle(id, settlement("2", { cost: 500 }, [{ ...day, marks: [500] }]));
    expect(await alarmAt(id)).toBe(at);
    await store.settle(id, settlement("1"));
    const events = await store.events(id, at, 10);
    await store.delivered(
      id,
      events.map((event) => event.id),
    );
    expect(events).toHaveLength(1);
    vi.useFakeTimers({ toFake: ["Date"], now: at + 60_000 });
    await runDurableObjectAlarm(TEAM.getByName(id));
    expect(await alarmAt(id)).toBe(at + 35 * dayMs);
    await store.deleteTeam(id);
    expect(await alarmAt(id)).toBeNull();
  });

  it("refuses what cannot be written, and only that, however much came with it", async () => {
    const id = "badentry0000";
    await store.createTeam(record(id));
    const rate = { meter: "team/requests", limit: 2, windowMs: 60_000, cost: 1 };
    const whole = reservation("1", at + 60_000);
    await store.reserve(id, { ...whole, rates: [rate] });
    const team = TEAM.getByName(id);
    const outcomes = await Promise.allSettled([
      team.reserve({ ...reservation("2", at + 60_000), rates: [rate] }),
      team.settle([settlement("3", { cost: 1 }), settlement("4", { cost: 0.5 }), settlement("5", { cost: 2 })], at),
      team.reserve({ ...reservation("6", at + 60_000), rates: [rate] }),
    ]);
    expect(outcomes).toMatchObject([
      { status: "fulfilled", value: { isAdmitted: true } },
      { status: "rejected" },
      { status: "fulfilled", value: { isAdmitted: false, meter: "team/requests" } },
    ]);
    expect((await store.calls(id, undefined, 10)).items.map((row) => row.id)).toEqual(["5", "3"]);
    expect(await store.usage(id, { groupBy: [] }, at)).toMatchObject([{ calls: 2, cost: 3 }]);
    // One of 1000 holds 300, another 300; the third, refused, holds nothing.
    const levels = await store.levels(id, { rates: [rate], lives: [], sums: [day] }, at);
    expect(levels.map(({ left }) => left)).toEqual([0, 400]);
  });

  it("prunes old rows and ended periods a slice at a time, and keeps the sums by day", async () => {
    const id = "prunes000000";
    await store.createTeam(record(id));
    const ends = Array.from({ length: 1200 }, (_, call) =>
      settlement(`c${call}`, { at: at - 36 * dayMs, cost: 1 }, [{ ...day, meter: `key_${call % 600}/day/2126-08-01` }]),
    );
    await TEAM.getByName(id).settle([...ends, settlement("new", { cost: 1 }, [day])], at);
    const left = await runInDurableObject(TEAM.getByName(id), (_, { storage: { sql } }) => {
      const count = (table: string) => sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one().n;
      return [1, 2, 3, 4].map(() => [prune(sql, 35, at), count("calls"), count("sums")]);
    });
    expect(left).toEqual([
      [true, 701, 101],
      [true, 201, 1],
      [false, 1, 1],
      [false, 1, 1],
    ]);
    expect(await store.usage(id, { groupBy: [] }, at)).toMatchObject([{ calls: 1201, cost: 1201 }]);
  });

  it("writes at most eight rows for a call with a budget of its key and two of its team", async () => {
    const id = "rowswritten0";
    await store.createTeam(record(id));
    const sums = ["key_a/day/2126-10-24", "team/day/2126-10-24", "team/total"].map((meter) => ({ meter, limit: 1e9 }));
    const written = await runInDurableObject(TEAM.getByName(id), async (team: Team, { storage }) => {
      return rowsWritten(storage, async () => {
        await team.reserve({ ...reservation("1", at + 60_000), sums });
        await team.settle([settlement("1", { cost: 5 }, sums)], at);
      });
    });
    expect(written).toBeGreaterThan(3);
    expect(written).toBeLessThanOrEqual(8);
  });
});
