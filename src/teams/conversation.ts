/**
 * The Durable Object that keeps a sixteenth of one team's conversations: responses, each whole or not at all, on the
 * tree of what was said; and of the ids that lead here though they lie in another shard, where that is. What has expired
 * is gone for every question asked after that moment; the alarm frees what nobody asks for.
 */
import { DurableObject } from "cloudflare:workers";
import { mostHistoryBytes, mostShardBytes, rowBytes } from "../conversations/bounds.ts";
import { slicesOf } from "../conversations/slices.ts";
import type {
  Answered,
  ItemsFound,
  ItemsPage,
  ItemsQuery,
  Said,
  StoredResponse,
  Turn,
} from "../stores/conversations.ts";
import { root, type Tree, tree } from "./conversation-tree.ts";

const schema = `
  CREATE TABLE IF NOT EXISTS responses (
    id TEXT PRIMARY KEY, asked INTEGER NOT NULL, tip INTEGER NOT NULL, expires INTEGER NOT NULL,
    bytes INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS responses_by_expiry ON responses (expires);
  CREATE TABLE IF NOT EXISTS bodies (response TEXT NOT NULL, at INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (response, at)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS homes (id TEXT PRIMARY KEY, home TEXT NOT NULL, expires INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS homes_by_expiry ON homes (expires);
`;

/** Rows deleted at once, so that nobody waits long for the pruning. */
const slice = 500;

/** Written again only when half of its time is over: a long conversation names all its items in every call. */
const pointer = `
  INSERT INTO homes VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET home = excluded.home, expires = excluded.expires
  WHERE homes.home <> excluded.home OR homes.expires < ?
`;

type Row = { id: string; asked: number; tip: number; bytes: number };

export class Conversations extends DurableObject {
  #tree: Tree | undefined;
  /** Bytes kept; `undefined` until the object has looked. */
  #bytes: number | undefined;

