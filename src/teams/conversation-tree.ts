/**
 * The items of many conversations as one tree in SQLite. An item is kept once behind the one that it follows, so a
 * conversation of n turns takes n turns' room however often it is sent again, and two branches share their beginning.
 * An entry is kept for as long as a response or another entry stands on it.
 */
import { createHash } from "node:crypto";
import { rowBytes } from "../conversations/bounds.ts";
import { slicesOf } from "../conversations/slices.ts";
import type { Said } from "../stores/conversations.ts";

/** Nothing was said yet: the entry before the first one. */
export const root = 0;

const schema = `
  CREATE TABLE IF NOT EXISTS entries (
    n INTEGER PRIMARY KEY, prev INTEGER NOT NULL, key TEXT NOT NULL UNIQUE, id TEXT NOT NULL, refs INTEGER NOT NULL,
    bytes INTEGER NOT NULL, json TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS entries_by_id ON entries (id);
  CREATE TABLE IF NOT EXISTS more (entry INTEGER NOT NULL, at INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (entry, at)) STRICT, WITHOUT ROWID;
`;

export interface Tree {
  /** The entry that says this behind `tip`, and the bytes that it takes where it is new. */
  append(tip: number, said: Said): { readonly tip: number; readonly bytes: number };
  /** One more stands on this entry. */
  hold(entry: number): void;
  /** One fewer does. Tells how many bytes have become free. */
  release(entry: number): number;
  /** The entries from the first one to this one, or those behind `from`. */
  path(tip: number, from?: number): number[];
  /** Their items, in the order in which they are asked for. */
  read(entries: readonly number[]): { readonly id: string; readonly json: string }[];
  bytesOf(entries: readonly number[]): number;
  /** The newest entry of each item that is here. */
  find(ids: readonly string[]): { readonly id: string; readonly n: number }[];
  /** All entries of one item. */
  findAll(id: string): number[];
  readonly bytes: number;
}

/** Has the item been said at this place, word by word or by its id? */
const childWithId = "SELECT n FROM entries WHERE prev = ? AND id = ? LIMIT 1";

const up = `
  WITH RECURSIVE up (n, prev, depth) AS (
    SELECT n, prev, 0 FROM entries WHERE n = ?
    UNION ALL SELECT entries.n, entries.prev, depth + 1 FROM entries JOIN up ON entries.n = up.prev WHERE up.prev <> ?
  ) SELECT n FROM up ORDER BY depth DESC
`;

export function tree(sql: SqlStorage): Tree {
  sql.exec(schema);

  function append(tip: number, said: Said): { tip: number; bytes: number } {
    if (said.isReference === true && said.id !== undefined) {
      const [named] = sql.exec<{ n: number }>(childWithId, tip, said.id);
      if (named !== undefined) return { tip: named.n, bytes: 0 };
    }
    const [before] = sql.exec<{ key: string }>("SELECT key FROM entries WHERE n = ?", tip);
    const key = keyOf(before?.key ?? "", said.json);
    const [same] = sql.exec<{ n: number }>("SELECT n FROM entries WHERE key = ?", key);
    return same === undefined ? insert(tip, key, said) : { tip: same.n, bytes: 0 };
  }

  function insert(tip: number, key: string, { id, prefix, json }: Said): { tip: number; bytes: number } {
    const bytes = Buffer.byteLength(json) + rowBytes;
    const [first = "", ...others] = slicesOf(json);
    const [made] = sql.exec<{ n: number }>(
      "INSERT INTO entries (prev, key, id, refs, bytes, json) VALUES (?, ?, ?, 0, ?, ?) RETURNING n",
      ...[tip, key, id ?? `${prefix}${key.slice(0, 48)}`, bytes, first],
    );
    const n = made?.n ?? root;
    for (const [at, text] of others.entries()) sql.exec("INSERT INTO more VALUES (?, ?, ?)", n, at, text);
    hold(tip);
    return { tip: n, bytes };
  }

  function hold(entry: number): void {
    sql.exec("UPDATE entries SET refs = refs + 1 WHERE n = ?", entry);
  }

  function release(entry: number): number {
    let freed = 0;
    for (let n = entry; n !== root; ) {
      const [left] = sql.exec<{ refs: number; prev: number; bytes: number }>(
        "UPDATE entries SET refs = refs - 1 WHERE n = ? RETURNING refs, prev, bytes",
        n,
      );
      if (left === undefined || left.refs > 0) break;
      sql.exec("DELETE FROM entries WHERE n = ?", n);
      sql.exec("DELETE FROM more WHERE entry = ?", n);
      freed += left.bytes;
      n = left.prev;
    }
    return freed;
  }

  function read(entries: readonly number[]): { id: string; json: string }[] {
    const wanted = JSON.stringify(entries);
    const among = "IN (SELECT value FROM json_each(?))";
    const rows = sql.exec<{ n: number; id: string; json: string }>(
      `SELECT n, id, json FROM entries WHERE n ${among}`,
      wanted,
    );
    const found = new Map([...rows].map(({ n, id, json }) => [n, { id, json }]));
    const rests = sql.exec<{ entry: number; text: string }>(
      `SELECT entry, text FROM more WHERE entry ${among} ORDER BY entry, at`,
      wanted,
    );
    for (const { entry, text } of rests) {
      const row = found.get(entry);
      if (row !== undefined) row.json += text;
    }
    return entries.flatMap((n) => found.get(n) ?? []);
  }

  return {
    ...{ append, hold, release, read },
    path(tip, from = root) {
      if (tip === from) return [];
      return [...sql.exec<{ n: number }>(up, tip, from)].map(({ n }) => n);
    },
    bytesOf(entries) {
      const [{ bytes } = { bytes: 0 }] = sql.exec<{ bytes: number }>(
        "SELECT total(bytes) AS bytes FROM entries WHERE n IN (SELECT value FROM json_each(?))",
        JSON.stringify(entries),
      );
      return bytes;
    },
    find(ids) {
      const rows = sql.exec<{ id: string; n: number }>(
        "SELECT id, max(n) AS n FROM entries WHERE id IN (SELECT value FROM json_each(?)) GROUP BY id",
        JSON.stringify(ids),
      );
      return [...rows];
    },
    findAll: (id) => [...sql.exec<{ n: number }>("SELECT n FROM entries WHERE id = ?", id)].map(({ n }) => n),
    get bytes() {
      const [{ bytes } = { bytes: 0 }] = sql.exec<{ bytes: number }>("SELECT total(bytes) AS bytes FROM entries");
      return bytes;
    },
  };
}

/** Says an item and all that was said before it. */
function keyOf(before: string, json: string): string {
  return createHash("sha256").update(before).update("\n").update(json).digest("hex");
}
