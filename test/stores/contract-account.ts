/** The store's contract: what a team's account tells of its calls. */
import { describe, expect, it } from "vitest";
import type { CallRow, Store } from "../../src/stores/store.ts";
import { day, minute, now, reservation, settlement, type Tried } from "./contract-world.ts";

export function accountContract({ name, store, newTeam, usage, left }: Tried): void {
  describe(`${name}: the account`, () => {
    it("a call counts once, however often its end is told", async () => {
      const id = await newTeam();
      await store.reserve(id, reservation("1", { sums: [day], cost: { wanted: 100, least: 1 } }));
      for (let time = 0; time < 3; time++) await store.settle(id, settlement("1", {}, { sums: [day] }));
      expect(await usage(id)).toMatchObject({ calls: 1, cost: 100, input: 10, output: 5 });
      expect(await left(id, { sums: [day] })).toEqual([900]);
    });

    it("a hold that runs out is settled at what it held, flagged; the true end, should it come, takes its place", async () => {
      const id = await newTeam();
      const lives = [{ meter: "team/concurrent", limit: 1 }];
      await store.reserve(id, reservation("1", { lives, sums: [day], cost: { wanted: 300, least: 1 } }));
      const late = now + 6 * minute;
      await store.extend(id, { id: "1", now, expiresAt: now + 5 * minute, sums: [day], cost: { wanted: 0, least: 0 } });
      expect(await left(id, { lives, sums: [day] }, now + 5 * minute - 1)).toEqual([0, 700]);
      expect(await left(id, { lives, sums: [day] }, now + 5 * minute)).toEqual([1, 700]);
      expect(await usage(id, late)).toMatchObject({ calls: 1, estimated: 1, cost: 300, input: 0 });
      expect((await store.calls(id, undefined, 10)).items).toMatchObject([
        { id: "1", state: "estimated", isSwept: true, status: 0, cost: 300 },
      ]);
      await store.settle(id, settlement("1", { cost: 120 }, { sums: [day] }));
      expect(await usage(id, late)).toMatchObject({ calls: 1, estimated: 0, cost: 120, input: 10 });
      expect(await left(id, { sums: [day] }, late)).toEqual([880]);
      await store.settle(id, settlement("1", { cost: 999 }, { sums: [day] }));
      expect(await usage(id, late)).toMatchObject({ calls: 1, cost: 120 });
    });

    it("a call that was never reserved is entered and paid for all the same", async () => {
      const id = await newTeam();
      await store.settle(id, settlement("1", { cost: 40 }, { sums: [day] }));
      expect(await usage(id)).toMatchObject({ calls: 1, cost: 40 });
      expect(await left(id, { sums: [day] })).toEqual([960]);
    });

    it("a budget that a swept call paid, but its true end does not name, gets its part back", async () => {
      const id = await newTeam();
      const total = { meter: "team/total", limit: 1000 };
      await store.reserve(id, reservation("1", { sums: [day, total], cost: { wanted: 300, least: 1 } }));
      expect(await usage(id, now + minute)).toMatchObject({ cost: 300 });
      await store.settle(id, settlement("1", { cost: 120 }, { sums: [total] }));
      expect(await left(id, { sums: [day, total] })).toEqual([1000, 880]);
    });

    it("a call that ran out gets nothing more", async () => {
      const id = await newTeam();
      await store.reserve(id, reservation("1", { sums: [day], cost: { wanted: 300, least: 1 } }));
      const late = { id: "1", now: now + minute, expiresAt: now + 2 * minute, sums: [day] };
      expect(await store.extend(id, { ...late, cost: { wanted: 10, least: 1 } })).toBe(0);
      expect(await usage(id, now + minute)).toMatchObject({ calls: 1, cost: 300, estimated: 1 });
    });

    it("is summed over more groups than are read at once", { timeout: 60_000 }, async () => {
      const id = await newTeam();
      const ends = Array.from({ length: 1001 }, (_, at) => settlement(`g${at}`, { model: `m${at}`, cost: at }));
      await Promise.all(ends.map((each) => store.settle(id, each)));
      expect(await usage(id)).toMatchObject({ calls: 1001, cost: 500_500 });
      expect(await store.usage(id, { groupBy: ["model"] }, now)).toHaveLength(1001);
    });

    it("is summed by what is asked for, between the days that are asked for, and agrees with the calls", async () => {
      const id = await newTeam();
      const rows: Partial<CallRow>[] = [
        { key: "key_a", model: "x", cost: 1 },
        { key: "key_b", model: "x", cost: 2, effort: "high" },
        { key: "key_b", model: "y", state: "estimated", cost: 4 },
        { key: "key_b", model: "y", at: now + 24 * 60 * minute, cost: 8 },
      ];
      for (const [at, row] of rows.entries()) await store.settle(id, settlement(`r${at}`, row));
      const { row } = settlement("free", { key: "key_a", model: "z" });
      const { cost: _, ...unpriced } = row;
      await store.settle(id, { row: unpriced, sums: [], rates: [] });
      const costs = async (query: Parameters<Store["usage"]>[1]) =>
        (await store.usage(id, query, now)).map((sum) => [
          ...query.groupBy.map((name) => sum[name]),
          sum.cost,
          sum.calls,
        ]);
      expect(await costs({ groupBy: [] })).toEqual([[15, 5]]);
      expect(await costs({ groupBy: ["model"] })).toEqual([
        ["x", 3, 2],
        ["y", 12, 2],
        ["z", 0, 1],
      ]);
      expect(await costs({ groupBy: ["day", "key"] })).toEqual([
        ["2126-11-24", "key_a", 1, 2],
        ["2126-11-24", "key_b", 6, 2],
        ["2126-11-25", "key_b", 8, 1],
      ]);
      expect(await costs({ groupBy: ["effort"], key: "key_b" })).toEqual([
        ["", 12, 2],
        ["high", 2, 1],
      ]);
      expect(await costs({ groupBy: [], from: "2126-11-25" })).toEqual([[8, 1]]);
      expect(await costs({ groupBy: [], to: "2126-11-23" })).toEqual([]);
      expect(await usage(id)).toMatchObject({ estimated: 1, unpriced: 1 });
      const all = (await store.calls(id, undefined, 100)).items;
      expect(all.reduce((sum, { cost = 0 }) => sum + cost, 0)).toBe(15);
    });

    it("is read newest first, page by page, of all keys or of one", async () => {
      const id = await newTeam();
      for (let at = 0; at < 7; at++) {
        await store.settle(id, settlement(`p${at}`, { at: now + at, key: at % 2 === 0 ? "key_a" : "key_b" }));
      }
      const ids = async (key?: string) => {
        const read: string[] = [];
        for (let before: string | undefined; ; ) {
          const page = await store.calls(id, before, 2, key);
          read.push(...page.items.map((row) => row.id));
          before = page.next;
          if (before === undefined) return read;
        }
      };
      expect(await ids()).toEqual(["p6", "p5", "p4", "p3", "p2", "p1", "p0"]);
      expect(await ids("key_b")).toEqual(["p5", "p3", "p1"]);
    });

    it("keeps amounts of fifteen digits to the last one", async () => {
      const id = await newTeam();
      const sums = [{ meter: "team/total", limit: 9_000_000_000_000_000 }];
      await store.settle(id, settlement("1", { cost: 123_456_789_012_345 }, { sums }));
      await store.settle(id, settlement("2", { cost: 876_543_210_987_656 }, { sums }));
      expect(await usage(id)).toMatchObject({ cost: 1_000_000_000_000_001 });
      expect(await left(id, { sums })).toEqual([7_999_999_999_999_999]);
    });
  });
}
