/**
 * What the line and the admin API need of whoever keeps teams, keys, holds and accounts. Two engines stand behind it and
 * answer alike: Durable Objects (durable.ts) and Upstash Redis (upstash.ts). Money is in whole nano-dollars, times are
 * milliseconds since 1970, always the caller's `now`: no engine reads a clock to decide.
 */
import type { Effort, ProtocolId } from "../canon/request.ts";
import type { Usage } from "../canon/usage.ts";
import type { KeyRecord, TeamRecord } from "../teams/records.ts";

/** What a key lets its holder do: its own record and its team's. */
export interface Grant {
  readonly team: TeamRecord;
  readonly key: KeyRecord;
}

/** A rate: `cost` of `limit` within any `windowMs`. */
export interface RateCharge {
  readonly meter: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly cost: number;
}

/** So many calls at once. */
export interface LiveCharge {
  readonly meter: string;
  readonly limit: number;
}

/** A budget of one period: the period is part of the meter's name, so that a new one begins at nothing. */
export interface SumCharge {
  readonly meter: string;
  readonly limit: number;
  /** An event is noted when what was spent first reaches one of these. */
  readonly marks?: readonly number[];
}

/** All that a call is charged with, or asked about. */
export interface Charges {
  readonly rates: readonly RateCharge[];
  readonly lives: readonly LiveCharge[];
  readonly sums: readonly SumCharge[];
}

export interface Reservation extends Charges {
  readonly id: string;
  readonly now: number;
  /** When the hold is swept unless it is renewed. */
  readonly expiresAt: number;
  /**
   * Nano-dollars: the call wants `wanted` of every budget and can do with `least`. It is granted at least `least`, and
   * beyond it no more than half of what the tightest budget has left, so that one call's worst case does not lock out
   * the next.
   */
  readonly cost: { readonly wanted: number; readonly least: number };
  /** What the account says of the call should it never be settled. */
  readonly draft: Draft;
}

/** What is known of a call before it is sent. */
export type Draft = Omit<CallRow, "state" | "status" | "usage" | "cost" | "isSwept">;

/** Where a meter stands. `resetMs`: until it is whole again, 0 for lives and sums. */
export interface Level {
  readonly meter: string;
  readonly left: number;
  readonly resetMs: number;
}

export type Admission =
  /** `granted`: nano-dollars held. `levels`: after it, of rates, lives and sums in the order asked for. */
  | { readonly isAdmitted: true; readonly granted: number; readonly levels: readonly Level[] }
  /**
   * By the first meter in order that has too little. `retryAfterMs`: absent where waiting is no use; of a budget it is
   * there where only what running calls hold is in the way.
   */
  | {
      readonly isAdmitted: false;
      readonly meter: string;
      readonly left: number;
      readonly retryAfterMs?: number;
      readonly levels: readonly Level[];
    };

/** More for a running call, or only more time (`cost` of zeros). */
export interface Extension {
  readonly id: string;
  readonly now: number;
  readonly expiresAt: number;
  readonly sums: readonly SumCharge[];
  readonly cost: { readonly wanted: number; readonly least: number };
}

/** `settled`: the provider's own numbers. `estimated`: it gave none. `released`: nothing was generated. */
export type UsageState = "settled" | "estimated" | "released";

