/** Stored conversations on their Durable Objects: chains and branches, expiry, deletion, bounds, and whose they are. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressOf } from "../../src/conversations/address.ts";
import { mostItemBytes, mostTurnBytes } from "../../src/conversations/bounds.ts";
import { type ConversationStore, durableConversations, type Said, type Turn } from "../../src/stores/conversations.ts";
import type { Conversations } from "../../src/teams/conversation.ts";

const { CONVERSATIONS } = env as unknown as { CONVERSATIONS: DurableObjectNamespace<Conversations> };
const store: ConversationStore = durableConversations(CONVERSATIONS);

const now = Date.UTC(2026, 0, 1);
const hour = 3_600_000;
let teams = 0;
const newTeam = (): string => `conv${++teams}`;

const asks = (text: string): Said => ({ json: JSON.stringify({ role: "user", content: text }), prefix: "msg_" });
const says = (id: string, text: string): Said => ({ json: JSON.stringify({ id, text }), id, prefix: "msg_" });
const names = (item: Said): Said => ({ ...item, isReference: true });

function turn(id: string, more: Partial<Turn> = {}): Turn {
  const [input, output] = [[asks(`ask ${id}`)], [says(`msg_${id}`, `say ${id}`)]];
  return { id, input, output, body: `{"id":"${id}"}`, at: now, expiresAt: now + hour, ...more };
}

/** Keeps a turn that goes on from another, where that lies. */
async function goOn(team: string, previous: string, next: Turn): Promise<boolean> {
  const history = await store.history(team, previous, next.at);
  if (history === undefined) return false;
  return store.keep(team, { ...next, previous, home: history.home });
}

const historyOf = async (team: string, id: string, at = now) => (await store.history(team, id, at))?.items;

async function sizes(team: string): Promise<{ entries: number; bytes: number }> {
  const digits = [..."0123456789abcdef"];
  const all = await Promise.all(
    digits.map((digit) =>
      runInDurableObject(CONVERSATIONS.getByName(`${team}/${digit}`), (object, { storage: { sql } }) => {
        object.has("nothing", 0);
        const [row] = sql.exec<{ entries: number; bytes: number }>(
          "SELECT count(*) AS entries, total(bytes) AS bytes FROM entries",
        );
        return row ?? { entries: 0, bytes: 0 };
      }),
    ),
  );
  const sum = (member: "entries" | "bytes"): number => all.reduce((total, each) => total + each[member], 0);
  return { entries: sum("entries"), bytes: sum("bytes") };
}

