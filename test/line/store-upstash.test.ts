/** The store on Upstash Redis keeps the contract, on a real Redis; and what is its own to keep. */
import { describe, expect, inject, it } from "vitest";
import { gathering } from "../../src/stores/gather.ts";
import type { CallRow, Reservation, Settlement, Store } from "../../src/stores/store.ts";
import { StoreDown } from "../../src/stores/store-down.ts";
import { type UpstashOptions, upstashEntrance, upstashStore } from "../../src/stores/upstash.ts";
import { upstashAffinities } from "../../src/stores/upstash-affinities.ts";
import { storeContract } from "../stores/contract.ts";
import { affinitiesContract } from "../stores/contract-affinities.ts";

const redis = inject("redis");
const access = redis ?? { url: "http://127.0.0.1:9", token: "none" };

if (redis !== null) {
  storeContract("Upstash Redis", (clock) => open({ now: clock }));
  affinitiesContract("Upstash Redis", (clock) => upstashAffinities(access, clock));
}

function open(own: Partial<UpstashOptions> = {}): Store {
  const wait = (ms: number) => scheduler.wait(ms);
  const spool = { keep: async () => Promise.reject(new Error("nothing was to be spooled")) };
  const now = () => at;
  return upstashStore({ ...access, callDays: 35, now, wait, gathering: gathering(wait), spool, ...own });
}

const at = Date.UTC(2026, 10, 24, 12);
const dayMs = 24 * 60 * 60 * 1000;
const day = { meter: "team/day/2026-11-24", limit: 1_000_000 };

/** A team of the test's own. */
async function newTeam(store: Store): Promise<string> {
  const id = `U${crypto.randomUUID().replaceAll("-", "").slice(0, 11)}`;
  await store.createTeam({ id, name: "a team", created_at: at, settings: {} });
  return id;
}

function reservation(id: string, more: Partial<Reservation> = {}): Reservation {
  const draft = { id, key: "key_a", at, protocol: "chat", asked: "m", provider: "p", model: "m" } as const;
  const charges = { rates: [], lives: [], sums: [day] };
  return { ...charges, id, now: at, expiresAt: at + 60_000, cost: { wanted: 100, least: 100 }, draft, ...more };
}

function settlement(id: string, row: Partial<CallRow> = {}): Settlement {
  const { draft } = reservation(id);
  const whole = { state: "settled", status: 200, usage: { input: 10, output: 5 }, cost: 40 } as const;
  return { row: { ...draft, ...whole, ...row }, sums: [day], rates: [] };
}

const left = async (store: Store, team: string, now = at) =>
  (await store.levels(team, { rates: [], lives: [], sums: [day] }, now))[0]?.left;

/** A network over which the answers to the first so many requests are lost, or the requests themselves. */
function losing(count: number, what: "answers" | "requests"): NonNullable<UpstashOptions["fetch"]> {
  let lost = 0;
  return async (url, init) => {
    const isLost = lost++ < count;
    if (isLost && what === "requests") throw new Error("no connection");
    const answer = await fetch(url, init);
    if (!isLost) return answer;
    await answer.body?.cancel();
    throw new Error("the connection broke");
  };
}

