/** What the admin API does not take: each is refused by its name, and changes nothing. */
import { describe, expect, it } from "vitest";
import { adminKey, desk, exported, furnished } from "./desk.ts";

describe("what it does not take", () => {
  const many = (count: number) => Array.from({ length: count }, (_, at) => `p/m${at}`);
  const bodies: [string, string, unknown, string][] = [
    ["POST", "/admin/teams", { name: "x", colour: "red" }, "colour"],
    ["POST", "/admin/teams", {}, "name"],
    ["POST", "/admin/teams", { name: "" }, "name"],
    ["POST", "/admin/teams", { name: "x".repeat(101) }, "name"],
    ["POST", "/admin/teams", { name: "a\nb" }, "name"],
    ["POST", "/admin/teams", { name: "a\u202eb" }, "name"],
    ["POST", "/admin/teams", [], "body"],
    ["POST", "/admin/teams", null, "body"],
    ["PATCH", "/admin/teams/:team", { id: "other0000000" }, "id"],
    ["PATCH", "/admin/teams/:team", { name: null }, "name"],
    ["POST", "/admin/teams/:team/keys", {}, "name"],
    ["POST", "/admin/teams/:team/keys", { name: "x", key: "gbx_own" }, "key"],
    ["POST", "/admin/teams/:team/keys", { name: "x", expires_at: "tomorrow" }, "expires_at"],
    ["POST", "/admin/teams/:team/keys", { name: "x", settings: { strict: true } }, "settings.strict"],
    ["PATCH", "/admin/teams/:team/keys/:key", { revoked_at: null }, "revoked_at"],
    ["PATCH", "/admin/teams/:team/keys/:key", { hash: "0" }, "hash"],
    ["POST", "/admin/teams/:team/keys/:key/rotate", { grace_seconds: -1 }, "grace_seconds"],
    ["POST", "/admin/teams/:team/keys/:key/rotate", { grace_seconds: 1e9 }, "grace_seconds"],
  ];
  const settings: [object, string][] = [
    [{ limits: { requests_per_minute: 0 } }, "limits.requests_per_minute"],
    [{ limits: { tokens_per_minute: 1e9 + 1 } }, "limits.tokens_per_minute"],
    [{ limits: { concurrent: 1.5 } }, "limits.concurrent"],
    [{ limits: { per_second: 1 } }, "limits.per_second"],
    [{ budgets: [{ usd: 0, per: "day" }] }, "budgets.0.usd"],
    [{ budgets: [{ usd: 1e6 + 1, per: "day" }] }, "budgets.0.usd"],
    [{ budgets: [{ usd: 1, per: "year" }] }, "budgets.0.per"],
    [{ budgets: [{ usd: 1, per: "day", warn_at: 0 }] }, "budgets.0.warn_at"],
    [{ budgets: [{ usd: 1, per: "day", warn_at: 1.1 }] }, "budgets.0.warn_at"],
    [{ budgets: [1, 2].map((usd) => ({ usd, per: "day" })) }, "budgets"],
    [{ allowed_models: ["gpt-5.5"] }, "allowed_models.0"],
    [{ allowed_models: many(201) }, "allowed_models"],
    [{ models: { "openai/*": { colour: 1 } } }, "models.openai/*.colour"],
    [{ models: { "*": {} } }, "models.*"],
    [{ webhook: "http://a.example/" }, "webhook"],
    [{ webhook: "https://user:pass@a.example/" }, "webhook"],
    [{ webhook: "/hook" }, "webhook"],
    [{ store_down: "ajar" }, "store_down"],
  ];
  const queries: [string, string][] = [
    ["/admin/teams?limit=0", "limit"],
    ["/admin/teams?limit=501", "limit"],
    ["/admin/teams?limit=x", "limit"],
    ["/admin/teams?key=x", "key"],
    ["/admin/teams/:team/usage?from=2026-02-30", "from"],
    ["/admin/teams/:team/usage?to=today", "to"],
    ["/admin/teams/:team/usage?group_by=model,colour", "group_by"],
    ["/admin/teams/:team/usage?format=xml", "format"],
    ["/admin/teams/:team/calls?before=x", "before"],
    ["/admin/teams/:team/export?after=x", "after"],
    ["/admin/teams/:team/export?key=x", "key"],
  ];

  it.each([
    ...bodies,
    ...settings.map(([each, param]) => {
      return ["POST", "/admin/teams", { name: "x", settings: each }, `settings.${param}`] as const;
    }),
    ...queries.map(([path, param]) => ["GET", path, undefined, param] as const),
  ])("%s %s with %j is refused by the name of %s", async (method, path, body, param) => {
    const at = desk();
    const { team, key } = await furnished(at, "one");
    const before = await exported(at, team.id);
    const answer = await at.ask(method, path.replace(":team", team.id).replace(":key", key.id), body);
    expect([answer.status, answer.body.error.param]).toEqual([400, param]);
    expect(await exported(at, team.id)).toEqual(before);
    expect((await at.ask("GET", "/admin/teams")).body.data).toHaveLength(1);
  });

  it.each([
    ["no JSON", "{name", "application/json", 400, "invalid_json"],
    ["a form", "name=x", "application/x-www-form-urlencoded", 415, null],
    ["more than 64 KB", JSON.stringify({ name: "x".repeat(64 * 1024) }), "application/json", 413, null],
  ])("%s", async (_, body, type, status, code) => {
    const headers = { authorization: `Bearer ${adminKey}`, "content-type": type };
    const answer = await desk().send("/admin/teams", { method: "POST", headers, body });
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  });
});
