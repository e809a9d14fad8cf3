/**
 * The admin API: teams, their keys, limits and budgets, and what they used. Its caller holds ADMIN_KEY and sees every
 * team; without such a key set there is no admin API.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { Hono } from "hono";
import type { Deps } from "../deps.ts";
import { Fault } from "../fault.ts";
import { prefixOf } from "../policy/auth.ts";
import { checkKey, mintId, mintKey, mintTeam } from "../policy/key.ts";
import { type AdminContext, type AdminEnv, bodyOf, queryOf } from "./asked.ts";
import { exportPage } from "./export.ts";
import { webhookSecret } from "./outbox.ts";
import type { KeyRecord, TeamRecord } from "./records.ts";
import { routesAdmin } from "./routes-admin.ts";
import { callsPage, changedKey, changedTeam, forget, newKey, newTeam, page, rotation, usageQuery } from "./schemas.ts";
import { bareTeam, type ShownKey, shownKey } from "./shown.ts";
import { callJson, usageAnswer } from "./usage.ts";

export const admin = new Hono<AdminEnv>();

admin.use("*", async (c, next) => {
  const { adminKey } = c.env.deps.config;
  if (adminKey === undefined) throw nothingHere(c);
  const given = /^Bearer\s+(\S+)\s*$/i.exec(c.req.header("authorization") ?? "")?.[1] ?? "";
  if (!timingSafeEqual(digest(given), digest(adminKey))) {
    throw new Fault("bad_key", "Send the admin key as 'Authorization: Bearer …'.", { code: "invalid_api_key" });
  }
  await next();
  // Answers hold keys and webhook secrets.
  c.header("cache-control", "no-store");
});

admin.get("/health", async (c) => {
  const { health, exchange, board, clock } = c.env.deps;
  const now = clock.now();
  const reports = await exchange
    .exchange(board, now)
    .then(() => board.overview(now))
    .catch((cause) => void console.error("health", cause));
  const all = reports && new Map(reports.map((report) => [report.origin, report]));
  return c.json({ object: "health", data: health.snapshot(now, all) });
});

admin.route("/routes", routesAdmin);

admin.post("/teams", async (c) => {
  const { store, random, clock } = c.env.deps;
  const { name, settings = {} } = await bodyOf(c, newTeam);
  const team: TeamRecord = { id: mintTeam(random), name, created_at: clock.now(), settings };
  await store.createTeam(team);
  return c.json(shownTeam(team, c.env.deps), 201);
});

admin.get("/teams", async (c) => {
  const { after, limit = 100 } = queryOf(c, page);
  const { items, next } = await c.env.deps.store.teams(after, limit);
  return c.json({ object: "list", data: items.map(bareTeam), next: next ?? null });
});

admin.get("/teams/:team", async (c) => c.json(shownTeam(await teamOf(c), c.env.deps)));

admin.patch("/teams/:team", async (c) => {
  const team = await teamOf(c);
  const { name = team.name, settings = {} } = await bodyOf(c, changedTeam);
  const changed = { ...team, name, settings: merged(team.settings, settings) };
  await c.env.deps.store.putTeam(changed);
  return c.json(shownTeam(changed, c.env.deps));
});

admin.delete("/teams/:team", async (c) => {
  const { id } = await teamOf(c);
  await c.env.deps.cache.forget(id, {});
  await c.env.deps.keptAffinities.forget(id);
  await c.env.deps.conversations.erase(id);
  await c.env.deps.store.deleteTeam(id);
  return c.json({ id, deleted: true });
});

admin.post("/teams/:team/keys", async (c) => {
  const team = await teamOf(c);
  const { name, expires_at, settings = {} } = await bodyOf(c, newKey);
  const made = await makeKey(c, team.id, { name, settings, ...expiry(expires_at) });
  return c.json(made, 201);
});

admin.get("/teams/:team/keys", async (c) => {
  const { id } = await teamOf(c);
  const { after, limit = 100 } = queryOf(c, page);
  const { items, next } = await c.env.deps.store.keys(id, after, limit);
  return c.json({ object: "list", data: items.map(shownKey), next: next ?? null });
});

admin.get("/teams/:team/keys/:key", async (c) => c.json(shownKey(await keyOf(c))));

admin.patch("/teams/:team/keys/:key", async (c) => {
  const key = await keyOf(c);
  const { name = key.name, expires_at, settings = {} } = await bodyOf(c, changedKey);
  const { expires_at: before, ...rest } = key;
  const until = expires_at === undefined ? { expires_at: before } : expiry(expires_at ?? undefined);
  const changed: KeyRecord = { ...rest, name, settings: merged(key.settings, settings), ...until };
  await c.env.deps.store.putKey(teamIn(c), changed);
  return c.json(shownKey(changed));
});

admin.post("/teams/:team/keys/:key/rotate", async (c) => {
  const { store, clock } = c.env.deps;
  const old = await keyOf(c);
  if (old.revoked_at !== undefined) throw revoked(old);
  const { grace_seconds = 0 } = await bodyOf(c, rotation);
  const made = await makeKey(c, teamIn(c), { name: old.name, settings: old.settings });
  const until = clock.now() + grace_seconds * 1000;
  await store.putKey(teamIn(c), { ...old, expires_at: Math.min(until, old.expires_at ?? until) });
  return c.json(made, 201);
});

admin.delete("/teams/:team/keys/:key", async (c) => {
  const { store, clock } = c.env.deps;
  const key = await keyOf(c);
  const revoked = { ...key, revoked_at: key.revoked_at ?? clock.now() };
  await store.putKey(teamIn(c), revoked);
  return c.json(shownKey(revoked));
});

// Forgets what is cached for the team: all of it, of a model (`provider/model`), or with a tag.
admin.delete("/teams/:team/cache", async (c) => {
  const { id } = await teamOf(c);
  const { model, tag } = queryOf(c, forget);
  const forgotten = await c.env.deps.cache.forget(id, { ...(model && { model }), ...(tag && { tag }) });
  return c.json({ forgotten });
});

admin.get("/teams/:team/usage", async (c) => {
  const { id } = await teamOf(c);
  const { from, to, key, group_by: groupBy, format } = queryOf(c, usageQuery);
  const query = { groupBy, ...(from && { from }), ...(to && { to }), ...(key && { key }) };
  const sums = await c.env.deps.store.usage(id, query, c.env.deps.clock.now());
  return usageAnswer(groupBy, sums, format);
});

admin.get("/teams/:team/calls", async (c) => {
  const { id } = await teamOf(c);
  const { after, limit = 100, key } = queryOf(c, callsPage);
  const { items, next } = await c.env.deps.store.calls(id, after, limit, key);
  return c.json({ object: "list", data: items.map(callJson), next: next ?? null });
});

admin.get("/teams/:team/export", async (c) => {
  const team = await teamOf(c);
  const { after, limit = 500 } = queryOf(c, page);
  const { store, clock } = c.env.deps;
  return c.json(await exportPage(store, team, after, { most: limit, now: clock.now() }));
});

admin.all("*", (c) => {
  throw nothingHere(c);
});

function nothingHere({ req }: AdminContext): Fault {
  return new Fault("not_found", `There is nothing at ${req.method} ${req.path}.`);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** The team of the path. An id that could be none addresses no object. */
