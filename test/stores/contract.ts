/** What every engine of the store has to keep: one test for each sentence of its contract. Runs inside workerd. */
import { describe, expect, it } from "vitest";
import type { CallRow, Charges, Draft, Reservation, Settlement, Store } from "../../src/stores/store.ts";
import type { KeyRecord, TeamRecord } from "../../src/teams/records.ts";

/** Far ahead, so that no alarm of an engine, which goes by the real time, rings during a test. */
const now = Date.UTC(2126, 10, 24, 12);
const minute = 60_000;

let made = 0;
const random = (): string => `${Math.random().toString(36).slice(2)}000000`.slice(0, 6);
const suffix = random();

function team(): TeamRecord {
  made++;
  return { id: `T${String(made).padStart(5, "0")}${suffix}`, name: "a team", created_at: now, settings: {} };
}

function keyNamed(name: string): KeyRecord {
  return { id: `key_${name}`, hash: name.repeat(4), prefix: "gbx_", name, created_at: now, settings: {} };
}

const nothing: Charges = { rates: [], lives: [], sums: [] };

const draft = (id: string): Draft => ({
  ...{ id, key: "key_a", at: now, protocol: "chat", asked: "m", provider: "p", model: "m" },
});

function reservation(id: string, more: Partial<Reservation> = {}): Reservation {
  return { ...nothing, id, now, expiresAt: now + minute, cost: { wanted: 0, least: 0 }, draft: draft(id), ...more };
}

function settlement(id: string, row: Partial<CallRow> = {}, more: Partial<Settlement> = {}): Settlement {
  const whole = { state: "settled", status: 200, usage: { input: 10, output: 5 }, cost: 100 } as const;
  return { row: { ...draft(id), ...whole, ...row }, sums: [], rates: [], ...more };
}

const day = { meter: "team/day/2126-11-24", limit: 1000 };

