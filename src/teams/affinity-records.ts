/**
 * The Durable Object that keeps who has which of one team's conversations, in use only where a route goes by time or by
 * price. An object of its own, so that it stands in the way of nothing that is counted for the team.
 */
import { DurableObject } from "cloudflare:workers";

const schema = `
  CREATE TABLE IF NOT EXISTS affinities (conversation TEXT PRIMARY KEY, record TEXT NOT NULL, expires INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS affinities_by_expiry ON affinities (expires);
`;

/** Of one team. Beyond it those go that would be the first to expire: a conversation that is lost is chosen for anew. */
const mostRecords = 100_000;

/** Records deleted at once, so that a call never waits long for the pruning. */
const slice = 500;

const dropFirst = `
  DELETE FROM affinities WHERE conversation IN
    (SELECT conversation FROM affinities WHERE expires <= ? ORDER BY expires LIMIT ?)
  RETURNING 1
`;

export class AffinityRecords extends DurableObject {
  /** How many there are; `undefined` until the object has looked. */
  #count: number | undefined;
  #isReady = false;

  get(conversation: string, now: number): string | undefined {
    this.#prepare();
    const rows = this.ctx.storage.sql.exec<{ record: string }>(
      "SELECT record FROM affinities WHERE conversation = ? AND expires > ?",
      conversation,
      now,
    );
    return [...rows][0]?.record;
  }

  /** @param expires milliseconds since 1970 */
  async put(conversation: string, record: string, expires: number): Promise<void> {
    this.#prepare();
    const { sql } = this.ctx.storage;
    const before = this.#counted();
    const isKnown = [...sql.exec("SELECT 1 FROM affinities WHERE conversation = ?", conversation)].length > 0;
    sql.exec("INSERT OR REPLACE INTO affinities VALUES (?, ?, ?)", conversation, record, expires);
    this.#count = isKnown ? before : before + 1;
    if (this.#count > mostRecords) this.#drop(Number.MAX_SAFE_INTEGER, this.#count - mostRecords);
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(expires);
  }

  async forget(): Promise<void> {
    this.#prepare();
    this.ctx.storage.sql.exec("DELETE FROM affinities");
    this.#count = 0;
    await this.ctx.storage.deleteAlarm();
  }

  override async alarm(): Promise<void> {
    this.#prepare();
    const now = Date.now();
    this.#drop(now, slice);
    const [next] = this.ctx.storage.sql.exec<{ at: number | null }>("SELECT min(expires) AS at FROM affinities");
    if (next?.at != null) await this.ctx.storage.setAlarm(Math.max(next.at, now + 1000));
  }

  /** Of those that expire until then, the first so many. */
  #drop(until: number, most: number): void {
    const dropped = this.ctx.storage.sql.exec(dropFirst, until, most).toArray().length;
    this.#count = this.#counted() - dropped;
  }

  #counted(): number {
    if (this.#count !== undefined) return this.#count;
    return this.ctx.storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM affinities").one().n;
  }

  #prepare(): void {
    if (this.#isReady) return;
    this.ctx.storage.sql.exec(schema);
    this.#isReady = true;
  }
}
