/** An isolate's copy of the routes: when it is read, who waits for it, and what holds when it cannot be had. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readConfig } from "../../src/config.ts";
import { type LiveRoutes, liveRoutes } from "../../src/policy/live-routes.ts";
import type { RoutesVersion, Store } from "../../src/stores/store.ts";
import { memoryStore } from "../stores/memory.ts";

const start = 1_000_000;
const second = 1000;
const config = readConfig({
  GEARBOX_SECRET: "a-root-secret-of-more-than-32-characters",
  OPENAI_API_KEY: "sk-x",
  ROUTES: { configured: { targets: [{ provider: "openai", model: "a" }] } },
});

type Reading = PromiseWithResolvers<RoutesVersion | undefined>;

/** An isolate with a clock and readings that the test brings to their ends. */
function isolate() {
  const routes = liveRoutes(config);
  const known: number[] = [];
  const readings: Reading[] = [];
  const waits: { readonly until: number; readonly done: () => void }[] = [];
  let now = start;
  const world = {
    store: {
      routes(version: number) {
        known.push(version);
        const reading = Promise.withResolvers<RoutesVersion | undefined>();
        readings.push(reading);
        return reading.promise;
      },
    },
    clock: {
      now: () => now,
      wait: (ms: number) => new Promise<void>((done) => void waits.push({ until: now + ms, done })),
    },
    waitUntil: () => undefined,
  };
  return {
    routes,
    /** What each reading said it knew. */
    known,
    readings,
    fresh: () => routes.fresh(world),
    pass(ms: number) {
      now += ms;
      for (const { until, done } of waits) if (until <= now) done();
    },
  };
}

function version(number: number, name: string): RoutesVersion {
  return { version: number, at: start, routes: { [name]: { targets: [{ provider: "openai", model: "b" }] } } };
}

/** The store, whose answers come after whoever does not wait for them has gone on. */
function slow(store: Pick<Store, "routes">): Pick<Store, "routes"> {
  return {
    async routes(known) {
      await settled();
      return store.routes(known);
    },
  };
}

const namesIn = (routes: LiveRoutes): string[] => [...routes.table.keys()];

/** Is it done by now? */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol("pending");
  await Promise.resolve();
  const first = await Promise.race([promise, Promise.resolve().then(() => pending)]);
  return first !== pending;
}

/** All that follows from what is known has happened. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("an isolate's copy of the routes", () => {
  it("is waited for by the first calls, each of which reads for itself, and by no later one", async () => {
    const { fresh, readings, routes, pass, known } = isolate();
    const calls = [fresh(), fresh()];
    await settled();
    expect(await isDone(Promise.any(calls))).toBe(false);
    expect(readings).toHaveLength(2);
    for (const reading of readings) reading.resolve(version(3, "live"));
    await Promise.all(calls);
    expect(namesIn(routes)).toEqual(["live"]);
    pass(3999);
    await fresh();
    expect(readings).toHaveLength(2);
    pass(1);
    await fresh();
    await fresh();
    expect(known).toEqual([0, 0, 3]);
    expect(namesIn(routes)).toEqual(["live"]);
  });

  it("is never older than ten seconds: after a pause the next call waits again", async () => {
    const { fresh, readings, routes, pass } = isolate();
    const first = fresh();
    readings[0]?.resolve(undefined);
    await first;
    expect(namesIn(routes)).toEqual(["configured"]);
    pass(9000);
    const next = fresh();
    await settled();
    expect(await isDone(next)).toBe(false);
    readings[1]?.resolve(version(1, "live"));
    await next;
    expect(namesIn(routes)).toEqual(["live"]);
  });

  it.each([
    ["busy", 200, 10_000],
    ["quiet", 2600, 30_000],
    ["almost idle", 12_000, 60_000],
  ])("of an isolate that is %s has each version within ten seconds of its writing", async (_, every, period) => {
    const store = memoryStore(() => now);
    const routes = liveRoutes(config);
    let now = start;
    const clock = { now: () => now, wait: () => new Promise<void>(() => undefined) };
    const readings: Promise<unknown>[] = [];
    const world = { store: slow(store), clock, waitUntil: (reading: Promise<unknown>) => void readings.push(reading) };
    const written: number[] = [];
    for (; now < start + 10 * period; now += every) {
      await routes.fresh(world);
      const used = Number(namesIn(routes)[0]?.match(/^v(\d+)$/)?.[1] ?? 0);
      const due = written.filter((at) => now - at >= 10 * second).length;
      expect(used).toBeGreaterThanOrEqual(due);
      await Promise.all(readings.splice(0));
      if (now - (written.at(-1) ?? 0) < period) continue;
      // Soon after a call: the next one may be long in coming.
      await store.addRoutes(version(written.length + 1, `v${written.length + 1}`));
      written.push(now + Math.min(every / 2, second));
    }
    expect(written.length).toBeGreaterThan(5);
  });

  it("that cannot be read in time is the configuration's, and nobody waits again for a while", async () => {
    const { fresh, readings, routes, pass } = isolate();
    const first = fresh();
    await settled();
    pass(999);
    expect(await isDone(first)).toBe(false);
    pass(1);
    await first;
    expect(namesIn(routes)).toEqual(["configured"]);
    pass(4000);
    await fresh();
    expect(readings).toHaveLength(2);
    readings[1]?.resolve(version(1, "live"));
    await settled();
    expect(namesIn(routes)).toEqual(["live"]);
  });

  it("stays as it is while the store is down, and is mended behind the calls' backs", async () => {
    const { fresh, readings, routes, pass } = isolate();
    const first = fresh();
    readings[0]?.resolve(version(1, "live"));
    await first;
    for (const at of [1, 2, 3]) {
      pass(4000);
      await fresh();
      readings[at]?.reject(new Error("down"));
      await settled();
    }
    expect([readings.length, namesIn(routes)]).toEqual([4, ["live"]]);
    pass(4000);
    await fresh();
    readings[4]?.resolve(version(2, "mended"));
    await settled();
    expect(namesIn(routes)).toEqual(["mended"]);
  });

  it("is not put back by an answer that comes late", async () => {
    const { fresh, readings, routes, pass } = isolate();
    const first = fresh();
    readings[0]?.resolve(version(1, "old"));
    await first;
    pass(4000);
    await fresh();
    pass(100);
    routes.adopt(version(2, "mine"), start + 4100);
    readings[1]?.resolve(version(1, "old"));
    await settled();
    expect(namesIn(routes)).toEqual(["mine"]);
  });

  it("keeps the last good one where the newest cannot be used here, and says why once", async () => {
    const { fresh, readings, routes, pass, known } = isolate();
    const first = fresh();
    readings[0]?.resolve(version(1, "good"));
    await first;
    const bad = { version: 2, at: start, routes: { bad: { targets: [{ provider: "nobody", model: "m" }] } } };
    pass(4000);
    await fresh();
    readings[1]?.resolve(bad);
    await settled();
    expect(namesIn(routes)).toEqual(["good"]);
    expect(vi.mocked(console.error).mock.calls.join()).toContain("ROUTES.bad.targets[0].provider");
    pass(4000);
    await fresh();
    expect(known).toEqual([0, 1, 2]);
  });

  it("is the configuration's again where somebody went back to it", async () => {
    const { fresh, readings, routes } = isolate();
    const first = fresh();
    readings[0]?.resolve({ version: 7, at: start, restores: 0 });
    await first;
    expect(namesIn(routes)).toEqual(["configured"]);
  });
});