  /** All that was said up to the end of the response; no items where that is too much to be said again. */
  history(id: string, now: number): Answered<{ items: string[] | undefined }> {
    return this.#look(id, now, ({ tip }, items) => {
      const path = items.path(tip);
      if (items.bytesOf(path) > mostHistoryBytes) return { items: undefined };
      return { items: items.read(path).map(({ json }) => json) };
    });
  }

  items(ids: readonly string[], now: number): ItemsFound {
    const items = this.#open(now);
    const found = items.find(ids);
    // The text is read of what fits; what is left out is not found, as if it had gone.
    const entries = found.map(({ n }) => n);
    const here = items.bytesOf(entries) > mostHistoryBytes ? [] : items.read(entries);
    const known = new Set(found.map(({ id }) => id));
    const moved = ids.flatMap((id) => {
      const home = known.has(id) ? undefined : this.#homeOf(id);
      return home === undefined ? [] : [{ id, home }];
    });
    return { items: here, moved };
  }

  /** Does this item lie here? */
  has(id: string, now: number): Answered<true> {
    if (this.#open(now).find([id]).length > 0) return { found: true };
    const home = this.#homeOf(id);
    return home === undefined ? undefined : { moved: home };
  }

  response(id: string, now: number): Answered<StoredResponse> {
    return this.#look(id, now, ({ asked, tip }, items) => {
      const pieces = this.ctx.storage.sql.exec<{ text: string }>(
        "SELECT text FROM bodies WHERE response = ? ORDER BY at",
        id,
      );
      const body = [...pieces].map(({ text }) => text).join("");
      return { body, output: items.read(items.path(tip, asked)).map(({ json }) => json) };
    });
  }

  inputItems(id: string, query: ItemsQuery, now: number): Answered<ItemsPage> {
    return this.#look(id, now, ({ asked }, items) => pageOf(items, items.path(asked), query));
  }

  /** Whole or not at all. False where what it goes on from has gone, or nothing of this size can be kept. */
  async keep(turn: Turn): Promise<boolean> {
    const items = this.#open(turn.at);
    const bytes = this.#bytes ?? this.#count(items);
    const { isKept, grown } = this.ctx.storage.transactionSync(() => this.#write(items, turn, bytes));
    this.#bytes = bytes + grown;
    await this.#wakeBy(turn.expiresAt);
    return isKept;
  }

  /** Notes that these ids lead to another shard. */
  async point(ids: readonly string[], home: string, now: number, expiresAt: number): Promise<void> {
    this.#open(now);
    const { sql } = this.ctx.storage;
    for (const id of ids) sql.exec(pointer, id, home, expiresAt, (now + expiresAt) / 2);
    await this.#wakeBy(expiresAt);
  }

  forget(id: string, now: number): Answered<true> {
    return this.#look(id, now, (row, items) => {
      this.#drop([row], items);
      return true;
    });
  }

  /** Nothing is left. */
  async erase(): Promise<void> {
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    this.#tree = undefined;
    this.#bytes = undefined;
  }

  override async alarm(): Promise<void> {
    const now = Date.now();
    const isDone = this.#prune(this.#ready(), now);
    const [next] = this.ctx.storage.sql.exec<{ at: number | null }>(
      "SELECT min(at) AS at FROM (SELECT min(expires) AS at FROM responses UNION SELECT min(expires) FROM homes)",
    );
    if (next?.at != null) await this.ctx.storage.setAlarm(isDone ? Math.max(next.at, now + 1000) : now);
  }

  #write(items: Tree, turn: Turn, before: number): { isKept: boolean; grown: number } {
    const start = turn.previous === undefined ? root : this.#row(turn.previous)?.tip;
    if (start === undefined) return { isKept: false, grown: 0 };
    const asked = grow(items, start, turn.input);
    const answered = grow(items, asked.tip, turn.output);
    items.hold(answered.tip);
    // One that has the same id goes; what it shares with this one is held by now.
    let grown = asked.bytes + answered.bytes - this.#drop([this.#row(turn.id)], items, false);
    grown += this.#insert(turn, asked.tip, answered.tip);
    while (before + grown > mostShardBytes) {
      const oldest = this.ctx.storage.sql.exec<Row>("SELECT * FROM responses ORDER BY rowid LIMIT 1").toArray();
      if (oldest.length === 0) break;
      grown -= this.#drop(oldest, items, false);
    }
    return { isKept: this.#row(turn.id) !== undefined, grown };
  }

  #insert({ id, body, expiresAt }: Turn, asked: number, tip: number): number {
    const { sql } = this.ctx.storage;
    const bytes = Buffer.byteLength(body) + rowBytes;
    sql.exec("INSERT INTO responses VALUES (?, ?, ?, ?, ?)", id, asked, tip, expiresAt, bytes);
    for (const [at, text] of slicesOf(body).entries()) sql.exec("INSERT INTO bodies VALUES (?, ?, ?)", id, at, text);
    return bytes;
  }

  /** Tells how many bytes have become free. */
  #drop(rows: readonly (Row | undefined)[], items: Tree, counts = true): number {
    const { sql } = this.ctx.storage;
    let freed = 0;
    for (const row of rows) {
      if (row === undefined) continue;
      sql.exec("DELETE FROM responses WHERE id = ?", row.id);
      sql.exec("DELETE FROM bodies WHERE response = ?", row.id);
      freed += row.bytes + items.release(row.tip);
    }
    if (counts && this.#bytes !== undefined) this.#bytes -= freed;
    return freed;
  }

  /** Nothing that has expired is left for the questions to find; is nothing left to be freed either? */
  #prune(items: Tree, now: number): boolean {
    const { sql } = this.ctx.storage;
    const expired = sql.exec<Row>("SELECT * FROM responses WHERE expires <= ? LIMIT ?", now, slice).toArray();
    const homes = "SELECT id FROM homes WHERE expires <= ? LIMIT ?";
    const pointers = sql.exec(`DELETE FROM homes WHERE id IN (${homes}) RETURNING id`, now, slice).toArray();
    if (expired.length > 0) this.ctx.storage.transactionSync(() => this.#drop(expired, items));
    return expired.length < slice && pointers.length < slice;
  }

  /** What the response's row says; or where that lies. */
  #look<T>(id: string, now: number, read: (row: Row, items: Tree) => T): Answered<T> {
    const items = this.#open(now);
    const row = this.#row(id);
    if (row !== undefined) return { found: read(row, items) };
    const home = this.#homeOf(id);
    return home === undefined ? undefined : { moved: home };
  }

  #row(id: string): Row | undefined {
    return this.ctx.storage.sql.exec<Row>("SELECT * FROM responses WHERE id = ?", id).toArray()[0];
  }

  #homeOf(id: string): string | undefined {
    const [row] = this.ctx.storage.sql.exec<{ home: string }>("SELECT home FROM homes WHERE id = ?", id);
    return row?.home;
  }

  #count(items: Tree): number {
    const [bodies] = this.ctx.storage.sql.exec<{ bytes: number }>("SELECT total(bytes) AS bytes FROM responses");
    return items.bytes + (bodies?.bytes ?? 0);
  }

  /** The tree without what has expired. */
  #open(now: number): Tree {
    const items = this.#ready();
    while (!this.#prune(items, now));
    return items;
  }

  #ready(): Tree {
    if (this.#tree === undefined) {
      this.ctx.storage.sql.exec(schema);
      this.#tree = tree(this.ctx.storage.sql);
    }
    return this.#tree;
  }

  async #wakeBy(at: number): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(at);
  }
}

function grow(items: Tree, start: number, said: readonly Said[]): { tip: number; bytes: number } {
  let [tip, bytes] = [start, 0];
  for (const each of said) {
    const grown = items.append(tip, each);
    tip = grown.tip;
    bytes += grown.bytes;
  }
  return { tip, bytes };
}

/** Nothing lies behind an item that is not there. */
function pageOf(items: Tree, path: readonly number[], { order, limit, after }: ItemsQuery): ItemsPage {
  const ordered = order === "asc" ? path : path.toReversed();
  const named = after === undefined ? [] : items.findAll(after);
  const start = after === undefined ? 0 : ordered.findIndex((n) => named.includes(n)) + 1;
  if (after !== undefined && start === 0) return { items: [], hasMore: false };
  return { items: items.read(ordered.slice(start, start + limit)), hasMore: ordered.length > start + limit };
}
