/** What every engine of the cache has to keep: one test for each sentence of its contract. Runs inside workerd. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CacheKey } from "../../src/cache/key.ts";
import type { CacheStore, Entry, Forget } from "../../src/cache/store.ts";

export interface Engine {
  readonly name: string;
  readonly store: CacheStore;
  /** Bytes of the largest body that it keeps, or a little less. */
  readonly largest: number;
  /** What the entries may come to whose keys begin alike. */
  readonly room: number;
}

/** Far ahead, so that no alarm of an engine, which goes by the real time, rings during a test. */
export const now = Date.UTC(2126, 10, 24, 12);
const minute = 60_000;

let made = 0;
const suffix = crypto.randomUUID().slice(0, 6);

/** A team of the test's own. */
export function newTeam(): string {
  made++;
  return `C${String(made).padStart(5, "0")}${suffix}`;
}

/** The keys of all numbers begin alike, as those of one shard do. */
export function keyOf(number: number): CacheKey {
  return `a${String(number).padStart(63, "0")}` as CacheKey;
}

/** As a hash is: the numbers' keys are spread over all beginnings. */
function spread(number: number): CacheKey {
  return `${(number % 16).toString(16)}${String(number).padStart(63, "0")}` as CacheKey;
}

interface Wanted extends Partial<Entry["about"]> {
  readonly body?: Uint8Array | string;
  readonly liveMs?: number;
}

export function entry({ body = "an answer", liveMs = 10 * minute, ...about }: Wanted = {}, at = now): Entry {
  const made = { type: "application/json", protocol: "chat", provider: "p", model: "m" } as const;
  const told = { usage: { input: 1, output: 2 }, cost: 3, storedAt: at, expiresAt: at + liveMs, tags: [] };
  return { body: new Uint8Array(Buffer.from(body)), about: { ...made, ...told, ...about } };
}

export function filled(size: number, value = 1): Uint8Array {
  return new Uint8Array(size).fill(value);
}

export function cacheContract(engine: Engine): void {
  describe(`the cache on ${engine.name}`, () => {
    keeping(engine);
    forgetting(engine);
    bounds(engine);
    history(engine);
  });
}