describe("a chain", () => {
  it("is told from its beginning, also from ids that lead to other shards", async () => {
    const team = newTeam();
    expect(await store.keep(team, turn("resp_a"))).toBe(true);
    for (const [before, id] of [
      ["resp_a", "resp_b"],
      ["resp_b", "resp_c"],
    ] as const) {
      expect(await goOn(team, before, turn(id))).toBe(true);
    }
    expect(new Set(["resp_a", "resp_b", "resp_c"].map(addressOf)).size).toBeGreaterThan(1);
    const said = ["a", "b", "c"].flatMap((each) => [
      asks(`ask resp_${each}`),
      says(`msg_resp_${each}`, `say resp_${each}`),
    ]);
    expect(await historyOf(team, "resp_c")).toEqual(said.map(({ json }) => json));
    expect(await historyOf(team, "resp_a")).toEqual(said.slice(0, 2).map(({ json }) => json));
  });

  it("has branches that share their beginning and know nothing of each other", async () => {
    const team = newTeam();
    await store.keep(team, turn("resp_root"));
    const before = await sizes(team);
    await goOn(team, "resp_root", turn("resp_left"));
    await goOn(team, "resp_root", turn("resp_right"));
    expect((await sizes(team)).entries).toBe(before.entries + 4);
    const [left, right] = [await historyOf(team, "resp_left"), await historyOf(team, "resp_right")];
    expect(left?.slice(0, 2)).toEqual(right?.slice(0, 2));
    expect(left?.join()).not.toContain("right");
    expect(right?.join()).not.toContain("left");
  });

  it("of 1,000 turns takes the room of 1,000 turns", async () => {
    const team = newTeam();
    await store.keep(team, turn("resp_t0"));
    const home = (await store.history(team, "resp_t0", now))?.home ?? "";
    const measured: number[] = [];
    for (let at = 1; at < 1000; at++) {
      const kept = await store.keep(team, turn(`resp_t${at}`, { previous: `resp_t${at - 1}`, home }));
      if (!kept) throw new Error(`turn ${at} was not kept`);
      if (at === 499 || at === 999) measured.push((await sizes(team)).bytes);
    }
    const [half = 0, whole = 0] = measured;
    // 0.6 MB, of which half is what a row takes; copies of the whole history would take 300.
    expect(whole / half).toBeLessThan(2.1);
    expect((await sizes(team)).entries).toBe(2000);
    expect(await historyOf(team, "resp_t999")).toHaveLength(2000);
  });

  it("that is sent again in full, or named item by item, is not kept again", async () => {
    const team = newTeam();
    await store.keep(team, turn("resp_1"));
    const [ask, say] = [asks("ask resp_1"), says("msg_resp_1", "say resp_1")];
    const { entries } = await sizes(team);
    await store.keep(team, turn("resp_2", { input: [ask, say, asks("more")] }));
    expect((await sizes(team)).entries).toBe(entries + 2);
    const home = (await store.items(team, ["msg_resp_1"], now)).get("msg_resp_1")?.home ?? "";
    await store.keep(team, turn("resp_3", { home, input: [ask, names(say), asks("more")] }));
    expect((await sizes(team)).entries).toBe(entries + 3);
    expect((await historyOf(team, "resp_3"))?.slice(0, 3)).toEqual([ask, say, asks("more")].map(({ json }) => json));
  });

  it("that is named item by item finds its first items for as long as it is gone on with", async () => {
    const team = newTeam();
    // In another shard than the id leads to.
    const home = "0123456789abcdef".split("").find((digit) => digit !== addressOf("msg_a")) ?? "";
    const item = says("msg_a", "first");
    await store.keep(team, turn("resp_a", { home, output: [item] }));
    const later = { at: now + hour / 2 + 1, expiresAt: now + (3 * hour) / 2 };
    await store.keep(team, turn("resp_b", { home, input: [asks("ask resp_a"), names(item)], ...later }));
    const found = await store.items(team, ["msg_a"], now + hour);
    expect(found.get("msg_a")).toEqual({ home, json: item.json });
    expect((await store.items(team, ["msg_a"], later.expiresAt)).size).toBe(0);
  });

  it("keeps what its caller changed, though it has the same id", async () => {
    const team = newTeam();
    await store.keep(team, turn("resp_1"));
    const edited = says("msg_resp_1", "other words");
    await store.keep(team, turn("resp_2", { input: [asks("ask resp_1"), edited, asks("more")] }));
    expect(await historyOf(team, "resp_2")).toContain(edited.json);
    expect(await historyOf(team, "resp_1")).not.toContain(edited.json);
  });
});

