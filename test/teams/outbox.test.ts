import { createHmac } from "node:crypto";
import { expect, it } from "vitest";
import type { BudgetEvent } from "../../src/stores/store.ts";
import { deliver, webhookSecret } from "../../src/teams/outbox.ts";

const root = "a-root-secret-of-more-than-32-characters";
const at = Date.UTC(2026, 10, 24, 12);
const meter = "key_Ab:openai/gpt-5*/month/2026-11-01";
const event: BudgetEvent = {
  id: `${meter}@800`,
  at,
  meter,
  mark: 800_000_000,
  limit: 1_000_000_000,
  spent: 812_345_678,
};

function outbox(events: readonly BudgetEvent[], webhook?: string) {
  const delivered: string[] = [];
  const store = {
    team: async (id: string) => ({ id, name: "t", created_at: 0, settings: webhook === undefined ? {} : { webhook } }),
    events: async () => events,
    delivered: async (_: string, ids: readonly string[]) => void delivered.push(...ids),
  };
  return { store, delivered };
}

it("an event is posted, signed so that the receiver can tell who sent it and when", async () => {
  const { store, delivered } = outbox([event], "https://hooks.example/budget");
  const seen: { url: string; init: RequestInit }[] = [];
  const fetch = async (url: string, init: RequestInit) => {
    seen.push({ url, init });
    return new Response(null, { status: 204 });
  };
  await deliver(store, "T", { secret: root, fetch, now: at + 1500 });
  expect(delivered).toEqual([event.id]);
  const [{ url, init } = { url: "", init: {} }] = seen;
  const headers = init.headers as Record<string, string>;
  const body = String(init.body);
  expect([url, init.redirect]).toEqual(["https://hooks.example/budget", "manual"]);
  expect(JSON.parse(body)).toEqual({
    type: "budget.warning",
    timestamp: "2026-11-24T12:00:00.000Z",
    data: {
      team: "T",
      scope: "key",
      key: "key_Ab",
      model: "openai/gpt-5*",
      period: "month",
      limit_usd: 1,
      spent_usd: 0.812345678,
      mark_usd: 0.8,
    },
  });
  // No dot, which would leave open where the id ends in what is signed.
  expect(headers["webhook-id"]).toMatch(/^msg_[0-9a-f]{32}$/);
  const secret = Buffer.from(webhookSecret(root, "T").replace("whsec_", ""), "base64");
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  expect(headers["webhook-timestamp"]).toBe(String(Math.floor((at + 1500) / 1000)));
  expect(headers["webhook-signature"]).toBe(`v1,${createHmac("sha256", secret).update(signed).digest("base64")}`);
  expect(webhookSecret(root, "U")).not.toBe(webhookSecret(root, "T"));
});

it("an event that is sent again has the same id, and no other event has it", async () => {
  const ids: unknown[] = [];
  const fetch = async (_: string, { headers }: RequestInit) => {
    ids.push((headers as Record<string, string>)["webhook-id"]);
    return new Response(null, { status: 500 });
  };
  const other = { ...event, id: `${meter}@1000` };
  for (const [team, each] of [
    ["T", event],
    ["T", event],
    ["T", other],
    ["U", event],
  ] as const) {
    await deliver(outbox([each], "https://hooks.example/b").store, team, { secret: root, fetch, now: at + ids.length });
  }
  expect(ids[1]).toBe(ids[0]);
  expect(new Set(ids).size).toBe(3);
});

it.each([
  ["refuses", async () => new Response("no", { status: 500 })],
  ["sends elsewhere", async () => new Response(null, { status: 302, headers: { location: "http://10.0.0.1/" } })],
  ["cannot be reached", () => Promise.reject(new Error("no route"))],
] as const)("what a webhook that %s did not take stays in the outbox", async (_, fetch) => {
  const { store, delivered } = outbox([event], "https://hooks.example/budget");
  await deliver(store, "T", { secret: root, fetch, now: at });
  expect(delivered).toEqual([]);
});

it("the end of a budget is told as such, and a team without a webhook owes nobody anything", async () => {
  const types: string[] = [];
  const fetch = async (_: string, init: RequestInit) => {
    types.push(JSON.parse(String(init.body)).type);
    return new Response();
  };
  const spent = { ...event, id: "x", mark: event.limit };
  await deliver(outbox([spent], "https://hooks.example/b").store, "T", { secret: root, fetch, now: at });
  const silent = outbox([event]);
  await deliver(silent.store, "T", { secret: root, fetch, now: at });
  expect(types).toEqual(["budget.spent"]);
  expect(silent.delivered).toEqual([event.id]);
});
