/** Where conversations go: spread, faithful while their target lives, and by the route's strategy. */
import { describe, expect, it } from "vitest";
import { Fault } from "../../src/fault.ts";
import { type Affinity, answeredBy } from "../../src/policy/affinity.ts";
import { type Circumstances, choose } from "../../src/policy/choose.ts";
import { type Health, healthRecord } from "../../src/policy/health.ts";
import type { Target, Way } from "../../src/policy/route.ts";
import { candidatesOf, nameOf, seeded, targetOf } from "./targets.ts";

const start = 1_000_000;
const chance = () => 0.5;

function circumstances(conversation: string, more: Partial<Circumstances> = {}): Circumstances {
  return { conversation, fallback: true, health: healthRecord(), costOf: () => undefined, ...more };
}

const credentials = ["a", "b", "c", "d", "e"].map((name) => targetOf("one", name));
/** Five credentials of one model, as a route's target is expanded: one rank. */
const spread: Way = {
  strategy: "priority",
  candidates: candidatesOf(credentials).map((each) => ({ ...each, rank: 0 })),
};

function kill(health: Health, target: Target, now: number): void {
  for (let failure = 0; failure < 5; failure++) {
    health.note(target, { result: "failed", fault: new Fault("upstream", "down") }, now);
  }
}

describe("a thousand conversations over five credentials", () => {
  const conversations = Array.from({ length: 1000 }, (_, at) => `conversation ${at}`);
  const first = (conversation: string, health: Health, now: number, affinity?: Affinity) =>
    choose(
      spread,
      circumstances(conversation, { health, ...(affinity !== undefined && { affinity }) }),
      now,
      chance,
    )[0];

  it("stay where they are while it is healthy, with and without a record, and spread evenly", () => {
    const health = healthRecord();
    const counts = new Map<string, number>();
    for (const conversation of conversations) {
      const target = first(conversation, health, start);
      counts.set(nameOf(target), (counts.get(nameOf(target)) ?? 0) + 1);
      for (let later = 1; later < 5; later++) {
        expect(nameOf(first(conversation, health, start + later))).toBe(nameOf(target));
      }
    }
    expect(counts.size).toBe(5);
    for (const count of counts.values()) expect(Math.abs(count - 200)).toBeLessThan(45);
  });

  it("move when their credential dies, no others do, and those that moved stay moved when it is back", () => {
    const health = healthRecord();
    const records = new Map<string, Affinity>();
    const before = new Map<string, string>();
    const play = (now: number): Map<string, string> =>
      new Map(
        conversations.map((conversation) => {
          const target = first(conversation, health, now, records.get(conversation));
          if (target === undefined) throw new Error("no target");
          records.set(conversation, answeredBy(target, 3, records.get(conversation), now));
          return [conversation, nameOf(target)] as const;
        }),
      );
    for (const [conversation, target] of play(start)) before.set(conversation, target);
    const [dead] = credentials;
    if (dead === undefined) throw new Error("no credential");
    kill(health, dead, start);
    const after = play(start + 1);
    const moved = conversations.filter((each) => before.get(each) !== after.get(each));
    expect(moved).toEqual(conversations.filter((each) => before.get(each) === nameOf(dead)));
    expect(new Set(moved.map((each) => after.get(each))).size).toBe(4);
    const recovered = start + 600_000;
    health.note(dead, { result: "answered" }, recovered);
    expect(health.admits(dead, recovered)).toBe(true);
    expect([...play(recovered)]).toEqual([...after]);
  });
});

