/** `/admin/routes`: versions of the table, what is refused, and who was first. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { keptRoutes } from "../../src/stores/store.ts";
import { type Answer, adminKey, type Desk, desk, noon } from "./desk.ts";

const openai = (model: string) => ({ targets: [{ provider: "openai", model }] });
const configured = { configured: openai("a") };
const settings = { ADMIN_KEY: adminKey, ROUTES: configured };

const put = (at: Desk, routes: unknown, more: object = {}) => at.ask("PUT", "/admin/routes", { routes, ...more });

function matching(at: Desk, path: string, method: string, body: object, tag: string): Promise<Answer> {
  const headers = { authorization: `Bearer ${adminKey}`, "content-type": "application/json", "if-match": tag };
  return at.send(path, { method, headers, body: JSON.stringify(body) });
}

const versionOf = async (at: Desk): Promise<number> => (await at.ask("GET", "/admin/routes")).body.version;

afterEach(() => {
  vi.restoreAllMocks();
});

describe("/admin/routes", () => {
  it("are the configuration's until a table is written, which is then told as it was written", async () => {
    const at = desk(settings);
    const first = await at.ask("GET", "/admin/routes");
    expect(first.body).toMatchObject({ object: "routes", version: 0, created_at: null, source: "configuration" });
    expect(Object.keys(first.body.routes)).toEqual(["configured"]);
    const table = { live: { ...openai("b"), strategy: "cheapest", when: { tools: true } }, none: openai("c") };
    const written = await put(at, table);
    expect(written.status).toBe(200);
    expect(written.body).toEqual({
      ...{ object: "routes", version: 1, created_at: new Date(noon).toISOString(), source: "admin" },
      ...{ restores: null, routes: table },
    });
    const read = await at.ask("GET", "/admin/routes");
    expect([read.body, read.headers.get("etag")]).toEqual([written.body, '"1"']);
    expect((await put(at, {})).body).toMatchObject({ version: 2, source: "admin", routes: {} });
  });

  it("go back to an older version as a new one, and to the configuration's", async () => {
    const at = desk(settings);
    for (const model of ["one", "two"]) await put(at, { live: openai(model) });
    const back = await at.ask("POST", "/admin/routes/rollback", { version: 1 });
    expect(back.body).toMatchObject({ version: 3, restores: 1, routes: { live: openai("one") } });
    const base = await at.ask("POST", "/admin/routes/rollback", { version: 0 });
    expect(base.body).toMatchObject({ version: 4, restores: 0, source: "configuration" });
    expect(Object.keys(base.body.routes)).toEqual(["configured"]);
    const again = await at.ask("POST", "/admin/routes/rollback", { version: 4 });
    expect(again.body).toMatchObject({ version: 5, restores: 4, source: "configuration" });
    const { data } = (await at.ask("GET", "/admin/routes/versions")).body;
    const listed = data.map(({ version, source }: { version: number; source: string }) => `${version} ${source}`);
    expect(listed).toEqual([
      ...["5 configuration", "4 configuration", "3 admin", "2 admin", "1 admin"],
      "0 configuration",
    ]);
  });

  it("keep the last versions only: what is gone cannot be gone back to", async () => {
    const at = desk(settings);
    for (let version = 1; version <= keptRoutes + 1; version++) await put(at, { live: openai(`m${version}`) });
    const { data } = (await at.ask("GET", "/admin/routes/versions")).body;
    expect(data.map(({ version }: { version: number }) => version)).toEqual([
      ...Array.from({ length: keptRoutes }, (_, index) => keptRoutes + 1 - index),
      0,
    ]);
    expect((await at.ask("POST", "/admin/routes/rollback", { version: 1 })).status).toBe(404);
    expect((await at.ask("POST", "/admin/routes/rollback", { version: 2 })).body.restores).toBe(2);
  });

  it("refuse a bad table with every path and reason, and nothing changes", async () => {
    const at = desk({ ...settings, ALIASES: { taken: "openai/gpt-5.5" } });
    await put(at, { live: openai("good") });
    const bad = {
      "a name": openai("x"),
      taken: openai("x"),
      one: {
        strategy: "quickest",
        targets: [
          { provider: "nobody", model: "m" },
          { provider: "openai", model: "" },
        ],
      },
      two: { targets: [], retry: 1 },
      three: { ...openai("x"), timeouts: { firstContentMs: -1 }, when: { tools: "yes" } },
      four: { targets: [{ provider: "openai", model: "m", weight: 1.5, credential: "OPENAI_API_KEY_9" }] },
    };
    const { status, body } = await put(at, bad);
    expect([status, body.error.code, body.error.param]).toEqual([400, "invalid_routes", body.error.problems[0].path]);
    const paths = body.error.problems.map(({ path }: { path: string }) => path);
    expect(paths.sort()).toEqual(
      [
        ...["routes.a name", "routes.taken", "routes.one.strategy", "routes.one.targets[0].provider"],
        ...["routes.one.targets[1].model", "routes.two.retry", "routes.two.targets"],
        ...["routes.three.timeouts.firstContentMs", "routes.three.when.tools"],
        ...["routes.four.targets[0].weight", "routes.four.targets[0].credential"],
      ].sort(),
    );
    for (const { path, message, fix } of body.error.problems) {
      expect(message.length * fix.length).toBeGreaterThan(0);
      expect(body.error.message).toContain(path);
    }
    expect((await at.ask("GET", "/admin/routes")).body).toMatchObject({ version: 1, routes: { live: openai("good") } });
    expect((await at.ask("GET", "/admin/routes/versions")).body.data).toHaveLength(2);
  });

  it.each([
    ["no table", { version: 0 }, "routes"],
    ["a list", { routes: [] }, "routes"],
    ["a member that is not known", { routes: {}, colour: "red" }, "colour"],
    ["a version that is none", { routes: {}, version: -1 }, "version"],
  ])("refuse %s by its name", async (_, body, param) => {
    const { status, body: said } = await desk(settings).ask("PUT", "/admin/routes", body);
    expect([status, said.error.param]).toEqual([400, param]);
  });

  it("refuse a table that nobody could have meant by its size", async () => {
    const answer = await put(desk(settings), { live: openai("m".repeat(300_000)) });
    expect(answer.status).toBe(413);
  });

  it("go to the first of two who have seen the same version, by the body or by If-Match", async () => {
    const at = desk(settings);
    expect((await put(at, { live: openai("one") }, { version: 0 })).status).toBe(200);
    const second = await put(at, { live: openai("two") }, { version: 0 });
    expect([second.status, second.body.error.code]).toEqual([409, "version_conflict"]);
    const table = { routes: { live: openai("three") } };
    expect((await matching(at, "/admin/routes", "PUT", table, '"0"')).status).toBe(409);
    expect((await matching(at, "/admin/routes/rollback", "POST", { version: 0 }, '"0"')).status).toBe(409);
    expect(await versionOf(at)).toBe(1);
    expect((await matching(at, "/admin/routes", "PUT", table, '"1"')).status).toBe(200);
    expect((await matching(at, "/admin/routes", "PUT", table, "*")).status).toBe(200);
    expect((await matching(at, "/admin/routes", "PUT", table, "three")).body.error.param).toBe("if-match");
    expect(await versionOf(at)).toBe(3);
  });

  it("are all written of twenty who have seen nothing, one after another", async () => {
    const at = desk(settings);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => put(at, { live: openai(`m${index}`) })));
    const versions = answers.map(({ body }) => body.version).sort((one, other) => one - other);
    expect(versions).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it("say what keeps a version from being used that was written under another configuration", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const at = desk(settings);
    const routes = {
      live: { targets: [{ provider: "mistral", model: "m" }] },
      lost: { targets: [{ provider: "gone" }] },
    };
    await at.store.addRoutes({ version: 1, at: noon, routes });
    const { body } = await at.ask("GET", "/admin/routes");
    expect(body.problems.map(({ path }: { path: string }) => path)).toEqual(["routes.lost.targets[0].model"]);
    expect((await at.ask("POST", "/admin/routes/rollback", { version: 1 })).status).toBe(400);
  });

  it("are nobody's but the admin's", async () => {
    for (const [method, path] of [
      ["GET", ""],
      ["PUT", ""],
      ["GET", "/versions"],
      ["POST", "/rollback"],
    ] as const) {
      const body = method === "GET" ? undefined : { routes: {}, version: 0 };
      const answer = await desk(settings).ask(method, `/admin/routes${path}`, body, "wrong");
      expect(answer.status).toBe(401);
    }
  });
});
