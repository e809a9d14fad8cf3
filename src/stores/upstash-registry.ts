/** Teams, their keys, their accounts and their events on Upstash Redis: the admin's side. */
import { pageOf } from "../teams/page.ts";
import type { KeyRecord, TeamRecord } from "../teams/records.ts";
import { directoryKey, teamKey } from "./lua/keys.ts";
import * as lua from "./lua/registry.ts";
import type { BudgetEvent, Page, Registry } from "./store.ts";
import type { UpstashOptions } from "./upstash.ts";
import { callsOf, usageOf } from "./upstash-account.ts";
import { type Asking, script } from "./upstash-client.ts";
import { routesOn } from "./upstash-routes.ts";

const scripts = {
  createTeam: script(lua.createTeam),
  adopt: script(lua.adopt),
  putTeam: script(lua.putTeam),
  deleteTeam: script(lua.deleteTeam),
  putKey: script(lua.putKey),
  keys: script(lua.keys),
  events: script(lua.events),
  delivered: script(lua.delivered),
};

export function registryOn(redis: Asking, { callDays, now }: Pick<UpstashOptions, "callDays" | "now">): Registry {
  const { ask } = redis;
  const list = (id: string) => redis.redis.zadd(directoryKey, { score: 0, member: id });
  return {
    async createTeam(team) {
      // The list first: an id on it whose team was never made is left out when it is read.
      await list(team.id);
      await ask(team.id, scripts.createTeam, [JSON.stringify(team)]);
    },
    async adopt(team, key) {
      const args = [JSON.stringify(team), key.id, key.hash, JSON.stringify(key)];
      if ((await ask(team.id, scripts.adopt, args)) === 1) await list(team.id);
    },
    teams: (after, most) => teamsOf(redis, after, most),
    async team(id) {
      const record = await redis.redis.get<string>(teamKey(id));
      return record === null ? undefined : (JSON.parse(record) as TeamRecord);
    },
    putTeam: async (team) => (await ask(team.id, scripts.putTeam, [JSON.stringify(team)])) === 1,
    async deleteTeam(id) {
      const isErased = (await ask(id, scripts.deleteTeam, [])) === 1;
      await redis.redis.zrem(directoryKey, id);
      return isErased;
    },
    putKey: async (team, key) => (await ask(team, scripts.putKey, [key.id, key.hash, JSON.stringify(key)])) === 1,
    async keys(team, after, most) {
      return pageOf(recordsOf<KeyRecord>(await ask(team, scripts.keys, [behind(after), String(most + 1)])), most);
    },
    usage: (team, query, at) => usageOf(redis, team, query, at),
    calls: (team, before, most, key) => callsOf(redis, team, { before, most, key, callDays, now: now() }),
    async events(team, at, most) {
      return recordsOf<BudgetEvent>(await ask(team, scripts.events, [String(at), String(most)]));
    },
    async delivered(team, ids) {
      await ask(team, scripts.delivered, [...ids]);
    },
    ...routesOn(redis),
  };
}

/** Ids whose team was never made, or is gone, are left out: their page is short. */
async function teamsOf({ redis }: Asking, after: string | undefined, most: number): Promise<Page<TeamRecord>> {
  const range = { byLex: true, offset: 0, count: most + 1 } as const;
  const ids = await redis.zrange<string[]>(directoryKey, behind(after), "+", range);
  const { items, next } = pageOf(
    ids.map((id) => ({ id })),
    most,
  );
  const reading = redis.pipeline();
  for (const { id } of items) reading.get(teamKey(id));
  const records = items.length === 0 ? [] : await reading.exec<(string | null)[]>();
  return { items: recordsOf<TeamRecord>(records), ...(next !== undefined && { next }) };
}

/** The place in order behind this id, or at the beginning. */
function behind(after: string | undefined): `-` | `(${string}` {
  return after === undefined ? "-" : `(${after}`;
}

/** Those that are there. */
function recordsOf<T>(reply: unknown): T[] {
  const records = Array.isArray(reply) ? (reply as (string | null)[]) : [];
  return records.filter((record) => record !== null).map((record) => JSON.parse(record) as T);
}