function keeping({ store, largest }: Engine): void {
  it("finds what was put, to the byte, and nothing else", async () => {
    const team = newTeam();
    const body = Uint8Array.from({ length: 4096 }, (_, at) => (at * 7 + (at >> 8)) % 256);
    const kept = entry({ body, tags: ["docs", "v1"], model: "a model/with:häkchen ✓" });
    await store.put(team, spread(1), kept, now);
    expect(await store.get(team, spread(1), now)).toEqual(kept);
    expect(await store.get(team, spread(2), now)).toBeUndefined();
    const empty = entry({ body: "" });
    await store.put(team, spread(3), empty, now);
    expect(await store.get(team, spread(3), now)).toEqual(empty);
  });

  it("finds many at once, whichever are there, and each once", async () => {
    const team = newTeam();
    const kept = Array.from({ length: 300 }, (_, at) => ({ key: spread(2 * at), entry: entry({ body: `n${at}` }) }));
    await store.putMany(team, kept, now);
    const asked = Array.from({ length: 600 }, (_, at) => spread(at));
    const found = await store.getMany(team, [...asked, spread(0)], now);
    expect(found.size).toBe(300);
    for (const { key, entry: put } of kept) expect(found.get(key)).toEqual(put);
    expect((await store.getMany(team, [], now)).size).toBe(0);
    await store.putMany(team, [], now);
  });

  it("ends an entry to the millisecond", async () => {
    const team = newTeam();
    await store.put(team, spread(1), entry({ liveMs: 5000 }), now);
    expect(await store.get(team, spread(1), now + 4999)).toBeDefined();
    expect(await store.get(team, spread(1), now + 5000)).toBeUndefined();
    expect((await store.getMany(team, [spread(1)], now + 5000)).size).toBe(0);
    await store.put(team, spread(2), entry({ liveMs: 0 }), now);
    expect(await store.get(team, spread(2), now)).toBeUndefined();
  });

  it("keeps the last that was put, with its own life, model and tags", async () => {
    const team = newTeam();
    await store.put(team, spread(1), entry({ body: filled(largest), tags: ["old"], liveMs: 1000 }), now);
    const last = entry({ body: "short", tags: ["new"], model: "other" });
    await store.put(team, spread(1), last, now);
    expect(await store.get(team, spread(1), now + 1000)).toEqual(last);
    expect(await store.forget(team, { tag: "old" })).toBe(0);
    expect(await store.forget(team, { model: "p/m" })).toBe(0);
    expect(await store.forget(team, { tag: "new", model: "p/other" })).toBe(1);
  });

  it("keeps a large one whole, and none that is too large", async () => {
    const team = newTeam();
    const body = Uint8Array.from({ length: largest }, (_, at) => (at * 31 + (at >> 12)) % 251);
    await store.put(team, spread(1), entry({ body }), now);
    const found = await store.get(team, spread(1), now);
    expect(found?.body.length).toBe(largest);
    expect(Buffer.from(found?.body ?? []).equals(body)).toBe(true);
    await store.put(team, spread(2), entry({ body: filled(2 * 1024 * 1024) }), now);
    expect(await store.get(team, spread(2), now)).toBeUndefined();
  });

  it("keeps all that are put at once; of those under one key, one of them, whole", async () => {
    const team = newTeam();
    const all = Array.from({ length: 40 }, (_, at) => at);
    await Promise.all(all.map((at) => store.put(team, spread(at), entry({ body: `n${at}` }), now)));
    const found = await store.getMany(team, all.map(spread), now);
    expect([...found.values()].map(({ body }) => Buffer.from(body).toString()).sort()).toEqual(
      all.map((at) => `n${at}`).sort(),
    );
    const rivals = Array.from({ length: 8 }, (_, at) => filled(100_000 + at, at));
    await Promise.all(rivals.map((body) => store.put(team, spread(99), entry({ body }), now)));
    const { body = filled(0) } = (await store.get(team, spread(99), now)) ?? {};
    expect(rivals.some((rival) => Buffer.from(rival).equals(body))).toBe(true);
  });

  it("keeps teams apart, whatever is put, found or forgotten", async () => {
    const [mine, theirs] = [newTeam(), newTeam()];
    await store.put(mine, spread(1), entry({ body: "mine" }), now);
    expect(await store.get(theirs, spread(1), now)).toBeUndefined();
    await store.put(theirs, spread(1), entry({ body: "theirs" }), now);
    expect(await store.forget(theirs, {})).toBe(1);
    expect(await store.get(mine, spread(1), now)).toEqual(entry({ body: "mine" }));
    expect(await store.forget(newTeam(), {})).toBe(0);
  });
}

function forgetting({ store }: Engine): void {
  const models = ["m", "n"];
  const tags = [[], ["docs"], ["docs", "v1"]];

  async function shelf(): Promise<string> {
    const team = newTeam();
    const kinds = models.flatMap((model) => tags.map((own) => ({ model, tags: own })));
    await store.putMany(
      team,
      kinds.map((about, at) => ({ key: spread(at), entry: entry(about) })),
      now,
    );
    return team;
  }

  it.each<[string, Forget, number[]]>([
    ["a model", { model: "p/m" }, [3, 4, 5]],
    ["a tag", { tag: "docs" }, [0, 3]],
    ["another tag", { tag: "v1" }, [0, 1, 3, 4]],
    ["a tag of a model", { model: "p/n", tag: "docs" }, [0, 1, 2, 3]],
    ["no model of that name", { model: "p/" }, [0, 1, 2, 3, 4, 5]],
    ["no tag of that name", { tag: "doc" }, [0, 1, 2, 3, 4, 5]],
    ["everything", {}, []],
  ])("forgets what is of %s, and nothing else", async (_, what, left) => {
    const team = await shelf();
    expect(await store.forget(team, what)).toBe(6 - left.length);
    const all = Array.from({ length: 6 }, (_, at) => spread(at));
    const found = await store.getMany(team, all, now);
    expect([...found.keys()].sort()).toEqual(left.map(spread).sort());
    expect(await store.forget(team, what)).toBe(0);
  });

  it("forgets more than one slice", async () => {
    const team = newTeam();
    const kept = Array.from({ length: 1203 }, (_, at) => ({
      key: keyOf(at),
      entry: entry({ tags: at % 2 === 0 ? ["even"] : ["odd"] }),
    }));
    await store.putMany(team, kept, now);
    expect(await store.forget(team, { tag: "even" })).toBe(602);
    expect(await store.forget(team, {})).toBe(601);
    expect(await store.get(team, keyOf(1), now)).toBeUndefined();
  });
}

