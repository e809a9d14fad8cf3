/** While the store cannot be reached: who is served, who is refused, and that nothing that was used is forgotten. */
import { describe, expect, it } from "vitest";
import { app } from "../../src/app.ts";
import type { Store } from "../../src/stores/store.ts";
import { StoreDown } from "../../src/stores/store-down.ts";
import { gateway, teamAt } from "./gateway.ts";

const at = gateway();
const body = JSON.stringify({ model: "openai/gpt-5.5", messages: [{ role: "user", content: "hi" }] });

/** Asks the same gateway, whose store answers to nothing but settlements. */
function askDown(key: string, path = "/v1/chat/completions"): Promise<Response> {
  const down = () => Promise.reject(new StoreDown("gone"));
  const store: Store = { ...at.deps.store, find: down, reserve: down, extend: down, levels: down, usage: down };
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const request = new Request(
    `http://gearbox.test${path}`,
    path.endsWith("s") ? { method: "POST", headers, body } : { headers },
  );
  return Promise.resolve(app.fetch(request, { deps: { ...at.deps, store } }));
}

describe("while the store is down", () => {
  it("a call is refused with a clear 503 that says when to come back", async () => {
    const { key, post } = await teamAt(at, {});
    for (const isKnown of [false, true]) {
      if (isKnown) await (await post("/v1/chat/completions", JSON.parse(body))).text();
      const refused = await askDown(key);
      expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "2"]);
      expect(await refused.json()).toMatchObject({ error: { code: "store_unavailable" } });
    }
  });

  it("a team that wants it is served, and what it used is in its account", async () => {
    const { key, team, post } = await teamAt(at, { store_down: "open", limits: { requests_per_minute: 1 } });
    await (await post("/v1/chat/completions", JSON.parse(body))).text();
    // Its one request of this minute is used up; nobody can tell now.
    expect((await askDown(key)).status).toBe(200);
    await at.idle();
    expect(await at.deps.store.usage(team, { groupBy: [] }, Date.now())).toMatchObject([{ calls: 2, estimated: 0 }]);
  });

  it("other questions are answered with the same 503, never with a 500", async () => {
    const { key, post } = await teamAt(at, {});
    await (await post("/v1/chat/completions", JSON.parse(body))).text();
    for (const path of ["/v1/key", "/v1/usage?group_by=day"]) {
      expect((await askDown(key, path)).status).toBe(503);
    }
  });
});

it("the first fifty calls of the start-up's own key at once enter it once, and all count", async () => {
  const fresh = gateway();
  const calls = Array.from({ length: 50 }, () => fresh.post("/v1/chat/completions", JSON.parse(body)));
  for (const answer of await Promise.all(calls)) expect(answer.status).toBe(200);
  await fresh.idle();
  expect((await fresh.deps.store.keys(fresh.team, undefined, 10)).items).toHaveLength(1);
  expect(await fresh.deps.store.usage(fresh.team, { groupBy: [] }, Date.now())).toMatchObject([{ calls: 50 }]);
});
