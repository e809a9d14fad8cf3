/** The admin API and what a key's holder may ask, on the store that they run on. */

import { listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { mintKey } from "../../src/policy/key.ts";
import type { Team } from "../../src/teams/team.ts";
import { type Gateway, gateway, play } from "./gateway.ts";

const adminKey = "an-admin-key-of-more-than-32-characters";
const at = gateway({ ADMIN_KEY: adminKey });

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  readonly body: any;
}

async function ask(method: string, path: string, body?: object, to: Gateway = at, key = adminKey): Promise<Answer> {
  const answer = await to.ask(path, {
    method,
    headers: { authorization: `Bearer ${key}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text.startsWith("{") ? JSON.parse(text) : text };
}

async function newTeam(settings: object = {}): Promise<string> {
  return (await ask("POST", "/admin/teams", { name: "builders", settings })).body.id;
}

async function newKey(team: string, more: object = {}): Promise<{ id: string; key: string }> {
  return (await ask("POST", `/admin/teams/${team}/keys`, { name: "ci", ...more })).body;
}

const call = (key: string, model = "gpt-5.5", path = "/v1/chat/completions") =>
  at.ask(path, {
    method: "POST",
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "hi" }] }),
  });

describe("the admin API", () => {
  it.each([
    ["no key", gateway({ ADMIN_KEY: adminKey }), "x", 401],
    ["a wrong one", gateway({ ADMIN_KEY: adminKey }), `${adminKey}x`, 401],
    ["none set", gateway(), adminKey, 404],
  ])("answers nobody with %s", async (_, to, key, status) => {
    expect((await ask("GET", "/admin/teams", undefined, to, key)).status).toBe(status);
  });

  it("makes a team, shows it, changes it, lists it and erases it", async () => {
    const made = await ask("POST", "/admin/teams", {
      name: "one",
      settings: { strict: true, limits: { concurrent: 3 } },
    });
    expect(made).toMatchObject({
      status: 201,
      body: { name: "one", webhook_secret: expect.stringMatching(/^whsec_/) },
    });
    const path = `/admin/teams/${made.body.id}`;
    const changed = await ask("PATCH", path, {
      name: "two",
      settings: { strict: null, webhook: "https://a.example/x" },
    });
    expect(changed.body).toMatchObject({
      name: "two",
      settings: { limits: { concurrent: 3 }, webhook: "https://a.example/x" },
    });
    expect(changed.body.settings).not.toHaveProperty("strict");
    expect((await ask("GET", path)).body).toEqual(changed.body);
    const listed = await ask("GET", "/admin/teams?limit=500");
    expect(listed.body.data.map(({ id }: { id: string }) => id)).toContain(made.body.id);
    expect((await ask("DELETE", path)).body).toEqual({ id: made.body.id, deleted: true });
    expect((await ask("GET", path)).status).toBe(404);
  });

  it.each([
    ["an unknown member", { name: "x", colour: "red" }, "colour"],
    ["no name", {}, "name"],
    ["an unknown setting", { name: "x", settings: { limits: { per_second: 1 } } }, "settings.limits.per_second"],
    [
      "a limit that is no whole number",
      { name: "x", settings: { limits: { concurrent: 1.5 } } },
      "settings.limits.concurrent",
    ],
    [
      "two budgets of one period",
      {
        name: "x",
        settings: {
          budgets: [
            { usd: 1, per: "day" },
            { usd: 2, per: "day" },
          ],
        },
      },
      "settings.budgets",
    ],
    ["a webhook that is no https", { name: "x", settings: { webhook: "ftp://a" } }, "settings.webhook"],
  ])("refuses %s by its name", async (_, body, param) => {
    const { status, body: said } = await ask("POST", "/admin/teams", body);
    expect([status, said.error.param]).toEqual([400, param]);
  });

  it.each([["short"], ["a".repeat(12)], ["../../etc/passw"], ["0".repeat(4000)]])(
    "knows no team %s, whatever is asked of it",
    async (id) => {
      for (const rest of ["", "/keys", "/usage", "/calls", "/export", "/keys/key_x"]) {
        expect((await ask("GET", `/admin/teams/${encodeURIComponent(id)}${rest}`)).status).toBe(404);
      }
    },
  );
});

describe("what nobody made", () => {
  const { TEAM } = env as unknown as { TEAM: DurableObjectNamespace<Team> };
  const objects = async () => new Set((await listDurableObjectIds(TEAM)).map(String));

  it("makes no object: neither a made-up key nor a team that is none", async () => {
    const team = "madeup000000";
    const genuine = mintKey("a-root-secret-of-another-gateway-that-is-long", team, (bytes) => new Uint8Array(bytes));
    const made = await newTeam();
    const before = await objects();
    expect(before).toContain(String(TEAM.idFromName(made)));
    for (const key of [genuine, genuine.slice(0, -1), `gbx_${team}_x`]) {
      for (const path of ["/v1/key", "/v1/usage", "/v1/models"])
        expect((await ask("GET", path, undefined, at, key)).status).toBe(401);
      expect((await call(key)).status).toBe(401);
    }
    for (const id of ["short", "twelve-chars", "0".repeat(4000)]) {
      expect((await ask("GET", `/admin/teams/${id}/usage`)).status).toBe(404);
    }
    expect(await objects()).toEqual(before);
  });

  it("and of a team that could be one, nothing is written", async () => {
    const id = "nobody000000";
    expect((await ask("GET", `/admin/teams/${id}/usage`)).status).toBe(404);
    expect((await ask("POST", `/admin/teams/${id}/keys`, { name: "x" })).status).toBe(404);
    const tables = await runInDurableObject(TEAM.getByName(id), (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master").toArray(),
    );
    expect(tables).toEqual([]);
  });
});

describe("a key", () => {
  it("is shown once, works, and no longer once it is revoked", async () => {
    const team = await newTeam();
    const { id, key } = await newKey(team);
    expect((await call(key)).status).toBe(200);
    const shown = await ask("GET", `/admin/teams/${team}/keys`);
    expect(JSON.stringify(shown.body)).not.toContain(key);
    expect(shown.body.data).toMatchObject([{ id, name: "ci", prefix: key.slice(0, 21) }]);
    await ask("DELETE", `/admin/teams/${team}/keys/${id}`);
    // This isolate remembers it for ten seconds; another one has never seen it.
    const other = await gateway({ ADMIN_KEY: adminKey }).ask("/v1/models", {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(other.status).toBe(401);
  });

  it("is answered under an id, as everything is", async () => {
    const listed = await gateway({ ADMIN_KEY: adminKey }).ask("/admin/teams", {
      headers: { authorization: `Bearer ${adminKey}` },
    });
    for (const name of ["x-request-id", "request-id"]) expect(listed.headers.get(name)).toMatch(/^[0-9a-f]{32}$/);
  });

  it("that is rotated works on for its grace, as does the new one", async () => {
    const team = await newTeam();
    const old = await newKey(team);
    const made = await ask("POST", `/admin/teams/${team}/keys/${old.id}/rotate`, { grace_seconds: 3600 });
    expect(made.body.key).not.toBe(old.key);
    for (const key of [old.key, made.body.key]) expect((await call(key)).status).toBe(200);
    const again = await ask("POST", `/admin/teams/${team}/keys/${made.body.id}/rotate`, {});
    expect((await gateway().ask("/v1/models", { headers: { authorization: `Bearer ${made.body.key}` } })).status).toBe(
      401,
    );
    expect((await call(again.body.key)).status).toBe(200);
  });

  it("of a team that was erased never works again", async () => {
    const team = await newTeam();
    const { key } = await newKey(team);
    await ask("DELETE", `/admin/teams/${team}`);
    expect((await call(key)).status).toBe(401);
  });

  it("may be held to models and providers", async () => {
    const team = await newTeam({ allowed_providers: ["openai"] });
    const { key } = await newKey(team, { settings: { allowed_models: ["openai/gpt-5.5"] } });
    expect((await call(key)).status).toBe(200);
    for (const model of ["openai/gpt-6-sol", "anthropic/claude-sonnet-5"]) {
      const refused = await call(key, model);
      expect([refused.status, await refused.json()]).toMatchObject([403, { error: { code: "model_not_allowed" } }]);
    }
  });

  it("tells its holder its limits, what is left and when it resets", async () => {
    const team = await newTeam({ budgets: [{ usd: 5, per: "month" }] });
    const { key } = await newKey(team, { settings: { limits: { requests_per_minute: 10 } } });
    await (await call(key)).text();
    await at.idle();
    const answer = await at.ask("/v1/key", { headers: { authorization: `Bearer ${key}` } });
    const { limits } = (await answer.json()) as { limits: { left_usd?: number }[] };
    expect(limits).toMatchObject([
      { scope: "key", what: "requests", limit: 10, left: 9 },
      { scope: "team", what: "budget", per: "month", limit_usd: 5 },
    ]);
    expect(limits[1]?.left_usd).toBeLessThan(5);
    expect(limits[1]?.left_usd).toBeGreaterThan(4.9);
  });
});

describe("usage", () => {
  it("is summed by whatever is asked, as JSON and CSV, and agrees with the calls", async () => {
    const team = await newTeam();
    const { id, key } = await newKey(team);
    await play("admin-usage", { blocks: [{ text: "one two three" }] });
    for (let made = 0; made < 3; made++) await (await call(key, "openai/admin-usage")).text();
    await (await call(key)).text();
    await at.idle();
    const sums = await ask("GET", `/admin/teams/${team}/usage?group_by=model,key`);
    expect(sums.body).toMatchObject({
      group_by: ["model", "key"],
      data: [
        { model: "admin-usage", key: id, calls: 3, unpriced_calls: 3 },
        { model: "gpt-5.5", key: id, calls: 1, unpriced_calls: 0 },
      ],
    });
    expect(sums.body.data[1].cost_usd).toBeGreaterThan(0);
    const calls = await ask("GET", `/admin/teams/${team}/calls?limit=3`);
    const rest = await ask("GET", `/admin/teams/${team}/calls?limit=3&after=${calls.body.next}`);
    expect([calls.body.data.length, rest.body.data.length, rest.body.next]).toEqual([3, 1, null]);
    const cost = [...calls.body.data, ...rest.body.data].reduce((sum, row) => sum + (row.cost_usd ?? 0), 0);
    expect(cost).toBeCloseTo(sums.body.data[1].cost_usd, 12);
    const csv = await ask("GET", `/admin/teams/${team}/usage?group_by=model&format=csv`);
    expect(csv.body.split("\r\n")[0]).toBe(
      "model,calls,input_tokens,cache_read_tokens,cache_write_tokens,output_tokens,reasoning_tokens,cost_usd,estimated_calls,unpriced_calls,cache_hits,saved_usd",
    );
    const own = await at.ask("/v1/usage?group_by=model", { headers: { authorization: `Bearer ${key}` } });
    expect(((await own.json()) as { data: unknown[] }).data).toHaveLength(2);
    const all = await ask("GET", `/admin/teams/${team}/export`);
    expect(all.body.data).toMatchObject({ team: { id: team }, keys: [{ id }] });
    const exported = await ask("GET", `/admin/teams/${team}/export?after=${all.body.next}`);
    expect(exported.body.data.calls).toHaveLength(4);
  });

  it("of one team is none of another's, by whatever id", async () => {
    const [mine, theirs] = [await newTeam(), await newTeam()];
    const [own, other] = [await newKey(mine), await newKey(theirs)];
    await (await call(other.key)).text();
    await at.idle();
    const headers = { authorization: `Bearer ${own.key}` };
    for (const path of ["/v1/usage", `/v1/usage?group_by=key`, "/v1/key"]) {
      const text = await (await at.ask(path, { headers })).text();
      for (const id of [theirs, other.id, other.key]) expect(text).not.toContain(id);
    }
    for (const query of [`key=${other.id}`, `team=${theirs}`]) {
      expect((await at.ask(`/v1/usage?${query}`, { headers })).status).toBe(400);
    }
    for (const path of [`/keys/${other.id}`, `/keys/${other.id}/rotate`]) {
      const method = path.endsWith("rotate") ? "POST" : "GET";
      expect((await ask(method, `/admin/teams/${mine}${path}`, method === "POST" ? {} : undefined)).status).toBe(404);
    }
    for (const path of ["/admin/teams", `/admin/teams/${theirs}`]) {
      expect((await at.ask(path, { headers })).status).toBe(401);
    }
  });
});
