/**
 * The store's contract in memory, as plainly as it can be said: what the engines are measured by, and what tests run on
 * that need a store but no engine. Nothing is pruned, and nothing outlives the process.
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
} from "../../src/stores/bucket.ts";
import {
  type BudgetEvent,
  type CallRow,
  groupings,
  keptRoutes,
  type Page,
  type RateCharge,
  type Reservation,
  type RoutesVersion,
  type Settlement,
  type Store,
  type SumCharge,
  type UsageQuery,
  type UsageSum,
} from "../../src/stores/store.ts";
import type { KeyRecord, TeamRecord } from "../../src/teams/records.ts";

type Hold = Pick<Reservation, "id" | "lives" | "sums" | "draft"> & { expiresAt: number; granted: number };

interface Entry {
  readonly row: CallRow;
  /** Of a swept row: the budgets that have paid for it. */
  readonly paid: readonly SumCharge[];
}

interface Told {
  readonly event: BudgetEvent;
  due: number;
  tries: number;
  isDelivered: boolean;
}

/** A team is gone when its record is; what else there was of it is gone with it. */
interface State {
  record: TeamRecord;
  readonly keys: Map<string, KeyRecord>;
  readonly buckets: Map<string, Bucket>;
  readonly spent: Map<string, number>;
  readonly holds: Map<string, Hold>;
  readonly entries: Map<string, Entry>;
  readonly outbox: Map<string, Told>;
}

const dayMs = 24 * 60 * 60 * 1000;

/** @param clock for what the contract has no time of its own */
export function memoryStore(clock: () => number): Store {
  const teams = new Map<string, State>();
  const erased = new Set<string>();
  const versions: RoutesVersion[] = [];

  /** The team with its holds that have run out settled. */
  function at(team: string, now: number): State | undefined {
    const state = teams.get(team);
    if (state !== undefined) sweep(state, now);
    return state;
  }

  return {
    async find(team, hash) {
      const state = teams.get(team);
      const key = [...(state?.keys.values() ?? [])].find((each) => each.hash === hash);
      return state === undefined || key === undefined ? undefined : { team: state.record, key };
    },
    async reserve(team, reservation) {
      const state = at(team, reservation.now);
      return state === undefined
        ? { isAdmitted: false, meter: "team", left: 0, levels: [] }
        : reserve(state, reservation);
    },
    async extend(team, { id, now, expiresAt, sums, cost }) {
      const state = at(team, now);
      const hold = state?.holds.get(id);
      if (state === undefined || hold === undefined) return 0;
      const { sum } = standingOf(state);
      const left = Math.min(Number.POSITIVE_INFINITY, ...sums.map(({ meter, limit }) => sumLeft(sum(meter), limit)));
      const more = cost.wanted > 0 ? (grant(cost, left) ?? 0) : 0;
      hold.expiresAt = Math.max(hold.expiresAt, expiresAt);
      hold.granted += more;
      return more;
    },
    async settle(team, settlement) {
      const state = at(team, clock());
      if (state !== undefined) settle(state, settlement, clock());
    },
    async levels(team, charges, now) {
      const state = at(team, now);
      return state === undefined ? [] : levelsOf(charges, standingOf(state), now);
    },
    async createTeam(record) {
      if (!erased.has(record.id) && !teams.has(record.id)) teams.set(record.id, newState(record));
    },
    async adopt(record, key) {
      if (erased.has(record.id)) return;
      const state = teams.get(record.id) ?? newState(record);
      teams.set(record.id, state);
      if (![...state.keys.values()].some(({ hash }) => hash === key.hash)) state.keys.set(key.id, key);
    },
    async teams(after, most) {
      return pageOf(
        [...teams.values()].map(({ record }) => record),
        after,
        most,
      );
    },
    team: async (id) => teams.get(id)?.record,
    async putTeam(record) {
      const state = teams.get(record.id);
      if (state !== undefined) state.record = record;
      return state !== undefined;
    },
    async deleteTeam(id) {
      const isThere = teams.delete(id);
      if (isThere) erased.add(id);
      return isThere;
    },
    async putKey(team, key) {
      return teams.get(team)?.keys.set(key.id, key) !== undefined;
    },
    keys: async (team, after, most) => pageOf([...(teams.get(team)?.keys.values() ?? [])], after, most),
    usage: async (team, query, now) => usageOf(rowsOf(at(team, now)), query),
    async calls(team, before, most, key) {
      const rows = rowsOf(at(team, clock())).filter((row) => key === undefined || row.key === key);
      const place = (row: CallRow) => `${String(row.at).padStart(15, "0")}.${row.id}`;
      const newest = rows.sort((one, other) => compare(place(other), place(one)));
      const rest = newest.filter((row) => before === undefined || place(row) < before);
      const [items, last] = [rest.slice(0, most), rest[most - 1]];
      return { items, ...(rest.length > most && last !== undefined && { next: place(last) }) };
    },
    async events(team, now, most) {
      const told = [...(teams.get(team)?.outbox.values() ?? [])].filter((each) => !each.isDelivered && each.due <= now);
      const next = told.sort((one, other) => one.due - other.due).slice(0, most);
      for (const each of next) each.due = now + Math.min(dayMs, 30_000 * 2 ** each.tries++);
      return next.map(({ event }) => event);
    },
    async delivered(team, ids) {
      for (const id of ids) {
        const told = teams.get(team)?.outbox.get(id);
        if (told !== undefined) told.isDelivered = true;
      }
    },
    async routes(known) {
      return versions[0]?.version === known ? undefined : versions[0];
    },
    async addRoutes(version) {
      const newest = versions[0]?.version ?? 0;
      if (version.version === newest) return JSON.stringify(version) === JSON.stringify(versions[0]);
      if (version.version !== newest + 1) return false;
      versions.unshift(version);
      versions.splice(keptRoutes);
      return true;
    },
    routesVersions: async () => [...versions],
  };
}

