/**
 * Conversations over several accounts: each stays with the one that answered it first, those of a dead account move, and
 * nothing that one account made is ever sent to another. The providers here look at every proof of reasoning that comes
 * back, as the real ones do.
 */
import { describe, expect, it } from "vitest";
import { healthRecord } from "../../src/policy/health.ts";
import { retryBudget } from "../../src/policy/retry-budget.ts";
import type { Fetch } from "../../src/upstream.ts";
import { judge } from "../sim/check.ts";
import { obj, parse } from "../sim/json.ts";
import { findRoute } from "../sim/route.ts";
import { type Vault, vault } from "../sim/signatures.ts";
import { resolve } from "../sim/take.ts";
import type { Problem, ProviderRequest } from "../sim/wire.ts";
import { type Agent, type AgentKind, agent } from "./agents.ts";
import { jsonOf, types } from "./faults-provider.ts";
import { gateway } from "./gateway.ts";

const accounts = 5;
const secrets = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"];
const numbered = (secret: string, at: number): string => (at === 0 ? secret : `${secret}_${at + 1}`);
const keys = secrets.flatMap((secret) =>
  Array.from({ length: accounts }, (_, at) => [numbered(secret, at), `account-${at}`] as const),
);

/** On both lanes, each protocol that carries proofs. */
const kinds: readonly (readonly [AgentKind, string])[] = [
  ["responses", "openai/gpt-5.5"],
  ["messages", "anthropic/claude-opus-5-5"],
  ["gemini", "gemini/gemini-3-pro"],
  ["responses", "anthropic/claude-opus-5-5"],
  ["chat-extra", "gemini/gemini-3-pro"],
];

/** The accounts of all providers: who is dead, who was asked by which conversation, and what they would have refused. */
function world() {
  const vaults = new Map<string, Vault>();
  const dead = new Set<string>();
  const asked = new Map<string, string>();
  const refused: string[] = [];
  let calls = 0;

  function answer(request: ProviderRequest, url: URL, account: string): Response {
    const route = findRoute(url);
    const conversation = /conversation-\d+/.exec(request.raw)?.[0] ?? "";
    if (route === undefined || conversation === "") throw new Error(`nobody lives at ${url.pathname}`);
    if (dead.has(account)) return jsonOf(JSON.stringify(route.wire.error({ status: 401, message: "no" }, noId)), 401);
    asked.set(conversation, account);
    const known = vaults.get(conversation) ?? vault();
    vaults.set(conversation, known);
    const problem: Problem | undefined = judge(route.wire.checks, request) ?? known.check(request);
    if (problem !== undefined) {
      refused.push(`${conversation} at ${account}: ${problem.message}`);
      return jsonOf(JSON.stringify(route.wire.error(problem, noId)), 400);
    }
    // A single word, which no stream cuts up: an answer is known again by its text.
    const said = `${conversation}:${calls++}`;
    const isOver = route.wire.entries(request.body).at(-1)?.who === "tool";
    const last = isOver ? { text: said } : { call: "look", arguments: { at: said } };
    const take = resolve({ blocks: [{ reasoning: `About ${said}` }, last] }, request, calls);
    known.note(route.wire.json(take, request), "checked", request);
    if (!request.stream) return jsonOf(JSON.stringify(route.wire.json(take, request)));
    return new Response(route.wire.stream(take, request).frames.join(""), {
      headers: { "content-type": types.stream },
    });
  }

  const fetch: Fetch = async (url, init) => {
    const address = new URL(url);
    const raw = await new Response(init?.body ?? null).text();
    const headers = Object.fromEntries(new Headers(init?.headers));
    const route = findRoute(address);
    const body = obj(parse(raw));
    const isNamed = route?.method !== undefined;
    const request: ProviderRequest = {
      ...{ protocol: route?.wire.protocol ?? "chat", raw, body, headers, query: address.searchParams, sse: true },
      model: route?.model ?? String(body.model),
      stream: isNamed ? route.method === "streamGenerateContent" : body.stream === true,
    };
    return answer(request, address, /account-\d/.exec(JSON.stringify(headers))?.[0] ?? "nobody");
  };
  return { fetch, dead, asked, refused };
}

const noId = { id: (prefix: string) => `${prefix}_0` };

interface Talk {
  readonly name: string;
  readonly model: string;
  readonly agent: Agent;
  /** Who answered the last call. */
  account: string;
  /** Did the last call lose what it carried? */
  lost: string;
}

