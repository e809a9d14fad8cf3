/** The admin API and what a key's holder may ask: who may, of whom, and what each route does. */
import { describe, expect, it } from "vitest";
import { app } from "../../src/app.ts";
import { adminKey, desk, exported, furnished, noon, rowOf } from "./desk.ts";

const hour = 60 * 60 * 1000;

/** Every route of a team, with bodies that it takes; `:key` is to be filled in. */
const routes = [
  ["GET", ""],
  ["PATCH", "", { name: "renamed" }],
  ["GET", "/keys"],
  ["POST", "/keys", { name: "new" }],
  ["GET", "/keys/:key"],
  ["PATCH", "/keys/:key", { name: "renamed" }],
  ["POST", "/keys/:key/rotate", {}],
  ["DELETE", "/keys/:key"],
  ["GET", "/usage"],
  ["GET", "/calls"],
  ["GET", "/export"],
  ["DELETE", "/cache"],
  ["DELETE", ""],
] as const;

describe("who may ask", () => {
  const all = [["GET", "/admin"], ["POST", "/admin/teams"], ...routes.map(([m, path]) => [m, `/admin/teams/T${path}`])];

  it.each([
    ["without an admin key set", {}, adminKey, 404, null],
    ["with none given", undefined, "", 401, "invalid_api_key"],
    ["with a wrong one", undefined, `${adminKey}x`, 401, "invalid_api_key"],
  ])("%s nobody, and the store never hears of it", async (_, settings, key, status, code) => {
    const at = desk(settings);
    for (const [method = "", path = ""] of all) {
      const answer = await at.ask(method, path, undefined, key);
      expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    }
    expect(at.asked).toEqual([]);
  });

  it("no page in a browser, and no cache keeps an answer", async () => {
    const at = desk();
    const headers = { authorization: `Bearer ${adminKey}`, origin: "https://a.example" };
    const answer = await at.send("/admin/teams", { headers });
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("no holder of a key", async () => {
    const at = desk();
    const { key } = await furnished(at, "mine");
    expect((await at.ask("GET", "/admin/teams", undefined, key.key)).status).toBe(401);
  });
});

describe("ids that are not there", () => {
  it("the table above names every route of a team", () => {
    const served = app.routes.filter(({ method, path }) => method !== "ALL" && path.startsWith("/admin/teams/:team"));
    const named = routes.map(([method, path]) => `${method} /admin/teams/:team${path}`);
    expect(named.sort()).toEqual(served.map(({ method, path }) => `${method} ${path}`).sort());
  });

  it.each([
    ["short", "short"],
    ["a character too long", "thirteen00000"],
    ["not of base62", "twelve-chars"],
    ["a path", "..%2F..%2Fetc%2Fx"],
    ["binary", "%00%00"],
    ["endless", "0".repeat(4000)],
  ])("no route of a team whose id is %s asks the store for anything", async (_, id) => {
    const at = desk();
    for (const [method, path, body] of routes) {
      const answer = await at.ask(method, `/admin/teams/${id}${path.replace(":key", "key_x")}`, body);
      expect([answer.status, answer.body.error.type]).toEqual([404, "invalid_request_error"]);
    }
    expect(at.asked).toEqual([]);
  });

  it("no route of a team that was made up or erased does more than look for it", async () => {
    const at = desk();
    const { team } = await furnished(at, "erased");
    await at.ask("DELETE", `/admin/teams/${team.id}`);
    at.asked.length = 0;
    for (const id of ["madeup000000", team.id]) {
      for (const [method, path, body] of routes) {
        const answer = await at.ask(method, `/admin/teams/${id}${path.replace(":key", "key_x")}`, body);
        expect(answer.status).toBe(404);
      }
    }
    expect(new Set(at.asked)).toEqual(new Set(["team"]));
    expect((await at.ask("GET", "/admin/teams")).body.data).toEqual([]);
  });

  it("a refusal is in OpenAI's form, also where the query names a key", async () => {
    const { status, body } = await desk().ask("GET", "/admin/teams/madeup000000/calls?key=key_x");
    expect([status, Object.keys(body.error).sort()]).toEqual([404, ["code", "message", "param", "type"]]);
  });
});

describe("one team and another", () => {
  const traces = (id: string, { team, key }: Awaited<ReturnType<typeof furnished>>): string[] => [
    ...[team.id, team.webhook_secret, key.id, key.key, key.key.slice(0, 21), `${id}-call`, `"${id}`],
  ];

  it("no route of one reads or changes the other's data, whichever id stands in it", async () => {
    const at = desk();
    const [mine, theirs] = [await furnished(at, "mine"), await furnished(at, "theirs")];
    const before = await exported(at, theirs.team.id);
    for (const [method, path, body] of routes) {
      for (const id of [theirs.key.id, theirs.team.id, theirs.key.key]) {
        const filled = path.replace(":key", id);
        const query = ["/usage", "/calls"].includes(path) ? `?key=${id}` : "";
        const answer = await at.ask(method, `/admin/teams/${mine.team.id}${filled}${query}`, body);
        if (path.includes(":key")) expect(answer.status).toBe(404);
        const said = answer.text.replaceAll(id, "");
        for (const trace of traces("theirs", theirs)) expect(said).not.toContain(trace);
      }
    }
    expect(await exported(at, theirs.team.id)).toEqual(before);
    expect(before.flatMap(({ calls = [] }) => calls)).toHaveLength(3);
  });

  it("no holder of a key sees more than the key's own", async () => {
    const at = desk();
    const [mine, theirs] = [await furnished(at, "mine"), await furnished(at, "theirs")];
    const second = await at.ask("POST", `/admin/teams/${mine.team.id}/keys`, { name: "second" });
    for (const path of ["/v1/key", "/v1/usage", "/v1/usage?group_by=key,model", "/v1/usage?format=csv&group_by=key"]) {
      const answer = await at.ask("GET", path, undefined, mine.key.key);
      expect(answer.status).toBe(200);
      const { webhook_secret } = mine.team;
      for (const trace of [...traces("theirs", theirs), second.body.id, webhook_secret]) {
        expect(answer.text).not.toContain(trace);
      }
    }
    const nothing = await at.ask("GET", "/v1/usage?group_by=key", undefined, second.body.key);
    expect(nothing.body.data).toEqual([]);
    for (const query of [`key=${theirs.key.id}`, `team=${theirs.team.id}`]) {
      expect((await at.ask("GET", `/v1/usage?${query}`, undefined, mine.key.key)).status).toBe(400);
    }
  });
});

describe("teams and keys", () => {
  it("settings are changed one by one, and null takes one away", async () => {
    const at = desk();
    const settings = { strict: true, limits: { concurrent: 3 }, budgets: [{ usd: 1, per: "day" }] };
    const { id } = (await at.ask("POST", "/admin/teams", { name: "one", settings })).body;
    const changes = { strict: null, budgets: null, webhook: "http://127.0.0.1:9/hook" };
    const changed = await at.ask("PATCH", `/admin/teams/${id}`, { settings: changes });
    expect(changed.body).toMatchObject({ name: "one", created_at: "2026-11-24T12:00:00.000Z" });
    expect(changed.body.settings).toEqual({ limits: { concurrent: 3 }, webhook: "http://127.0.0.1:9/hook" });
    expect((await at.ask("GET", `/admin/teams/${id}`)).body).toEqual(changed.body);
  });

  it("are listed page by page, and never with a hash or a whole key", async () => {
    const at = desk();
    const { team, key } = await furnished(at, "one");
    for (const name of ["b", "c"]) await at.ask("POST", `/admin/teams/${team.id}/keys`, { name });
    for (const path of ["/admin/teams", `/admin/teams/${team.id}/keys`]) {
      if (path === "/admin/teams") for (const name of ["b", "c"]) await at.ask("POST", path, { name });
      const first = await at.ask("GET", `${path}?limit=2`);
      const rest = await at.ask("GET", `${path}?limit=2&after=${first.body.next}`);
      const ids = [...first.body.data, ...rest.body.data].map(({ id }) => id);
      expect([ids.length, new Set(ids).size, rest.body.next]).toEqual([3, 3, null]);
      expect(first.text + rest.text).not.toMatch(new RegExp(`hash|webhook_secret|${key.key}`));
    }
  });

  it("a key expires, and may be given more time or all of it", async () => {
    const at = desk();
    const { team } = await furnished(at, "one");
    const path = `/admin/teams/${team.id}/keys`;
    const made = await at.ask("POST", path, { name: "k", expires_at: "2026-11-24T14:00:00+01:00" });
    expect(made.body.expires_at).toBe("2026-11-24T13:00:00.000Z");
    const status = async (now: number) => {
      at.now = now;
      return (await at.ask("GET", "/v1/key", undefined, made.body.key)).status;
    };
    expect([await status(noon + hour - 1), await status(noon + hour)]).toEqual([200, 401]);
    const changed = await at.ask("PATCH", `${path}/${made.body.id}`, { expires_at: null });
    expect([changed.body.expires_at, changed.body.name]).toEqual([null, "k"]);
    expect(await status(noon + 2 * hour)).toBe(200);
  });

  it("a rotated key works on for its grace, and never longer than it would have", async () => {
    const at = desk();
    const { team, key } = await furnished(at, "one");
    const rotate = (seconds: number) =>
      at.ask("POST", `/admin/teams/${team.id}/keys/${key.id}/rotate`, { grace_seconds: seconds });
    const first = await rotate(3600);
    expect(first.body).toMatchObject({ name: "one-key", expires_at: null, key: expect.stringMatching(/^gbx_/) });
    await rotate(2 * 3600);
    const status = async (now: number, of: string) => {
      at.now = now;
      return (await at.ask("GET", "/v1/key", undefined, of)).status;
    };
    expect([await status(noon + hour - 1, key.key), await status(noon + hour, key.key)]).toEqual([200, 401]);
    expect(await status(noon + hour, first.body.key)).toBe(200);
  });

  it("a revoked key is refused within ten seconds, stays revoked, and has no successor", async () => {
    const at = desk();
    const { team, key } = await furnished(at, "one");
    const path = `/admin/teams/${team.id}/keys/${key.id}`;
    expect((await at.ask("GET", "/v1/key", undefined, key.key)).status).toBe(200);
    const revoked = await at.ask("DELETE", path);
    expect(revoked.body.revoked_at).toBe("2026-11-24T12:00:00.000Z");
    at.now += 10_000;
    expect((await at.ask("GET", "/v1/key", undefined, key.key)).status).toBe(401);
    expect((await at.ask("DELETE", path)).body).toEqual(revoked.body);
    const rotated = await at.ask("POST", `${path}/rotate`, {});
    expect([rotated.status, rotated.body.error.code]).toEqual([400, "key_revoked"]);
    expect((await at.ask("GET", `/admin/teams/${team.id}/keys`)).body.data).toHaveLength(1);
  });
});

describe("the account", () => {
  it("is summed as asked, in exact dollars, between the days that are asked for", async () => {
    const at = desk();
    const { team, key } = await furnished(at, "one");
    const path = `/admin/teams/${team.id}/usage`;
    const usage = async (query: string) => (await at.ask("GET", `${path}?${query}`)).body;
    expect((await usage("group_by=key,day")).data).toMatchObject([
      { day: "2026-11-24", key: key.id, calls: 3, input_tokens: 30, cost_usd: 3.500000001, unpriced_calls: 1 },
    ]);
    expect((await usage("group_by=effort")).data).toMatchObject([{ effort: "", calls: 3 }]);
    expect((await usage("from=2026-11-25")).data).toEqual([]);
    expect((await usage("to=2026-11-24")).data).toMatchObject([{ calls: 3 }]);
    const csv = await at.ask("GET", `${path}?format=csv&group_by=provider`);
    expect(csv.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect(csv.text.split("\r\n")[1]).toMatch(/^openai,3,30,12,0,15,6,3\.500000001,0,1,/);
  });

  it("is read newest first, page by page, of all keys or of one", async () => {
    const at = desk();
    const { team, key } = await furnished(at, "one");
    const other = (await at.ask("POST", `/admin/teams/${team.id}/keys`, { name: "other" })).body;
    await at.store.settle(team.id, { row: rowOf("last", other.id, "m", noon + hour), sums: [], rates: [] });
    const ids = async (query: string) => {
      const { body } = await at.ask("GET", `/admin/teams/${team.id}/calls?${query}`);
      return [...body.data.map(({ id }: { id: string }) => id), body.next === null ? "end" : body.next];
    };
    const [newest, next, cursor] = await ids("limit=2");
    expect([newest, next]).toEqual(["last", "one-call-2"]);
    expect(await ids(`limit=2&after=${cursor}`)).toEqual(["one-call-1", "one-call-0", "end"]);
    expect(await ids(`key=${other.id}`)).toEqual(["last", "end"]);
    expect(await ids(`key=${key.id}`)).toEqual(["one-call-2", "one-call-1", "one-call-0", "end"]);
  });

  it("is told to the holder of a key with its limits, what is left of them and when they reset", async () => {
    const at = desk();
    const { key } = await furnished(at, "one");
    const { body } = await at.ask("GET", "/v1/key", undefined, key.key);
    expect(body).toMatchObject({ object: "key", id: key.id, team: { name: "one" }, expires_at: null });
    expect(body.limits).toEqual([
      { scope: "team", what: "concurrent", limit: 7, left: 7 },
      {
        ...{ scope: "team", what: "budget", per: "month", resets_at: "2026-12-01T00:00:00.000Z" },
        ...{ limit_usd: 5, left_usd: 1.499999999 },
      },
    ]);
  });

  it("is exported whole, page by page, without hashes and secrets", async () => {
    const at = desk();
    const { team, key } = await furnished(at, "one");
    const pages = await exported(at, team.id);
    expect(pages.flatMap(({ calls = [] }) => calls.map(({ id }: { id: string }) => id))).toEqual(
      [2, 1, 0].map((n) => `one-call-${n}`),
    );
    expect(pages.flatMap(({ keys = [] }) => keys)).toMatchObject([{ id: key.id, prefix: key.key.slice(0, 21) }]);
    expect(pages.flatMap(({ usage = [] }) => usage)).toMatchObject([{ day: "2026-11-24", model: "one", calls: 3 }]);
    expect(pages[0].team.settings.limits).toEqual({ concurrent: 7 });
    expect(JSON.stringify(pages)).not.toMatch(new RegExp(`hash|whsec_|${key.key}`));
  });

  it("of many days is exported in pages of a month, each day once", async () => {
    const at = desk();
    const { team, key } = await furnished(at, "one");
    for (let day = 1; day <= 70; day++) {
      const row = { id: `d${day}`, key: key.id, at: noon - day * 24 * hour, asked: "m", provider: "p", model: "m" };
      const ended = { ...row, protocol: "chat", state: "settled", status: 200, usage: {} } as const;
      await at.store.settle(team.id, { row: ended, sums: [], rates: [] });
    }
    const months = (await exported(at, team.id, 500)).flatMap(({ usage }) => (usage === undefined ? [] : [usage]));
    expect(months.map((each) => each.length)).toEqual([31, 31, 9]);
    const days = months.flat().map(({ day }) => day);
    expect([...new Set(days)].sort()).toEqual(days);
  });
});