function bounds({ store, largest, room }: Engine): void {
  it("lets those go first that were not asked for the longest", async () => {
    const team = newTeam();
    const count = Math.ceil(room / largest) + 3;
    for (let at = 0; at < count; at++) {
      const time = now + 2 * at * minute;
      await store.put(team, keyOf(at), entry({ body: filled(largest, at), liveMs: 1000 * minute }), time);
      // The first one is asked for again and again.
      expect(await store.get(team, keyOf(0), time + minute)).toBeDefined();
    }
    const keys = Array.from({ length: count }, (_, at) => keyOf(at));
    const found = [...(await store.getMany(team, keys, now + 2 * count * minute)).keys()].sort();
    expect(found.length * largest).toBeLessThanOrEqual(room);
    expect(found.length * largest).toBeGreaterThan(room / 2);
    expect(found).toEqual([keyOf(0), ...keys.slice(count - found.length + 1)]);
  });

  it("lets what has run out go before anything that has not", async () => {
    const team = newTeam();
    const share = Math.floor((room / largest) * 0.36);
    const put = async (from: number, liveMs: number, time: number): Promise<void> => {
      for (let at = from; at < from + share; at++) {
        await store.put(team, keyOf(at), entry({ body: filled(largest), liveMs }, time), time);
      }
    };
    await put(0, 1000 * minute, now);
    await put(share, minute, now + minute);
    await put(2 * share, 1000 * minute, now + 3 * minute);
    const keys = Array.from({ length: 3 * share }, (_, at) => keyOf(at));
    const found = await store.getMany(team, keys, now + 3 * minute);
    expect([...found.keys()].sort()).toEqual([...keys.slice(0, share), ...keys.slice(2 * share)]);
  });

  it("has its room again when an entry is put over another, or forgotten", async () => {
    const team = newTeam();
    const share = Math.floor((room / largest) * 0.7);
    for (let round = 0; round < 3; round++) {
      for (let at = 0; at < share; at++) await store.put(team, keyOf(at), entry({ body: filled(largest) }), now);
      const keys = Array.from({ length: share }, (_, at) => keyOf(at));
      expect((await store.getMany(team, keys, now)).size).toBe(share);
      if (round === 1) expect(await store.forget(team, {})).toBe(share);
    }
  });
}

type Step =
  | {
      readonly kind: "put";
      readonly key: number;
      readonly liveMs: number;
      readonly model: string;
      readonly tag: string;
    }
  | { readonly kind: "forget"; readonly what: Forget }
  | { readonly kind: "wait"; readonly ms: number };

/** What crosses to a Durable Object has a prototype. */
const plain = { noNullPrototype: true } as const;

function history({ store }: Engine): void {
  const model = fc.constantFrom("m", "n");
  const tag = fc.constantFrom("a", "b", "ab");
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({
      kind: fc.constant("put" as const),
      ...{ key: fc.nat(5), liveMs: fc.integer({ min: 1, max: 3000 }), model, tag },
    }),
    fc.record({
      kind: fc.constant("forget" as const),
      what: fc.oneof(
        fc.record({ model: model.map((each) => `p/${each}`) }, plain),
        fc.record({ tag }, plain),
        fc.record({ model: model.map((each) => `p/${each}`), tag }, plain),
      ),
    }),
    fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(1500) }),
  );

  it("agrees with a plain map after any history", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const team = newTeam();
        const map = new Map<CacheKey, Entry>();
        let time = now;
        for (const [at, each] of steps.entries()) {
          if (each.kind === "wait") time += each.ms;
          else if (each.kind === "put") {
            const { key, liveMs, model, tag } = each;
            const made = entry({ body: `answer ${at}`, liveMs, model, tags: [tag] }, time);
            map.set(spread(key), made);
            await store.put(team, spread(key), made, time);
          } else {
            await store.forget(team, each.what);
            for (const [key, { about }] of map) if (isMeant(about, each.what)) map.delete(key);
          }
        }
        const living = [...map].filter(([, { about }]) => about.expiresAt > time);
        const keys = Array.from({ length: 6 }, (_, at) => spread(at));
        expect(await store.getMany(team, keys, time)).toEqual(new Map(living));
      }),
      { numRuns: 25 },
    );
  });
}

function isMeant({ provider, model, tags }: Entry["about"], what: Forget): boolean {
  const isModel = what.model === undefined || what.model === `${provider}/${model}`;
  return isModel && (what.tag === undefined || tags.includes(what.tag));
}
