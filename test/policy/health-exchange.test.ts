/** Isolates that meet at a board: what each learns of the others, what it has to say for it, and what is counted. */
import { describe, expect, it } from "vitest";
import { Fault } from "../../src/fault.ts";
import { type Health, healthRecord } from "../../src/policy/health.ts";
import { type HealthBoard, healthBoard, type Report } from "../../src/policy/health-board.ts";
import { type HealthExchange, healthExchange } from "../../src/policy/health-exchange.ts";
import { targetOf } from "./targets.ts";

const start = 1_000_000;
const target = targetOf("one", "key", "a/model");

interface Isolate {
  readonly health: Health;
  readonly exchange: HealthExchange;
}

function isolate(name: string): Isolate {
  const health = healthRecord();
  return { health, exchange: healthExchange(health, name) };
}

function fail({ health }: Isolate, times: number, now = start): void {
  const fault = new Fault("upstream", "broken");
  for (let at = 0; at < times; at++) health.note(target, { result: "failed", fault }, now);
}

async function overviewOf(board: HealthBoard, { health }: Isolate, now: number) {
  return health.snapshot(now, new Map((await board.overview(now)).map((report) => [report.origin, report])));
}

/** A board that remembers what it was told. */
function listening(epoch = "first"): HealthBoard & { readonly told: (readonly Report[])[] } {
  const board = healthBoard(epoch);
  const told: (readonly Report[])[] = [];
  return {
    told,
    overview: board.overview,
    exchange(name, reports, heard, now) {
      told.push(reports);
      return board.exchange(name, reports, heard, now);
    },
  };
}

describe("isolates that meet at a board", () => {
  it("leave a target alone that another one has found dead, and use it again when another one has found it alive", async () => {
    const board = healthBoard("first");
    const [one, other] = [isolate("one"), isolate("other")];
    fail(one, 5);
    await one.exchange.exchange(board, start);
    await other.exchange.exchange(board, start + 1);
    expect(other.health.admits(target, start + 1999)).toBe(false);
    one.health.begin(target, start + 2000);
    one.health.note(target, { result: "answered", firstContentMs: 7 }, start + 2100);
    await one.exchange.exchange(board, start + 5000);
    await other.exchange.exchange(board, start + 5001);
    other.health.begin(target, start + 5002);
    expect(other.health.snapshot(start + 5002)).toMatchObject([{ state: "closed", first_content_ms: 7 }]);
  });

  it("are due for it after five seconds, and say only what there is to say", async () => {
    const board = listening();
    const one = isolate("one");
    expect(one.exchange.isDue(start)).toBe(true);
    one.health.begin(targetOf("one", "key", "unharmed"), start);
    fail(one, 1);
    await one.exchange.exchange(board, start);
    expect([one.exchange.isDue(start + 4999), one.exchange.isDue(start + 5000)]).toEqual([false, true]);
    await one.exchange.exchange(board, start + 5000);
    // Half a minute later there are no calls to be told of, once.
    await one.exchange.exchange(board, start + 60_000);
    await one.exchange.exchange(board, start + 65_000);
    const said = board.told.map((reports) => reports.map(({ calls, failures }) => [calls, failures]));
    expect(said).toEqual([
      [
        [0, 0],
        [1, 1],
      ],
      [[1, 1]],
      [[0, 0]],
      [],
    ]);
  });

  it("hear only what is new to them", async () => {
    const board = healthBoard("first");
    const one = isolate("one");
    fail(one, 5);
    const reports = one.health.reports(start);
    const first = await board.exchange("one", reports, { epoch: "", revision: 0 }, start);
    expect(first.changed).toHaveLength(1);
    const second = await board.exchange("one", reports, first.heard, start + 5000);
    expect([second.changed, second.heard]).toEqual([[], first.heard]);
    const elsewhere = await board.exchange("other", [], { epoch: "another", revision: 9 }, start);
    expect(elsewhere.changed).toHaveLength(1);
  });

  it("tell a board everything again that has forgotten everything", async () => {
    const [first, second] = [listening(), listening("second")];
    const one = isolate("one");
    fail(one, 5);
    await one.exchange.exchange(first, start);
    await one.exchange.exchange(first, start + 60_000);
    await one.exchange.exchange(second, start + 65_000);
    await one.exchange.exchange(second, start + 70_000);
    const said = second.told.map((reports) => reports.map(({ shared }) => shared.breaker?.opened));
    expect(said).toEqual([[], [1]]);
  });

  it("tell the next time what a board that could not be reached has not heard", async () => {
    const board = listening();
    const down: HealthBoard = { ...board, exchange: async () => Promise.reject(new Error("down")) };
    const one = isolate("one");
    fail(one, 1);
    await one.exchange.exchange(board, start);
    fail(one, 4, start + 1000);
    await expect(one.exchange.exchange(down, start + 50_000)).rejects.toThrow("down");
    await one.exchange.exchange(board, start + 55_000);
    expect(board.told.at(-1)).toMatchObject([{ shared: { breaker: { opened: 1 } } }]);
  });
});

describe("all isolates together", () => {
  it("are shown with the calls of each, those of targets only others have used among them", async () => {
    const board = healthBoard("first");
    const [one, other, idle] = [isolate("one"), isolate("other"), isolate("idle")];
    const unmeasured = targetOf("two", "key");
    one.health.note(unmeasured, { result: "failed", fault: new Fault("upstream", "broken") }, start);
    fail(one, 3);
    for (let at = 0; at < 9; at++) other.health.note(target, { result: "answered", firstContentMs: 50 }, start);
    for (const each of [one, other, idle]) await each.exchange.exchange(board, start + 1000);
    const shown = {
      ...{ provider: "one", model: "a/model", credential: "KEY", state: "closed" },
      ...{ calls: 12, error_rate: 0.25, first_content_ms: 50 },
    };
    const failing = { provider: "two", model: "m", credential: "KEY", state: "closed", calls: 1, error_rate: 1 };
    const byProvider = (all: readonly { provider: string }[]) =>
      [...all].sort((left, right) => (left.provider < right.provider ? -1 : 1));
    for (const each of [one, other, idle]) {
      expect(byProvider(await overviewOf(board, each, start + 1000))).toEqual([shown, failing]);
    }
    // Nobody's word counts for longer than the half minute it is about.
    const later = byProvider(await overviewOf(board, idle, start + 31_000));
    expect(later).toEqual([shown, failing].map((each) => ({ ...each, calls: 0, error_rate: 0 })));
    expect(idle.health.snapshot(start + 1000)).toEqual([]);
  });

  it("are remembered within a bound, the longest unused forgotten first", async () => {
    const board = healthBoard("first");
    const report = (model: number): Report => ({ origin: `one/${model}/k`, shared: {}, calls: 1, failures: 0 });
    for (let model = 0; model < 600; model++)
      await board.exchange("one", [report(model)], { epoch: "", revision: 0 }, 0);
    const known = await board.overview(0);
    expect([known.length, known[0]?.origin, known.at(-1)?.origin]).toEqual([500, "one/100/k", "one/599/k"]);
  });
});
