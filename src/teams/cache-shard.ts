/** The Durable Object that keeps a sixteenth of one team's cached answers, and makes the calls that several wait for. */
import { DurableObject } from "cloudflare:workers";
import { type Boarded, type Boarding, type Flights, flights, type Share, type Verdict } from "../cache/flights.ts";
import type { Entry, Forget, Kept } from "../cache/store.ts";
import { platformFetch } from "../providers/network.ts";
import { flightName, payers } from "./cache-payers.ts";
import { type CacheRows, cacheRows, type Forgotten } from "./cache-rows.ts";

/** An alarm that rings no later than so long after something has run out is left as it is: each change is a write. */
const lateMs = 60_000;

/** Reaches private networks too; only there where the start script binds it. */
interface Env {
  readonly PRIVATE?: Fetcher;
}

export class CacheShard extends DurableObject<Env> {
  #made: CacheRows | undefined;
  #air: Flights | undefined;

  get(key: string, now: number): Entry | undefined {
    return this.getMany([key], now)[0];
  }

  /** In the order of the keys. */
  getMany(keys: readonly string[], now: number): (Entry | undefined)[] {
    return this.#rows.get(keys, now);
  }

  put(key: Kept["key"], entry: Entry, now: number): Promise<void> {
    return this.putMany([{ key, entry }], now);
  }

  async putMany(entries: readonly Kept[], now: number): Promise<void> {
    const { storage } = this.ctx;
    const ends = this.#rows.put(entries, now);
    if (ends === undefined) return;
    const armed = await storage.getAlarm();
    if (armed === null || armed > ends + lateMs) await storage.setAlarm(ends);
  }

  /** A slice of the entries behind that key. */
  forget(what: Forget, after = ""): Forgotten {
    return this.#rows.forget(what, after);
  }

  /** A seat among those who wait for an answer; `undefined` where there is no room. */
  join(boarding: Boarding): Boarded | undefined {
    return this.#flights.join(boarding);
  }

  /** The end of a follower, and whether it pays. */
  part(share: Share): Verdict {
    return this.#flights.part(share);
  }

  override alarm(): Promise<void> {
    return this.prune(Date.now());
  }

  /** What the alarm does, at a time of one's own. */
  async prune(now: number): Promise<void> {
    const next = this.#rows.prune(now);
    if (next !== undefined) await this.ctx.storage.setAlarm(next);
  }

  get #flights(): Flights {
    this.#air ??= flights({
      fetch: platformFetch(this.env),
      wait: (ms) => scheduler.wait(ms),
      mint: (now) => flightName(now, crypto.randomUUID()),
      payers: payers(this.ctx.storage.sql),
      get: (key, now) => this.get(key, now),
      put: (key, entry, now) => this.ctx.waitUntil(this.put(key, entry, now)),
    });
    return this.#air;
  }

  get #rows(): CacheRows {
    const { storage } = this.ctx;
    const transactionSync = <T>(act: () => T): T => storage.transactionSync(act);
    this.#made ??= cacheRows({ sql: storage.sql, transactionSync });
    return this.#made;
  }
}
