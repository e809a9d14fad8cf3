/**
 * A team's admissions and account in SQL, with what is asked at every call (buckets, holds, sums) in memory. Everything
 * here is synchronous: between two awaits of the object nobody else is served. Buckets of rates are kept in memory only:
 * a restart forgives at most a minute. Money is written down before anybody hears of it.
 * Where what was decided could not be written, a ledger is thrown away, and a new one read from what is.
 */
import {
  type Bucket,
  emptyBucket,
  grant,
  judge,
  leak,
  levelsOf,
  passed,
  pour,
  type Standing,
  sumLeft,
} from "../stores/bucket.ts";
import type {
  Admission,
  CallRow,
  Charges,
  Draft,
  Extension,
  Level,
  RateCharge,
  Reservation,
  Settlement,
  SumCharge,
} from "../stores/store.ts";
import { addTo, rowOf, takeFrom } from "./account.ts";
import { nextDue, note } from "./pending.ts";

interface Hold {
  readonly id: string;
  expiresAt: number;
  granted: number;
  readonly lives: readonly string[];
  readonly sums: readonly SumCharge[];
  readonly draft: Draft;
}

export interface TeamLedger {
  reserve(reservation: Reservation): Admission;
  extend(extension: Extension): number;
  settle(settlement: Settlement, now: number): void;
  levels(charges: Charges, now: number): readonly Level[];
  /** Settles the holds that have run out, at what they held. */
  sweep(now: number): void;
  /** All that was decided is written: rates are charged for it. Tells when a hold runs out or a new event is due. */
  keep(): number;
}

