/** The versions of the routes on Upstash Redis. */
import { routesKey } from "./lua/keys.ts";
import * as lua from "./lua/routes.ts";
import { keptRoutes, type Registry, type RoutesVersion } from "./store.ts";
import { type Asking, script } from "./upstash-client.ts";

const scripts = { newest: script(lua.newest), add: script(lua.add) };

type Routes = Pick<Registry, "routes" | "addRoutes" | "routesVersions">;

export function routesOn({ askOf, redis }: Pick<Asking, "askOf" | "redis">): Routes {
  return {
    async routes(known) {
      const json = await askOf(routesKey, scripts.newest, [String(known)]);
      return typeof json === "string" ? (JSON.parse(json) as RoutesVersion) : undefined;
    },
    async addRoutes(version) {
      const args = [String(version.version), JSON.stringify(version), String(keptRoutes)];
      return (await askOf(routesKey, scripts.add, args)) === 1;
    },
    async routesVersions() {
      const records = (await redis.hvals(routesKey)) as unknown[];
      // Beside the records stands the number of the newest.
      const versions = records.map(String).filter((record) => record.startsWith("{"));
      return versions
        .map((record) => JSON.parse(record) as RoutesVersion)
        .sort((one, other) => other.version - one.version);
    },
  };
}
