/** What the store's contract is tested with: a time, records, calls, and what a store is asked all the time. */
import type { CallRow, Charges, Draft, Reservation, Settlement, Store } from "../../src/stores/store.ts";
import type { KeyRecord, TeamRecord } from "../../src/teams/records.ts";

/** Far ahead, so that no alarm of an engine, which goes by the real time, rings during a test. */
export const now = Date.UTC(2126, 10, 24, 12);
export const minute = 60_000;

export interface Tried {
  /** Of the engine, to name its tests by. */
  readonly name: string;
  readonly store: Store;
  /** The id of a new team. */
  newTeam(): Promise<string>;
  /** All of a team's account. */
  usage(id: string, at?: number): ReturnType<typeof whole>;
  /** What is left of these meters. */
  left(id: string, charges: Partial<Charges>, at?: number): Promise<number[]>;
}

export function tried(name: string, store: Store): Tried {
  return {
    name,
    store,
    async newTeam() {
      const record = team();
      await store.createTeam(record);
      return record.id;
    },
    usage: (id, at = now) => whole(store, id, at),
    async left(id, charges, at = now) {
      return (await store.levels(id, { ...nothing, ...charges }, at)).map((level) => level.left);
    },
  };
}

async function whole(store: Store, id: string, at: number) {
  return (await store.usage(id, { groupBy: [] }, at))[0];
}

let made = 0;
const random = (): string => `${Math.random().toString(36).slice(2)}000000`.slice(0, 6);
const suffix = random();

export function team(): TeamRecord {
  made++;
  return { id: `T${String(made).padStart(5, "0")}${suffix}`, name: "a team", created_at: now, settings: {} };
}

export function keyNamed(name: string): KeyRecord {
  return { id: `key_${name}`, hash: name.repeat(4), prefix: "gbx_", name, created_at: now, settings: {} };
}

const nothing: Charges = { rates: [], lives: [], sums: [] };

const draft = (id: string): Draft => ({
  ...{ id, key: "key_a", at: now, protocol: "chat", asked: "m", provider: "p", model: "m" },
});

export function reservation(id: string, more: Partial<Reservation> = {}): Reservation {
  return { ...nothing, id, now, expiresAt: now + minute, cost: { wanted: 0, least: 0 }, draft: draft(id), ...more };
}

export function settlement(id: string, row: Partial<CallRow> = {}, more: Partial<Settlement> = {}): Settlement {
  const whole = { state: "settled", status: 200, usage: { input: 10, output: 5 }, cost: 100 } as const;
  return { row: { ...draft(id), ...whole, ...row }, sums: [], rates: [], ...more };
}

export const day = { meter: "team/day/2126-11-24", limit: 1000 };