/** @param buckets of rates, changed only by {@link TeamLedger.keep} */
export function ledger(sql: SqlStorage, buckets: Map<string, Bucket>): TeamLedger {
  const poured = new Map<string, Bucket>();
  const holds = readHolds(sql);
  const held = new Map<string, number>();
  const lives = new Map<string, number>();
  const spent = new Map<string, number>();
  let nextExpiry = Number.POSITIVE_INFINITY;
  let newEvent = nextDue(sql);
  for (const hold of holds.values()) count(hold, 1);

  const standing: Standing = {
    bucket: (meter) => poured.get(meter) ?? buckets.get(meter) ?? emptyBucket,
    live: (meter) => lives.get(meter) ?? 0,
    sum: (meter) => ({ spent: spentOn(meter), held: held.get(meter) ?? 0 }),
  };

  function spentOn(meter: string): number {
    const known = spent.get(meter);
    if (known !== undefined) return known;
    const [row] = sql.exec<{ spent: number }>("SELECT spent FROM sums WHERE meter = ?", meter);
    spent.set(meter, row?.spent ?? 0);
    return row?.spent ?? 0;
  }

  /** Enters a hold into what is held, or (-1) takes it out again. */
  function count(hold: Hold, sign: 1 | -1): void {
    for (const meter of hold.lives) add(lives, meter, sign);
    for (const { meter } of hold.sums) add(held, meter, sign * hold.granted);
    if (sign === 1) nextExpiry = Math.min(nextExpiry, hold.expiresAt);
  }

  function write({ id, expiresAt, granted, ...charged }: Hold): void {
    const json = JSON.stringify({ lives: charged.lives, sums: charged.sums, draft: charged.draft });
    sql.exec("INSERT OR REPLACE INTO holds VALUES (?, ?, ?, ?)", id, expiresAt, granted, json);
  }

  function drop(hold: Hold): void {
    holds.delete(hold.id);
    count(hold, -1);
    sql.exec("DELETE FROM holds WHERE id = ?", hold.id);
  }

  function pay(charges: readonly SumCharge[], cost: number, at: number): void {
    if (cost === 0) return;
    for (const { meter, limit, marks = [] } of charges) {
      const before = spentOn(meter);
      const after = Math.max(0, before + cost);
      spent.set(meter, after);
      sql.exec("INSERT OR REPLACE INTO sums VALUES (?, ?)", meter, after);
      for (const mark of passed(marks, before, after)) {
        const isNew = note(sql, { id: `${meter}@${mark}`, at, meter, mark, limit, spent: after });
        if (isNew) newEvent = Math.min(newEvent, at);
      }
    }
  }

  function pourAll(rates: readonly RateCharge[], now: number): void {
    for (const rate of rates) poured.set(rate.meter, pour(leak(standing.bucket(rate.meter), rate, now), rate));
  }

  function sweep(now: number): void {
    if (now < nextExpiry) return;
    const expired = [...holds.values()].filter(({ expiresAt }) => expiresAt <= now);
    for (const hold of expired.sort((one, other) => one.expiresAt - other.expiresAt || (one.id < other.id ? -1 : 1))) {
      drop(hold);
      if (rowOf(sql, hold.draft) !== undefined) continue;
      const row: CallRow = {
        ...hold.draft,
        state: "estimated",
        isSwept: true,
        status: 0,
        usage: {},
        cost: hold.granted,
      };
      addTo(sql, row, hold.sums);
      pay(hold.sums, hold.granted, now);
    }
    nextExpiry = Math.min(Number.POSITIVE_INFINITY, ...[...holds.values()].map(({ expiresAt }) => expiresAt));
  }

  return {
    reserve(reservation) {
      const { id, now, expiresAt, cost, draft } = reservation;
      sweep(now);
      const known = holds.get(id);
      if (known !== undefined) {
        return { isAdmitted: true, granted: known.granted, levels: levelsOf(reservation, standing, now) };
      }
      const verdict = judge(reservation, cost, standing, now);
      if (verdict.isAdmitted) {
        const names = reservation.lives.map(({ meter }) => meter);
        const hold: Hold = { id, expiresAt, granted: verdict.granted, lives: names, sums: reservation.sums, draft };
        pourAll(reservation.rates, now);
        holds.set(id, hold);
        count(hold, 1);
        write(hold);
      }
      return { ...verdict, levels: levelsOf(reservation, standing, now) };
    },
    extend({ id, now, expiresAt, sums, cost }) {
      sweep(now);
      const hold = holds.get(id);
      if (hold === undefined) return 0;
      const left = Math.min(
        ...sums.map(({ meter, limit }) => sumLeft(standing.sum(meter), limit)),
        Number.POSITIVE_INFINITY,
      );
      const more = cost.wanted > 0 ? (grant(cost, left) ?? 0) : 0;
      hold.expiresAt = Math.max(hold.expiresAt, expiresAt);
      hold.granted += more;
      for (const { meter } of hold.sums) add(held, meter, more);
      write(hold);
      return more;
    },
    settle({ row, sums, rates }, now) {
      sweep(now);
      const hold = holds.get(row.id);
      const entered = rowOf(sql, row);
      if (hold !== undefined) drop(hold);
      if (entered !== undefined) {
        if (entered.row.isSwept !== true) return;
        takeFrom(sql, entered.row);
        pay(entered.paid, -(entered.row.cost ?? 0), now);
      }
      addTo(sql, row);
      pay(sums, row.cost ?? 0, now);
      pourAll(rates, now);
    },
    levels(charges, now) {
      sweep(now);
      return levelsOf(charges, standing, now);
    },
    sweep,
    keep() {
      for (const [meter, bucket] of poured) buckets.set(meter, bucket);
      poured.clear();
      const wakeAt = Math.min(nextExpiry, newEvent);
      newEvent = Number.POSITIVE_INFINITY;
      return wakeAt;
    },
  };
}

function readHolds(sql: SqlStorage): Map<string, Hold> {
  const rows = sql.exec<{ id: string; expires: number; granted: number; charged: string }>("SELECT * FROM holds");
  const read = [...rows].map(({ id, expires, granted, charged }): [string, Hold] => {
    const { lives, sums, draft } = JSON.parse(charged) as Pick<Hold, "lives" | "sums" | "draft">;
    return [id, { id, expiresAt: expires, granted, lives, sums, draft }];
  });
  return new Map(read);
}

function add(counts: Map<string, number>, meter: string, count: number): void {
  const now = (counts.get(meter) ?? 0) + count;
  if (now === 0) counts.delete(meter);
  else counts.set(meter, now);
}
