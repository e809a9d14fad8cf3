/**
 * The Durable Object of one team: a single writer for all that is admitted and counted for it, so that no two calls can
 * spend the same money. What arrives together is decided one by one and committed at once: a commit costs far more than
 * what is in it.
 */
import { DurableObject } from "cloudflare:workers";
import { readConfig } from "../config.ts";
import type {
  Admission,
  BudgetEvent,
  CallRow,
  Charges,
  Extension,
  Grant,
  Level,
  Page,
  Reservation,
  Settlement,
  UsageQuery,
  UsageSum,
} from "../stores/store.ts";
import { callsOf, pruneCalls, usageOf } from "./account.ts";
import { ledger, type TeamLedger } from "./ledger.ts";
import { deliver } from "./outbox.ts";
import { pageOf } from "./page.ts";
import type { KeyRecord, TeamRecord } from "./records.ts";
import { prepare, teamTables, versionOf } from "./schema.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** Rows deleted at once, so that a call never waits long for the pruning. */
const slice = 500;

/** Sums of periods that have ended are kept for so long. */
const sumDays = 70;

/** An event that was not delivered is tried again after this long, then twice as long, up to a day. */
const retryMs = 30_000;

/** A key may be remembered a little longer than its team is there: it has nothing left. */
const gone: Admission = { isAdmitted: false, meter: "team", left: 0, levels: [] };

interface Waiting {
  readonly decide: () => void;
  readonly failed: (thrown: unknown) => void;
}

export class Team extends DurableObject<Readonly<Record<string, unknown>>> {
  #ledger: TeamLedger | undefined;
  #waiting: Waiting[] = [];
  #alarmAt = Number.POSITIVE_INFINITY;

  // Admission.

  reserve(reservation: Reservation): Promise<Admission> {
    return this.#together((ledger) => ledger.reserve(reservation), reservation.expiresAt, gone);
  }

  extend(extension: Extension): Promise<number> {
    return this.#together((ledger) => ledger.extend(extension), extension.expiresAt, 0);
  }