describe("a stored response", () => {
  it("is found by its team alone, and so are its items", async () => {
    const [team, other] = [newTeam(), newTeam()];
    await store.keep(team, turn("resp_mine"));
    const query = { order: "asc", limit: 20 } as const;
    expect(await store.response(other, "resp_mine", now)).toBeUndefined();
    expect(await store.history(other, "resp_mine", now)).toBeUndefined();
    expect(await store.inputItems(other, "resp_mine", query, now)).toBeUndefined();
    expect((await store.items(other, ["msg_resp_mine"], now)).size).toBe(0);
    expect(await store.delete(other, "resp_mine", now)).toBe(false);
    expect(await store.response(team, "resp_mine", now)).toEqual({
      body: '{"id":"resp_mine"}',
      output: [says("msg_resp_mine", "say resp_mine").json],
    });
  });

  it("is gone when its time is over, and what goes on from it stays whole", async () => {
    const team = newTeam();
    await store.keep(team, turn("resp_old"));
    await goOn(team, "resp_old", turn("resp_new", { at: now + 1, expiresAt: now + 2 * hour }));
    expect(await store.response(team, "resp_old", now + hour - 1)).toBeDefined();
    expect(await store.response(team, "resp_old", now + hour)).toBeUndefined();
    expect(await historyOf(team, "resp_new", now + hour)).toHaveLength(4);
    expect(await historyOf(team, "resp_new", now + 2 * hour)).toBeUndefined();
    expect((await store.items(team, ["msg_resp_new", "msg_resp_old"], now + 2 * hour)).size).toBe(0);
    // Asked at home, which frees what is over.
    expect(await store.response(team, "resp_old", now + 2 * hour)).toBeUndefined();
    expect(await sizes(team)).toEqual({ entries: 0, bytes: 0 });
  });

  it("is freed by the alarm though nobody asks", async () => {
    const team = newTeam();
    await store.keep(team, turn("resp_alone"));
    const object = CONVERSATIONS.getByName(`${team}/${addressOf("resp_alone")}`);
    // The clock of workerd is far behind this one's: the alarm is run by hand.
    expect(await runDurableObjectAlarm(object)).toBe(true);
    expect(await sizes(team)).toEqual({ entries: 0, bytes: 0 });
  });

  it("is deleted once, and takes what nobody else stands on with it", async () => {
    const team = newTeam();
    await store.keep(team, turn("resp_1"));
    await goOn(team, "resp_1", turn("resp_2"));
    expect(await store.delete(team, "resp_2", now)).toBe(true);
    expect(await store.delete(team, "resp_2", now)).toBe(false);
    expect(await historyOf(team, "resp_2")).toBeUndefined();
    expect((await sizes(team)).entries).toBe(2);
    expect(await store.delete(team, "resp_1", now)).toBe(true);
    expect(await sizes(team)).toEqual({ entries: 0, bytes: 0 });
  });

  it("goes with its team, and with all that was said in it", async () => {
    const [team, other] = [newTeam(), newTeam()];
    for (const each of [team, other]) await store.keep(each, turn("resp_a"));
    await store.erase(team);
    expect([await historyOf(team, "resp_a"), await store.response(team, "resp_a", now)]).toEqual([
      undefined,
      undefined,
    ]);
    expect(await sizes(team)).toEqual({ entries: 0, bytes: 0 });
    expect(await historyOf(other, "resp_a")).toHaveLength(2);
    expect(await store.keep(team, turn("resp_b"))).toBe(true);
  });

  it("takes the place of one with the same id", async () => {
    const team = newTeam();
    await store.keep(team, turn("resp_same"));
    await store.keep(team, turn("resp_same", { output: [says("msg_other", "other")], body: "{}" }));
    expect(await store.response(team, "resp_same", now)).toEqual({
      body: "{}",
      output: [says("msg_other", "other").json],
    });
    expect((await sizes(team)).entries).toBe(2);
  });

  it("of any size up to the bound comes back as it was, and is refused above it", async () => {
    const team = newTeam();
    const long = asks(`${"x".repeat(256 * 1024 - 27)}${"😀é".repeat(700_000)}`);
    expect(await store.keep(team, turn("resp_long", { input: [long] }))).toBe(true);
    expect((await historyOf(team, "resp_long"))?.[0]).toBe(long.json);
    const huge = asks("x".repeat(mostItemBytes));
    expect(await store.keep(team, turn("resp_huge", { input: [huge] }))).toBe(false);
    const many = [1, 2, 3].map((each) => asks(String(each).repeat(mostTurnBytes / 2 - 100)));
    expect(await store.keep(team, turn("resp_many", { input: many }))).toBe(false);
    expect(await store.response(team, "resp_huge", now)).toBeUndefined();
  });

  it("is the first to go when its shard is full", async () => {
    const team = newTeam();
    const large = (id: string) => turn(id, { home: "0", input: [asks(id.at(-1)?.repeat(7 * 1024 * 1024) ?? "")] });
    const ids = Array.from("0123456789", (digit) => `resp_${digit}`);
    for (const id of ids) expect(await store.keep(team, large(id))).toBe(true);
    const left = await Promise.all(ids.map(async (id) => (await store.response(team, id, now)) !== undefined));
    expect(left).toEqual([false, ...ids.slice(1).map(() => true)]);
  });

  it("is wholly absent where it could not be written to its end", async () => {
    const team = newTeam();
    await store.keep(team, turn("resp_1"));
    const object = CONVERSATIONS.getByName(`${team}/${addressOf("resp_1")}`);
    await runInDurableObject(object, async (conversations, { storage: { sql } }) => {
      // Nothing can be written into the last table any more.
      sql.exec("DROP TABLE bodies");
      await expect(conversations.keep(turn("resp_2", { previous: "resp_1" }))).rejects.toThrow("bodies");
      expect(conversations.history("resp_2", now)).toBeUndefined();
    });
    expect((await sizes(team)).entries).toBe(2);
  });

  it("is absent where what it goes on from has gone in the meantime", async () => {
    const team = newTeam();
    await store.keep(team, turn("resp_1"));
    await store.delete(team, "resp_1", now);
    const home = addressOf("resp_1");
    expect(await store.keep(team, turn("resp_2", { previous: "resp_1", home }))).toBe(false);
    expect(await store.response(team, "resp_2", now)).toBeUndefined();
    expect(await sizes(team)).toEqual({ entries: 0, bytes: 0 });
  });
});

