/** Limits and budgets as callers meet them: what is refused and how, what is held, and what is never exceeded. */
import { describe, expect, it } from "vitest";
import type { TeamSettings } from "../../src/teams/records.ts";
import { callsFor, closing, gateway, play, teamAt } from "./gateway.ts";

const callers = ["chat", "responses", "messages", "gemini"] as const;
type Caller = (typeof callers)[number];

const at = gateway();
const words = { blocks: [{ text: "one two three four five six seven eight nine ten" }] };

interface More {
  readonly stream?: boolean;
  readonly max_tokens?: number;
}

/** The path and the body of the same question in each protocol. */
function ask(caller: Caller, model: string, more: More = {}): [string, Record<string, unknown>] {
  const messages = [{ role: "user", content: "Count." }];
  switch (caller) {
    case "chat":
      return ["/v1/chat/completions", { model, messages, ...more }];
    case "responses":
      return ["/v1/responses", { model, input: "Count.", ...more }];
    case "messages":
      return ["/v1/messages", { model, messages, max_tokens: 30_000, ...more }];
    case "gemini": {
      const method = more.stream === true ? "streamGenerateContent?alt=sse" : "generateContent";
      return [`/v1beta/models/${model}:${method}`, { contents: [{ role: "user", parts: [{ text: "Count." }] }] }];
    }
  }
}

async function spent(team: string): Promise<{ cost: number; calls: number; estimated: number }> {
  await at.idle();
  const [sum] = await at.deps.store.usage(team, { groupBy: [] }, Date.now());
  return { cost: sum?.cost ?? 0, calls: sum?.calls ?? 0, estimated: sum?.estimated ?? 0 };
}

describe("a limit of requests", () => {
  it.each(callers)("refuses %s callers in their own words, and says when to come back", async (caller) => {
    const { post } = await teamAt(at, { limits: { requests_per_minute: 1 } });
    const [path, body] = ask(caller, "openai/gpt-5.5");
    const first = await post(path, body);
    expect(first.status).toBe(200);
    const refused = await post(path, body);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(50);
    expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
    expect(Number(refused.headers.get("retry-after-ms"))).toBeGreaterThan(50_000);
    expect(refused.headers.get("x-gearbox-call")).toMatch(/^[0-9a-f]{32}$/);
    const said = await refused.text();
    expect(said).toContain("gearbox");
    expect(said).toContain("resets_at");
  });

  it("is told on every answer in the dialect of its caller", async () => {
    const { post } = await teamAt(at, { limits: { requests_per_minute: 5, tokens_per_minute: 100_000 } });
    const chat = await post(...ask("chat", "openai/gpt-5.5"));
    expect(chat.headers.get("x-ratelimit-limit-requests")).toBe("5");
    expect(chat.headers.get("x-ratelimit-remaining-requests")).toBe("4");
    expect(chat.headers.get("x-ratelimit-reset-requests")).toMatch(/^1[12](\.\d+)?s$/);
    const messages = await post(...ask("messages", "openai/gpt-5.5"));
    expect(messages.headers.get("anthropic-ratelimit-requests-remaining")).toBe("3");
    expect(messages.headers.get("anthropic-ratelimit-tokens-limit")).toBe("100000");
  });
});

it("a limit of tokens is charged what a call really took, and gives the rest back", async () => {
  const model = "tokens-per-minute";
  await play(model, { ...words, usage: { input: 300, output: 200 } });
  const { post, team } = await teamAt(at, { limits: { tokens_per_minute: 2000 } });
  for (let call = 0; call < 3; call++) {
    const answer = await post(...ask("chat", `openai/${model}`, { max_tokens: 200 }));
    expect([call, answer.status]).toEqual([call, 200]);
    expect(answer.headers.get("x-gearbox-tokens")).toBe("500");
    await spent(team);
  }
  await play(model, { ...words, usage: { input: 3000, output: 200 } });
  expect((await post(...ask("chat", `openai/${model}`, { max_tokens: 200 }))).status).toBe(200);
  await spent(team);
  expect((await post(...ask("chat", `openai/${model}`, { max_tokens: 200 }))).status).toBe(429);
});

it("calls at once are limited, and a call that has ended makes room", async () => {
  const model = "one-at-a-time";
  await play(model, { ...words, fault: { kind: "stall", afterEvents: 3 } });
  const { post, team } = await teamAt(at, { limits: { concurrent: 1 } });
  const running = await post(...ask("chat", `openai/${model}`, { stream: true }));
  const reader = running.body?.getReader();
  await reader?.read();
  const refused = await post(...ask("chat", "openai/gpt-5.5"));
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
  await reader?.cancel();
  await spent(team);
  expect((await post(...ask("chat", "openai/gpt-5.5"))).status).toBe(200);
});

