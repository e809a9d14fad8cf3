/**
 * Which follower has paid for a call that several waited for. On disk, so that an object which was put out of memory
 * in between charges nobody twice.
 */
import type { Payers } from "../cache/flights.ts";

const schema =
  "CREATE TABLE IF NOT EXISTS payers (flight TEXT PRIMARY KEY, follower INTEGER NOT NULL) STRICT, WITHOUT ROWID";

/** Who asks later than this has had its hold swept long since. */
const forgottenMs = 24 * 3600 * 1000;

/** A flight's name: later ones are greater. */
export function flightName(now: number, random: string): string {
  return `${String(now).padStart(timeDigits, "0")}-${random}`;
}

const timeDigits = 15;

export function payers(sql: SqlStorage): Payers {
  sql.exec(schema);
  return {
    of(flight) {
      return sql.exec<{ follower: number }>("SELECT follower FROM payers WHERE flight = ?", flight).toArray()[0]
        ?.follower;
    },
    enter(flight, follower) {
      sql.exec("INSERT OR IGNORE INTO payers VALUES (?, ?)", flight, follower);
      const oldest = Number(flight.slice(0, timeDigits)) - forgottenMs;
      sql.exec("DELETE FROM payers WHERE flight < ?", flightName(oldest, ""));
    },
  };
}
