/** What isolates learn of each other's targets through their board, and what `GET /admin/health` tells of all of them. */
import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { TargetHealth } from "../../src/teams/health-object.ts";
import { callsFor, type Gateway, gateway, play } from "./gateway.ts";

const { HEALTH } = env as unknown as { HEALTH: DurableObjectNamespace<TargetHealth> };
const adminKey = "an-admin-key-of-more-than-32-characters";

/** An isolate with a route of two targets, of which the first is the one to try first. */
function isolate(first: string): Gateway {
  const targets = [
    { provider: "openai", model: first },
    { provider: "compatible", model: "lives" },
  ];
  return gateway({ ADMIN_KEY: adminKey, ROUTES: { safe: { targets } } });
}

let conversations = 0;

/** The first call of a conversation: one that somebody has would stay there. */
async function call(at: Gateway, model = "safe") {
  const messages = [{ role: "user", content: `Hi ${conversations++}` }];
  const answer = await at.post("/v1/chat/completions", { model, messages });
  await answer.text();
  await at.idle();
  return [answer.headers.get("x-gearbox-provider"), answer.headers.get("x-gearbox-attempts")];
}

async function healthAt(at: Gateway, model: string) {
  const answer = await at.ask("/admin/health", { headers: { authorization: `Bearer ${adminKey}` } });
  const { data } = (await answer.json()) as { data: { model: string }[] };
  return data.filter((each) => each.model === model);
}

function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("isolates of one deployment", () => {
  it("leave alone what another one has found dead", async () => {
    const model = "dies-once";
    await play(model, { fault: { kind: "status", status: 401 } });
    const [one, other] = [isolate(model), isolate(model)];
    expect(await call(one)).toEqual(["compatible", "2"]);
    pass(5000);
    await call(one);
    await call(other, "compatible/lives");
    expect(await call(other)).toEqual(["compatible", "1"]);
    expect(await callsFor(model)).toHaveLength(1);
    pass(30_000);
    // Half-open by now: a real call finds out.
    await call(other);
    expect(await callsFor(model)).toHaveLength(2);
  });

  it("are told of together, at any of them, by names and never by a credential", async () => {
    const model = "told-of";
    await play(model, { fault: { kind: "status", status: 401 } });
    const [one, other, idle] = [isolate(model), isolate(model), isolate(model)];
    const at = Date.now();
    for (const each of [one, other]) await call(each);
    for (const each of [one, other]) await healthAt(each, model);
    const shown = {
      ...{ provider: "openai", model, credential: "OPENAI_API_KEY", state: "open", until: at + 30_000 },
      ...{ calls: 2, error_rate: 1 },
    };
    expect(await healthAt(idle, model)).toEqual([shown]);
    expect(await healthAt(one, model)).toEqual([shown]);
    const text = JSON.stringify(await healthAt(idle, model));
    expect(text).not.toContain("sk-openai-secret");
  });

  it("tell it again where the board has forgotten it", async () => {
    const model = "forgotten";
    await play(model, { fault: { kind: "status", status: 401 } });
    const [one, idle] = [isolate(model), isolate(model)];
    await call(one);
    expect(await healthAt(one, model)).toMatchObject([{ state: "open" }]);
    await evictDurableObject(HEALTH.getByName("health"));
    expect(await healthAt(idle, model)).toEqual([]);
    pass(5000);
    await call(one, "compatible/lives");
    expect(await healthAt(idle, model)).toMatchObject([{ state: "open", calls: 1 }]);
  });

  it("serve calls and tell of themselves while the board cannot be reached", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const model = "alone";
    const one = isolate(model);
    const down = () => Promise.reject(new Error("down"));
    Object.assign(one.deps, { board: { exchange: down, overview: down } });
    expect(await call(one)).toEqual(["openai", "1"]);
    expect(await healthAt(one, model)).toMatchObject([{ state: "closed", calls: 1, error_rate: 0 }]);
  });
});
