/**
 * What a team's Redis could not take yet, and the clock that Redis has not: a Durable Object that keeps settlements until
 * they can be entered, and tells the webhook of what is in the outbox. In use only where the store is on Upstash.
 */
import { DurableObject } from "cloudflare:workers";
import { readConfig } from "../config.ts";
import { gathering } from "../stores/gather.ts";
import type { Settlement } from "../stores/store.ts";
import { upstashOf } from "../stores/upstash-of.ts";
import { deliver } from "./outbox.ts";
import { spool, unspool } from "./spool.ts";

const schema = "CREATE TABLE IF NOT EXISTS whose (team TEXT PRIMARY KEY) STRICT, WITHOUT ROWID";

/** Between two tries to reach Redis, and between an event and its delivery. */
const pauseMs = 5000;
const mostPauseMs = 5 * 60 * 1000;

export class Spool extends DurableObject<Readonly<Record<string, unknown>>> {
  #tries = 0;

  async keep(team: string, settlements: readonly Settlement[]): Promise<void> {
    this.#prepare(team);
    spool(this.ctx.storage.sql, settlements);
    await this.#wake();
  }

  /** There may be something in the team's outbox. */
  async tick(team: string): Promise<void> {
    this.#prepare(team);
    await this.#wake();
  }

  override async alarm(): Promise<void> {
    this.ctx.storage.sql.exec(schema);
    const [whose] = this.ctx.storage.sql.exec<{ team: string }>("SELECT team FROM whose");
    if (whose === undefined) return;
    const config = readConfig(this.env);
    const store = upstashOf(config, this.env, gathering(scheduler.wait), {
      keep: (team, all) => this.keep(team, all),
    });
    if (store === undefined) return;
    try {
      await unspool(this.ctx.storage.sql, (all) => store.enter(whose.team, all));
      const { secret } = config;
      const fetchPublic = (url: string, init: RequestInit) => fetch(url, init);
      await deliver(store, whose.team, { secret, fetch: fetchPublic, now: Date.now() });
      this.#tries = 0;
    } catch (cause) {
      this.#tries++;
      console.error("spool", whose.team, cause);
      await this.#wake();
    }
  }

  #prepare(team: string): void {
    this.ctx.storage.sql.exec(schema);
    this.ctx.storage.sql.exec("INSERT OR IGNORE INTO whose VALUES (?)", team);
  }

  async #wake(): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) !== null) return;
    await this.ctx.storage.setAlarm(Date.now() + Math.min(mostPauseMs, pauseMs * 2 ** this.#tries));
  }
}