/** One call's entry in its team's account, and in the log of calls. */
export interface CallRow {
  readonly id: string;
  /** The key's id. */
  readonly key: string;
  /** When the call came in. */
  readonly at: number;
  readonly protocol: ProtocolId;
  /** The model as the caller wrote it. */
  readonly asked: string;
  readonly provider: string;
  readonly model: string;
  readonly effort?: Effort;
  readonly state: UsageState;
  /** Of a hold that nobody settled. */
  readonly isSwept?: boolean;
  /** HTTP status that the caller saw; 0 where nobody knows, as the hold was swept. */
  readonly status: number;
  readonly usage: Usage;
  /** Nano-dollars; absent where no price is known. */
  readonly cost?: number;
  /** Nano-dollars that an answer from the cache would have cost. */
  readonly saved?: number;
  /** From the call's coming in to its end. */
  readonly ms?: number;
  /** What else the log tells: losses, the fault, attempts. Small; never a prompt, a key or a secret. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** The end of a call. Its hold, if it has one, is given back. */
export interface Settlement {
  readonly row: CallRow;
  /** The budgets that pay; each pays `row.cost`. */
  readonly sums: readonly SumCharge[];
  /** What the rates are charged beyond what was reserved; below 0 gives back. */
  readonly rates: readonly RateCharge[];
}

/** What a sum passed: one event for each mark of each period. */
export interface BudgetEvent {
  /** `meter@mark`. */
  readonly id: string;
  readonly at: number;
  readonly meter: string;
  readonly mark: number;
  readonly limit: number;
  readonly spent: number;
}

export const groupings = ["day", "model", "provider", "key", "effort"] as const;
export type Grouping = (typeof groupings)[number];

export interface UsageQuery {
  /** Days in UTC, both included, as `YYYY-MM-DD`. */
  readonly from?: string;
  readonly to?: string;
  readonly key?: string;
  readonly groupBy: readonly Grouping[];
}

/** Sums of the calls of a group. Counts that no call told are 0. */
export interface UsageSum {
  readonly day?: string;
  readonly model?: string;
  readonly provider?: string;
  readonly key?: string;
  /** Empty where none was said. */
  readonly effort?: string;
  readonly calls: number;
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly output: number;
  readonly reasoning: number;
  /** Nano-dollars. */
  readonly cost: number;
  /** Calls whose numbers are not the provider's own. */
  readonly estimated: number;
  /** Calls that cost something nobody knows the price of. */
  readonly unpriced: number;
  /** Calls answered from the cache, and the nano-dollars that they would have cost. */
  readonly hits: number;
  readonly saved: number;
}

/** Routes as the admin API wrote them. Each version's number is one more than the one's before it, from 1. */
export interface RoutesVersion {
  readonly version: number;
  readonly at: number;
  /** As `ROUTES` is written; absent: those of the configuration. */
  readonly routes?: Readonly<Record<string, unknown>>;
  /** The version that was gone back to. */
  readonly restores?: number;
}

/** So many versions of the routes are kept. */
export const keptRoutes = 20;

export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page starts; absent on the last. */
  readonly next?: string;
}

/** Admission and the account. */
export interface Ledger {
  /** The key with this hash and its team, or `undefined` where there is none. Expiry is the caller's to judge. */
  find(team: string, hash: string): Promise<Grant | undefined>;
  /** All or nothing; the same id again answers with what it holds. Swept holds are settled at what they held. */
  reserve(team: string, reservation: Reservation): Promise<Admission>;
  /** What more was granted: 0, or at least `least`. Nothing for a hold that is gone. */
  extend(team: string, extension: Extension): Promise<number>;
  /** Enters the end of a call; the same call twice counts once, a swept one is replaced. */
  settle(team: string, settlement: Settlement): Promise<void>;
  /** Where these meters stand; changes nothing. */
  levels(team: string, charges: Charges, now: number): Promise<readonly Level[]>;
}

/** The admin's side. Methods on a team that does not exist answer `undefined`, `false` or an empty page. */
export interface Registry {
  createTeam(team: TeamRecord): Promise<void>;
  /** Enters the start-up's own team and key if neither was ever there: what was deleted or revoked stays so. */
  adopt(team: TeamRecord, key: KeyRecord): Promise<void>;
  /** In order of their ids; `after` is the `next` of the page before. */
  teams(after: string | undefined, most: number): Promise<Page<TeamRecord>>;
  team(id: string): Promise<TeamRecord | undefined>;
  /** Writes the whole record of a team that exists. */
  putTeam(team: TeamRecord): Promise<boolean>;
  /** Erases all that is kept of the team. Its keys never work again. */
  deleteTeam(id: string): Promise<boolean>;
  /** Writes the whole record of a new or an existing key. */
  putKey(team: string, key: KeyRecord): Promise<boolean>;
  keys(team: string, after: string | undefined, most: number): Promise<Page<KeyRecord>>;
  usage(team: string, query: UsageQuery, now: number): Promise<readonly UsageSum[]>;
  /** Newest first. */
  calls(team: string, before: string | undefined, most: number, key?: string): Promise<Page<CallRow>>;
  /** Events nobody has delivered yet and that are due; each is due again only after a while, ever longer. */
  events(team: string, now: number, most: number): Promise<readonly BudgetEvent[]>;
  delivered(team: string, ids: readonly string[]): Promise<void>;
  /** The newest version of the routes; `undefined` where that is `known`, or (0) where there was never one. */
  routes(known: number): Promise<RoutesVersion | undefined>;
  /** False where it is not the next one, as somebody else was first. The very same one again is as good as once. */
  addRoutes(version: RoutesVersion): Promise<boolean>;
  /** The last {@link keptRoutes}, newest first. */
  routesVersions(): Promise<readonly RoutesVersion[]>;
}

export interface Store extends Ledger, Registry {}
