/** What the line needs of the world around it: settings, state, network, time and chance, each as an argument. */
import type { Joining } from "./cache/join.ts";
import type { CacheStore } from "./cache/store.ts";
import type { Config } from "./config.ts";
import type { Flight } from "./http/flight.ts";
import type { Clock } from "./http/stream.ts";
import type { Affinities } from "./policy/affinity-memory.ts";
import type { Authenticator } from "./policy/auth.ts";
import type { Health } from "./policy/health.ts";
import type { HealthBoard } from "./policy/health-board.ts";
import type { HealthExchange } from "./policy/health-exchange.ts";
import type { LiveRoutes } from "./policy/live-routes.ts";
import type { RetryBudget } from "./policy/retry-budget.ts";
import type { Seats } from "./sockets/seats.ts";
import type { KeptAffinities } from "./stores/affinities.ts";
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
  /** Where equal calls wait for one answer. */
  readonly joining: Joining;
  /** How the targets are, as this isolate has seen it. */
  readonly health: Health;
  /** How often targets may be asked again. */
  readonly retries: RetryBudget;
  readonly affinities: Affinities;
  /** Who has which conversation, as other isolates have seen it. */
  readonly keptAffinities: KeptAffinities;
  /** Where isolates tell each other how the targets are, and what this one has told and heard there. */
  readonly board: HealthBoard;
  readonly exchange: HealthExchange;
  /** The routes that hold now: the configuration's, or what the admin wrote since. */
  readonly routes: LiveRoutes;
  /** From 0 up to 1. */
  readonly chance: () => number;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  /** Bytes of bodies held by this isolate. */
  readonly flight: Flight;
  /** What its WebSockets have of its memory. */
  readonly sockets: Seats;
  /** Keeps the request's context alive until the promise is done. */
  readonly waitUntil: (promise: Promise<unknown>) => void;
}