async function teamOf(c: AdminContext): Promise<TeamRecord> {
  const id = teamIn(c);
  const team = /^[0-9A-Za-z]{12}$/.test(id) ? await c.env.deps.store.team(id) : undefined;
  if (team === undefined) throw new Fault("not_found", `There is no team '${id}'.`);
  return team;
}

const teamIn = ({ req }: AdminContext): string => req.param("team") ?? "";

async function keyOf(c: AdminContext): Promise<KeyRecord> {
  const { id } = await teamOf(c);
  const wanted = c.req.param("key");
  for (let after: string | undefined; ; ) {
    const { items, next } = await c.env.deps.store.keys(id, after, 500);
    const found = items.find((key) => key.id === wanted);
    if (found !== undefined) return found;
    if (next === undefined) throw new Fault("not_found", `The team has no key '${wanted}'.`);
    after = next;
  }
}

/** Whoever holds a key that was revoked is not to get another by mistake. */
function revoked({ id }: KeyRecord): Fault {
  return new Fault("bad_request", `The key '${id}' was revoked; make a new one.`, { code: "key_revoked" });
}

type Made = Pick<KeyRecord, "name" | "settings" | "expires_at">;

/** A new key, written down; what is returned is the only time that anybody sees it. */
async function makeKey(c: AdminContext, team: string, made: Made): Promise<ShownKey & { key: string }> {
  const { config, store, random, clock } = c.env.deps;
  const key = mintKey(config.secret, team, random);
  const hash = checkKey([config.secret], key)?.hash ?? "";
  const record: KeyRecord = {
    ...{ id: mintId("key", random), hash, prefix: prefixOf(key), created_at: clock.now() },
    ...made,
  };
  if (!(await store.putKey(team, record))) throw new Fault("not_found", `There is no team '${team}'.`);
  return { ...shownKey(record), key };
}

function expiry(at: string | undefined): Pick<KeyRecord, "expires_at"> {
  return at === undefined ? {} : { expires_at: Date.parse(at) };
}

/** The settings with these members changed; those that are null are taken away. */
function merged<T extends object>(settings: T, changes: object): T {
  const kept = Object.entries({ ...settings, ...changes }).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(kept) as T;
}

function shownTeam(team: TeamRecord, { config }: Deps) {
  return { ...bareTeam(team), webhook_secret: webhookSecret(config.secret, team.id) };
}
