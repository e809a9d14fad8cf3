/** A gateway inside workerd for one test file: the app with deps of the test's own, before the simulated provider. */
import { env } from "cloudflare:workers";
import { inject } from "vitest";
import { app } from "../../src/app.ts";
import { durableCache } from "../../src/cache/durable.ts";
import { durableJoining } from "../../src/cache/durable-joining.ts";
import { cacheMemory } from "../../src/cache/memory.ts";
import { type Config, readConfig } from "../../src/config.ts";
import type { Deps } from "../../src/deps.ts";
import { flight } from "../../src/http/flight.ts";
import { affinityMemory } from "../../src/policy/affinity-memory.ts";
import { authenticator } from "../../src/policy/auth.ts";
import { healthRecord } from "../../src/policy/health.ts";
import { healthExchange } from "../../src/policy/health-exchange.ts";
import { checkKey, hashOf, mintKey, mintTeam } from "../../src/policy/key.ts";
import { liveRoutes } from "../../src/policy/live-routes.ts";
import { retryBudget } from "../../src/policy/retry-budget.ts";
import { seats } from "../../src/sockets/seats.ts";
import { durableAffinities } from "../../src/stores/affinities.ts";
import { durableConversations } from "../../src/stores/conversations.ts";
import { durableStore } from "../../src/stores/durable.ts";
import { gathering } from "../../src/stores/gather.ts";
import { durableHealthBoard } from "../../src/stores/health-board.ts";
import { durableTokens } from "../../src/stores/recall.ts";
import type { UsageSum } from "../../src/stores/store.ts";
import type { AffinityRecords } from "../../src/teams/affinity-records.ts";
import type { CacheShard } from "../../src/teams/cache-shard.ts";
import type { Conversations } from "../../src/teams/conversation.ts";
import type { Directory } from "../../src/teams/directory.ts";
import type { TargetHealth } from "../../src/teams/health-object.ts";
import type { Recall } from "../../src/teams/recall.ts";
import type { Settings, TeamSettings } from "../../src/teams/records.ts";
import type { Team } from "../../src/teams/team.ts";
import type { Fetch } from "../../src/upstream.ts";
import type { Turn } from "../sim/script.ts";

const secret = "a-root-secret-of-more-than-32-characters";
const random = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes));

export interface Gateway {
  readonly key: string;
  readonly team: string;
  readonly deps: Deps;
  /** Asks with the key, unless the headers say otherwise. */
  ask(path: string, init?: RequestInit): Promise<Response>;
  post(path: string, body: object, headers?: Record<string, string>): Promise<Response>;
  /** All that was kept alive behind the answers is done. */
  idle(): Promise<void>;
}

/** @param settings beside those that lead `openai`, `anthropic`, `gemini` and `compatible` (chat only) to the simulator */
export function gateway(
  settings: Record<string, unknown> = {},
  fetchWith: Fetch = (url, init) => fetch(url, init),
): Gateway {
  const sim = inject("sim");
  const key = mintKey(secret, mintTeam(random), random);
  const checked = checkKey([secret], key);
  if (checked === undefined) throw new Error("a fresh key does not check");
  const config = readConfig({
    GEARBOX_SECRET: secret,
    FIRST_KEY_HASH: checked.hash,
    OPENAI_API_KEY: "sk-openai-secret",
    ANTHROPIC_API_KEY: "sk-ant-secret",
    OPENAI_BASE_URL: `${sim}/v1`,
    ANTHROPIC_BASE_URL: sim,
    GEMINI_API_KEY: "gm-secret",
    GEMINI_BASE_URL: sim,
    COMPATIBLE_KEY: "ck-secret",
    PROVIDERS: { compatible: { base: `${sim}/v1`, speaks: ["chat"], secret: "COMPATIBLE_KEY" } },
    ...settings,
  });
  const kept: Promise<unknown>[] = [];
  const deps = depsOf(config, fetchWith, kept);
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json", ...init.headers };
    return app.fetch(new Request(`http://gearbox.test${path}`, { ...init, headers }), { deps });
  };
  return {
    key,
    team: checked.team,
    deps,
    ask,
    post: (path, body, headers = {}) => ask(path, { method: "POST", body: JSON.stringify(body), headers }),
    async idle() {
      for (let done = 0; done < kept.length; done++) await kept[done];
    },
  };
}

