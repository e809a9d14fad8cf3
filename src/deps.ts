/** What the line needs of the world around it: settings, state, network, time and chance, each as an argument. */
import type { CacheStore } from "./cache/store.ts";
import type { Config } from "./config.ts";
import type { Flight } from "./http/flight.ts";
import type { Clock } from "./http/stream.ts";
import type { Affinities } from "./policy/affinity-memory.ts";
import type { Authenticator } from "./policy/auth.ts";
import type { Health } from "./policy/health.ts";
import type { RetryBudget } from "./policy/retry-budget.ts";
import type { ConversationStore } from "./stores/conversations.ts";
import type { KeptTokens } from "./stores/recall.ts";
import type { Store } from "./stores/store.ts";
import type { Fetch } from "./upstream.ts";

export interface Deps {
  readonly config: Config;
  readonly auth: Authenticator;
  readonly store: Store;
  readonly tokens: KeptTokens;
  readonly conversations: ConversationStore;
  readonly cache: CacheStore;
  /** How the targets are, as this isolate has seen it. */
  readonly health: Health;
  /** How often targets may be asked again. */
  readonly retries: RetryBudget;
  readonly affinities: Affinities;
  /** From 0 up to 1. */
  readonly chance: () => number;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  /** Bytes of bodies held by this isolate. */
  readonly flight: Flight;
  /** Keeps the request's context alive until the promise is done. */
  readonly waitUntil: (promise: Promise<unknown>) => void;
}
