/** The rows of a team's account and their sums by day, which always agree: each row is added to both, or taken from both. */
import type { CallRow, Page, SumCharge, UsageQuery, UsageSum } from "../stores/store.ts";
import { pageGroups, pageOfCalls, readCursor, readFor } from "./page.ts";
import { type Group, type GroupName, groupColumns, nameOfGroup } from "./tally.ts";

/** What a row adds to its group, in the order of the columns. */
export const counts = [
  "calls",
  "input",
  "cacheRead",
  "cacheWrite",
  "output",
  "reasoning",
  "cost",
  "estimated",
  "unpriced",
  "hits",
  "saved",
] as const;

type Counts = Pick<UsageSum, (typeof counts)[number]>;

export function countsOf({ state, usage, cost, saved, detail }: CallRow): Counts {
  const { input = 0, cacheRead = 0, cacheWrite = 0, output = 0, reasoning = 0 } = usage;
  return {
    ...{ calls: 1, input, cacheRead, cacheWrite, output, reasoning, cost: cost ?? 0 },
    estimated: state === "estimated" ? 1 : 0,
    unpriced: cost === undefined ? 1 : 0,
    // Of a batch that was there in part the rest was bought: it saves, and is no hit.
    hits: saved === undefined || detail?.cache === "partial" ? 0 : 1,
    saved: saved ?? 0,
  };
}

export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

const upsert = `
  INSERT INTO rollups (day, key, provider, model, effort, ${counts.join(", ")})
  VALUES (?, ?, ?, ?, ?, ${counts.map(() => "?").join(", ")})
  ON CONFLICT DO UPDATE SET ${counts.map((name) => `${name} = ${name} + excluded.${name}`).join(", ")}
`;

function enter(sql: SqlStorage, row: CallRow, sign: 1 | -1): void {
  const amounts = countsOf(row);
  const group = [dayOf(row.at), row.key, row.provider, row.model, row.effort ?? ""];
  sql.exec(upsert, ...group, ...counts.map((name) => sign * amounts[name]));
}

/** @param paid of a swept row: the budgets that have paid for it */
export function addTo(sql: SqlStorage, row: CallRow, paid?: readonly SumCharge[]): void {
  const text = paid === undefined ? null : JSON.stringify(paid);
  sql.exec("INSERT OR REPLACE INTO calls VALUES (?, ?, ?, ?, ?)", row.at, row.id, row.key, JSON.stringify(row), text);
  enter(sql, row, 1);
}

/** Takes the row out of its group's sums; the row itself is about to be replaced. */
export function takeFrom(sql: SqlStorage, row: CallRow): void {
  enter(sql, row, -1);
}

/** The row that is there for this call, and what has paid for it. */
export function rowOf(
  sql: SqlStorage,
  { at, id }: Pick<CallRow, "at" | "id">,
): { row: CallRow; paid: readonly SumCharge[] } | undefined {
  const [found] = sql.exec<{ entry: string; paid: string | null }>(
    "SELECT entry, paid FROM calls WHERE at = ? AND id = ?",
    at,
    id,
  );
  if (found === undefined) return undefined;
  return { row: JSON.parse(found.entry) as CallRow, paid: JSON.parse(found.paid ?? "[]") as SumCharge[] };
}

/** A page of the groups of these days, those behind `after` in order. */
export function groupsOf(
  sql: SqlStorage,
  { from = "", to = "9999" }: Pick<UsageQuery, "from" | "to">,
  after: GroupName | undefined,
): Group[] {
  const names = groupColumns.join(", ");
  const query = `
    SELECT ${names}, ${counts.join(", ")} FROM rollups
    WHERE day <= ? AND (${names}) > (?, ?, ?, ?, ?) ORDER BY ${names} LIMIT ?
  `;
  const behind = groupColumns.map((name) => after?.[name] ?? (name === "day" ? from : ""));
  const rows = sql.exec(query, to, ...behind, pageGroups).raw();
  return [...rows].map((row) => ({
    name: nameOfGroup(row.slice(0, groupColumns.length).map(String)),
    amounts: row.slice(groupColumns.length).map(Number),
  }));
}

export function callsOf(sql: SqlStorage, before: string | undefined, most: number, key?: string): Page<CallRow> {
  const rows = sql
    .exec<{ at: number; id: string; key: string; entry: string }>(
      "SELECT at, id, key, entry FROM calls WHERE (at, id) < (?, ?) ORDER BY at DESC, id DESC LIMIT ?",
      ...readCursor(before),
      readFor(most, key),
    )
    .toArray();
  const { items, ...rest } = pageOfCalls(rows, most, key);
  return { items: items.map(({ entry }) => JSON.parse(entry) as CallRow), ...rest };
}
