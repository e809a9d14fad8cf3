/** The store's contract: teams and keys. */
import { describe, expect, it } from "vitest";
import { keyNamed, now, reservation, settlement, type Tried, team } from "./contract-world.ts";

export function teamsContract({ name, store, newTeam, usage }: Tried): void {
  describe(`${name}: teams and keys`, () => {
    it("a team and its keys are found, changed and listed in pages", async () => {
      const record = team();
      await store.createTeam(record);
      expect(await store.team(record.id)).toEqual(record);
      for (const each of ["a", "b", "c"]) expect(await store.putKey(record.id, keyNamed(each))).toBe(true);
      expect(await store.find(record.id, "bbbb")).toEqual({ team: record, key: keyNamed("b") });
      expect(await store.find(record.id, "dddd")).toBeUndefined();
      const first = await store.keys(record.id, undefined, 2);
      const rest = await store.keys(record.id, first.next, 2);
      expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(["key_a", "key_b", "key_c"]);
      expect(rest.next).toBeUndefined();
      await store.putKey(record.id, { ...keyNamed("a"), revoked_at: now });
      expect((await store.find(record.id, "aaaa"))?.key.revoked_at).toBe(now);
      expect(await store.putTeam({ ...record, name: "other" })).toBe(true);
      expect((await store.team(record.id))?.name).toBe("other");
      const listed: string[] = [];
      for (let after: string | undefined; ; ) {
        const page = await store.teams(after, 500);
        listed.push(...page.items.map(({ id }) => id));
        after = page.next;
        if (after === undefined) break;
      }
      expect(listed).toContain(record.id);
    });

    it("what was never made answers with nothing, and is not made by asking", async () => {
      const { id } = team();
      expect(await store.team(id)).toBeUndefined();
      expect(await store.find(id, "aaaa")).toBeUndefined();
      expect(await store.putTeam({ ...team(), id })).toBe(false);
      expect(await store.putKey(id, keyNamed("a"))).toBe(false);
      expect(await store.deleteTeam(id)).toBe(false);
      expect(await store.usage(id, { groupBy: ["model"] }, now)).toEqual([]);
      expect((await store.calls(id, undefined, 10)).items).toEqual([]);
      expect((await store.keys(id, undefined, 10)).items).toEqual([]);
      expect(await store.events(id, now, 10)).toEqual([]);
      expect(await store.team(id)).toBeUndefined();
    });

    it("the start-up's own team and key are entered once; what was revoked or erased stays so", async () => {
      const record = team();
      await store.adopt(record, keyNamed("a"));
      await store.putKey(record.id, { ...keyNamed("a"), revoked_at: now });
      await store.adopt({ ...record, name: "again" }, keyNamed("a"));
      const found = await store.find(record.id, "aaaa");
      expect([found?.team.name, found?.key.revoked_at]).toEqual(["a team", now]);
      expect(await store.deleteTeam(record.id)).toBe(true);
      await store.adopt(record, keyNamed("a"));
      expect(await store.find(record.id, "aaaa")).toBeUndefined();
    });

    it("fifty first uses at once enter the start-up's own team and key once", async () => {
      const record = team();
      await Promise.all(Array.from({ length: 50 }, () => store.adopt(record, keyNamed("a"))));
      expect((await store.keys(record.id, undefined, 10)).items).toEqual([keyNamed("a")]);
      expect(await store.find(record.id, "aaaa")).toEqual({ team: record, key: keyNamed("a") });
    });

    it("making a team a second time changes nothing, and an erased one is not made again", async () => {
      const record = team();
      await store.createTeam(record);
      await store.createTeam({ ...record, name: "again" });
      expect((await store.team(record.id))?.name).toBe("a team");
      await store.deleteTeam(record.id);
      await store.createTeam(record);
      expect(await store.team(record.id)).toBeUndefined();
    });

    it("erasing a team leaves nothing of it", async () => {
      const id = await newTeam();
      await store.putKey(id, keyNamed("a"));
      await store.reserve(id, reservation("1", { cost: { wanted: 5, least: 5 } }));
      await store.settle(id, settlement("2"));
      expect(await store.deleteTeam(id)).toBe(true);
      expect([await store.team(id), await store.find(id, "aaaa"), await usage(id)]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      expect((await store.calls(id, undefined, 10)).items).toEqual([]);
    });
  });
}
