/** The app before the store in memory, as its admin and as its keys' holders meet it, with a clock that is set by hand. */
import { app } from "../../src/app.ts";
import { readConfig } from "../../src/config.ts";
import type { Deps } from "../../src/deps.ts";
import { flight } from "../../src/http/flight.ts";
import { affinityMemory } from "../../src/policy/affinity-memory.ts";
import { authenticator } from "../../src/policy/auth.ts";
import { healthRecord } from "../../src/policy/health.ts";
import { healthBoard } from "../../src/policy/health-board.ts";
import { healthExchange } from "../../src/policy/health-exchange.ts";
import { liveRoutes } from "../../src/policy/live-routes.ts";
import { retryBudget } from "../../src/policy/retry-budget.ts";
import { seats } from "../../src/sockets/seats.ts";
import type { CallRow, Store } from "../../src/stores/store.ts";
import { memoryStore } from "../stores/memory.ts";

export const adminKey = "an-admin-key-of-more-than-32-characters";
export const noon = Date.UTC(2026, 10, 24, 12);
const secret = "a-root-secret-of-more-than-32-characters";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  readonly body: any;
  readonly text: string;
}

export interface Desk {
  readonly store: Store;
  /** Names of the store's methods in the order in which they were asked. */
  readonly asked: string[];
  now: number;
  ask(method: string, path: string, body?: unknown, key?: string): Promise<Answer>;
  send(path: string, init: RequestInit): Promise<Answer>;
}

export function desk(settings: Record<string, unknown> = { ADMIN_KEY: adminKey }): Desk {
  const asked: string[] = [];
  const store = noting(
    memoryStore(() => made.now),
    asked,
  );
  const deps = depsOf(settings, store, () => made.now);
  const made: Desk = {
    store,
    asked,
    now: noon,
    ask: (method, path, body, key = adminKey) =>
      made.send(path, {
        method,
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    async send(path, init) {
      const answer = await app.fetch(new Request(`http://gearbox.test${path}`, init), { deps });
      const text = await answer.text();
      const body = text.startsWith("{") ? JSON.parse(text) : undefined;
      return { status: answer.status, headers: answer.headers, text, body };
    },
  };
  return made;
}

/** A team with a key, some calls and a budget, all of them told apart by its name. */
export async function furnished(at: Desk, name: string) {
  const settings = { limits: { concurrent: 7 }, budgets: [{ usd: 5, per: "month" }] };
  const team = await create(at, "/admin/teams", { name, settings });
  const key = await create(at, `/admin/teams/${team.id}/keys`, { name: `${name}-key` });
  for (const [minutes, cost] of [1_000_000_001, 2_500_000_000, undefined].entries()) {
    const row = rowOf(`${name}-call-${minutes}`, key.id, name, noon + minutes * 60_000);
    const sums = [{ meter: "team/month/2026-11-01", limit: 5_000_000_000 }];
    await at.store.settle(team.id, { row: { ...row, ...(cost !== undefined && { cost }) }, sums, rates: [] });
  }
  return { team, key } as { team: { id: string; webhook_secret: string }; key: { id: string; key: string } };
}

/** All pages of a team's export. */
export async function exported(at: Desk, team: string, limit = 2): Promise<Answer["body"][]> {
  const pages: Answer["body"][] = [];
  for (let after = ""; ; ) {
    const { status, body } = await at.ask("GET", `/admin/teams/${team}/export?limit=${limit}${after}`);
    if (status !== 200) throw new Error(body.error.message);
    pages.push(body.data);
    if (body.next === null) return pages;
    after = `&after=${body.next}`;
  }
}

/** What was made, once it is. */
async function create(at: Desk, path: string, body: object): Promise<Answer["body"]> {
  const answer = await at.ask("POST", path, body);
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body;
}

export function rowOf(id: string, key: string, model: string, at: number): CallRow {
  const usage = { input: 10, cacheRead: 4, output: 5, reasoning: 2 };
  const names = { id, key, at, asked: model, provider: "openai", model } as const;
  return { ...names, protocol: "chat", state: "settled", status: 200, usage, ms: 20, detail: { lost: "seed=dropped" } };
}

function depsOf(settings: Record<string, unknown>, store: Store, now: () => number): Deps {
  const config = readConfig({ GEARBOX_SECRET: secret, OPENAI_API_KEY: "sk", ...settings });
  const health = healthRecord();
  const never = () => Promise.reject(new Error("nothing of this goes out"));
  return {
    config,
    store,
    auth: authenticator([secret]),
    tokens: { keep: never, recall: never },
    conversations: {
      ...{ history: never, items: never, keep: never, response: never, inputItems: never, delete: never },
      erase: async () => undefined,
    },
    health,
    exchange: healthExchange(health, "desk"),
    board: healthBoard("desk"),
    routes: liveRoutes(config),
    keptAffinities: { get: never, put: never, forget: async () => undefined },
    retries: retryBudget(),
    affinities: affinityMemory(),
    chance: () => 0.5,
    joining: { keeps: true, join: never, part: never },
    cache: { get: never, getMany: never, put: never, putMany: never, forget: async () => 0 },
    fetch: never,
    clock: { now, wait: never },
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    flight: flight(config.maxBytesInFlight),
    sockets: seats(),
    waitUntil: () => undefined,
  };
}

function noting(store: Store, asked: string[]): Store {
  return new Proxy(store, {
    get(of, name, own) {
      if (typeof name === "string") asked.push(name);
      return Reflect.get(of, name, own);
    },
  });
}
