/** A conversation whose calls come to several isolates stays with its account, and the object that remembers it forgets. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { durableAffinities } from "../../src/stores/affinities.ts";
import type { AffinityRecords } from "../../src/teams/affinity-records.ts";
import { affinitiesContract } from "../stores/contract-affinities.ts";
import { type Gateway, gateway } from "./gateway.ts";

const { AFFINITY } = env as unknown as { AFFINITY: DurableObjectNamespace<AffinityRecords> };
const adminKey = "an-admin-key-of-more-than-32-characters";

/** An isolate that finds one of the two targets cheap. */
function isolate(cheap: "left" | "right", strategy = "cheapest"): Gateway {
  const price = (model: string) => ({ input: model === cheap ? 1 : 9, output: model === cheap ? 1 : 9 });
  const targets = [
    { provider: "openai", model: "left" },
    { provider: "compatible", model: "right" },
  ];
  return gateway({
    ...{ ADMIN_KEY: adminKey, ROUTES: { either: { strategy, targets } } },
    PRICES: { "openai/left": price("left"), "compatible/right": price("right") },
  });
}

/** The conversation's next call, for the team of the first isolate's key. */
async function say(at: Gateway, key: string, words: readonly string[], headers = {}): Promise<string | null> {
  const messages = words.map((content, index) => ({ role: index % 2 === 0 ? "user" : "assistant", content }));
  const body = { model: "either", messages };
  const answer = await at.post("/v1/chat/completions", body, { authorization: `Bearer ${key}`, ...headers });
  await answer.text();
  await at.idle();
  return answer.headers.get("x-gearbox-model");
}

/** How often it was asked who has a conversation. */
function counting(at: Gateway): { readonly asked: number } {
  const counted = { asked: 0 };
  const { keptAffinities } = at.deps;
  const get: typeof keptAffinities.get = (...args) => {
    counted.asked++;
    return keptAffinities.get(...args);
  };
  Object.assign(at.deps, { keptAffinities: { ...keptAffinities, get } });
  return counted;
}

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("a conversation that comes to another isolate", () => {
  it("stays with its account, whatever that one finds cheap", async () => {
    const [one, other] = [isolate("left"), isolate("right")];
    expect(await say(one, one.key, ["mine"])).toBe("left");
    const counted = counting(other);
    for (const words of [
      ["mine", "a", "b"],
      ["mine", "a", "b", "c", "d"],
    ]) {
      expect(await say(other, one.key, words)).toBe("left");
    }
    expect(counted.asked).toBe(1);
    // Nobody has this one.
    expect(await say(other, one.key, ["another", "a", "b"])).toBe("right");
    // Nor has another team this conversation.
    expect(await say(other, other.key, ["mine", "a", "b"])).toBe("right");
  });

  it("is found by the name that an agent gives it, from its first call on", async () => {
    const [one, other] = [isolate("left"), isolate("right")];
    const headers = { "x-session-id": "a-session" };
    expect(await say(one, one.key, ["hello"], headers)).toBe("left");
    expect(await say(other, one.key, ["something else"], headers)).toBe("left");
  });

  it("costs no question where it begins, nor where every isolate comes to the same target by itself", async () => {
    const beginning = isolate("left");
    const counted = counting(beginning);
    await say(beginning, beginning.key, ["a first question"]);
    expect(counted.asked).toBe(0);
    for (const strategy of ["priority", "weighted"]) {
      const at = isolate("left", strategy);
      const asked = counting(at);
      await say(at, at.key, ["hi", "a", "b"]);
      expect(asked.asked).toBe(0);
    }
  });

  it("is chosen for anew where the record cannot be had", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const [one, other] = [isolate("left"), isolate("right")];
    await say(one, one.key, ["mine"]);
    const down = () => Promise.reject(new Error("down"));
    Object.assign(other.deps, { keptAffinities: { get: down, put: down, forget: down } });
    expect(await say(other, one.key, ["mine", "a", "b"])).toBe("right");
  });

  it("is forgotten with its team", async () => {
    const [one, other] = [isolate("left"), isolate("right")];
    await say(one, one.key, ["mine"]);
    const path = `/admin/teams/${one.team}`;
    const erased = await one.ask(path, { method: "DELETE", headers: { authorization: `Bearer ${adminKey}` } });
    expect(erased.status).toBe(200);
    const count = await runInDurableObject(AFFINITY.getByName(one.team), (_, { storage }) =>
      storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM affinities").one(),
    );
    expect(count.n).toBe(0);
    expect(await say(other, one.key, ["mine", "a", "b"])).toBeNull();
  });
});

affinitiesContract("durable objects", () => durableAffinities(AFFINITY));

describe("the object that remembers it", () => {
  const at = Date.UTC(2126, 10, 24, 12);
  const kept = durableAffinities(AFFINITY);
  const countIn = (team: string) =>
    runInDurableObject(AFFINITY.getByName(team), (_, { storage }) =>
      storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM affinities").one(),
    );

  it("forgets what has expired, a slice at a time", async () => {
    for (const [conversation, expiresAt] of [
      ["a", at],
      ["b", at + 500],
      ["c", at + 100_000],
    ] as const) {
      await kept.put("t3", conversation, "x", expiresAt);
    }
    vi.useFakeTimers({ toFake: ["Date"], now: at + 1000 });
    expect(await runDurableObjectAlarm(AFFINITY.getByName("t3"))).toBe(true);
    expect((await countIn("t3")).n).toBe(1);
    const next = await runInDurableObject(AFFINITY.getByName("t3"), (_, { storage }) => storage.getAlarm());
    expect(next).toBe(at + 100_000);
  });

  it("keeps a hundred thousand, those that expire last", async () => {
    await kept.put("t4", "first", "x", at);
    await runInDurableObject(AFFINITY.getByName("t4"), (_, { storage }) => {
      storage.sql.exec(`
        WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 99999)
        INSERT INTO affinities SELECT 'c' || n, 'x', ${at} + n FROM many
      `);
    });
    await evictDurableObject(AFFINITY.getByName("t4"));
    await kept.put("t4", "last", "x", at + 1_000_000);
    await kept.put("t4", "last", "y", at + 1_000_000);
    expect((await countIn("t4")).n).toBe(100_000);
    const found = await Promise.all(["first", "c1", "last"].map((name) => kept.get("t4", name, 0)));
    expect(found).toEqual([undefined, "x", "y"]);
  });
});
