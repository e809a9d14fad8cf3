/** The rows of a team's account and their sums by day, which always agree: each row is added to both, or taken from both. */
import { type CallRow, groupings, type Page, type SumCharge, type UsageQuery, type UsageSum } from "../stores/store.ts";
import { pageOfCalls, readCursor, readFor } from "./page.ts";

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
] as const;

type Counts = Pick<UsageSum, (typeof counts)[number]>;

export function countsOf({ state, usage, cost }: CallRow): Counts {
  const { input = 0, cacheRead = 0, cacheWrite = 0, output = 0, reasoning = 0 } = usage;
  return {
    ...{ calls: 1, input, cacheRead, cacheWrite, output, reasoning, cost: cost ?? 0 },
    estimated: state === "estimated" ? 1 : 0,
    unpriced: cost === undefined ? 1 : 0,
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

export function usageOf(sql: SqlStorage, { from = "", to = "9999", key, groupBy }: UsageQuery): UsageSum[] {
  const groups = groupings.filter((name) => groupBy.includes(name));
  const sums = counts.map((name) => `coalesce(sum(${name}), 0) AS ${name}`);
  const query = `
    SELECT ${[...groups, ...sums].join(", ")} FROM rollups WHERE day >= ? AND day <= ? AND (? IS NULL OR key = ?)
    ${groups.length > 0 ? `GROUP BY ${groups.join(", ")} ORDER BY ${groups.join(", ")}` : ""}
  `;
  // The columns are named as the members are, so that this cast is the query's own promise.
  const rows = sql.exec(query, from, to, key ?? null, key ?? null).toArray() as unknown as UsageSum[];
  return rows.filter(({ calls }) => calls > 0);
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

/** Deletes up to so many rows of calls that came in before; how many it were. */
export function pruneCalls(sql: SqlStorage, before: number, most: number): number {
  return sql
    .exec(
      "DELETE FROM calls WHERE (at, id) IN (SELECT at, id FROM calls WHERE at < ? ORDER BY at LIMIT ?) RETURNING 1",
      before,
      most,
    )
    .toArray().length;
}
