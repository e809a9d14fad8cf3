/** The loop over failed attempts: where it goes next, and the bounds that it keeps whatever happens. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault, type FaultKind, faults } from "../../src/fault.ts";
import { type Health, healthRecord } from "../../src/policy/health.ts";
import { mayFollow, next, type Plan, type Step, type Tried, usualRetries } from "../../src/policy/retry.ts";
import { mostRetriesSaved, type RetryBudget, retryBudget } from "../../src/policy/retry-budget.ts";
import { nameOf, seeded, targetOf } from "./targets.ts";

const start = 1_000_000;
const [one, two, other] = [targetOf("a", "1"), targetOf("a", "2"), targetOf("b", "1")];
const plan: Plan = { targets: [one, two, other], deadline: start + 60_000 };

interface World {
  readonly health: Health;
  readonly budget: RetryBudget;
  readonly random: () => number;
}

const world = (): World => ({ health: healthRecord(), budget: retryBudget(), random: () => 0.5 });

function failure(kind: FaultKind, target = one, retryAfterMs?: number): Tried {
  return { target, fault: new Fault(kind, "broken", retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

const following = (tried: readonly Tried[], from = plan, around = world(), now = start) =>
  next(tried, from, { ...around, now });
const where = (step: Step | undefined) => (step === undefined ? "the caller" : nameOf(step.target).split("/")[0]);

describe("the next attempt", () => {
  it.each(["rate_limit", "quota", "credential"] as const)("is with another credential after %s, at once", (kind) => {
    expect(following([failure(kind)])).toEqual({ target: two, waitMs: 0, reason: kind });
  });

  it.each(["timeout", "overloaded", "no_model", "unsupported", "too_large"] as const)(
    "is elsewhere after %s, at once",
    (kind) => {
      expect(following([failure(kind)])).toEqual({ target: other, waitMs: 0, reason: kind });
    },
  );

  it("is at the same target after a broken connection, once, and then elsewhere", () => {
    expect(following([failure("upstream")])).toEqual({ target: one, waitMs: 188, reason: "upstream" });
    expect(following([failure("upstream"), failure("upstream")])).toMatchObject({ target: other, waitMs: 0 });
  });

  const mended: readonly FaultKind[] = ["upstream", "overloaded", "rate_limit"];

  it.each((Object.keys(faults) as FaultKind[]).filter((kind) => !mended.includes(kind)))(
    "is never at the same target after %s, which will not change",
    (kind) => {
      expect(following([failure(kind)], { ...plan, targets: [one] })).toBeUndefined();
    },
  );

  it.each(["bad_request", "context_length", "internal", "busy", "config", "forbidden"] as const)(
    "is none after %s",
    (kind) => {
      expect(following([failure(kind)])).toBeUndefined();
    },
  );

  it("is none where it is the gateway's own limit", () => {
    const fault = new Fault("quota", "spent", { extra: { limit_source: "gearbox" } });
    expect(following([{ target: one, fault }])).toBeUndefined();
  });

  it("waits as long as the provider asks, and not for one that asks for too long or past the deadline", () => {
    const alone: Plan = { ...plan, targets: [one] };
    expect(following([failure("rate_limit", one, 1500)], alone)?.waitMs).toBe(1563);
    expect(following([failure("rate_limit", one, 9000)], alone)).toBeUndefined();
    expect(following([failure("rate_limit", one, 1500)], { ...alone, deadline: start + 1500 })).toBeUndefined();
  });

  it("waits out the pause that the health record sets for one that did not say how long", () => {
    const around = world();
    const limited = failure("rate_limit");
    around.health.note(one, { result: "failed", fault: limited.fault }, start);
    const step = following([limited], { ...plan, targets: [one] }, around);
    expect(step?.waitMs).toBeGreaterThanOrEqual(2000);
  });

  it("doubles its wait, half of it by chance", () => {
    const alone: Plan = { ...plan, targets: [one] };
    const waits = (chance: number) =>
      [[failure("overloaded")], [failure("overloaded"), failure("overloaded")]].map(
        (tried) => following(tried, alone, { ...world(), random: () => chance })?.waitMs,
      );
    expect(waits(0)).toEqual([125, 250]);
    expect(waits(0.999)).toEqual([250, 500]);
  });

  it("is never at a target that is dead by now", () => {
    const around = world();
    for (let at = 0; at < 5; at++)
      around.health.note(other, { result: "failed", fault: new Fault("timeout", "") }, start);
    expect(following([failure("timeout")], plan, around)?.target).toBe(two);
    expect(following([], { ...plan, targets: [other, two] }, around)?.target).toBe(two);
    expect(following([], { ...plan, targets: [other] }, around)?.target).toBe(other);
  });

  it("counts every attempt, and none begins at the deadline", () => {
    const tried = [failure("timeout"), failure("timeout", two), failure("timeout", targetOf("c", "1"))];
    expect(where(following(tried))).toBe("b");
    expect(following(tried, { ...plan, retries: 2 })).toBeUndefined();
    expect(following([failure("timeout")], plan, world(), plan.deadline)).toBeUndefined();
    expect(following([], plan, world(), plan.deadline)).toBeUndefined();
  });

  it("takes nothing of the budget to go to a provider that has not failed", () => {
    const around = { ...world(), budget: { earn: () => undefined, spend: () => false } };
    expect(where(following([failure("timeout")], plan, around))).toBe("b");
    expect(following([failure("upstream")], { ...plan, targets: [one, two] }, around)).toBeUndefined();
    expect(following([failure("credential")], plan, around)?.target).toBe(two);
  });
});

describe("whether an answer must be held", () => {
  it("is whether anything could follow it", () => {
    expect(mayFollow(one, [], plan, start)).toBe(true);
    expect(mayFollow(one, [], { ...plan, retries: 0 }, start)).toBe(false);
    expect(mayFollow(one, [], plan, plan.deadline)).toBe(false);
    const alone: Plan = { ...plan, targets: [one] };
    expect(mayFollow(one, [failure("overloaded")], alone, start)).toBe(true);
    expect(mayFollow(one, [failure("overloaded"), failure("overloaded")], alone, start)).toBe(false);
  });
});

describe("any schedule of faults", () => {
  const names = ["a/1", "a/2", "b/1", "b/2", "c/1"] as const;
  const targets = new Map(names.map((name) => [name, targetOf(name[0] ?? "", name)]));
  const kinds = Object.keys(faults) as FaultKind[];
  const attempt = fc.record({
    kind: fc.constantFrom<FaultKind | "answer">(...kinds, "answer", "upstream", "timeout", "overloaded", "rate_limit"),
    retryAfterMs: fc.constantFrom(undefined, 0, 500, 5000, 60_000),
    takesMs: fc.integer({ min: 0, max: 20_000 }),
  });
  const call = fc.record({
    targets: fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 }),
    retries: fc.constantFrom(undefined, 0, 1, 2, 10),
    timeoutMs: fc.integer({ min: 1, max: 60_000 }),
    attempts: fc.array(attempt, { minLength: 12, maxLength: 12 }),
  });
  type Drawn = typeof call extends fc.Arbitrary<infer Value> ? Value : never;

  /** Plays one call against the world; returns what was sent, with the time of each. */
  function play(drawn: Drawn, around: World, from: number) {
    const plan: Plan = {
      targets: drawn.targets.flatMap((name) => targets.get(name) ?? []),
      deadline: from + drawn.timeoutMs,
      ...(drawn.retries !== undefined && { retries: drawn.retries }),
    };
    const tried: Tried[] = [];
    const sent: { readonly at: number; readonly name: string; readonly isRepeated: boolean; readonly held: boolean }[] =
      [];
    let now = from;
    for (const { kind, retryAfterMs, takesMs } of drawn.attempts) {
      const step = next(tried, plan, { ...around, now });
      if (step === undefined) return { sent, plan, now, isAnswered: false };
      now += step.waitMs;
      const { target } = step;
      const isRepeated = tried.some((each) => nameOf(each.target) === nameOf(target));
      sent.push({ at: now, name: nameOf(target), isRepeated, held: mayFollow(target, tried, plan, now) });
      around.health.begin(target, now);
      now += takesMs;
      if (kind === "answer") {
        around.health.note(target, { result: "answered" }, now);
        return { sent, plan, now, isAnswered: true };
      }
      const fault = new Fault(kind, "", retryAfterMs === undefined ? {} : { retryAfterMs });
      around.health.note(target, { result: "failed", fault }, now);
      tried.push({ target, fault });
    }
    throw new Error("the loop has no end");
  }

  it("ends within its attempts and its deadline, holds what may be followed, and keeps each target's budget", () => {
    let schedules = 0;
    fc.assert(
      fc.property(fc.array(call, { minLength: 20, maxLength: 20 }), fc.integer(), (calls, seed) => {
        const around: World = { health: healthRecord(), budget: retryBudget(), random: seeded(seed) };
        const firsts = new Map<string, number>();
        const repeats = new Map<string, number>();
        let now = start;
        for (const drawn of calls) {
          schedules++;
          const played = play(drawn, around, now);
          const { sent, plan } = played;
          expect(sent.length).toBeGreaterThanOrEqual(1);
          expect(sent.length).toBeLessThanOrEqual(1 + (plan.retries ?? usualRetries));
          for (const { at } of sent) expect(at).toBeLessThan(plan.deadline);
          // Whatever was followed had been held, so that no caller has seen two beginnings.
          expect(sent.slice(0, -1).every(({ held }) => held)).toBe(true);
          sent.forEach(({ name, isRepeated }, at) => {
            if (at === 0) firsts.set(name, (firsts.get(name) ?? 0) + 1);
            if (isRepeated) repeats.set(name, (repeats.get(name) ?? 0) + 1);
          });
          now = played.now + 1;
        }
        for (const [name, count] of repeats) {
          expect(count).toBeLessThanOrEqual(mostRetriesSaved + (firsts.get(name) ?? 0) / 5);
        }
      }),
      { numRuns: 500 },
    );
    expect(schedules).toBeGreaterThanOrEqual(10_000);
  });

  it("does not multiply an outage: of 1,000 calls to a dead provider each target gets a fifth more at the most", () => {
    const budget = retryBudget();
    // As if no breaker helped.
    const around = { health: { admits: () => true }, budget, random: seeded(1) };
    const sent = new Map<string, number>();
    for (let at = 0; at < 1000; at++) {
      const tried: Tried[] = [];
      for (;;) {
        const step = next(tried, { ...plan, targets: [one] }, { ...around, now: start });
        if (step === undefined) break;
        sent.set(nameOf(step.target), (sent.get(nameOf(step.target)) ?? 0) + 1);
        tried.push(failure("overloaded"));
      }
    }
    expect(sent.get(nameOf(one))).toBe(1000 + mostRetriesSaved + 200 - 1);
  });
});