describe("weighted", () => {
  it("gives each its share of 10,000 conversations, within 2 percentage points", () => {
    const targets = ["a", "b", "c"].map((name) => targetOf(name, "key"));
    const weights = [50, 30, 20];
    const way: Way = { strategy: "weighted", candidates: candidatesOf(targets, weights) };
    const random = seeded(7);
    const counts = new Map<string, number>();
    for (let at = 0; at < 10_000; at++) {
      const leading = choose(way, circumstances(`${random()}`), start, random)[0];
      counts.set(nameOf(leading), (counts.get(nameOf(leading)) ?? 0) + 1);
    }
    targets.forEach((target, at) => {
      expect(Math.abs((counts.get(nameOf(target)) ?? 0) / 100 - (weights[at] ?? 0))).toBeLessThan(2);
    });
  });

  it("sends nothing to a weight of 0 while another is there", () => {
    const targets = [targetOf("drained", "key"), targetOf("used", "key")];
    const way: Way = { strategy: "weighted", candidates: candidatesOf(targets, [0, 1]) };
    for (let at = 0; at < 200; at++) {
      const order = choose(way, circumstances(`${at}`), start, chance).map(({ provider }) => provider.id);
      expect(order).toEqual(["used", "drained"]);
    }
  });
});

describe("fastest", () => {
  const [slow, fast] = [targetOf("slow", "key"), targetOf("fast", "key")];
  const way: Way = { strategy: "fastest", candidates: candidatesOf([slow, fast]) };

  /** Conversations a second apart; how many of the last `counted` went to `wanted`. */
  function play(health: Health, from: number, count: number, times: Map<string, number>, random: () => number) {
    const order: string[] = [];
    for (let at = 0; at < count; at++) {
      const now = from + at * 1000;
      const target = choose(way, circumstances(`${from} ${at}`, { health }), now, random)[0];
      if (target === undefined) throw new Error("no target");
      const ms = (times.get(target.provider.id) ?? 0) * (0.8 + 0.4 * random());
      health.note(target, { result: "answered", firstContentMs: ms }, now);
      order.push(target.provider.id);
    }
    return order;
  }

  it.each([1, 2, 3, 4, 5])("finds the faster within 50 conversations, and follows when they swap (seed %d)", (seed) => {
    const health = healthRecord();
    const random = seeded(seed);
    const times = new Map([
      ["slow", 900],
      ["fast", 300],
    ]);
    const found = play(health, start, 50, times, random).slice(-20);
    expect(found.filter((each) => each === "fast").length).toBeGreaterThanOrEqual(19);
    times.set("slow", 300).set("fast", 900);
    const followed = play(health, start + 50_000, 50, times, random).slice(-20);
    expect(followed.filter((each) => each === "slow").length).toBeGreaterThanOrEqual(19);
  });

  it("lets chance name the two of many, so that not all run to one", () => {
    const health = healthRecord();
    const many = ["a", "b", "c", "d"].map((name) => targetOf(name, "key"));
    many.forEach((target, at) => {
      health.note(target, { result: "answered", firstContentMs: 100 * (at + 1) }, start);
    });
    const random = seeded(3);
    const leaders = Array.from({ length: 2000 }, (_, at) => {
      const circumstance = circumstances(`${at}`, { health });
      return choose({ strategy: "fastest", candidates: candidatesOf(many) }, circumstance, start, random)[0];
    });
    const share = (name: string) => leaders.filter((each) => each?.provider.id === name).length / 2000;
    // Of 6 pairs the fastest is in 3, the next leads 2 of the rest, the third 1.
    expect([share("a"), share("b"), share("c")].map((each) => Math.round(each * 6))).toEqual([3, 2, 1]);
    expect(share("d")).toBe(0);
  });
});

