/** What the line needs of whoever keeps keys and accounts. Engines behind it: Durable Objects; Upstash Redis later. */
import type { Effort } from "../canon/request.ts";
import type { Usage } from "../canon/usage.ts";

/** A key that exists, as far as a call needs to know it. */
export interface Key {
  readonly team: string;
  /** Lower-case hex SHA-256 of the key: its name wherever it must not be seen. */
  readonly hash: string;
}

/** `settled`: the provider's own numbers. `estimated`: it gave none. `released`: nothing was generated. */
export type UsageState = "settled" | "estimated" | "released";

/** One call's entry in its team's account. */
export interface UsageRow {
  readonly id: string;
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly provider: string;
  readonly model: string;
  readonly effort?: Effort;
  readonly state: UsageState;
  /** HTTP status that the caller saw. */
  readonly status: number;
  readonly usage: Usage;
}

/** Tokens of a team by model. */
export interface UsageSum {
  readonly provider: string;
  readonly model: string;
  readonly calls: number;
  readonly input: number;
  readonly cacheRead: number;
  readonly output: number;
  readonly reasoning: number;
  /** Calls whose numbers are not the provider's own. */
  readonly estimated: number;
}

export interface Store {
  /** The key with this hash, or `undefined` where the team has no such key. */
  find(team: string, hash: string): Promise<Key | undefined>;
  /** Enters a call into its team's account; the same call twice counts once. */
  settle(team: string, row: UsageRow): Promise<void>;
  usage(team: string): Promise<readonly UsageSum[]>;
}