describe.skipIf(redis === null)("the store on Upstash Redis", () => {
  it("sweeps more holds than one script takes before it decides anything", async () => {
    const store = open();
    const team = await newTeam(store);
    await Promise.all(Array.from({ length: 230 }, (_, call) => store.reserve(team, reservation(`c${call}`))));
    const later = { now: at + 60_000, expiresAt: at + 120_000 };
    const next = await store.reserve(team, reservation("next", later));
    expect(next).toMatchObject({ isAdmitted: true, levels: [{ left: 1_000_000 - 231 * 100 }] });
    expect(await store.usage(team, { groupBy: [] }, later.now)).toMatchObject([{ calls: 230, estimated: 230 }]);
  });

  it("holds once although the answer was lost and the call was tried again", async () => {
    const team = await newTeam(open());
    const store = open({ fetch: losing(1, "answers") });
    expect(await store.reserve(team, reservation("1"))).toMatchObject({ isAdmitted: true, granted: 100 });
    expect(await left(store, team)).toBe(1_000_000 - 100);
  });

  it("never asks twice for more: what may have been granted already would be held twice", async () => {
    const team = await newTeam(open());
    const store = open();
    await store.reserve(team, reservation("1"));
    const deaf = open({ fetch: losing(1, "answers") });
    const cost = { wanted: 50, least: 50 };
    const more = deaf.extend(team, { id: "1", now: at, expiresAt: at + 60_000, sums: [day], cost });
    await expect(more).rejects.toBeInstanceOf(StoreDown);
    expect(await left(store, team)).toBe(1_000_000 - 150);
  });

  it("says that it is down where nothing answers, or something that is no Redis, or a wrong token is given", async () => {
    const team = await newTeam(open());
    const refusing = async () => new Response("<html>Bad Gateway</html>", { status: 502 });
    const strange = async () => new Response("<html>Welcome</html>");
    const networks: Partial<UpstashOptions>[] = [
      { fetch: losing(9, "requests") },
      { fetch: refusing },
      { fetch: strange },
      { token: "another" },
    ];
    for (const own of networks) {
      const store = open(own);
      const { rates, lives, sums, ...rest } = reservation("1");
      const cost = { wanted: 0, least: 0 };
      await expect(store.find(team, "aaaa")).rejects.toBeInstanceOf(StoreDown);
      await expect(store.reserve(team, { rates, lives, sums, ...rest })).rejects.toBeInstanceOf(StoreDown);
      await expect(store.extend(team, { ...rest, sums, cost })).rejects.toBeInstanceOf(StoreDown);
      await expect(store.levels(team, { rates, lives, sums }, at)).rejects.toBeInstanceOf(StoreDown);
      await expect(store.teams(undefined, 10)).rejects.toBeInstanceOf(StoreDown);
    }
  });

  it("enters a settlement once although its answer was lost", async () => {
    const team = await newTeam(open());
    const store = open({ fetch: losing(1, "answers") });
    await store.reserve(team, reservation("1"));
    await store.settle(team, settlement("1"));
    expect(await store.usage(team, { groupBy: [] }, at)).toMatchObject([{ calls: 1, cost: 40 }]);
    expect(await left(store, team)).toBe(1_000_000 - 40);
  });

  it("spools what it cannot enter, after trying again; entered later it counts once", async () => {
    const team = await newTeam(open());
    const kept: Settlement[] = [];
    const pauses: number[] = [];
    const wait = async (ms: number) => void pauses.push(ms);
    const spool = { keep: async (_: string, settlements: readonly Settlement[]) => void kept.push(...settlements) };
    const store = open({ fetch: losing(100, "answers"), wait, spool, gathering: gathering(async () => undefined) });
    await store.settle(team, settlement("1"));
    expect(pauses).toEqual([200, 1000]);
    expect(kept).toEqual([settlement("1")]);
    const enter = upstashEntrance({ ...access, callDays: 35, now: () => at });
    await enter(team, kept);
    await enter(team, kept);
    expect(await open().usage(team, { groupBy: [] }, at)).toMatchObject([{ calls: 1, cost: 40 }]);
  });

  it("refuses a settlement whose amounts are no whole numbers, and enters those that came with it", async () => {
    const store = open();
    const team = await newTeam(store);
    const all = [
      settlement("1"),
      settlement("2", { cost: Number.NaN }),
      settlement("3", { cost: 0.5 }),
      settlement("4"),
    ];
    const outcomes = await Promise.allSettled(all.map((each) => store.settle(team, each)));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"]);
    expect(await store.usage(team, { groupBy: [] }, at)).toMatchObject([{ calls: 2, cost: 80 }]);
  });

  it("reads roll-ups of more groups than a page takes", async () => {
    const store = open();
    const team = await newTeam(store);
    const enter = upstashEntrance({ ...access, callDays: 35, now: () => at });
    await enter(
      team,
      Array.from({ length: 1203 }, (_, call) => settlement(`c${call}`, { model: `m${call}` })),
    );
    expect(await store.usage(team, { groupBy: ["model"] }, at)).toHaveLength(1203);
    expect(await store.usage(team, { groupBy: ["day"] }, at)).toMatchObject([{ day: "2026-11-24", calls: 1203 }]);
  });

  it("forgets calls after so many days, and budgets of old periods, but never what the calls add up to", async () => {
    const store = open({ callDays: 2 });
    const team = await newTeam(store);
    await store.settle(team, settlement("old", { at: at - 3 * dayMs }));
    await store.settle(team, { ...settlement("new"), sums: [{ meter: "team/total", limit: 1_000_000 }] });
    expect((await store.calls(team, undefined, 10)).items.map(({ id }) => id)).toEqual(["new"]);
    expect(await store.usage(team, { groupBy: [] }, at)).toMatchObject([{ calls: 2, cost: 80 }]);
    expect(await left(store, team)).toBe(1_000_000 - 40);
    const later = open({ now: () => at + 100 * dayMs });
    await later.settle(team, { ...settlement("later", { at: at + 100 * dayMs }), sums: [] });
    expect(await left(later, team)).toBe(1_000_000);
    const total = { meter: "team/total", limit: 1_000_000 };
    const [level] = await later.levels(team, { rates: [], lives: [], sums: [total] }, at);
    expect(level?.left).toBe(1_000_000 - 40);
  });

  it("leaves nothing of an erased team but that it was erased, whoever comes later", async () => {
    const store = open();
    const team = await newTeam(store);
    await store.reserve(team, reservation("1"));
    await store.settle(team, settlement("2"));
    await store.deleteTeam(team);
    await store.settle(team, settlement("1"));
    expect(await store.reserve(team, reservation("3"))).toMatchObject({ isAdmitted: false, levels: [] });
    expect(await keysLike(team)).toEqual([`gearbox:{${team}}:erased`]);
  });

  it("writes nothing for a team that was never made", async () => {
    const store = open();
    await store.find("NeverMade000", "aaaa");
    await store.reserve("NeverMade000", reservation("1"));
    await store.settle("NeverMade000", settlement("1"));
    await store.delivered("NeverMade000", ["an event"]);
    expect(await keysLike("NeverMade000")).toEqual([]);
  });
});

async function keysLike(team: string): Promise<string[]> {
  const body = JSON.stringify(["KEYS", `*${team}*`]);
  const answer = await fetch(access.url, {
    method: "POST",
    headers: { authorization: `Bearer ${access.token}` },
    body,
  });
  return ((await answer.json()) as { result: string[] }).result;
}
