/** The breaker, the latency and what isolates tell each other. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault, type FaultKind } from "../../src/fault.ts";
import { type Health, healthRecord } from "../../src/policy/health.ts";
import { mergeHealth, type SharedHealth } from "../../src/policy/shared-health.ts";
import { targetOf } from "./targets.ts";

const start = 1_000_000;
const target = targetOf("one", "key");

function fail(health: Health, now: number, kind: FaultKind = "upstream", retryAfterMs?: number): void {
  const details = retryAfterMs === undefined ? {} : { retryAfterMs };
  health.note(target, { result: "failed", fault: new Fault(kind, "broken", details) }, now);
}

function broken(): Health {
  const health = healthRecord();
  for (let at = 0; at < 5; at++) fail(health, start);
  return health;
}

const stateOf = (health: Health, now: number) => health.snapshot(now)[0]?.state;

describe("the breaker", () => {
  it("opens at the fifth failure, lets one call probe, and closes when it ends well", () => {
    const health = healthRecord();
    for (let at = 0; at < 4; at++) fail(health, start);
    expect(health.admits(target, start)).toBe(true);
    fail(health, start);
    expect(health.admits(target, start)).toBe(false);
    expect(health.admits(target, start + 1999)).toBe(false);
    expect(health.admits(target, start + 2000)).toBe(true);
    expect(stateOf(health, start + 2000)).toBe("half_open");
    health.begin(target, start + 2000);
    expect(health.admits(target, start + 2001)).toBe(false);
    health.note(target, { result: "answered" }, start + 2500);
    expect(stateOf(health, start + 2500)).toBe("closed");
    expect(health.admits(target, start + 2500)).toBe(true);
    fail(health, start + 2500);
    expect(health.admits(target, start + 2500)).toBe(true);
  });

  it("opens for longer after each failed probe, up to half a minute", () => {
    const health = broken();
    let now = start;
    const waits: number[] = [];
    for (let probe = 0; probe < 6; probe++) {
      const from = now;
      while (!health.admits(target, now)) now += 1000;
      waits.push(now - from);
      health.begin(target, now);
      fail(health, now);
    }
    expect(waits).toEqual([2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  it("frees the probe of a caller that left, and does not wait for ever for one that is lost", () => {
    const health = broken();
    health.begin(target, start + 2000);
    health.note(target, { result: "left" }, start + 2100);
    expect(health.admits(target, start + 2100)).toBe(true);
    health.begin(target, start + 2100);
    expect(health.admits(target, start + 62_099)).toBe(false);
    expect(health.admits(target, start + 62_100)).toBe(true);
  });

  it("stays closed while most calls end well, and forgets after half a minute", () => {
    const health = healthRecord();
    for (let at = 0; at < 40; at++) {
      if (at % 3 === 0) fail(health, start);
      else health.note(target, { result: "answered" }, start);
    }
    expect(health.admits(target, start)).toBe(true);
    const other = healthRecord();
    for (let at = 0; at < 20; at++) fail(other, start + at * 8000);
    expect(other.admits(target, start + 160_000)).toBe(true);
  });

  it("opens at the fifth failure in a row, however many calls went well before", () => {
    const health = healthRecord();
    for (let at = 0; at < 1000; at++) health.note(target, { result: "answered" }, start + at);
    for (let at = 0; at < 4; at++) fail(health, start + 1000);
    health.note(target, { result: "answered" }, start + 1000);
    for (let at = 0; at < 4; at++) fail(health, start + 1000);
    expect(health.admits(target, start + 1000)).toBe(true);
    fail(health, start + 1000);
    expect(health.admits(target, start + 1000)).toBe(false);
  });

  it("sends a dead target no more than its closed form says", () => {
    const health = healthRecord();
    const outageMs = 600_000;
    let sent = 0;
    for (let now = start; now < start + outageMs; now += 10) {
      if (!health.admits(target, now)) continue;
      health.begin(target, now);
      fail(health, now);
      sent++;
    }
    expect(sent).toBeGreaterThan(10);
    expect(sent).toBeLessThanOrEqual(5 + 5 + outageMs / 30_000);
  });

  it.each(["bad_request", "context_length", "no_model", "unsupported", "too_large"] as const)(
    "is not moved by a call that was wrong: %s",
    (kind) => {
      const health = healthRecord();
      for (let at = 0; at < 50; at++) fail(health, start, kind);
      expect(health.admits(target, start)).toBe(true);
    },
  );

  it.each(["credential", "quota"] as const)("opens at once for a credential that is of no use: %s", (kind) => {
    const health = healthRecord();
    fail(health, start, kind);
    expect(health.admits(target, start + 29_999)).toBe(false);
    expect(health.admits(target, start + 30_000)).toBe(true);
  });

  it("leaves a target alone for as long as it asked, and a little where it did not say", () => {
    const health = healthRecord();
    fail(health, start, "rate_limit", 7000);
    expect(stateOf(health, start + 6999)).toBe("paused");
    expect(health.admits(target, start + 6999)).toBe(false);
    expect(health.admits(target, start + 7000)).toBe(true);
    fail(health, start + 8000, "rate_limit");
    expect([health.admits(target, start + 9999), health.admits(target, start + 10_000)]).toEqual([false, true]);
  });

  it("is not moved by the gateway's own limits", () => {
    const health = healthRecord();
    const fault = new Fault("quota", "spent", { extra: { limit_source: "gearbox" } });
    health.note(target, { result: "failed", fault }, start);
    expect(health.admits(target, start)).toBe(true);
  });
});

describe("the record", () => {
  it("has a bound", () => {
    const health = healthRecord();
    for (let at = 0; at < 1200; at++) health.begin(targetOf("one", "key", `model ${at}`), start);
    expect(health.snapshot(start)).toHaveLength(500);
    expect(health.snapshot(start).at(-1)?.model).toBe("model 1199");
  });

  it("tells of a target by names, never by its credential", () => {
    const health = healthRecord();
    for (let at = 1; at <= 20; at++) health.note(target, { result: "answered", firstContentMs: at * 10 }, start);
    fail(health, start);
    expect(health.snapshot(start)).toEqual([
      {
        provider: "one",
        model: "m",
        credential: "KEY",
        state: "closed",
        calls: 21,
        error_rate: 1 / 21,
        first_content_ms: 200,
        first_content_p95_ms: 190,
      },
    ]);
  });

  it("believes a slow answer at once, a fast one slowly, and fades", () => {
    const health = healthRecord();
    expect(health.firstContentMs(target, start)).toBe(0);
    health.note(target, { result: "answered", firstContentMs: 100 }, start);
    health.note(target, { result: "answered", firstContentMs: 1000 }, start);
    expect(health.firstContentMs(target, start)).toBe(1000);
    health.note(target, { result: "answered", firstContentMs: 100 }, start);
    expect(health.firstContentMs(target, start)).toBeCloseTo(910);
    expect(health.firstContentMs(target, start + 120_000)).toBeCloseTo(910 / Math.E);
  });
});

describe("what isolates tell each other", () => {
  it("opens a breaker elsewhere, as plain data, and closes it again", () => {
    const [one, other] = [broken(), healthRecord()];
    const sent = new Map(JSON.parse(JSON.stringify([...one.share()])) as [string, never][]);
    other.adopt(sent);
    expect(other.admits(target, start + 1999)).toBe(false);
    expect(other.snapshot(start)).toEqual([]);
    expect(other.admits(target, start + 2000)).toBe(true);
    one.begin(target, start + 2000);
    one.note(target, { result: "answered", firstContentMs: 5 }, start + 2000);
    other.adopt(one.share());
    other.begin(target, start + 2001);
    expect(stateOf(other, start + 2001)).toBe("closed");
    expect(other.firstContentMs(target, start + 2000)).toBe(5);
  });

  it("tells nothing of targets that are well and unmeasured, and does not take old news", () => {
    const fresh = healthRecord();
    fresh.begin(target, start);
    expect(fresh.share().size).toBe(0);
    const old = broken().share();
    const health = broken();
    health.note(target, { result: "answered" }, start + 2000);
    health.adopt(old);
    expect(stateOf(health, start + 2000)).toBe("closed");
  });

  it("comes to the same in any order, grouping and number", () => {
    const number = fc.integer({ min: 0, max: 3 });
    const told = fc.record(
      {
        breaker: fc.record({ opened: number, until: number, at: number }),
        latency: fc.record({ ms: number, at: number }),
      },
      { requiredKeys: [] },
    );
    const shared: fc.Arbitrary<SharedHealth> = fc
      .array(fc.tuple(fc.constantFrom("x", "y"), told))
      .map((entries) => new Map(entries));
    const plain = (health: SharedHealth) => Object.fromEntries(health);
    fc.assert(
      fc.property(shared, shared, shared, (a, b, c) => {
        expect(plain(mergeHealth(a, b))).toEqual(plain(mergeHealth(b, a)));
        expect(plain(mergeHealth(a, mergeHealth(b, c)))).toEqual(plain(mergeHealth(mergeHealth(a, b), c)));
        expect(plain(mergeHealth(a, a))).toEqual(plain(a));
      }),
    );
  });
});
