/**
 * A team and its keys as they are kept and as the admin API writes them: one shape for both. Members are spelt as on the
 * wire; absent means unlimited, or as the team says.
 */
import type { Effort } from "../canon/request.ts";

/** Limits of a minute, and of calls at once. */
export interface Limits {
  readonly requests_per_minute?: number | undefined;
  /** Input and output together. */
  readonly tokens_per_minute?: number | undefined;
  readonly input_tokens_per_minute?: number | undefined;
  readonly output_tokens_per_minute?: number | undefined;
  readonly concurrent?: number | undefined;
}

export const periods = ["day", "week", "month", "total"] as const;
/** In UTC; a week begins on Monday. */
export type Period = (typeof periods)[number];

export interface Budget {
  readonly usd: number;
  readonly per: Period;
  /** Share of `usd` at which the team's webhook is told; 0.8 where absent. */
  readonly warn_at?: number | undefined;
}

export interface Rules {
  readonly limits?: Limits | undefined;
  readonly budgets?: readonly Budget[] | undefined;
}

/** What may be said of a team and of a key. */
export interface Settings extends Rules {
  /** By `provider/model`, or a beginning of it with `*` behind. Calls count here and above. */
  readonly models?: Readonly<Record<string, Rules>> | undefined;
  /** `provider/model` names or beginnings with `*`; everything where absent. */
  readonly allowed_models?: readonly string[] | undefined;
  readonly allowed_providers?: readonly string[] | undefined;
}

interface EffortSettings {
  /** `advise` records what would be chosen and changes nothing. */
  readonly mode: "off" | "advise" | "fill" | "override";
  /** With `override`: always this. */
  readonly level?: Effort | undefined;
  readonly floor?: Effort | undefined;
  readonly ceiling?: Effort | undefined;
  readonly default?: Effort | undefined;
  /** What the reasoning of a call may be expected to take. */
  readonly latency_ms?: number | undefined;
  /** What getting out of a failing loop is worth, where that is more than the calls it takes. */
  readonly escalation_usd?: number | undefined;
}

interface CacheSettings {
  readonly ttl_seconds: number;
  /** Equal calls at the same time are one call to the provider. */
  readonly coalesce?: boolean | undefined;
}

export interface TeamSettings extends Settings {
  /** What happens to calls while the store cannot be reached: refused (`closed`, the default) or served unlimited. */
  readonly store_down?: "closed" | "open" | undefined;
  /** Told of budgets that are nearly or wholly spent. */
  readonly webhook?: string | undefined;
  /** Repeatable calls are answered from the cache and kept in it, unless the call says otherwise. */
  readonly cache?: CacheSettings | undefined;
  /** Who chooses how hard calls think: nobody but the caller (`off`), or we where the caller does not, or always. */
  readonly effort?: EffortSettings | undefined;
  /** Every loss of a request is an error, unless the call says otherwise. */
  readonly strict?: boolean | undefined;
  /** False: no answer of the Responses API is stored, whatever the call says. */
  readonly store_responses?: boolean | undefined;
}

export interface TeamRecord {
  /** 12 characters of base62. */
  readonly id: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly created_at: number;
  readonly settings: TeamSettings;
}

export interface KeyRecord {
  /** `key_` and 16 characters of base62. */
  readonly id: string;
  /** Lower-case hex SHA-256 of the key itself, which is kept nowhere. */
  readonly hash: string;
  /** The first characters, for people to tell keys apart. */
  readonly prefix: string;
  readonly name: string;
  readonly created_at: number;
  /** From then on it is refused. */
  readonly expires_at?: number | undefined;
  readonly revoked_at?: number | undefined;
  readonly settings: Settings;
}
