/** Random histories of a team: what is asked of a store, in order, with a clock that jumps; and what it answered. */
import fc from "fast-check";
import { expect } from "vitest";
import type { Charges, Settlement, Store } from "../../src/stores/store.ts";

const start = Date.UTC(2126, 10, 24, 23, 59);
const meters = ["team", "key_a", "key_b:p/m*"] as const;

interface Step {
  readonly what: "reserve" | "extend" | "settle" | "levels" | "usage" | "calls" | "events";
  /** Which of a few calls. */
  readonly call: number;
  /** Milliseconds that pass before; below 0 the clock was set back. */
  readonly passes: number;
  readonly owner: (typeof meters)[number];
  readonly amount: number;
  readonly least: number;
  readonly ttlMs: number;
}

const passes = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 20_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 400_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: -90_000, max: -1 }) },
);

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.oneof(
    { weight: 6, arbitrary: fc.constant("reserve" as const) },
    { weight: 4, arbitrary: fc.constant("settle" as const) },
    { weight: 2, arbitrary: fc.constant("extend" as const) },
    { weight: 3, arbitrary: fc.constantFrom("levels" as const, "usage" as const, "calls" as const, "events" as const) },
  ),
  call: fc.integer({ min: 0, max: 5 }),
  passes,
  owner: fc.constantFrom(...meters),
  amount: fc.oneof(fc.integer({ min: 0, max: 900 }), fc.constant(123_456_789_012_345)),
  least: fc.integer({ min: 0, max: 300 }),
  ttlMs: fc.integer({ min: 1000, max: 90_000 }),
});

const histories: fc.Arbitrary<readonly Step[]> = fc.array(step, { minLength: 5, maxLength: 14 });

function charges({ owner, amount }: Step): Charges {
  return {
    rates: [
      { meter: `${owner}/requests`, limit: 4, windowMs: 60_000, cost: 1 },
      { meter: `${owner}/tokens`, limit: 1000, windowMs: 60_000, cost: Math.min(1000, amount) },
    ],
    lives: [{ meter: `${owner}/concurrent`, limit: 3 }],
    sums: [
      { meter: `${owner}/day/2126-11-24`, limit: 2000, marks: [1000, 2000] },
      { meter: "team/total", limit: 9_000_000_000_000_000, marks: [8_000_000_000_000_000] },
    ],
  };
}

/** A clock that stands where it is put. */
export function handClock() {
  let at = 0;
  return {
    now: () => at,
    set: (now: number): void => {
      at = now;
    },
  };
}

/** So many histories have the same answers on both stores, each on a team of its own whose id begins with `letter`. */
export async function agree(runs: number, letter: string, one: Store, other: Store, set: (now: number) => void) {
  const suffix = crypto.randomUUID().replaceAll("-", "").slice(0, 7);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const team = `${letter}${String(run++).padStart(4, "0")}${suffix}`;
      const answers = await play(one, team, history, set);
      expect(await play(other, team, history, set)).toEqual(answers);
    }),
    { numRuns: runs, seed: 20261124, endOnFailure: false },
  );
  expect(run).toBeGreaterThanOrEqual(runs);
}

/** Plays a history on a team of its own; the answers, one for each step. */
async function play(store: Store, team: string, steps: readonly Step[], setClock: (now: number) => void) {
  await store.createTeam({ id: team, name: "history", created_at: start, settings: {} });
  const answers: unknown[] = [];
  let now = start;
  for (const each of steps) {
    now += each.passes;
    setClock(now);
    answers.push(await take(store, team, each, now));
  }
  return answers;
}

async function take(store: Store, team: string, each: Step, now: number): Promise<unknown> {
  const { rates, lives, sums } = charges(each);
  const id = `c${each.call}`;
  const draft = { id, key: each.owner, at: start, protocol: "chat", asked: "m", provider: "p", model: "m" } as const;
  const cost = { wanted: each.amount, least: Math.min(each.least, each.amount) };
  const expiresAt = now + each.ttlMs;
  switch (each.what) {
    case "reserve":
      return store.reserve(team, { id, now, expiresAt, rates, lives, sums, cost, draft });
    case "extend":
      return store.extend(team, { id, now, expiresAt, sums, cost });
    case "settle": {
      const usage = { input: each.amount % 1000, output: each.least };
      const row = { ...draft, state: "settled", status: 200, usage, cost: each.amount } as const;
      const given = rates.slice(1).map((rate) => ({ ...rate, cost: each.least - rate.cost }));
      const settlement: Settlement = { row, sums, rates: given };
      await store.settle(team, settlement);
      return store.levels(team, { rates, lives, sums }, now);
    }
    case "levels":
      return store.levels(team, { rates, lives, sums }, now);
    case "usage":
      return store.usage(team, { groupBy: ["day", "key"] }, now);
    case "calls":
      return (await store.calls(team, undefined, 50)).items;
    case "events": {
      const events = await store.events(team, now, 10);
      return [...events].sort((one, other) => one.id.localeCompare(other.id));
    }
  }
}
