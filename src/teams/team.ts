/**
 * The Durable Object of one team: a single writer for all that is admitted and counted for it, so that no two calls can
 * spend the same money.
 */
import { DurableObject } from "cloudflare:workers";
import { readConfig } from "../config.ts";
import type { Bucket } from "../stores/bucket.ts";
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
} from "../stores/store.ts";
import { callsOf, groupsOf } from "./account.ts";
import { commits } from "./commits.ts";
import { ledger, type TeamLedger } from "./ledger.ts";
import { deliver } from "./outbox.ts";
import { pageOf } from "./page.ts";
import { dueEvents, markDelivered, nextDue } from "./pending.ts";
import { nextPruning, prune } from "./pruning.ts";
import type { KeyRecord, TeamRecord } from "./records.ts";
import { prepare, teamTables, versionOf } from "./schema.ts";
import type { Group, GroupName } from "./tally.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** A key may be remembered a little longer than its team is there: it has nothing left. */
const gone: Admission = { isAdmitted: false, meter: "team", left: 0, levels: [] };

export class Team extends DurableObject<Readonly<Record<string, unknown>>> {
  readonly #buckets = new Map<string, Bucket>();
  #ledger: TeamLedger | undefined;
  /** Unknown until it was looked up. */
  #alarmAt: number | undefined;
  readonly #commits = commits<TeamLedger | undefined>(this.ctx.storage, {
    open: () => (this.#exists() ? this.#open() : undefined),
    keep: () => this.#kept(),
    forget: () => {
      this.#ledger = undefined;
    },
  });

  // Admission.

  reserve(reservation: Reservation): Promise<Admission> {
    return this.#enter((ledger) => ledger.reserve(reservation), gone);
  }

  extend(extension: Extension): Promise<number> {
    return this.#enter((ledger) => ledger.extend(extension), 0);
  }

  /**
   * Enters all that can be entered. Throws where one could not be, which is then the same again as often as it is tried.
   * @param now when they are entered; each row says when its call came in
   */
  async settle(settlements: readonly Settlement[], now: number): Promise<void> {
    const entered = settlements.map((each) => this.#enter((ledger) => ledger.settle(each, now), undefined));
    for (const outcome of await Promise.allSettled(entered)) {
      if (outcome.status === "rejected") throw outcome.reason;
    }
    if (this.#exists()) this.#wakeBy(now + this.#callDays() * dayMs);
  }

  async levels(charges: Charges, now: number): Promise<readonly Level[]> {
    return this.#exists() ? this.#open().levels(charges, now) : [];
  }

  /** Decides with whatever else has arrived. For a team that is gone the answer is `none`. */
  async #enter<T>(decide: (ledger: TeamLedger) => T, none: T): Promise<T> {
    if (!this.#exists()) return none;
    if (this.#alarmAt === undefined) {
      const armed = await this.ctx.storage.getAlarm();
      this.#alarmAt ??= armed ?? Number.POSITIVE_INFINITY;
    }
    return this.#commits.enter((ledger) => (ledger === undefined ? none : decide(ledger)));
  }

  #kept(): void {
    const wakeAt = this.#ledger?.keep();
    if (wakeAt !== undefined) this.#wakeBy(wakeAt);
  }

  // The team and its keys.

  /** Does nothing where the team ever was: a second try finds what the first one left. */
  create(team: TeamRecord): void {
    if (this.#exists() || this.#value("deleted") !== undefined) return;
    prepare(this.ctx.storage);
    this.#put("team", JSON.stringify(team));
  }

  /** Does nothing where team or key ever was. */
  adopt(team: TeamRecord, key: KeyRecord): void {
    this.create(team);
    if (this.#exists() && this.#keyWith(key.hash) === undefined) this.putKey(key);
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
    this.#buckets.clear();
    this.#alarmAt = Number.POSITIVE_INFINITY;
    await this.ctx.storage.deleteAlarm();
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

  /** A page of the groups of these days, those behind `after` in order. */
  groups(query: Pick<UsageQuery, "from" | "to">, after: GroupName | undefined, now: number): readonly Group[] {
    return this.#swept(now) ? groupsOf(this.ctx.storage.sql, query, after) : [];
  }

  calls(before: string | undefined, most: number, key: string | undefined, now: number): Page<CallRow> {
    return this.#swept(now) ? callsOf(this.ctx.storage.sql, before, most, key) : { items: [] };
  }

  events(now: number, most: number): readonly BudgetEvent[] {
    return this.#exists() ? dueEvents(this.ctx.storage.sql, now, most) : [];
  }

  delivered(ids: readonly string[]): void {
    if (this.#exists()) markDelivered(this.ctx.storage.sql, ids);
  }

  // Time passes: holds run out, old rows go, events are told.

  override async alarm(): Promise<void> {
    this.#alarmAt = Number.POSITIVE_INFINITY;
    if (!this.#exists()) return;
    const { sql } = this.ctx.storage;
    const callDays = this.#callDays();
    const now = Date.now();
    try {
      this.#swept(now);
      if (prune(sql, callDays, now)) this.#wakeBy(now);
      await this.#deliver(now);
    } finally {
      // Its team may have been erased meanwhile.
      if (this.#exists()) {
        this.#kept();
        this.#wakeBy(Math.max(Math.min(nextDue(sql), nextPruning(sql, callDays)), now + 1000));
      }
    }
  }

  async #deliver(now: number): Promise<void> {
    const team = this.record();
    if (team === undefined || nextDue(this.ctx.storage.sql) > now) return;
    const store = {
      team: async () => team,
      events: async (_: string, at: number, most: number) => this.events(at, most),
      delivered: async (_: string, ids: readonly string[]) => this.delivered(ids),
    };
    const { env } = this;
    await deliver(store, team.id, {
      // Read where it is needed: with a mistake in the configuration events are late, as with a webhook that is down.
      get secret() {
        return readConfig(env).secret;
      },
      fetch: (url, init) => fetch(url, init),
      now,
    });
  }

  /** Rows of calls are kept for so long. */
  #callDays(): number {
    return Number(this.env.CALL_DAYS ?? 35);
  }

  /** Arms the alarm, unless it rings earlier. In one write with what made it necessary. */
  #wakeBy(at: number): void {
    if (at >= (this.#alarmAt ?? Number.POSITIVE_INFINITY)) return;
    this.#alarmAt = at;
    void this.ctx.storage.setAlarm(at);
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
      this.#ledger = ledger(this.ctx.storage.sql, this.#buckets);
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
