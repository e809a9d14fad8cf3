/**
 * The names under which Redis keeps a team. They share the hash tag `{team}`, so that one script may touch them all, and
 * every script is given every one of them, as Upstash wants keys to be declared.
 */

const parts = [
  // Records: the team's own (absent where there is no such team), its keys by id, their ids in order and by hash.
  ...["team", "keys", "key_ids", "hashes"],
  // Meters: buckets of rates, calls at once, nano-dollars spent and held, dated sums by the day of their period's start.
  ...["buckets", "lives", "sums", "held", "periods"],
  // Holds: ids by expiry, what each is about, what it was granted.
  ...["holds", "holding", "granted"],
  // The account: names of rows in order, the rows, what paid for those that were swept, groups in order and their counts.
  ...["calls", "rows", "swept", "groups", "rollups"],
  // Events of budgets: those not delivered, when they are due, how often they were tried, marks that were ever noted.
  ...["events", "due", "tries", "marks"],
] as const;

const prefix = "gearbox:";

/** The key of the team's own record. */
export function teamKey(team: string): string {
  return `${prefix}{${team}}:team`;
}

/** In the order in which {@link keyLocals} takes them. */
export function keysOf(team: string): string[] {
  return [...parts.map((part) => `${prefix}{${team}}:${part}`), `${prefix}{${team}}:erased`];
}

/** Ids of all teams, for the admin's list only; no script touches it. */
export const directoryKey = `${prefix}teams`;

/** The versions of the routes, which are no team's. */
export const routesKey = `${prefix}routes`;

/** Lua: the keys as locals, each named as it ends. `erased` outlives the team, all the others go with it. */
export const keyLocals = `local ${parts.join(", ")}, erased = unpack(KEYS)\n`;

/** What a script answers that had more to sweep than it takes at once, and has done nothing else. */
export const again = "again";