  /** @param now when they are entered; each row says when its call came in */
  settle(settlements: readonly Settlement[], now: number): Promise<void> {
    return this.#together(
      (ledger) => {
        for (const settlement of settlements) ledger.settle(settlement, now);
      },
      now + dayMs,
      undefined,
    );
  }

  async levels(charges: Charges, now: number): Promise<readonly Level[]> {
    return this.#exists() ? this.#open().levels(charges, now) : [];
  }

  /** Decides with whatever else has arrived, in one commit. For a team that is gone the answer is `none`. */
  async #together<T>(decide: (ledger: TeamLedger) => T, alarmAt: number, none: T): Promise<T> {
    if (!this.#exists()) return none;
    if (alarmAt < this.#alarmAt) await this.#wakeAt(alarmAt);
    return new Promise<T>((resolve, failed) => {
      this.#waiting.push({ decide: () => resolve(decide(this.#open())), failed });
      if (this.#waiting.length === 1) void scheduler.wait(0).then(() => this.#commit());
    });
  }

  #commit(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (this.#tryAll(waiting)) return;
    // Something in one of them cannot be written: that one is refused, and the others are decided again without it.
    for (const each of waiting) this.#tryAll([each]);
  }

  #tryAll(waiting: readonly Waiting[]): boolean {
    try {
      this.ctx.storage.transactionSync(() => {
        for (const { decide } of waiting) decide();
      });
      return true;
    } catch (thrown) {
      // What is in memory may be ahead of what is written.
      this.#ledger = undefined;
      if (waiting.length === 1) waiting[0]?.failed(thrown);
      return false;
    }
  }

  // The team and its keys.

  create(team: TeamRecord): void {
    prepare(this.ctx.storage);
    this.#put("team", JSON.stringify(team));
  }

  /** Does nothing where team or key ever was. Tells whether the team is new. */
  adopt(team: TeamRecord, key: KeyRecord): boolean {
    if (this.#value("deleted") !== undefined) return false;
    const isNew = !this.#exists();
    if (isNew) this.create(team);
    if (this.#keyWith(key.hash) === undefined) this.putKey(key);
    return isNew;
  }

  record(): TeamRecord | undefined {
    return this.#exists() ? (JSON.parse(String(this.#value("team"))) as TeamRecord) : undefined;
  }

  put(team: TeamRecord): boolean {
    if (!this.#exists()) return false;
    this.#put("team", JSON.stringify(team));
    return true;
  }

  async erase(): Promise<boolean> {
    if (!this.#exists()) return false;
    this.#ledger = undefined;
    this.ctx.storage.transactionSync(() => {
      for (const table of teamTables) this.ctx.storage.sql.exec(`DELETE FROM ${table}`);
      this.ctx.storage.sql.exec("DELETE FROM meta WHERE name = 'team'");
      this.#put("deleted", Date.now());
    });
    await this.ctx.storage.deleteAlarm();
    this.#alarmAt = Number.POSITIVE_INFINITY;
    return true;
  }

  putKey(key: KeyRecord): boolean {
    if (!this.#exists()) return false;
    this.ctx.storage.sql.exec("INSERT OR REPLACE INTO keys VALUES (?, ?, ?)", key.id, key.hash, JSON.stringify(key));
    return true;
  }

  find(hash: string): Grant | undefined {
    const team = this.record();
    const key = team === undefined ? undefined : this.#keyWith(hash);
    return team === undefined || key === undefined ? undefined : { team, key };
  }

  keys(after: string | undefined, most: number): Page<KeyRecord> {
    if (!this.#exists()) return { items: [] };
    const rows = this.ctx.storage.sql
      .exec<{ record: string }>("SELECT record FROM keys WHERE id > ? ORDER BY id LIMIT ?", after ?? "", most + 1)
      .toArray();
    return pageOf(
      rows.map(({ record }) => JSON.parse(record) as KeyRecord),
      most,
    );
  }

  // The account.

  usage(query: UsageQuery, now: number): readonly UsageSum[] {
    return this.#swept(now) ? usageOf(this.ctx.storage.sql, query) : [];
  }

  calls(before: string | undefined, most: number, key: string | undefined, now: number): Page<CallRow> {
    return this.#swept(now) ? callsOf(this.ctx.storage.sql, before, most, key) : { items: [] };
  }

  events(now: number, most: number): readonly BudgetEvent[] {
    if (!this.#exists()) return [];
    const { sql } = this.ctx.storage;
    const rows = sql
      .exec<{ id: string; event: string; tries: number }>(
        "SELECT id, event, tries FROM outbox WHERE delivered = 0 AND due <= ? ORDER BY due LIMIT ?",
        now,
        most,
      )
      .toArray();
    for (const { id, tries } of rows) {
      const due = now + Math.min(dayMs, retryMs * 2 ** Math.min(tries, 20));
      sql.exec("UPDATE outbox SET due = ?, tries = tries + 1 WHERE id = ?", due, id);
    }
    return rows.map(({ event }) => JSON.parse(event) as BudgetEvent);
  }

  /** Delivered ones stay, so that a mark is told of once. */
  delivered(ids: readonly string[]): void {
    if (!this.#exists()) return;
    this.ctx.storage.sql.exec(
      "UPDATE outbox SET delivered = 1 WHERE id IN (SELECT value FROM json_each(?))",
      JSON.stringify(ids),
    );
  }

  // Time passes: holds run out, old rows go, events are told.

  override async alarm(): Promise<void> {
    this.#alarmAt = Number.POSITIVE_INFINITY;
    if (!this.#exists()) return;
    const now = Date.now();
    try {
      this.#swept(now);
      const more = this.#prune(now);
      if (more) await this.#wakeAt(now);
      await this.#deliver(now);
    } finally {
      const next = Math.min(this.#open().nextExpiry, this.#nextEvent(), now + dayMs);
      if (next < this.#alarmAt) await this.#wakeAt(Math.max(next, now + 1000));
    }
  }

  /** Are there more rows to delete? */
  #prune(now: number): boolean {
    const { sql } = this.ctx.storage;
    const days = Number(this.env.CALL_DAYS ?? 35);
    const oldest = new Date(now - sumDays * dayMs).toISOString().slice(0, 10);
    sql.exec(
      "DELETE FROM sums WHERE meter GLOB '*/[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]' AND substr(meter, -10) < ?",
      oldest,
    );
    return pruneCalls(sql, now - days * dayMs, slice) === slice;
  }

  async #deliver(now: number): Promise<void> {
    const team = this.record();
    if (team === undefined || this.#nextEvent() > now) return;
    const store = {
      team: async () => team,
      events: async (_: string, at: number, most: number) => this.events(at, most),
      delivered: async (_: string, ids: readonly string[]) => this.delivered(ids),
    };
    const { secret } = readConfig(this.env);
    await deliver(store, team.id, { secret, fetch: (url, init) => fetch(url, init), now });
  }

  #nextEvent(): number {
    const [next] = this.ctx.storage.sql.exec<{ due: number | null }>(
      "SELECT min(due) AS due FROM outbox WHERE delivered = 0",
    );
    return next?.due ?? Number.POSITIVE_INFINITY;
  }

  async #wakeAt(at: number): Promise<void> {
    this.#alarmAt = at;
    await this.ctx.storage.setAlarm(at);
  }

  /** An object that was only ever asked for has written nothing. */
  #exists(): boolean {
    return this.#ledger !== undefined || this.#value("team") !== undefined;
  }

  #swept(now: number): boolean {
    if (!this.#exists()) return false;
    this.ctx.storage.transactionSync(() => this.#open().sweep(now));
    return true;
  }

  #open(): TeamLedger {
    if (this.#ledger === undefined) {
      prepare(this.ctx.storage);
      this.#ledger = ledger(this.ctx.storage.sql);
    }
    return this.#ledger;
  }

  #keyWith(hash: string): KeyRecord | undefined {
    const [row] = this.ctx.storage.sql.exec<{ record: string }>("SELECT record FROM keys WHERE hash = ?", hash);
    return row === undefined ? undefined : (JSON.parse(row.record) as KeyRecord);
  }

  #value(name: string): SqlStorageValue | undefined {
    if (versionOf(this.ctx.storage.sql) === 0) return undefined;
    const [row] = this.ctx.storage.sql.exec<{ value: SqlStorageValue }>("SELECT value FROM meta WHERE name = ?", name);
    return row?.value;
  }

  #put(name: string, value: SqlStorageValue): void {
    this.ctx.storage.sql.exec("INSERT OR REPLACE INTO meta VALUES (?, ?)", name, value);
  }
}
