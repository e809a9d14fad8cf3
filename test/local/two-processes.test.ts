/** Two gateways, each a workerd process of its own with a data folder of its own, on one Upstash Redis: one account. */
import { afterEach, describe, expect, it } from "vitest";
import { type Redis, startRedis } from "../stores/redis.ts";
import { rig } from "./starting.ts";

const { start, folder, clear } = rig();
const adminKey = "an-admin-key-of-more-than-32-characters";
let redis: Redis | undefined;

afterEach(async () => {
  await clear();
  await redis?.close();
});

describe("two gateways on one Redis", () => {
  it("admit together what one limit allows, know each other's keys, and write one account", async ({ skip }) => {
    redis = await startRedis();
    if (redis === undefined) return skip();
    const [one, other] = await Promise.all([gateway(redis), gateway(redis)]);
    const settings = { limits: { requests_per_minute: 20 } };
    const team = await made(one, "/admin/teams", { name: "shared", settings });
    const { key, id } = await made(other, `/admin/teams/${team.id}/keys`, { name: "shared" });

    const answers = await Promise.all(Array.from({ length: 60 }, (_, at) => call(at % 2 === 0 ? one : other, key)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(20);
    expect(statuses.filter((status) => status === 429)).toHaveLength(40);

    expect(await accounted(other, team.id, 20)).toMatchObject([{ calls: 20, estimated_calls: 0 }]);
    expect(await accounted(one, team.id, 20)).toEqual(await accounted(other, team.id, 20));

    await admin(one, `/admin/teams/${team.id}/keys/${id}`, { method: "DELETE" });
    const fresh = await gateway(redis);
    expect((await call(fresh, key)).status).toBe(401);
  }, 120_000);

  it("go by the routes that are written at either, and know of it when somebody was first at the other", async ({
    skip,
  }) => {
    redis = await startRedis();
    if (redis === undefined) return skip();
    const [one, other] = await Promise.all([gateway(redis), gateway(redis)]);
    const team = await made(one, "/admin/teams", { name: "shared" });
    const { key } = await made(one, `/admin/teams/${team.id}/keys`, { name: "shared" });
    const routes = { live: { targets: [{ provider: "simulated", model: "demo" }] } };
    const write = (gateway: string, version: number) =>
      admin(gateway, "/admin/routes", { method: "PUT", body: JSON.stringify({ routes, version }) });
    expect((await call(other, key, "live")).status).toBe(404);
    expect((await write(one, 0)).status).toBe(200);
    expect((await write(other, 0)).status).toBe(409);
    expect((await call(one, key, "live")).status).toBe(200);
    // The other one has a copy, which it reads anew beside its calls; a new one has none, and waits for it.
    expect((await call(await gateway(redis), key, "live")).status).toBe(200);
    expect(await routed(other, key)).toBe(200);
    const back = { method: "POST", body: JSON.stringify({ version: 0 }) };
    expect((await admin(other, "/admin/routes/rollback", back)).status).toBe(200);
    expect(await (await admin(one, "/admin/routes")).json()).toMatchObject({ version: 2, source: "configuration" });
    expect((await call(other, key, "live")).status).toBe(404);
  }, 120_000);

  it("give each other's answers from the cache, and forget them together", async ({ skip }) => {
    redis = await startRedis();
    if (redis === undefined) return skip();
    const [one, other] = await Promise.all([gateway(redis), gateway(redis)]);
    const team = await made(one, "/admin/teams", { name: "shared" });
    const { key } = await made(one, `/admin/teams/${team.id}/keys`, { name: "shared" });
    const state = async (gateway: string): Promise<string | null> =>
      (await call(gateway, key, "simulated/demo", { "x-gearbox-cache": "ttl=600" })).headers.get("x-gearbox-cache");
    // It is kept behind the answer.
    const states = [await state(one)];
    while (states.at(-1) === "miss" && states.length < 100) states.push(await state(one));
    expect([states[0], states.at(-1)]).toEqual(["miss", "hit"]);
    expect(await state(other)).toBe("hit");
    const forgotten = await admin(other, `/admin/teams/${team.id}/cache?model=simulated/demo`, { method: "DELETE" });
    expect(await forgotten.json()).toEqual({ forgotten: 1 });
    expect(await state(other)).toBe("miss");
  }, 120_000);
});

/** The address of a gateway that is up; all of them have the same secret, or they would not know each other's keys. */
async function gateway({ url, token }: Redis): Promise<string> {
  const { prints } = start({
    DATA_DIR: folder(),
    ADMIN_KEY: adminKey,
    GEARBOX_SECRET: "a-root-secret-of-more-than-32-characters",
    UPSTASH_REDIS_REST_URL: url,
    UPSTASH_REDIS_REST_TOKEN: token,
  });
  const [, address] = /(http:\/\/[^/\s]+)\/v1/.exec(await prints(/^curl .*$/m)) ?? [];
  if (address === undefined) throw new Error("no address was printed");
  return address;
}

function admin(gateway: string, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${adminKey}`, "content-type": "application/json" };
  return fetch(`${gateway}${path}`, { ...init, headers });
}

async function made(gateway: string, path: string, body: object): Promise<{ id: string; key: string }> {
  const answer = await admin(gateway, path, { method: "POST", body: JSON.stringify(body) });
  if (answer.status !== 201) throw new Error(`${answer.status}: ${await answer.text()}`);
  return answer.json() as Promise<{ id: string; key: string }>;
}

/** Calls until one goes by the new route. */
async function routed(gateway: string, key: string): Promise<number> {
  for (;;) {
    const { status } = await call(gateway, key, "live");
    if (status === 200) return status;
  }
}

async function call(
  gateway: string,
  key: string,
  model = "simulated/demo",
  more: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const answer = await fetch(`${gateway}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...more },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "Hi" }] }),
  });
  await answer.arrayBuffer();
  return answer;
}

/** The team's account once it has so many calls: an answer is there before its call is settled. */
async function accounted(gateway: string, team: string, calls: number): Promise<unknown> {
  for (;;) {
    const answer = await admin(gateway, `/admin/teams/${team}/usage?group_by=day`);
    const { data } = (await answer.json()) as { data: { calls: number }[] };
    if (data.reduce((sum, each) => sum + each.calls, 0) >= calls) return data;
  }
}
