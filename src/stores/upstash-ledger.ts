/** Admission and settlement on Upstash Redis. */
import type { KeyRecord, TeamRecord } from "../teams/records.ts";
import * as lua from "./lua/ledger.ts";
import { find } from "./lua/registry.ts";
import type { Admission, Charges, Ledger, Level, Settlement } from "./store.ts";
import type { UpstashOptions } from "./upstash.ts";
import { ages, entryOf, holdingOf } from "./upstash-account.ts";
import { type Asking, script } from "./upstash-client.ts";

const scripts = {
  find: script(find),
  reserve: script(lua.reserve),
  extend: script(lua.extend),
  settle: script(lua.settle),
  levels: script(lua.levels),
};

export function ledgerOn(redis: Asking, options: Omit<UpstashOptions, "url" | "token">): Ledger {
  const { ask } = redis;
  return {
    async find(team, hash) {
      const found = await ask(team, scripts.find, [hash]);
      if (!Array.isArray(found)) return undefined;
      const [record, key] = found as [string, string];
      return { team: JSON.parse(record) as TeamRecord, key: JSON.parse(key) as KeyRecord };
    },
    async reserve(team, reservation) {
      const { draft, ...asked } = reservation;
      const reply = await ask(team, scripts.reserve, [JSON.stringify(asked), holdingOf(reservation)]);
      return admissionOf(reply, reservation);
    },
    // Once only: a second try whose first was heard after all would hold twice as much.
    extend: async (team, extension) => Number(await ask(team, scripts.extend, [JSON.stringify(extension)], false)),
    async settle(team, settlement) {
      // What cannot be written is refused before it joins others.
      entryOf(settlement);
      await options.gathering.add(team, settlement, (all) => insist(redis, options, team, all));
    },
    async levels(team, { rates, lives, sums }, now) {
      const charges = { rates, lives, sums };
      return levelsOf(await ask(team, scripts.levels, [JSON.stringify({ now, ...charges })]), charges);
    },
  };
}

type Refusal = [isAdmitted: 0, meter: string, left: number, retryAfterMs: number, levels: number[]];
type Reply = [isAdmitted: 1, granted: number, levels: number[]] | Refusal;

function admissionOf(reply: unknown, charges: Charges): Admission {
  // A key may be remembered a little longer than its team is there: it has nothing left.
  if (reply === null) return { isAdmitted: false, meter: "team", left: 0, levels: [] };
  const said = reply as Reply;
  if (said[0] === 1) return { isAdmitted: true, granted: said[1], levels: levelsOf(said[2], charges) };
  const [, meter, left, retryAfterMs, levels] = said;
  const waiting = retryAfterMs >= 0 && { retryAfterMs };
  return { isAdmitted: false, meter, left, ...waiting, levels: levelsOf(levels, charges) };
}

/** @param reply what is left and when it is whole, in turns; nothing where there is no such team */
function levelsOf(reply: unknown, { rates, lives, sums }: Charges): Level[] {
  if (!Array.isArray(reply)) return [];
  const numbers = reply as number[];
  return [...rates, ...lives, ...sums].map(({ meter }, index) => {
    const [left = 0, resetMs = 0] = numbers.slice(2 * index);
    return { meter, left, resetMs };
  });
}

/** Before settlements are spooled they are tried again after so long. */
const pausesMs = [200, 1000];

async function insist(
  redis: Asking,
  options: Pick<UpstashOptions, "callDays" | "now" | "wait" | "spool">,
  team: string,
  all: readonly Settlement[],
): Promise<void> {
  for (const pause of pausesMs) {
    try {
      return await enter(redis, options, team, all);
    } catch {
      await options.wait(pause);
    }
  }
  await enter(redis, options, team, all).catch(() => options.spool.keep(team, all));
}

/** So many settlements are entered by one script. */
const slice = 50;

/** Rejects with StoreDown; those that were entered before it are harmless to enter again. */
export async function enter(
  { ask }: Asking,
  { callDays, now }: Pick<UpstashOptions, "callDays" | "now">,
  team: string,
  all: readonly Settlement[],
): Promise<void> {
  for (let from = 0; from < all.length; from += slice) {
    const entries = all.slice(from, from + slice).map(entryOf);
    const asked = { now: now(), ...ages(callDays, now()), entries };
    await ask(team, scripts.settle, [JSON.stringify(asked)]);
  }
}
