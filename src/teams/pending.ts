/** Budget events that wait for their delivery, in SQL. Delivered ones stay while their period may still be paid. */
import type { BudgetEvent } from "../stores/store.ts";

/** An event that was not delivered is tried again after this long, then twice as long, up to a day. */
const retryMs = 30_000;
const mostRetryMs = 24 * 60 * 60 * 1000;

/** Enters an event, once ever: a mark that is passed again after a refund is not told again. Is it new? */
export function note(sql: SqlStorage, event: BudgetEvent): boolean {
  const values = [event.id, JSON.stringify(event), event.at];
  return sql.exec("INSERT OR IGNORE INTO outbox VALUES (?, ?, ?, 0, 0)", ...values).rowsWritten > 0;
}

/** Those that are due; each is due again only later. */
export function dueEvents(sql: SqlStorage, now: number, most: number): BudgetEvent[] {
  const rows = sql
    .exec<{ id: string; event: string; tries: number }>(
      "SELECT id, event, tries FROM outbox WHERE delivered = 0 AND due <= ? ORDER BY due LIMIT ?",
      now,
      most,
    )
    .toArray();
  for (const { id, tries } of rows) {
    const due = now + Math.min(mostRetryMs, retryMs * 2 ** Math.min(tries, 20));
    sql.exec("UPDATE outbox SET due = ?, tries = tries + 1 WHERE id = ?", due, id);
  }
  return rows.map(({ event }) => JSON.parse(event) as BudgetEvent);
}

export function markDelivered(sql: SqlStorage, ids: readonly string[]): void {
  sql.exec("UPDATE outbox SET delivered = 1 WHERE id IN (SELECT value FROM json_each(?))", JSON.stringify(ids));
}

/** When the next one is due; Infinity where there is none. */
export function nextDue(sql: SqlStorage): number {
  const [next] = sql.exec<{ due: number | null }>("SELECT min(due) AS due FROM outbox WHERE delivered = 0");
  return next?.due ?? Number.POSITIVE_INFINITY;
}
