/**
 * The Durable Object that keeps a sixteenth of one team's cached answers, whole or not at all: an entry and its chunks are
 * written in one transaction. Bounded in size; those that were not asked for the longest go first.
 */
import { DurableObject } from "cloudflare:workers";
import type { About, Entry, Forget } from "../cache/store.ts";

const schema = `
  CREATE TABLE IF NOT EXISTS entries (
    key TEXT PRIMARY KEY, about TEXT NOT NULL, model TEXT NOT NULL, bytes INTEGER NOT NULL, expires INTEGER NOT NULL,
    used INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS chunks (key TEXT NOT NULL, n INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (key, n))
    STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS tags (tag TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (tag, key)) STRICT, WITHOUT ROWID;
`;

/** A row may have 2 MB; several smaller ones are read as fast. */
const chunkBytes = 512 * 1024;

/** Of one shard: a team has sixteen. */
const mostBytes = 32 * 1024 * 1024;

/** An entry that is asked for often is marked as used no more often than this. */
const markMs = 60_000;

/** Entries looked at in one slice of the pruning. */
const slice = 500;

export class CacheShard extends DurableObject {
  #isReady = false;

  get(key: string, now: number): Entry | undefined {
    this.#prepare();
    const { sql } = this.ctx.storage;
    const [row] = sql.exec<{ about: string; used: number }>(
      "SELECT about, used FROM entries WHERE key = ? AND expires > ?",
      key,
      now,
    );
    if (row === undefined) return undefined;
    if (now - row.used > markMs) sql.exec("UPDATE entries SET used = ? WHERE key = ?", now, key);
    const chunks = sql.exec<{ bytes: ArrayBuffer }>("SELECT bytes FROM chunks WHERE key = ? ORDER BY n", key);
    const body = Buffer.concat([...chunks].map(({ bytes }) => new Uint8Array(bytes)));
    return { body: new Uint8Array(body), about: JSON.parse(row.about) as About };
  }

  async put(key: string, { body, about }: Entry, now: number): Promise<void> {
    this.#prepare();
    const { sql } = this.ctx.storage;
    this.ctx.storage.transactionSync(() => {
      this.#drop(key);
      const model = `${about.provider}/${about.model}`;
      const size = body.length;
      sql.exec(
        "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)",
        key,
        JSON.stringify(about),
        model,
        size,
        about.expiresAt,
        now,
      );
      for (let at = 0; at < size; at += chunkBytes) {
        sql.exec("INSERT INTO chunks VALUES (?, ?, ?)", key, at / chunkBytes, body.slice(at, at + chunkBytes).buffer);
      }
      for (const tag of about.tags) sql.exec("INSERT OR IGNORE INTO tags VALUES (?, ?)", tag, key);
      this.#makeRoom();
    });
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(about.expiresAt);
  }

  forget({ model, tag }: Forget): number {
    this.#prepare();
    const found = this.ctx.storage.sql.exec<{ key: string }>(
      `SELECT key FROM entries WHERE (? IS NULL OR model = ?)
       AND (? IS NULL OR key IN (SELECT key FROM tags WHERE tag = ?))`,
      ...[model ?? null, model ?? null, tag ?? null, tag ?? null],
    );
    const keys = [...found].map(({ key }) => key);
    this.ctx.storage.transactionSync(() => {
      for (const key of keys) this.#drop(key);
    });
    return keys.length;
  }

  override async alarm(): Promise<void> {
    this.#prepare();
    const { sql } = this.ctx.storage;
    const now = Date.now();
    const expired = sql
      .exec<{ key: string }>("SELECT key FROM entries WHERE expires <= ? LIMIT ?", now, slice)
      .toArray();
    this.ctx.storage.transactionSync(() => {
      for (const { key } of expired) this.#drop(key);
    });
    const [next] = sql.exec<{ at: number | null }>("SELECT min(expires) AS at FROM entries");
    if (next?.at != null) await this.ctx.storage.setAlarm(Math.max(next.at, now + 1000));
  }

  /** The oldest go until the rest fits. */
  #makeRoom(): void {
    const { sql } = this.ctx.storage;
    let [{ bytes } = { bytes: 0 }] = sql.exec<{ bytes: number }>("SELECT total(bytes) AS bytes FROM entries");
    while (bytes > mostBytes) {
      const [oldest] = sql.exec<{ key: string; bytes: number }>(
        "SELECT key, bytes FROM entries ORDER BY used, key LIMIT 1",
      );
      if (oldest === undefined) return;
      this.#drop(oldest.key);
      bytes -= oldest.bytes;
    }
  }

  #drop(key: string): void {
    const { sql } = this.ctx.storage;
    sql.exec("DELETE FROM entries WHERE key = ?", key);
    sql.exec("DELETE FROM chunks WHERE key = ?", key);
    sql.exec("DELETE FROM tags WHERE key = ?", key);
  }

  #prepare(): void {
    if (this.#isReady) return;
    this.ctx.storage.sql.exec(schema);
    this.#isReady = true;
  }
}
