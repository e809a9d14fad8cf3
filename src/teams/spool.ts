/** Settlements that Redis could not take, kept in SQL in the order in which they came. */
import type { Settlement } from "../stores/store.ts";

const schema = "CREATE TABLE IF NOT EXISTS spooled (n INTEGER PRIMARY KEY, settlement TEXT NOT NULL) STRICT";

/** Settlements entered at once. */
const slice = 100;

export function spool(sql: SqlStorage, settlements: readonly Settlement[]): void {
  sql.exec(schema);
  for (const settlement of settlements) {
    sql.exec("INSERT INTO spooled (settlement) VALUES (?)", JSON.stringify(settlement));
  }
}

/** Enters all of them, the oldest first. Where that fails the rest is kept, and the failure thrown. */
export async function unspool(
  sql: SqlStorage,
  enter: (settlements: readonly Settlement[]) => Promise<void>,
): Promise<void> {
  sql.exec(schema);
  for (;;) {
    const rows = sql
      .exec<{ n: number; settlement: string }>("SELECT * FROM spooled ORDER BY n LIMIT ?", slice)
      .toArray();
    const last = rows.at(-1);
    if (last === undefined) return;
    await enter(rows.map(({ settlement }) => JSON.parse(settlement) as Settlement));
    sql.exec("DELETE FROM spooled WHERE n <= ?", last.n);
  }
}

export function isSpooled(sql: SqlStorage): boolean {
  sql.exec(schema);
  return sql.exec("SELECT 1 FROM spooled LIMIT 1").toArray().length > 0;
}