function newState(record: TeamRecord): State {
  const [keys, buckets, spent] = [new Map(), new Map(), new Map()];
  return { record, keys, buckets, spent, holds: new Map(), entries: new Map(), outbox: new Map() };
}

/** What is held is summed anew each time, so that it cannot go wrong. */
function standingOf({ buckets, spent, holds }: State): Standing {
  const all = () => [...holds.values()];
  const heldOn = (meter: string) => all().filter(({ sums }) => sums.some((sum) => sum.meter === meter));
  return {
    bucket: (meter) => buckets.get(meter) ?? emptyBucket,
    live: (meter) => all().filter(({ lives }) => lives.some((live) => live.meter === meter)).length,
    sum: (meter) => ({
      spent: spent.get(meter) ?? 0,
      held: heldOn(meter).reduce((sum, { granted }) => sum + granted, 0),
    }),
  };
}

function reserve(state: State, { now, cost, ...reservation }: Reservation): Awaited<ReturnType<Store["reserve"]>> {
  const { id, expiresAt, lives, sums, draft } = reservation;
  const standing = standingOf(state);
  const held = state.holds.get(id);
  if (held !== undefined) {
    return { isAdmitted: true, granted: held.granted, levels: levelsOf(reservation, standing, now) };
  }
  const verdict = judge(reservation, cost, standing, now);
  if (verdict.isAdmitted) {
    pourAll(state, reservation.rates, now);
    state.holds.set(id, { id, expiresAt, granted: verdict.granted, lives, sums, draft });
  }
  return { ...verdict, levels: levelsOf(reservation, standing, now) };
}

function settle(state: State, { row, sums, rates }: Settlement, now: number): void {
  state.holds.delete(row.id);
  const before = state.entries.get(placeOf(row));
  if (before !== undefined) {
    if (before.row.isSwept !== true) return;
    pay(state, before.paid, -(before.row.cost ?? 0), now);
  }
  state.entries.set(placeOf(row), { row, paid: [] });
  pay(state, sums, row.cost ?? 0, now);
  pourAll(state, rates, now);
}

