/** The Worker: what the platform gives becomes `deps`, the app does the rest. */
import { app } from "./app.ts";
import { type Config, ConfigError, readConfig } from "./config.ts";
import type { Deps } from "./deps.ts";
import { Fault } from "./fault.ts";
import { type Flight, flight } from "./http/flight.ts";
import type { Clock } from "./http/stream.ts";
import { type Authenticator, authenticator } from "./policy/auth.ts";
import { protocols } from "./protocols/index.ts";
import { refuse } from "./refuse.ts";
import { durableStore } from "./stores/durable.ts";
import { type Gathering, gathering } from "./stores/gather.ts";
import { durableTokens } from "./stores/recall.ts";
import type { Store } from "./stores/store.ts";
import { upstashOf } from "./stores/upstash-of.ts";
import type { Directory } from "./teams/directory.ts";
import type { Recall } from "./teams/recall.ts";
import type { Spool } from "./teams/spool-object.ts";
import type { Team } from "./teams/team.ts";

export { Directory } from "./teams/directory.ts";
export { Recall } from "./teams/recall.ts";
export { Spool } from "./teams/spool-object.ts";
export { Team } from "./teams/team.ts";

export interface Env {
  readonly TEAM: DurableObjectNamespace<Team>;
  readonly DIRECTORY: DurableObjectNamespace<Directory>;
  readonly SPOOL: DurableObjectNamespace<Spool>;
  readonly RECALL: DurableObjectNamespace<Recall>;
  /** Reaches private networks too; only there where the start script binds it. */
  readonly PRIVATE?: Fetcher;
  readonly [setting: string]: unknown;
}

/** What all requests of an isolate share: plain data, and what is remembered. */
interface Shared {
  readonly config: Config;
  readonly auth: Authenticator;
  readonly flight: Flight;
  readonly gathering: Gathering;
}

let shared: Shared | undefined;

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    try {
      shared ??= share(readConfig(env));
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

function share(config: Config): Shared {
  const { secret, previousSecret } = config;
  const roots = previousSecret === undefined ? [secret] : [secret, previousSecret];
  return {
    config,
    auth: authenticator(roots, config.firstKey),
    flight: flight(config.maxBytesInFlight),
    gathering: gathering(clock.wait),
  };
}

/** The engine that the configuration names. */
function storeOf(config: Config, env: Env, gathering: Gathering, ctx: ExecutionContext): Store {
  const spool = (team: string) => env.SPOOL.getByName(team);
  const upstash = upstashOf(config, env, { keep: async (team, all) => spool(team).keep(team, all) });
  if (upstash === undefined) {
    return durableStore({ teams: env.TEAM, directory: env.DIRECTORY }, gathering, clock.now);
  }
  return {
    ...upstash,
    async settle(team, settlement) {
      await upstash.settle(team, settlement);
      // Redis has no clock of its own to tell of a budget that was passed.
      if (settlement.sums.some(({ marks = [] }) => marks.length > 0)) ctx.waitUntil(spool(team).tick(team));
    },
  };
}

const clock: Clock = {
  now: () => Date.now(),
  wait: (ms) => scheduler.wait(ms),
};

function depsOf({ config, auth, flight, gathering }: Shared, env: Env, ctx: ExecutionContext): Deps {
  return {
    config,
    auth,
    flight,
    clock,
    store: storeOf(config, env, gathering, ctx),
    tokens: durableTokens(env.RECALL),
    fetch: (url, init, isPrivate) =>
      isPrivate && env.PRIVATE !== undefined ? env.PRIVATE.fetch(url, init) : fetch(url, init),
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    waitUntil: (promise) => ctx.waitUntil(promise),
  };
}
