/** The cache on Upstash Redis keeps the contract, on a real Redis; and what is its own to keep. */
import { describe, expect, inject, it } from "vitest";
import { type UpstashCacheOptions, upstashCache } from "../../src/cache/upstash.ts";
import { StoreDown } from "../../src/stores/store-down.ts";
import { cacheContract, entry, filled, keyOf, newTeam, now } from "../cache/contract.ts";

const redis = inject("redis");
const access = redis ?? { url: "http://127.0.0.1:9", token: "none" };
const open = (own: Partial<UpstashCacheOptions> = {}) => upstashCache({ ...access, ...own });

const room = 6 * 1024 * 1024;
if (redis !== null)
  cacheContract({ name: "Upstash Redis", store: open({ mostTeamBytes: room }), largest: 400_000, room });

async function command(...words: readonly string[]): Promise<unknown> {
  const headers = { authorization: `Bearer ${access.token}` };
  const answer = await fetch(access.url, { method: "POST", headers, body: JSON.stringify(words) });
  return ((await answer.json()) as { result: unknown }).result;
}

const keysLike = async (team: string) => ((await command("KEYS", `*${team}*`)) as string[]).sort();
const minute = 60_000;

describe.skipIf(redis === null)("the cache on Upstash Redis", () => {
  it("names the team in every key, and Redis ends each of them by itself", async () => {
    const team = newTeam();
    await open().put(team, keyOf(1), entry({ liveMs: minute, tags: ["docs"] }), now);
    const keys = await keysLike(team);
    const prefix = `gearbox:{${team}}:cache:`;
    expect(keys).toEqual(
      ["bytes", "ends", `entry:${keyOf(1)}`, "facts", "labels", "used"].map((name) => prefix + name).sort(),
    );
    for (const key of keys) {
      const left = Number(await command("PTTL", key));
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(minute);
    }
    await open().put(team, keyOf(2), entry({ liveMs: 60 * minute }), now);
    expect(Number(await command("PTTL", `${prefix}used`))).toBeGreaterThan(59 * minute);
  });

  it("leaves nothing of what has run out in its indexes, nor of what was forgotten", async () => {
    const [team, store] = [newTeam(), open()];
    const kept = Array.from({ length: 250 }, (_, at) => ({
      key: keyOf(at),
      entry: entry({ liveMs: 1000, tags: ["a"] }),
    }));
    await store.putMany(team, kept, now);
    for (const at of [1000, 1001, 1002]) await store.put(team, keyOf(at), entry(), now + 1000);
    const sizes = async () =>
      Promise.all([
        command("ZCARD", `gearbox:{${team}}:cache:used`),
        command("ZCARD", `gearbox:{${team}}:cache:ends`),
        command("HLEN", `gearbox:{${team}}:cache:facts`),
        command("ZCARD", `gearbox:{${team}}:cache:labels`),
      ]);
    const values = async () => (await keysLike(team)).filter((name) => name.includes(":entry:")).length;
    expect([await sizes(), await values()]).toEqual([[3, 3, 3, 3], 3]);
    expect(await store.forget(team, {})).toBe(3);
    expect([await sizes(), await values()]).toEqual([[0, 0, 0, 0], 0]);
    expect(await command("GET", `gearbox:{${team}}:cache:bytes`)).toBe("0");
  });

  it("sends no request that is larger than Upstash takes, and asks for no reply of all at once", async () => {
    const sizes: number[] = [];
    const replies: number[] = [];
    const watched = open({
      async fetch(url, init) {
        sizes.push(String(init.body).length);
        const answer = await fetch(url, init);
        const text = await answer.text();
        replies.push(text.length);
        return new Response(text, answer);
      },
    });
    const team = newTeam();
    const kept = Array.from({ length: 40 }, (_, at) => ({
      key: keyOf(at),
      entry: entry({ body: filled(100_000, at) }),
    }));
    await watched.putMany(team, kept, now);
    expect(Math.max(...sizes)).toBeLessThan(1_000_000);
    replies.length = 0;
    const found = await watched.getMany(
      team,
      kept.map(({ key }) => key),
      now,
    );
    expect(found.size).toBe(40);
    expect(replies.length).toBeLessThan(12);
    expect(Math.max(...replies)).toBeLessThan(1_000_000);
  });

  it("finds no value that its indexes do not name, and drops what Redis has lost", async () => {
    const [team, store] = [newTeam(), open()];
    const name = `gearbox:{${team}}:cache:entry:${keyOf(1)}`;
    await store.put(team, keyOf(1), entry(), now);
    const value = String(await command("GET", name));
    await store.forget(team, {});
    await command("SET", name, value);
    expect(await store.get(team, keyOf(1), now)).toBeUndefined();
    await store.put(team, keyOf(1), entry(), now);
    await command("DEL", name);
    expect(await store.get(team, keyOf(1), now)).toBeUndefined();
    expect(await command("ZCARD", `gearbox:{${team}}:cache:used`)).toBe(0);
    await store.put(team, keyOf(1), entry(), now);
    await command("DEL", `gearbox:{${team}}:cache:facts`);
    await store.put(team, keyOf(2), entry(), now);
    expect((await store.getMany(team, [keyOf(1), keyOf(2)], now)).size).toBe(1);
  });

  it("is shared by all who have the same Redis", async () => {
    const team = newTeam();
    await open().put(team, keyOf(1), entry({ body: "shared" }), now);
    expect(await open().get(team, keyOf(1), now)).toEqual(entry({ body: "shared" }));
    expect(await open().forget(team, { model: "p/m" })).toBe(1);
    expect(await open().get(team, keyOf(1), now)).toBeUndefined();
  });

  it("says that it is down where nothing answers", async () => {
    const store = open({ fetch: () => Promise.reject(new Error("no connection")) });
    const team = newTeam();
    await expect(store.get(team, keyOf(1), now)).rejects.toBeInstanceOf(StoreDown);
    await expect(store.put(team, keyOf(1), entry(), now)).rejects.toBeInstanceOf(StoreDown);
    await expect(store.forget(team, {})).rejects.toBeInstanceOf(StoreDown);
  });
});