function depsOf(config: Config, fetchWith: Fetch, kept: Promise<unknown>[]): Deps {
  const { TEAM, DIRECTORY, CACHE, RECALL, CONVERSATIONS, AFFINITY, HEALTH } = env as unknown as {
    TEAM: DurableObjectNamespace<Team>;
    CACHE: DurableObjectNamespace<CacheShard>;
    DIRECTORY: DurableObjectNamespace<Directory>;
    RECALL: DurableObjectNamespace<Recall>;
    CONVERSATIONS: DurableObjectNamespace<Conversations>;
    AFFINITY: DurableObjectNamespace<AffinityRecords>;
    HEALTH: DurableObjectNamespace<TargetHealth>;
  };
  const health = healthRecord();
  return {
    config,
    auth: authenticator([secret], config.firstKey),
    store: durableStore(
      { teams: TEAM, directory: DIRECTORY },
      gathering((ms) => scheduler.wait(ms)),
      () => Date.now(),
    ),
    tokens: durableTokens(RECALL),
    conversations: durableConversations(CONVERSATIONS),
    health,
    exchange: healthExchange(health, crypto.randomUUID()),
    board: durableHealthBoard(HEALTH),
    routes: liveRoutes(config),
    keptAffinities: durableAffinities(AFFINITY),
    retries: retryBudget(),
    affinities: affinityMemory(),
    chance: Math.random,
    cache: cacheMemory().before(durableCache(CACHE)),
    joining: durableJoining(CACHE, true),
    fetch: fetchWith,
    clock: { now: () => Date.now(), wait: (ms) => scheduler.wait(ms) },
    random,
    flight: flight(config.maxBytesInFlight),
    sockets: seats(),
    waitUntil: (promise) => void kept.push(promise),
  };
}

/** A team and a key of its own at this gateway, made as the admin API makes them. */
export async function teamAt(to: Gateway, settings: TeamSettings, ofKey: Settings = {}) {
  const [id, made] = [mintTeam(random), { name: "team", created_at: 0 }];
  const key = mintKey(secret, id, random);
  await to.deps.store.createTeam({ id, settings, ...made });
  const record = { id: `key_${id}`, hash: hashOf(key), prefix: "gbx_", settings: ofKey, ...made };
  await to.deps.store.putKey(id, record);
  const headers = { authorization: `Bearer ${key}` };
  const post = (path: string, body: object, more: Record<string, string> = {}): Promise<Response> =>
    to.post(path, body, { ...headers, ...more });
  return { team: id, key, post };
}

/** The team's account by provider and model. */
export function sums(deps: Deps, team: string): Promise<readonly UsageSum[]> {
  return deps.store.usage(team, { groupBy: ["provider", "model"] }, Date.now());
}

/** What the simulator remembers of a call. */
export interface SimCall {
  readonly index: number;
  readonly protocol: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Record<string, unknown>;
  readonly raw: string;
  readonly closed: "open" | "ended" | "client-left";
}

/** Scripts the simulator's answers for a model of this test's own. */
export async function play(model: string, ...turns: Turn[]): Promise<void> {
  const url = `${inject("sim")}/_sim/scripts/${encodeURIComponent(model)}`;
  const answer = await fetch(url, { method: "PUT", body: JSON.stringify(turns) });
  if (!answer.ok) throw new Error(await answer.text());
}

export async function callsFor(model: string): Promise<SimCall[]> {
  const answer = await fetch(`${inject("sim")}/_sim/calls?model=${encodeURIComponent(model)}`);
  return answer.json();
}

/** How the call ended, once it has. */
export async function closing(call: SimCall): Promise<SimCall["closed"]> {
  const answer = await fetch(`${inject("sim")}/_sim/calls/${call.index}/closed`);
  return ((await answer.json()) as Pick<SimCall, "closed">).closed;
}
