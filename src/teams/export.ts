/** Everything that is kept of a team, page by page: it and its keys, then its calls, then their sums by day. */
import { invalid } from "../fault.ts";
import { groupings, type Registry } from "../stores/store.ts";
import type { TeamRecord } from "./records.ts";
import { bareTeam, shownKey } from "./shown.ts";
import { callJson, usageJson } from "./usage.ts";

/** Sums are kept for good: so many days of them are one page. */
const days = 31;

/**
 * @param after the `next` of the page before: the part that is read and, behind a colon, where in it
 * @param most how many keys or calls are on a page
 */
export async function exportPage(
  store: Pick<Registry, "keys" | "calls" | "usage">,
  team: TeamRecord,
  after: string | undefined,
  { most, now }: { readonly most: number; readonly now: number },
) {
  const [, part, place] = /^(keys|calls|usage):(.*)$/.exec(after ?? "keys:") ?? [];
  const cursor = place === "" ? undefined : place;
  switch (part) {
    case "keys": {
      const { items, next } = await store.keys(team.id, cursor, most);
      const data = { team: bareTeam(team), keys: items.map(shownKey) };
      return page(data, next === undefined ? "calls:" : `keys:${next}`);
    }
    case "calls": {
      const { items, next } = await store.calls(team.id, cursor, most);
      return page({ calls: items.map(callJson) }, next === undefined ? "usage:" : `calls:${next}`);
    }
    case "usage": {
      const { data, next } = await usagePage(store, team.id, cursor ?? "", now);
      return page({ usage: data }, next === undefined ? null : `usage:${next}`);
    }
    default:
      throw invalid("after", "send the 'next' of the page before.");
  }
}

function page<Data>(data: Data, next: string | null) {
  return { object: "export", data, next };
}

/** @param from the first day that is read */
async function usagePage(store: Pick<Registry, "usage">, team: string, from: string, now: number) {
  const all = await store.usage(team, { groupBy: ["day"], from }, now);
  const [first, next] = [all[0]?.day, all[days]?.day];
  const last = all.slice(0, days).at(-1)?.day;
  if (first === undefined || last === undefined) return { data: [] };
  const sums = await store.usage(team, { groupBy: groupings, from: first, to: last }, now);
  const { data } = usageJson(groupings, sums);
  return { data, ...(next !== undefined && { next }) };
}
