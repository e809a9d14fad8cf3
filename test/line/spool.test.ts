/** What Redis could not take is kept in the team's object, and entered in order when it can. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import type { Settlement } from "../../src/stores/store.ts";
import { isSpooled, spool, unspool } from "../../src/teams/spool.ts";
import type { Team } from "../../src/teams/team.ts";

const settlements: Settlement[] = Array.from({ length: 120 }, (_, call) => ({
  row: {
    ...{ id: `c${call}`, key: "key_a", at: 1, protocol: "chat", asked: "m", provider: "p", model: "m" },
    ...{ state: "settled", status: 200, usage: { input: 1 }, cost: 7 },
  },
  sums: [],
  rates: [],
}));

it("keeps settlements, enters them in order a slice at a time, and keeps the rest where that fails", async () => {
  const { TEAM } = env as unknown as { TEAM: DurableObjectNamespace<Team> };
  await runInDurableObject(TEAM.getByName("SpoolTest000"), async (_, { storage: { sql } }) => {
    expect(isSpooled(sql)).toBe(false);
    spool(sql, settlements.slice(0, 70));
    spool(sql, settlements.slice(70));
    expect(isSpooled(sql)).toBe(true);
    const entered: Settlement[] = [];
    const failing = async (slice: readonly Settlement[]) => {
      if (entered.length > 0) throw new Error("down again");
      entered.push(...slice);
    };
    await expect(unspool(sql, failing)).rejects.toThrow("down again");
    await unspool(sql, async (slice) => void entered.push(...slice));
    expect(entered).toEqual(settlements);
    expect(isSpooled(sql)).toBe(false);
  });
});