describe("a budget", () => {
  const cent: TeamSettings = { budgets: [{ usd: 0.01, per: "day" }] };

  it("is never exceeded by 200 calls at once, and none is refused while a tenth of it is left", async () => {
    const { post, team } = await teamAt(at, cent);
    const model = "gpt-4o-mini";
    await play(model, { ...words, usage: { input: 300, output: 20 } });
    const all = Array.from({ length: 200 }, () => post(...ask("chat", `openai/${model}`, { max_tokens: 20 })));
    const statuses = (await Promise.all(all)).map(({ status }) => status);
    const { cost, calls } = await spent(team);
    expect(cost).toBeLessThanOrEqual(10_000_000);
    expect(calls).toBe(statuses.filter((status) => status === 200).length);
    if (statuses.includes(429)) expect(cost).toBeGreaterThan(9_000_000);
  });

  it.each([
    ["chat", 429, "insufficient_quota"],
    ["responses", 429, "insufficient_quota"],
    ["messages", 402, "billing_error"],
    ["gemini", 429, "RESOURCE_EXHAUSTED"],
  ] as const)("that is spent tells %s callers so, once and for all", async (caller, status, word) => {
    const { post } = await teamAt(at, { budgets: [{ usd: 0.000_001, per: "month" }] });
    const refused = await post(...ask(caller, "openai/gpt-5.5"));
    expect(refused.status).toBe(status);
    expect(refused.headers.get("x-should-retry")).toBe("false");
    expect(refused.headers.get("retry-after")).toBeNull();
    const said = await refused.text();
    for (const each of [word, "gearbox", "resets_at"]) expect(said).toContain(each);
  });

  it.each([
    ["chat", "openai", "max_completion_tokens"],
    ["messages", "openai", "max_output_tokens"],
    ["responses", "anthropic", "max_tokens"],
  ] as const)("that is short holds a call of %s to what it can pay", async (caller, provider, member) => {
    const { post } = await teamAt(at, { budgets: [{ usd: 0.05, per: "day" }] });
    const model = provider === "openai" ? "gpt-5.5" : "claude-opus-4-8";
    const answer = await post(...ask(caller, `${provider}/${model}`));
    expect(answer.status).toBe(200);
    const sent = (await callsFor(model)).at(-1)?.body ?? {};
    expect(sent[member]).toBeGreaterThan(0);
    expect(sent[member]).toBeLessThan(10_000);
    expect(answer.headers.get("x-gearbox-lost")).toContain(`>${sent[member]}`);
  });

  it("takes no call whose price nobody knows; without one it is served and flagged", async () => {
    const budgeted = await teamAt(at, cent);
    const refused = await budgeted.post(...ask("chat", "openai/nobody-knows"));
    expect([refused.status, await refused.json()]).toMatchObject([403, { error: { code: "unknown_price" } }]);
    const free = await teamAt(at, {});
    expect((await free.post(...ask("chat", "openai/nobody-knows"))).status).toBe(200);
    await at.idle();
    expect(await at.deps.store.usage(free.team, { groupBy: [] }, Date.now())).toMatchObject([{ unpriced: 1, cost: 0 }]);
  });

  it.each(callers)(
    "that runs out while an answer comes ends it in an error of %s, and the provider's work",
    async (caller) => {
      const model = `gpt-4o-mini-2024-07-18`;
      const text = "word ".repeat(400);
      const blocks = Array.from({ length: 200 }, () => ({ text }));
      await play(model, { blocks: [{ text: text.repeat(200) }] });
      expect(blocks).toHaveLength(200);
      const { post, team } = await teamAt(at, { budgets: [{ usd: 0.002, per: "day" }] });
      const answer = await post(...ask(caller, `openai/${model}`, { stream: true }));
      const said = await answer.text();
      expect(answer.status).toBe(200);
      expect(said).toMatch(/insufficient_quota|billing_error|RESOURCE_EXHAUSTED|budget/);
      const { cost, estimated } = await spent(team);
      expect(cost).toBeLessThanOrEqual(2_000_000);
      expect(cost).toBeGreaterThan(1_000_000);
      expect(estimated).toBe(1);
      const call = (await callsFor(model)).at(-1);
      if (call !== undefined) expect(["client-left", "ended"]).toContain(await closing(call));
    },
  );

  it("of a key, of a team and of a model all count, each for itself", async () => {
    const settings: TeamSettings = { models: { "openai/gpt-4o*": { budgets: [{ usd: 0.000_01, per: "total" }] } } };
    const { post } = await teamAt(at, settings);
    expect((await post(...ask("chat", "openai/gpt-4o-2024-05-13"))).status).toBe(429);
    expect((await post(...ask("chat", "openai/gpt-5.5"))).status).toBe(200);
  });
});

it("the cost and the tokens of an answer that is whole are told in its headers", async () => {
  const { post } = await teamAt(at, {});
  await play("gpt-4.1-mini-2025-04-14", { ...words, usage: { input: 1000, output: 100 } });
  const answer = await post(...ask("messages", "openai/gpt-4.1-mini-2025-04-14"));
  expect(answer.headers.get("x-gearbox-tokens")).toBe("1100");
  // 0.40 and 1.60 dollars a million.
  expect(answer.headers.get("x-gearbox-cost")).toBe("0.00056");
});