function sweep(state: State, now: number): void {
  const expired = [...state.holds.values()].filter(({ expiresAt }) => expiresAt <= now);
  for (const hold of expired.sort((one, other) => one.expiresAt - other.expiresAt || compare(one.id, other.id))) {
    state.holds.delete(hold.id);
    if (state.entries.has(placeOf(hold.draft))) continue;
    const ending = { state: "estimated", isSwept: true, status: 0, usage: {}, cost: hold.granted } as const;
    state.entries.set(placeOf(hold.draft), { row: { ...hold.draft, ...ending }, paid: hold.sums });
    pay(state, hold.sums, hold.granted, now);
  }
}

/** A row belongs to a call and the time at which it came in. */
function placeOf({ at, id }: Pick<CallRow, "at" | "id">): string {
  return `${at}.${id}`;
}

function pay({ spent, outbox }: State, sums: readonly SumCharge[], cost: number, at: number): void {
  for (const { meter, limit, marks = [] } of sums) {
    const before = spent.get(meter) ?? 0;
    const after = Math.max(0, before + cost);
    spent.set(meter, after);
    for (const mark of passed(marks, before, after)) {
      const event = { id: `${meter}@${mark}`, at, meter, mark, limit, spent: after };
      if (!outbox.has(event.id)) outbox.set(event.id, { event, due: at, tries: 0, isDelivered: false });
    }
  }
}

function pourAll({ buckets }: State, rates: readonly RateCharge[], now: number): void {
  for (const rate of rates) {
    buckets.set(rate.meter, pour(leak(buckets.get(rate.meter) ?? emptyBucket, rate, now), rate));
  }
}

function rowsOf(state: State | undefined): CallRow[] {
  return [...(state?.entries.values() ?? [])].map(({ row }) => row);
}

/** Summed from the rows themselves, with no roll-ups that could disagree. */
function usageOf(rows: readonly CallRow[], { from = "", to = "9999", key, groupBy }: UsageQuery): UsageSum[] {
  const groups = groupings.filter((name) => groupBy.includes(name));
  const sums = new Map<string, UsageSum>();
  for (const row of rows) {
    const of = { ...row, effort: row.effort ?? "", day: new Date(row.at).toISOString().slice(0, 10) };
    if (of.day < from || of.day > to || (key !== undefined && key !== row.key)) continue;
    const names = groups.map((name) => of[name]);
    const group = Object.fromEntries(groups.map((name) => [name, of[name]]));
    sums.set(names.join("\0"), { ...group, ...added(sums.get(names.join("\0")), row) });
  }
  return [...sums].sort(([one], [other]) => compare(one, other)).map(([, sum]) => sum);
}

function added(sum: UsageSum | undefined, { usage, cost, saved, state }: CallRow): UsageSum {
  return {
    calls: (sum?.calls ?? 0) + 1,
    input: (sum?.input ?? 0) + (usage.input ?? 0),
    cacheRead: (sum?.cacheRead ?? 0) + (usage.cacheRead ?? 0),
    cacheWrite: (sum?.cacheWrite ?? 0) + (usage.cacheWrite ?? 0),
    output: (sum?.output ?? 0) + (usage.output ?? 0),
    reasoning: (sum?.reasoning ?? 0) + (usage.reasoning ?? 0),
    cost: (sum?.cost ?? 0) + (cost ?? 0),
    estimated: (sum?.estimated ?? 0) + (state === "estimated" ? 1 : 0),
    unpriced: (sum?.unpriced ?? 0) + (cost === undefined ? 1 : 0),
    hits: (sum?.hits ?? 0) + (saved === undefined ? 0 : 1),
    saved: (sum?.saved ?? 0) + (saved ?? 0),
  };
}

function pageOf<T extends { readonly id: string }>(
  all: readonly T[],
  after: string | undefined,
  most: number,
): Page<T> {
  const rest = all.filter(({ id }) => id > (after ?? "")).sort((one, other) => compare(one.id, other.id));
  const [items, last] = [rest.slice(0, most), rest[most - 1]];
  return { items, ...(rest.length > most && last !== undefined && { next: last.id }) };
}

/** By code units, as the engines order what is ASCII. */
function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
