/** The store's contract: who is admitted, by rates, calls at once and budgets. */
import { describe, expect, it } from "vitest";
import { day, minute, now, reservation, settlement, type Tried } from "./contract-world.ts";

export function admissionContract({ name, store, newTeam, usage, left }: Tried): void {
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
}