describe("effort", () => {
  const targets = ["small", "middle", "large"].flatMap((name) => [targetOf(name, "1"), targetOf(name, "2")]);
  const way: Way = {
    strategy: "effort",
    candidates: candidatesOf(targets).map((each) => ({ ...each, rank: Math.floor(each.rank / 2) })),
  };
  const ordered = (share: number, more: Partial<Circumstances> = {}, isHeld = false): string[] => {
    const order = choose(way, circumstances("one", { tier: { share, isHeld }, ...more }), start, chance);
    return order.map(({ provider }) => provider.id);
  };

  it.each([
    [0, ["small", "middle", "large"]],
    [1 / 3, ["middle", "large", "small"]],
    [2 / 3, ["middle", "large", "small"]],
    [1, ["large", "middle", "small"]],
  ])("a need of %f goes to its place on the list, then to those beside it", (share, order) => {
    expect(ordered(share).filter((_, at) => at % 2 === 0)).toEqual(order);
  });

  const [small] = targets;
  const large = targets.at(-1);
  if (small === undefined || large === undefined) throw new Error("no targets");

  it("within a loop stays where the conversation is, and at a turn moves", () => {
    const affinity = answeredBy(small, 1, undefined, start);
    expect(ordered(1, { affinity }, true)[0]).toBe("small");
    expect(ordered(1, { affinity })[0]).toBe("large");
  });

  it("a turn that needs as much as the last one stays with its account", () => {
    const affinity = answeredBy(large, 1, undefined, start);
    const tier = { share: 1, isHeld: false };
    expect(choose(way, circumstances("one", { affinity, tier }), start, chance)[0]).toBe(large);
  });

  it("what is dead is passed over", () => {
    const health = healthRecord();
    for (const target of targets.slice(4)) kill(health, target, start);
    expect(ordered(1, { health })[0]).toBe("middle");
  });
});

describe("cheapest", () => {
  const costs = new Map([
    ["dear", 900],
    ["cheap", 100],
  ]);
  const targets = [targetOf("unpriced", "k"), targetOf("dear", "k"), targetOf("cheap", "1"), targetOf("cheap", "2")];
  const way: Way = { strategy: "cheapest", candidates: candidatesOf(targets) };
  const costOf = (target: Target) => costs.get(target.provider.id);

  it("goes by what a call costs, and last to a price that nobody knows", () => {
    const order = choose(way, circumstances("one", { costOf }), start, chance);
    expect(order.map(({ provider }) => provider.id)).toEqual(["cheap", "cheap", "dear", "unpriced"]);
  });

  it("spreads over the credentials of the cheapest", () => {
    const leaders = Array.from({ length: 100 }, (_, at) =>
      choose(way, circumstances(`${at}`, { costOf }), start, chance),
    );
    expect(new Set(leaders.map(([first]) => first?.credential))).toEqual(new Set(["1", "2"]));
  });

  it("stays with the conversation's target all the same", () => {
    const dear = targets[1];
    if (dear === undefined) throw new Error("no target");
    const affinity = answeredBy(dear, 1, undefined, start);
    expect(choose(way, circumstances("one", { costOf, affinity }), start, chance)[0]).toBe(dear);
    const dayLater = start + 24 * 3_600_000;
    expect(choose(way, circumstances("one", { costOf, affinity }), dayLater, chance)[0]).not.toBe(dear);
  });
});

describe("priority", () => {
  const targets = [targetOf("first", "k"), targetOf("second", "k", "x"), targetOf("second", "l", "x")];
  const way: Way = {
    strategy: "priority",
    candidates: candidatesOf(targets).map((each) => ({ ...each, rank: Math.min(each.rank, 1) })),
  };

  it("keeps the written order, and leaves out what is dead", () => {
    const health = healthRecord();
    const ids = () => choose(way, circumstances("one", { health }), start, chance).map(({ provider }) => provider.id);
    expect(ids()).toEqual(["first", "second", "second"]);
    kill(health, targetOf("first", "k"), start);
    expect(ids()).toEqual(["second", "second"]);
  });

  it("tries all where all are dead, since a provider's word is better than none", () => {
    const health = healthRecord();
    for (const target of targets) kill(health, target, start);
    expect(choose(way, circumstances("one", { health }), start, chance)).toHaveLength(3);
  });

  it("keeps to the first model where the call wants no other", () => {
    const health = healthRecord();
    kill(health, targetOf("first", "k"), start);
    const order = choose(way, circumstances("one", { health, fallback: false }), start, chance);
    expect(order.map(({ provider, model }) => `${provider.id}/${model}`)).toEqual(["second/x", "second/x"]);
    expect(choose(way, circumstances("one", { fallback: false }), start, chance)).toHaveLength(1);
  });
});
