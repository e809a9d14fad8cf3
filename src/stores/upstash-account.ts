/** Rows of a team's account as Redis keeps them, and how its usage and its calls are read. */
import { counts, countsOf, dayOf } from "../teams/account.ts";
import { pageGroups, pageOfCalls, readCursor, readFor } from "../teams/page.ts";
import { type Group, nameOfGroup, tally } from "../teams/tally.ts";
import * as lua from "./lua/ledger.ts";
import type { CallRow, Draft, Page, Reservation, Settlement, UsageQuery, UsageSum } from "./store.ts";
import { type Asking, script } from "./upstash-client.ts";

const scripts = { usage: script(lua.usage), calls: script(lua.calls) };

const dayMs = 24 * 60 * 60 * 1000;
/** Sums of periods that have ended are kept for so long. */
const sumDays = 70;

/** A row's name is its place in order: of one width, so that text sorts as time does. */
function nameOf({ at, id }: Pick<CallRow, "at" | "id">): string {
  return `${String(at).padStart(16, "0")}.${id}`;
}

/** The name of a row's group, which begins with its day. */
function groupOf({ at, key, provider, model, effort }: Draft): string {
  return JSON.stringify([dayOf(at), key, provider, model, effort ?? ""]);
}

/** What is kept of a hold: enough to settle it by. */
export function holdingOf({ draft, lives, sums }: Reservation): string {
  const meters = lives.map(({ meter }) => meter);
  return JSON.stringify({
    ...{ lives: meters, sums, draft: JSON.stringify(draft), name: nameOf(draft), group: groupOf(draft) },
  });
}

/** A settlement as its script takes it. Throws a RangeError on an amount that is no whole number below 2^53. */
export function entryOf({ row, sums, rates }: Settlement): object {
  const amounts = countsOf(row);
  const all = [row.at, ...counts.map((count) => amounts[count]), ...rates.map(({ cost }) => cost)];
  if (!all.every(Number.isSafeInteger)) throw new RangeError(`amounts of call ${row.id} are no whole numbers`);
  return {
    ...{ id: row.id, name: nameOf(row), row: JSON.stringify(row), group: groupOf(row) },
    ...{ counts: counts.map((count) => amounts[count]), cost: amounts.cost, sums, rates },
  };
}

/** What may be deleted: rows before this name, sums of periods that began before this day. */
export function ages(callDays: number, now: number): { oldest: string; day: string } {
  const oldest = nameOf({ at: Math.max(0, now - callDays * dayMs), id: "" });
  return { oldest, day: dayOf(now - sumDays * dayMs).replaceAll("-", "") };
}

/** Reads the roll-ups of these days page by page, and adds up what is of one group. */
export async function usageOf({ ask }: Asking, team: string, query: UsageQuery, now: number): Promise<UsageSum[]> {
  const { from = "", to = "9999" } = query;
  const { add, sums } = tally(query);
  // A group's name begins with its day, and `~` is behind whatever follows that.
  const asked = { to: `[["${to}~`, most: pageGroups, now };
  let start = `[["${from}`;
  for (;;) {
    const reply = await ask(team, scripts.usage, [JSON.stringify({ ...asked, from: start })]);
    const found = Array.isArray(reply) ? (reply as string[]) : [];
    for (let index = 0; index < found.length; index += 2) add(readGroup(found[index] ?? "[]", found[index + 1] ?? ""));
    if (found.length < 2 * pageGroups) return sums();
    start = `(${found.at(-2)}`;
  }
}

function readGroup(name: string, counted: string): Group {
  return { name: nameOfGroup(JSON.parse(name) as string[]), amounts: counted.split(" ").map(Number) };
}

export async function callsOf(
  { ask }: Asking,
  team: string,
  wish: { before: string | undefined; most: number; key: string | undefined; callDays: number; now: number },
): Promise<Page<CallRow>> {
  const { before, most, key, callDays, now } = wish;
  const [at, id] = readCursor(before);
  const start = before === undefined ? "+" : `(${nameOf({ at, id })}`;
  const asked = { now, ...ages(callDays, now), before: start, most: readFor(most, key) };
  const reply = await ask(team, scripts.calls, [JSON.stringify(asked)]);
  const rows = (Array.isArray(reply) ? (reply as string[]) : []).map((row) => JSON.parse(row) as CallRow);
  return pageOfCalls(rows, most, key);
}