/** @param open the store, whose own clock stands at the time it is given */
export function storeContract(name: string, open: (clock: () => number) => Store): void {
  const store = open(() => now);

  async function newTeam(): Promise<string> {
    const record = team();
    await store.createTeam(record);
    return record.id;
  }

  const usage = async (id: string, at = now) => (await store.usage(id, { groupBy: [] }, at))[0];
  const left = async (id: string, charges: Partial<Charges>, at = now) =>
    (await store.levels(id, { ...nothing, ...charges }, at)).map((level) => level.left);

  describe(`${name}: teams and keys`, () => {
    it("a team and its keys are found, changed and listed in pages", async () => {
      const record = team();
      await store.createTeam(record);
      expect(await store.team(record.id)).toEqual(record);
      for (const each of ["a", "b", "c"]) expect(await store.putKey(record.id, keyNamed(each))).toBe(true);
      expect(await store.find(record.id, "bbbb")).toEqual({ team: record, key: keyNamed("b") });
      expect(await store.find(record.id, "dddd")).toBeUndefined();
      const first = await store.keys(record.id, undefined, 2);
      const rest = await store.keys(record.id, first.next, 2);
      expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(["key_a", "key_b", "key_c"]);
      expect(rest.next).toBeUndefined();
      await store.putKey(record.id, { ...keyNamed("a"), revoked_at: now });
      expect((await store.find(record.id, "aaaa"))?.key.revoked_at).toBe(now);
      expect(await store.putTeam({ ...record, name: "other" })).toBe(true);
      expect((await store.team(record.id))?.name).toBe("other");
      const listed: string[] = [];
      for (let after: string | undefined; ; ) {
        const page = await store.teams(after, 500);
        listed.push(...page.items.map(({ id }) => id));
        after = page.next;
        if (after === undefined) break;
      }
      expect(listed).toContain(record.id);
    });

    it("what was never made answers with nothing, and is not made by asking", async () => {
      const { id } = team();
      expect(await store.team(id)).toBeUndefined();
      expect(await store.find(id, "aaaa")).toBeUndefined();
      expect(await store.putTeam({ ...team(), id })).toBe(false);
      expect(await store.putKey(id, keyNamed("a"))).toBe(false);
      expect(await store.deleteTeam(id)).toBe(false);
      expect(await store.usage(id, { groupBy: ["model"] }, now)).toEqual([]);
      expect((await store.calls(id, undefined, 10)).items).toEqual([]);
      expect((await store.keys(id, undefined, 10)).items).toEqual([]);
      expect(await store.events(id, now, 10)).toEqual([]);
      expect(await store.team(id)).toBeUndefined();
    });

    it("the start-up's own team and key are entered once; what was revoked or erased stays so", async () => {
      const record = team();
      await store.adopt(record, keyNamed("a"));
      await store.putKey(record.id, { ...keyNamed("a"), revoked_at: now });
      await store.adopt({ ...record, name: "again" }, keyNamed("a"));
      const found = await store.find(record.id, "aaaa");
      expect([found?.team.name, found?.key.revoked_at]).toEqual(["a team", now]);
      expect(await store.deleteTeam(record.id)).toBe(true);
      await store.adopt(record, keyNamed("a"));
      expect(await store.find(record.id, "aaaa")).toBeUndefined();
    });

    it("fifty first uses at once enter the start-up's own team and key once", async () => {
      const record = team();
      await Promise.all(Array.from({ length: 50 }, () => store.adopt(record, keyNamed("a"))));
      expect((await store.keys(record.id, undefined, 10)).items).toEqual([keyNamed("a")]);
      expect(await store.find(record.id, "aaaa")).toEqual({ team: record, key: keyNamed("a") });
    });

    it("making a team a second time changes nothing, and an erased one is not made again", async () => {
      const record = team();
      await store.createTeam(record);
      await store.createTeam({ ...record, name: "again" });
      expect((await store.team(record.id))?.name).toBe("a team");
      await store.deleteTeam(record.id);
      await store.createTeam(record);
      expect(await store.team(record.id)).toBeUndefined();
    });

    it("erasing a team leaves nothing of it", async () => {
      const id = await newTeam();
      await store.putKey(id, keyNamed("a"));
      await store.reserve(id, reservation("1", { cost: { wanted: 5, least: 5 } }));
      await store.settle(id, settlement("2"));
      expect(await store.deleteTeam(id)).toBe(true);
      expect([await store.team(id), await store.find(id, "aaaa"), await usage(id)]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      expect((await store.calls(id, undefined, 10)).items).toEqual([]);
    });
  });

  describe(`${name}: rates`, () => {
    const rate = (limit: number, cost = 1) => ({ meter: "team/requests", limit, windowMs: minute, cost });

    it("so many are admitted in a window, the next is told when, and then is", async () => {
      const id = await newTeam();
      for (const call of ["1", "2", "3"]) {
        expect((await store.reserve(id, reservation(call, { rates: [rate(3)] }))).isAdmitted).toBe(true);
      }
      const refused = await store.reserve(id, reservation("4", { rates: [rate(3)] }));
      expect(refused).toMatchObject({ isAdmitted: false, meter: "team/requests", left: 0, retryAfterMs: 20_000 });
      const early = await store.reserve(id, reservation("4", { rates: [rate(3)], now: now + 19_999 }));
      expect(early.isAdmitted).toBe(false);
      const later = await store.reserve(id, reservation("4", { rates: [rate(3)], now: now + 20_000 }));
      expect(later.isAdmitted).toBe(true);
    });

    it("what is larger than the limit is told that it never fits", async () => {
      const refused = await store.reserve(await newTeam(), reservation("1", { rates: [rate(3, 4)] }));
      expect(refused.isAdmitted).toBe(false);
      expect(refused).not.toHaveProperty("retryAfterMs");
    });

    it("the end of a call puts its rate right, both ways", async () => {
      const id = await newTeam();
      await store.reserve(id, reservation("1", { rates: [rate(100, 50)] }));
      expect(await left(id, { rates: [rate(100)] })).toEqual([50]);
      await store.settle(id, settlement("1", {}, { rates: [rate(100, -40)] }));
      expect(await left(id, { rates: [rate(100)] })).toEqual([90]);
      await store.reserve(id, reservation("2", { rates: [rate(100, 10)] }));
      await store.settle(id, settlement("2", {}, { rates: [rate(100, 120)] }));
      expect(await left(id, { rates: [rate(100)] })).toEqual([0]);
      // 140 in a bucket of 100 that leaks 100 a minute: 30 fit again when 70 have leaked.
      const refused = await store.reserve(id, reservation("3", { rates: [rate(100, 30)] }));
      expect(refused).toMatchObject({ isAdmitted: false, retryAfterMs: 42_000 });
    });

    it("a clock that is a little behind leaks nothing; one that was set back is followed", async () => {
      const id = await newTeam();
      const full = { rates: [rate(2, 2)] };
      await store.reserve(id, reservation("1", full));
      expect((await store.reserve(id, reservation("2", { ...full, now: now - 30_000 }))).isAdmitted).toBe(false);
      expect(await left(id, full, now + minute)).toEqual([2]);
      await store.reserve(id, reservation("3", { ...full, now: now + 10 * minute, expiresAt: now + 20 * minute }));
      const back = await store.reserve(id, reservation("4", { ...full, now }));
      expect(back.isAdmitted).toBe(false);
      const next = await store.reserve(id, reservation("4", { rates: [rate(2, 1)], now: now + minute }));
      expect(next.isAdmitted).toBe(false);
      // Refused calls write nothing down: the bucket still has the later time, and leaks from the first write on.
      expect(await left(id, full, now + 11 * minute)).toEqual([2]);
    });
  });

  describe(`${name}: calls at once`, () => {
    it("so many run, and one that ends makes room", async () => {
      const id = await newTeam();
      const lives = [{ meter: "team/concurrent", limit: 2 }];
      for (const call of ["1", "2"]) await store.reserve(id, reservation(call, { lives }));
      expect((await store.reserve(id, reservation("3", { lives }))).isAdmitted).toBe(false);
      await store.settle(id, settlement("1"));
      expect(await left(id, { lives })).toEqual([1]);
      expect((await store.reserve(id, reservation("3", { lives }))).isAdmitted).toBe(true);
    });
  });

  describe(`${name}: budgets`, () => {
    it("a call holds what it wants, its end pays what it cost, and the rest comes back", async () => {
      const id = await newTeam();
      const held = await store.reserve(id, reservation("1", { sums: [day], cost: { wanted: 400, least: 10 } }));
      expect(held).toMatchObject({ isAdmitted: true, granted: 400 });
      expect(await left(id, { sums: [day] })).toEqual([600]);
      await store.settle(id, settlement("1", { cost: 150 }, { sums: [day] }));
      expect(await left(id, { sums: [day] })).toEqual([850]);
    });

    it("beyond its least a call gets no more than half of what is left; where its least does not fit, nothing", async () => {
      const id = await newTeam();
      const ask = async (call: string, wanted: number, least: number) => {
        const answer = await store.reserve(id, reservation(call, { sums: [day], cost: { wanted, least } }));
        return answer.isAdmitted ? answer.granted : answer;
      };
      expect(await ask("1", 5000, 10)).toBe(500);
      expect(await ask("2", 5000, 10)).toBe(250);
      expect(await ask("3", 5000, 200)).toBe(200);
      expect(await ask("4", 50, 51)).toMatchObject({
        isAdmitted: false,
        meter: day.meter,
        left: 50,
        retryAfterMs: 1000,
      });
      await store.settle(id, settlement("1", { cost: 960 }, { sums: [day] }));
      expect(await ask("4", 50, 51)).not.toHaveProperty("retryAfterMs");
    });

    it("200 calls at once never hold more than there is", async () => {
      const id = await newTeam();
      const calls = Array.from({ length: 200 }, (_, at) =>
        store.reserve(id, reservation(`c${at}`, { sums: [day], cost: { wanted: 9, least: 9 } })),
      );
      const admitted = (await Promise.all(calls)).filter(({ isAdmitted }) => isAdmitted);
      expect(admitted).toHaveLength(Math.floor(1000 / 9));
    });

    it("200 calls at once that want far more than they need are refused only where little is left", async () => {
      const id = await newTeam();
      const calls = Array.from({ length: 200 }, (_, at) =>
        store.reserve(id, reservation(`c${at}`, { sums: [day], cost: { wanted: 1e6, least: 1 + (at % 100) } })),
      );
      const answers = await Promise.all(calls);
      const held = answers.reduce((sum, answer) => sum + (answer.isAdmitted ? answer.granted : 0), 0);
      expect(held).toBeLessThanOrEqual(1000);
      const refused = answers.flatMap((answer) => (answer.isAdmitted ? [] : [answer.left]));
      expect(refused.length).toBeGreaterThan(0);
      expect(Math.max(...refused)).toBeLessThan(100);
    });

    it("where a clock was set back, what is held stays held until its time", async () => {
      const id = await newTeam();
      await store.reserve(id, reservation("1", { sums: [day], cost: { wanted: 400, least: 1 } }));
      expect(await left(id, { sums: [day] }, now - 60 * minute)).toEqual([600]);
      expect(await left(id, { sums: [day] }, now + minute - 1)).toEqual([600]);
      expect(await usage(id, now + minute)).toMatchObject({ calls: 1, cost: 400 });
      // It has run out: no clock brings it back.
      expect(await usage(id, now)).toMatchObject({ calls: 1, cost: 400 });
      expect(await left(id, { sums: [day] })).toEqual([600]);
    });

    it("all or nothing: what one meter refuses, no other is charged with", async () => {
      const id = await newTeam();
      const rate = { meter: "key_a/requests", limit: 10, windowMs: minute, cost: 1 };
      const lives = [{ meter: "key_a/concurrent", limit: 5 }];
      const wish = { rates: [rate], lives, sums: [day], cost: { wanted: 2000, least: 1001 } };
      expect((await store.reserve(id, reservation("1", wish))).isAdmitted).toBe(false);
      expect(await left(id, { rates: [rate], lives, sums: [day] })).toEqual([10, 5, 1000]);
    });

    it("the same call again holds what it held", async () => {
      const id = await newTeam();
      const wish = reservation("1", { sums: [day], cost: { wanted: 100, least: 1 } });
      expect(await store.reserve(id, wish)).toMatchObject({ granted: 100 });
      expect(await store.reserve(id, wish)).toMatchObject({ isAdmitted: true, granted: 100 });
      expect(await left(id, { sums: [day] })).toEqual([900]);
    });

    it("a running call may hold more, as long as there is some", async () => {
      const id = await newTeam();
      await store.reserve(id, reservation("1", { sums: [day], cost: { wanted: 400, least: 1 } }));
      const more = (wanted: number, least: number) =>
        store.extend(id, { id: "1", now, expiresAt: now + 2 * minute, sums: [day], cost: { wanted, least } });
      expect(await more(100, 50)).toBe(100);
      expect(await more(1000, 50)).toBe(250);
      expect(await more(1000, 300)).toBe(0);
      expect(await left(id, { sums: [day] })).toEqual([250]);
      await store.settle(id, settlement("1", { cost: 700 }, { sums: [day] }));
      expect(await left(id, { sums: [day] })).toEqual([300]);
      expect(await more(10, 1)).toBe(0);
    });

    it("a mark that is passed is told once, and again later until it was delivered", async () => {
      const id = await newTeam();
      const sums = [{ ...day, marks: [500, 1000] }];
      await store.settle(id, settlement("1", { cost: 499 }, { sums }));
      expect(await store.events(id, now, 10)).toEqual([]);
      await store.settle(id, settlement("2", { cost: 1 }, { sums }));
      await store.settle(id, settlement("3", { cost: 1 }, { sums }));
      const [event, ...others] = await store.events(id, now + minute, 10);
      expect(others).toEqual([]);
      expect(event).toMatchObject({ id: `${day.meter}@500`, meter: day.meter, mark: 500, limit: 1000, spent: 500 });
      expect(await store.events(id, now + minute, 10)).toEqual([]);
      expect(await store.events(id, now + 60 * minute, 10)).toHaveLength(1);
      await store.delivered(id, [event?.id ?? ""]);
      expect(await store.events(id, now + 24 * 60 * minute, 10)).toEqual([]);
    });
  });

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
