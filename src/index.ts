/** The Worker: what the platform gives becomes `deps`, the app does the rest. */
import { app } from "./app.ts";
import { durableCache } from "./cache/durable.ts";
import { durableJoining } from "./cache/durable-joining.ts";
import { type CacheMemory, cacheMemory } from "./cache/memory.ts";
import type { CacheStore } from "./cache/store.ts";
import { upstashCache } from "./cache/upstash.ts";
import { type Config, ConfigError, readConfig } from "./config.ts";
import type { Deps } from "./deps.ts";
import { Fault } from "./fault.ts";
import { type Flight, flight } from "./http/flight.ts";
import type { Clock } from "./http/stream.ts";
import { type Affinities, affinityMemory } from "./policy/affinity-memory.ts";
import { type Authenticator, authenticator } from "./policy/auth.ts";
import { type Health, healthRecord } from "./policy/health.ts";
import { type HealthExchange, healthExchange } from "./policy/health-exchange.ts";
import { type LiveRoutes, liveRoutes } from "./policy/live-routes.ts";
import { type RetryBudget, retryBudget } from "./policy/retry-budget.ts";
import { rootsOf } from "./policy/seal.ts";
import { protocols } from "./protocols/index.ts";
import { platformFetch } from "./providers/network.ts";
import { refuse } from "./refuse.ts";
import { type Seats, seats } from "./sockets/seats.ts";
import { durableAffinities } from "./stores/affinities.ts";
import { durableConversations } from "./stores/conversations.ts";
import { durableStore } from "./stores/durable.ts";
import { type Gathering, gathering } from "./stores/gather.ts";
import { durableHealthBoard } from "./stores/health-board.ts";
import { durableTokens } from "./stores/recall.ts";
import type { Settlement, Store } from "./stores/store.ts";
import { accessTo, type UpstashStore, upstashOf } from "./stores/upstash-of.ts";
import type { AffinityRecords } from "./teams/affinity-records.ts";
import type { CacheShard } from "./teams/cache-shard.ts";
import type { Conversations } from "./teams/conversation.ts";
import type { Directory } from "./teams/directory.ts";
import type { TargetHealth } from "./teams/health-object.ts";
import type { Recall } from "./teams/recall.ts";
import type { Spool } from "./teams/spool-object.ts";
import type { Team } from "./teams/team.ts";

export { AffinityRecords } from "./teams/affinity-records.ts";
export { CacheShard } from "./teams/cache-shard.ts";
export { Conversations } from "./teams/conversation.ts";
export { Directory } from "./teams/directory.ts";
export { TargetHealth } from "./teams/health-object.ts";
export { Recall } from "./teams/recall.ts";
export { Spool } from "./teams/spool-object.ts";
export { Team } from "./teams/team.ts";

export interface Env {
  readonly TEAM: DurableObjectNamespace<Team>;
  readonly DIRECTORY: DurableObjectNamespace<Directory>;
  readonly CACHE: DurableObjectNamespace<CacheShard>;
  readonly SPOOL: DurableObjectNamespace<Spool>;
  readonly RECALL: DurableObjectNamespace<Recall>;
  readonly CONVERSATIONS: DurableObjectNamespace<Conversations>;
  readonly AFFINITY: DurableObjectNamespace<AffinityRecords>;
  readonly HEALTH: DurableObjectNamespace<TargetHealth>;
  /** Reaches private networks too; only there where the start script binds it. */
  readonly PRIVATE?: Fetcher;
  readonly [setting: string]: unknown;
}

/** What all requests of an isolate share: plain data, and what is remembered. */
interface Shared {
  readonly config: Config;
  readonly auth: Authenticator;
  readonly flight: Flight;
  readonly sockets: Seats;
  readonly gathering: Gathering;
  readonly cacheMemory: CacheMemory;
  readonly health: Health;
  readonly retries: RetryBudget;
  readonly affinities: Affinities;
  readonly exchange: HealthExchange;
  readonly routes: LiveRoutes;
  /** Where the store is in Redis: it holds nothing that belongs to a request. */
  readonly upstash: UpstashStore | undefined;
  /** Where answers are kept there, too. */
  readonly upstashCache: CacheStore | undefined;
}

let shared: Shared | undefined;

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    try {
      shared ??= share(readConfig(env), env);
      return await app.fetch(request, { deps: depsOf(shared, env, ctx) }, ctx);
    } catch (thrown) {
      if (!(thrown instanceof ConfigError)) throw thrown;
      console.error(thrown.message);
      const fault = new Fault(
        "config",
        "The gateway's configuration is wrong. Its operator finds the reason in the log.",
      );
      return refuse(protocols.chat, fault, crypto.randomUUID());
    }
  },
};

function share(config: Config, env: Env): Shared {
  const gathered = gathering(clock.wait);
  const health = healthRecord();
  const spool = { keep: async (team: string, all: readonly Settlement[]) => env.SPOOL.getByName(team).keep(team, all) };
  return {
    config,
    auth: authenticator(rootsOf(config), config.firstKey),
    flight: flight(config.maxBytesInFlight),
    sockets: seats(),
    gathering: gathered,
    cacheMemory: cacheMemory(),
    health,
    exchange: healthExchange(health, crypto.randomUUID()),
    routes: liveRoutes(config),
    retries: retryBudget(),
    affinities: affinityMemory(),
    upstash: upstashOf(config, env, gathered, spool),
    upstashCache: config.upstash && upstashCache(accessTo(config.upstash, env.PRIVATE)),
  };
}

/** The engine that the configuration names. */
function storeOf({ upstash, gathering }: Shared, env: Env, ctx: ExecutionContext): Store {
  if (upstash === undefined) {
    return durableStore({ teams: env.TEAM, directory: env.DIRECTORY }, gathering, clock.now);
  }
  return {
    ...upstash,
    async settle(team, settlement) {
      await upstash.settle(team, settlement);
      // Redis has no clock of its own to tell of a budget that was passed.
      if (settlement.sums.some(({ marks = [] }) => marks.length > 0))
        ctx.waitUntil(env.SPOOL.getByName(team).tick(team));
    },
  };
}

const clock: Clock = {
  now: () => Date.now(),
  wait: (ms) => scheduler.wait(ms),
};

function depsOf(shared: Shared, env: Env, ctx: ExecutionContext): Deps {
  const { config, auth, flight, sockets, health, retries, affinities } = shared;
  return {
    config,
    auth,
    flight,
    sockets,
    health,
    retries,
    affinities,
    chance: Math.random,
    clock,
    store: storeOf(shared, env, ctx),
    tokens: durableTokens(env.RECALL),
    conversations: durableConversations(env.CONVERSATIONS),
    exchange: shared.exchange,
    routes: shared.routes,
    board: durableHealthBoard(env.HEALTH),
    keptAffinities: shared.upstash?.affinities ?? durableAffinities(env.AFFINITY),
    cache: shared.cacheMemory.before(shared.upstashCache ?? durableCache(env.CACHE)),
    joining: durableJoining(env.CACHE, shared.upstashCache === undefined),
    fetch: platformFetch(env),
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    waitUntil: (promise) => ctx.waitUntil(promise),
  };
}
