/**
 * `/admin/routes`: the table of routes, in versions. The configuration's ROUTES hold until a table is written here, and
 * again once somebody goes back to version 0. What cannot be used is refused whole, and nothing changes.
 */
import { Hono } from "hono";
import type { Problem } from "../config-error.ts";
import { Fault, invalid } from "../fault.ts";
import { readVersion, told } from "../policy/live-routes.ts";
import type { RoutesVersion } from "../stores/store.ts";
import { type AdminContext, type AdminEnv, bodyOf } from "./asked.ts";
import { newRoutes, routesRollback } from "./schemas.ts";

/** A table as large as the largest that can be of use; a var of the configuration holds a fiftieth. */
const mostBytes = 256 * 1024;

export const routesAdmin = new Hono<AdminEnv>();

routesAdmin.get("/", async (c) => answer(c, (await c.env.deps.store.routes(0)) ?? configured));

routesAdmin.put("/", async (c) => {
  const { routes, version } = await bodyOf(c, newRoutes, mostBytes);
  return answer(c, await write(c, { routes }, version));
});

routesAdmin.get("/versions", async (c) => {
  const versions = [...(await c.env.deps.store.routesVersions()), configured];
  return c.json({ object: "list", data: versions.map((version) => shown(c, version)) });
});

routesAdmin.post("/rollback", async (c) => {
  const { version: restores } = await bodyOf(c, routesRollback);
  const versions = [...(await c.env.deps.store.routesVersions()), configured];
  const found = versions.find(({ version }) => version === restores);
  if (found === undefined) throw new Fault("not_found", `There is no version ${restores} of the routes any more.`);
  const { routes } = found;
  return answer(c, await write(c, { restores, ...(routes !== undefined && { routes }) }));
});

/** What holds before anything is written. */
const configured: RoutesVersion = { version: 0, at: 0 };

/** @param based the version that the caller has seen last; without one it goes on from whatever there is */
async function write(c: AdminContext, content: Pick<RoutesVersion, "routes" | "restores">, based?: number) {
  const { config, store, clock, routes } = c.env.deps;
  const { problems } = readVersion(content, config);
  if (problems.length > 0) throw refused(problems);
  const expected = seen(c) ?? based;
  for (;;) {
    const newest = (await store.routes(0))?.version ?? 0;
    if (expected !== undefined && expected !== newest) throw overtaken(newest);
    const version: RoutesVersion = { version: newest + 1, at: clock.now(), ...content };
    if (!(await store.addRoutes(version))) continue;
    routes.adopt(version, clock.now());
    return version;
  }
}

/** The version of `If-Match`, as `ETag` told it. */
function seen({ req }: AdminContext): number | undefined {
  const header = req.header("if-match");
  if (header === undefined || header === "*") return undefined;
  const [, version] = /^"(\d{1,15})"$/.exec(header) ?? [];
  if (version === undefined) throw invalid("if-match", 'it must be a version in quotes, like "3".', "invalid_header");
  return Number(version);
}

function overtaken(newest: number): Fault {
  const message = `Somebody else was first: the routes are at version ${newest} now.`;
  return new Fault("conflict", message, { param: "version", code: "version_conflict" });
}

/** Paths are those of the request's body, not of the setting. */
function inBody(problems: readonly Problem[]): readonly Problem[] {
  return problems.map(({ path, ...rest }) => ({ path: path.replace(/^ROUTES/, "routes"), ...rest }));
}

function refused(all: readonly Problem[]): Fault {
  const problems = inBody(all);
  const param = problems[0]?.path ?? "routes";
  return new Fault("bad_request", `The routes cannot be used: ${problems.map(told).join(" ")}`, {
    ...{ param, code: "invalid_routes" },
    extra: { problems: problems.map((each) => ({ ...each })) },
  });
}

function answer(c: AdminContext, version: RoutesVersion): Response {
  return c.json({ object: "routes", ...shown(c, version) }, 200, { etag: `"${version.version}"` });
}

/** With what keeps it from being used, should the configuration have changed since. */
function shown(c: AdminContext, { version, at, routes, restores }: RoutesVersion) {
  const { config } = c.env.deps;
  const problems = inBody(readVersion(routes === undefined ? {} : { routes }, config).problems);
  return {
    version,
    created_at: version === 0 ? null : new Date(at).toISOString(),
    source: routes === undefined ? "configuration" : "admin",
    restores: restores ?? null,
    routes: routes ?? Object.fromEntries(config.routes),
    ...(problems.length > 0 && { problems }),
  };
}
