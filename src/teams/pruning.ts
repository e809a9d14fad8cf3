/** What a team's object need not keep for good: rows of old calls, and what was spent in periods that ended long ago. */

const dayMs = 24 * 60 * 60 * 1000;

/** Rows deleted at once, so that a call never waits long for it. */
const slice = 500;

/** What ended is kept for so long. */
const periodDays = 70;

/** Names of a period's meter, and of an event of one, hold the day on which it began. */
const day = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]";

/**
 * Deletes a slice of what is too old. Is there more?
 * @param callDays rows of calls are kept for so long; their sums by day stay
 */
export function prune(sql: SqlStorage, callDays: number, now: number): boolean {
  const began = new Date(now - periodDays * dayMs).toISOString().slice(0, 10);
  const deleted = [
    drop(sql, "calls", "(at, id)", "at < ? ORDER BY at", now - callDays * dayMs),
    drop(sql, "sums", "meter", `meter GLOB '*/${day}' AND substr(meter, -10) < ?`, began),
    drop(sql, "outbox", "id", `delivered = 1 AND id GLOB '*/${day}@*' AND due < ?`, now - periodDays * dayMs),
  ];
  return deleted.includes(slice);
}

/** Deletes up to a slice of a table; how many rows it were. Read to its end, as nothing is committed before. */
function drop(sql: SqlStorage, table: string, name: string, isOld: string, than: number | string): number {
  const columns = name.replace(/[()]/g, "");
  const query = `DELETE FROM ${table} WHERE ${name} IN (SELECT ${columns} FROM ${table} WHERE ${isOld} LIMIT ?) RETURNING 1`;
  return sql.exec(query, than, slice).toArray().length;
}

/** When the next row is too old; Infinity where there is none. */
export function nextPruning(sql: SqlStorage, callDays: number): number {
  const [oldest] = sql.exec<{ at: number | null }>("SELECT min(at) AS at FROM calls");
  return (oldest?.at ?? Number.POSITIVE_INFINITY) + callDays * dayMs;
}
