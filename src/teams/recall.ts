/**
 * The Durable Object that keeps what of one team's reasoning is too long for a tool-call id: sealed tokens by name, for
 * a day. An object of its own, so that none of it stands in the way of what is counted for the team.
 */
import { DurableObject } from "cloudflare:workers";

/** A tool loop lasts minutes; an agent that is left overnight finds its reasoning in the morning. */
const ttlMs = 24 * 60 * 60 * 1000;

/** Of one team. Beyond it the oldest go: a lost token costs a model its thoughts, and nothing else. */
const mostBytes = 64 * 1024 * 1024;

/** Rows deleted at once, so that a call never waits long for the pruning. */
const slice = 500;

const schema = `
  CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, at INTEGER NOT NULL, size INTEGER NOT NULL, token TEXT NOT NULL)
    STRICT;
`;

/** Rows are in the order in which they came, so the oldest stand first and nothing else is looked at. */
const prune = `
  DELETE FROM kept WHERE at <= ? AND rowid IN (SELECT rowid FROM kept ORDER BY rowid LIMIT ${slice}) RETURNING size
`;

const dropOldest = "DELETE FROM kept WHERE rowid = (SELECT min(rowid) FROM kept) RETURNING size";

type Size = { size: number };

export class Recall extends DurableObject {
  /** Bytes kept; `undefined` until the object has looked. */
  #bytes: number | undefined;

  /** @param at milliseconds since 1970 */
  async keep(name: string, token: string, at: number): Promise<void> {
    this.#prepare();
    const { sql } = this.ctx.storage;
    sql.exec("INSERT OR IGNORE INTO kept VALUES (?, ?, ?, ?)", name, at, token.length, token);
    let bytes = this.#bytes === undefined ? this.#count() : this.#bytes + token.length;
    while (bytes > mostBytes) bytes -= sum(sql.exec<Size>(dropOldest));
    this.#bytes = bytes;
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(at + ttlMs);
  }

  /** Those of the named tokens that are there and have not expired. */
  recall(names: readonly string[], now: number): Record<string, string> {
    this.#prepare();
    const found = this.ctx.storage.sql.exec<{ name: string; token: string }>(
      "SELECT name, token FROM kept WHERE at > ? AND name IN (SELECT value FROM json_each(?))",
      now - ttlMs,
      JSON.stringify(names),
    );
    return Object.fromEntries([...found].map(({ name, token }) => [name, token]));
  }

  override async alarm(): Promise<void> {
    this.#prepare();
    const now = Date.now();
    const { sql } = this.ctx.storage;
    const deleted = sql.exec<Size>(prune, now - ttlMs).toArray();
    if (this.#bytes !== undefined) this.#bytes -= sum(deleted);
    const [oldest] = sql.exec<{ at: number }>("SELECT at FROM kept ORDER BY rowid LIMIT 1");
    if (oldest !== undefined) await this.ctx.storage.setAlarm(deleted.length === slice ? now : oldest.at + ttlMs);
  }

  #count(): number {
    return sum(this.ctx.storage.sql.exec<Size>("SELECT coalesce(sum(size), 0) AS size FROM kept"));
  }

  #prepare(): void {
    this.ctx.storage.sql.exec(schema);
  }
}

function sum(rows: Iterable<Size>): number {
  return [...rows].reduce((bytes, { size }) => bytes + size, 0);
}