describe("input items", () => {
  it("are paged both ways without a gap or a repetition, equal ones too", async () => {
    const team = newTeam();
    const input = ["a", "same", "same", "b", "same"].map(asks);
    await store.keep(team, turn("resp_page", { input }));
    for (const order of ["asc", "desc"] as const) {
      const seen: string[] = [];
      const ids = new Set<string>();
      let after: string | undefined;
      for (let isMore = true; isMore; ) {
        const page = await store.inputItems(team, "resp_page", { order, limit: 2, ...(after && { after }) }, now);
        if (page === undefined) throw new Error("the response is gone");
        for (const item of page.items) {
          seen.push(item.json);
          ids.add(item.id);
        }
        isMore = page.hasMore;
        after = page.items.at(-1)?.id;
      }
      const wanted = input.map(({ json }) => json);
      expect(seen).toEqual(order === "asc" ? wanted : wanted.toReversed());
      expect(ids.size).toBe(5);
    }
    const behind = { order: "asc", limit: 2, after: "msg_unknown" } as const;
    expect(await store.inputItems(team, "resp_page", behind, now)).toEqual({ items: [], hasMore: false });
  });
});

/** What a store that copies everything would say. */
interface Model {
  readonly responses: Map<string, { items: readonly string[]; expiresAt: number }>;
}

type Step =
  | { readonly act: "ask"; readonly from: number; readonly words: string; readonly hours: number }
  | { readonly act: "delete"; readonly which: number }
  | { readonly act: "wait"; readonly hours: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    act: fc.constant("ask" as const),
    from: fc.nat(6),
    words: fc.constantFrom("go on", "again", "stop"),
    hours: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({ act: fc.constant("delete" as const), which: fc.nat(6) }),
  fc.record({ act: fc.constant("wait" as const), hours: fc.constantFrom(1, 2) }),
);

it("answers as a store would that copies each conversation, and frees all in the end", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
      const team = newTeam();
      const model: Model = { responses: new Map() };
      const ids: string[] = [];
      let at = now;
      for (const each of steps) at = await play(each, team, model, ids, at);
      for (const id of ids) {
        const wanted = model.responses.get(id);
        const isThere = wanted !== undefined && wanted.expiresAt > at;
        expect(await historyOf(team, id, at)).toEqual(isThere ? wanted.items : undefined);
      }
      await Promise.all(ids.map((id) => store.delete(team, id, at + 100 * hour)));
      await Promise.all(ids.map((id) => store.response(team, id, at + 100 * hour)));
    }),
    { numRuns: 40 },
  );
});

async function play(step: Step, team: string, model: Model, ids: string[], at: number): Promise<number> {
  switch (step.act) {
    case "wait":
      return at + step.hours * hour;
    case "delete": {
      const id = ids[step.which];
      if (id !== undefined) {
        const known = model.responses.get(id);
        expect(await store.delete(team, id, at)).toBe(known !== undefined && known.expiresAt > at);
        model.responses.delete(id);
      }
      return at;
    }
    case "ask": {
      const id = `resp_${team}${ids.length}`;
      const previous = ids[step.from];
      const before = previous === undefined ? undefined : model.responses.get(previous);
      const [ask, say] = [asks(step.words), says(`msg_${id}`, step.words)];
      const next = turn(id, { input: [ask], output: [say], at, expiresAt: at + step.hours * hour });
      const isLost = previous !== undefined && (before === undefined || before.expiresAt <= at);
      const kept = previous === undefined ? await store.keep(team, next) : await goOn(team, previous, next);
      expect(kept).toBe(!isLost);
      if (kept) {
        ids.push(id);
        const items = [...(before?.items ?? []), ask.json, say.json];
        model.responses.set(id, { items, expiresAt: at + step.hours * hour });
      }
      return at;
    }
  }
}
