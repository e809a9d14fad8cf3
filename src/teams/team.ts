/** The Durable Object of one team: a single writer for all that is counted for it. */
import { DurableObject } from "cloudflare:workers";
import type { UsageRow, UsageSum } from "../stores/store.ts";

/** The stored schema's version. A newer one brings an older object up to it when the object wakes. */
const schemaVersion = 1;

const schema = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS usage (
    id TEXT PRIMARY KEY, at INTEGER NOT NULL, key TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
    state TEXT NOT NULL, status INTEGER NOT NULL, input INTEGER, cache_read INTEGER, cache_write INTEGER,
    output INTEGER, reasoning INTEGER, searches INTEGER
  ) STRICT, WITHOUT ROWID;
`;

const insert = `
  INSERT INTO usage (id, at, key, provider, model, state, status, input, cache_read, cache_write, output, reasoning,
    searches) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO NOTHING
`;

const sums = `
  SELECT provider, model, count(*) AS calls, total(input) AS input, total(cache_read) AS cacheRead,
    total(output) AS output, total(reasoning) AS reasoning, total(state = 'estimated') AS estimated
  FROM usage GROUP BY provider, model ORDER BY provider, model
`;

export class Team extends DurableObject {
  #isReady = false;

  /** Enters calls, all in one commit; the same one again changes nothing. */
  settle(rows: readonly UsageRow[]): void {
    this.#prepare();
    this.ctx.storage.transactionSync(() => {
      for (const row of rows) this.#enter(row);
    });
  }

  #enter(row: UsageRow): void {
    const { usage } = row;
    const counts = [usage.input, usage.cacheRead, usage.cacheWrite, usage.output, usage.reasoning, usage.searches];
    this.ctx.storage.sql.exec(
      insert,
      ...[row.id, row.at, row.key, row.provider, row.model, row.state, row.status],
      ...counts.map((count) => count ?? null),
    );
  }

  usage(): UsageSum[] {
    this.#prepare();
    // The columns are named as the members are, so that this cast is the query's own promise.
    return this.ctx.storage.sql.exec(sums).toArray() as unknown as UsageSum[];
  }

  /** An object that was only ever asked for, by a key that does not hold, has written nothing. */
  #prepare(): void {
    if (this.#isReady) return;
    this.ctx.storage.sql.exec(schema);
    this.ctx.storage.sql.exec("INSERT OR REPLACE INTO meta VALUES ('schema', ?)", schemaVersion);
    this.#isReady = true;
  }
}
