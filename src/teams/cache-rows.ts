/**
 * A shard's cached answers as rows, whole or not at all: an entry and its chunks are written in one transaction. Bounded
 * in size: what has run out goes first, then what was not asked for the longest.
 */
import { type About, type Entry, type Forget, type Kept, mostBytes } from "../cache/store.ts";

export interface CacheRows {
  /** In the order of the keys; `undefined` for one that is not here or has run out. */
  get(keys: readonly string[], now: number): (Entry | undefined)[];
  /** The first moment at which one of these runs out; `undefined` where nothing was kept. */
  put(entries: readonly Kept[], now: number): number | undefined;
  /** Looks at a slice of the entries behind `after`: how many of them are gone, and where the next slice begins. */
  forget(what: Forget, after: string): Forgotten;
  /** Frees a slice of what has run out; when there is something to do again. */
  prune(now: number): number | undefined;
}

export interface Forgotten {
  readonly count: number;
  readonly next?: string;
}

const schema = `
  CREATE TABLE IF NOT EXISTS entries (
    key TEXT PRIMARY KEY, about TEXT NOT NULL, model TEXT NOT NULL, bytes INTEGER NOT NULL, expires INTEGER NOT NULL,
    used INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS entries_by_use ON entries (used);
  CREATE INDEX IF NOT EXISTS entries_by_end ON entries (expires);
  CREATE TABLE IF NOT EXISTS chunks (key TEXT NOT NULL, n INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (key, n))
    STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS tags (tag TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (tag, key)) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS tags_by_key ON tags (key);
`;

/** A row may have 2 MB; several smaller ones are read as fast. */
const chunkBytes = 512 * 1024;

/** Of one shard: a team has sixteen. */
export const mostShardBytes = 32 * 1024 * 1024;

/** An entry that is asked for often is marked as used no more often than this. */
const markMs = 60_000;

/** Entries that are looked at by one slice of pruning or forgetting. */
const slice = 500;

/** Where more has run out than a slice takes, the next one comes so much later. */
const pauseMs = 1000;

/** Holds the sum of its sizes in memory: an object is the only one to write its rows. */
export function cacheRows({ sql, transactionSync }: Pick<DurableObjectStorage, "sql" | "transactionSync">): CacheRows {
  sql.exec(schema);
  let bytes = summed();

  function summed(): number {
    return sql.exec<{ bytes: number }>("SELECT total(bytes) AS bytes FROM entries").one().bytes;
  }

  /** All of it or nothing; the sum of sizes too. */
  function whole<T>(act: () => T): T {
    try {
      return transactionSync(act);
    } catch (thrown) {
      bytes = summed();
      throw thrown;
    }
  }

  function drop(key: string): void {
    const [row] = sql.exec<{ bytes: number }>("DELETE FROM entries WHERE key = ? RETURNING bytes", key);
    if (row === undefined) return;
    bytes -= row.bytes;
    sql.exec("DELETE FROM chunks WHERE key = ?", key);
    sql.exec("DELETE FROM tags WHERE key = ?", key);
  }

  function dropExpired(now: number): number {
    const query = "SELECT key FROM entries WHERE expires <= ? ORDER BY expires LIMIT ?";
    const expired = sql.exec<{ key: string }>(query, now, slice).toArray();
    for (const { key } of expired) drop(key);
    return expired.length;
  }

  function makeRoom(now: number): void {
    while (bytes > mostShardBytes && dropExpired(now) > 0);
    while (bytes > mostShardBytes) {
      const [oldest] = sql.exec<{ key: string }>("SELECT key FROM entries ORDER BY used, key LIMIT 1");
      if (oldest === undefined) return;
      drop(oldest.key);
    }
  }

  function get(key: string, now: number): Entry | undefined {
    const query = "SELECT about, used FROM entries WHERE key = ? AND expires > ?";
    const [row] = sql.exec<{ about: string; used: number }>(query, key, now);
    if (row === undefined) return undefined;
    if (now - row.used > markMs) sql.exec("UPDATE entries SET used = ? WHERE key = ?", now, key);
    const chunks = sql.exec<{ bytes: ArrayBuffer }>("SELECT bytes FROM chunks WHERE key = ? ORDER BY n", key);
    const body = Buffer.concat([...chunks].map((chunk) => new Uint8Array(chunk.bytes)));
    return { body: new Uint8Array(body), about: JSON.parse(row.about) as About };
  }

  function put({ key, entry: { body, about } }: Kept, now: number): void {
    drop(key);
    const text = JSON.stringify(about);
    const size = body.length + text.length;
    const row = [key, text, `${about.provider}/${about.model}`, size, about.expiresAt, now];
    sql.exec("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", ...row);
    bytes += size;
    for (let at = 0; at < body.length; at += chunkBytes) {
      sql.exec("INSERT INTO chunks VALUES (?, ?, ?)", key, at / chunkBytes, body.slice(at, at + chunkBytes).buffer);
    }
    for (const tag of new Set(about.tags)) sql.exec("INSERT INTO tags VALUES (?, ?)", tag, key);
  }

  return {
    get: (keys, now) => keys.map((key) => get(key, now)),
    put(entries, now) {
      const able = entries.filter(({ entry: { body, about } }) => body.length <= mostBytes && about.expiresAt > now);
      if (able.length === 0) return undefined;
      whole(() => {
        for (const each of able) put(each, now);
        makeRoom(now);
      });
      return Math.min(...able.map(({ entry }) => entry.about.expiresAt));
    },
    forget({ model = null, tag = null }, after) {
      const seen = sql
        .exec<{ key: string; model: string; tagged: number }>(
          `SELECT key, model, EXISTS (SELECT 1 FROM tags WHERE tags.key = entries.key AND tag = ?) AS tagged
           FROM entries WHERE key > ? ORDER BY key LIMIT ?`,
          ...[tag, after, slice],
        )
        .toArray();
      const meant = seen.filter((row) => (model === null || row.model === model) && (tag === null || row.tagged === 1));
      whole(() => {
        for (const { key } of meant) drop(key);
      });
      const next = seen.length < slice ? undefined : seen.at(-1)?.key;
      return { count: meant.length, ...(next !== undefined && { next }) };
    },
    prune(now) {
      whole(() => dropExpired(now));
      const { at } = sql.exec<{ at: number | null }>("SELECT min(expires) AS at FROM entries").one();
      return at === null ? undefined : Math.max(at, now + pauseMs);
    },
  };
}