describe("a thousand conversations over five accounts", () => {
  const most = 1000;
  let now = Date.now();
  const { fetch, dead, asked, refused } = world();
  const at = gateway(Object.fromEntries(keys), fetch);
  // Nothing here is waited for, so that no timer need ring.
  const clock = { now: () => now, wait: () => new Promise<void>(() => undefined) };
  const deps = { ...at.deps, clock, health: healthRecord(), retries: retryBudget() };
  const talks = Array.from({ length: most }, (_, number): Talk => {
    const [kind, model] = kinds[number % kinds.length] ?? ["chat-id", ""];
    const isStreamed = Math.floor(number / kinds.length) % 2 === 0;
    const more = kind === "responses" ? { include: ["reasoning.encrypted_content"], reasoning: { effort: "low" } } : {};
    const own = agent(kind, model, isStreamed, { key: at.key, deps }, more);
    return { name: `conversation-${number}`, model, agent: own, account: "", lost: "" };
  });

  /** Both calls of a turn, twenty conversations at a time. */
  async function turn(these: readonly Talk[]): Promise<void> {
    for (let from = 0; from < these.length; from += 20) {
      await Promise.all(these.slice(from, from + 20).map(speak));
      await at.idle();
    }
  }

  async function speak(talk: Talk): Promise<void> {
    const first = await talk.agent.say(`This is ${talk.name}.`);
    await talk.agent.hear(first);
    const account = asked.get(talk.name);
    const second = await talk.agent.answerCalls();
    await talk.agent.hear(second);
    expect(asked.get(talk.name), `${talk.name} stays within a turn`).toBe(account);
    talk.account = account ?? "";
    // What a Chat caller was shown of the reasoning is no proof, and is dropped from every call.
    const lost = (first.headers.get("x-gearbox-lost") ?? "").split(", ");
    talk.lost = lost.filter((each) => !each.includes("reasoning_content")).join(", ");
  }

  const namesOf = (these: readonly Talk[]): string[] => these.map(({ name }) => name);
  /** Those whose last call left behind something that it carried. */
  const losing = (these: readonly Talk[]): string[] =>
    these.filter(({ lost }) => lost !== "").map(({ name, lost }) => `${name}: ${lost}`);
  const accountsOf = (these: readonly Talk[]) => new Map(these.map(({ name, account }) => [name, account]));
  const moved = (before: ReadonlyMap<string, string>): Talk[] =>
    talks.filter(({ name, account }) => before.get(name) !== account);

  it("are spread, and stay where they are while all is well", { timeout: 120_000 }, async () => {
    await turn(talks);
    const shares = Array.from({ length: accounts }, (_, index) => {
      return talks.filter(({ account }) => account === `account-${index}`).length / most;
    });
    expect(Math.min(...shares)).toBeGreaterThan(0.15);
    const before = accountsOf(talks);
    await turn(talks);
    expect(namesOf(moved(before))).toEqual([]);
    expect(losing(talks)).toEqual([]);
    expect(refused).toEqual([]);
  });

  it("move if theirs dies, those alone, and leave behind what only that one can read", {
    timeout: 120_000,
  }, async () => {
    const before = accountsOf(talks);
    dead.add("account-2");
    await turn(talks);
    const gone = talks.filter(({ name }) => before.get(name) === "account-2");
    expect(namesOf(moved(before))).toEqual(namesOf(gone));
    expect(refused).toEqual([]);
    expect(losing(gone)).toHaveLength(gone.length);
    expect(losing(talks.filter((talk) => !gone.includes(talk)))).toEqual([]);
  });

  it("may come back to an account, and leave no gap in what it made", { timeout: 120_000 }, async () => {
    const elders = accountsOf(talks);
    dead.clear();
    dead.add("account-0");
    // The breaker looks at a shut account again after half a minute.
    now += 60_000;
    const away = talks.filter(({ account }) => account === "account-0");
    await turn(away);
    expect(namesOf(away.filter(({ name, account }) => elders.get(name) === account))).toEqual([]);
    dead.clear();
    dead.add("account-2").add("account-1").add("account-3").add("account-4");
    now += 60_000;
    // The first of each provider finds it alive again; until then nobody else is sent there.
    const scouts = new Set(kinds.flatMap(([, model]) => away.find((talk) => talk.model === model) ?? []));
    for (const talk of scouts) await speak(talk);
    await turn(away.filter((talk) => !scouts.has(talk)));
    expect(new Set(away.map(({ account }) => account))).toEqual(new Set(["account-0"]));
    expect(losing(away)).toHaveLength(away.length);
    await turn(away);
    expect(refused).toEqual([]);
  });
});
