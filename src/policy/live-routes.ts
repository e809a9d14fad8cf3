/**
 * The routes as this isolate knows them: the configuration's, until the store has a version of its own; then the newest
 * that could be read and used. The copy is looked after beside the calls: one that is older than `refreshMs` is read anew
 * behind a call's back. Only where it is older than `staleMs` (a new isolate, or one that had no calls for a while) does
 * a call wait for the reading, and never longer than `mostWaitMs`; so what the admin wrote reaches every isolate within
 * ten seconds, and a store that is down or slow costs nobody a call.
 */
import type { Config } from "../config.ts";
import type { Problem } from "../config-error.ts";
import type { Clock } from "../http/stream.ts";
import type { RoutesVersion, Store } from "../stores/store.ts";
import type { RouteTable } from "./route-table.ts";
import { readRoutes } from "./routes.ts";

const refreshMs = 4000;
const staleMs = 9000;
const mostWaitMs = 1000;

export interface LiveRoutes {
  /** The last good copy. */
  readonly table: RouteTable;
  /**
   * Resolves when the copy may be used; never rejects. Beside the lookup of a key, which is remembered for as long, it
   * costs a call nothing.
   */
  fresh(world: Surroundings): Promise<void>;
  /** Takes a version that was just written. */
  adopt(version: RoutesVersion, now: number): void;
}

export interface Surroundings {
  readonly store: Pick<Store, "routes">;
  readonly clock: Clock;
  readonly waitUntil: (promise: Promise<unknown>) => void;
}

type Settings = Pick<Config, "providers" | "allCredentials" | "aliases" | "routes">;

export function liveRoutes(config: Settings): LiveRoutes {
  let table = config.routes;
  let known = 0;
  // All three of when a reading began.
  let askedAt = Number.NEGATIVE_INFINITY;
  let readAt = Number.NEGATIVE_INFINITY;
  let failedAt = Number.NEGATIVE_INFINITY;

  function take(version: RoutesVersion | undefined, begunAt: number): void {
    // The answer to an older question may come later.
    if (begunAt < readAt) return;
    readAt = begunAt;
    if (version === undefined) return;
    known = version.version;
    const read = readVersion(version, config);
    if (read.problems.length === 0) table = read.table;
    else console.error(`routes, version ${known}, cannot be used here: ${read.problems.map(told).join("; ")}`);
  }

  async function read({ store }: Surroundings, begunAt: number): Promise<void> {
    try {
      take(await store.routes(known), begunAt);
    } catch (cause) {
      failedAt = begunAt;
      console.error("routes", cause);
    }
  }

  return {
    get table() {
      return table;
    },
    async fresh(world) {
      const now = world.clock.now();
      const isStale = now - readAt >= staleMs && now - failedAt >= staleMs;
      // A promise of another call's cannot be waited for: each of those that find nothing reads for itself.
      if (!isStale && now - askedAt < refreshMs) return;
      askedAt = now;
      const reading = read(world, now);
      world.waitUntil(reading);
      if (!isStale) return;
      await Promise.race([reading, world.clock.wait(mostWaitMs)]);
      if (readAt < now) failedAt = now;
    },
    adopt: take,
  };
}

/** The table of a version, and what of it does not hold with these settings; with any problem it must not be used. */
export function readVersion(
  { routes }: Pick<RoutesVersion, "routes">,
  config: Settings,
): { table: RouteTable; problems: readonly Problem[] } {
  if (routes === undefined) return { table: config.routes, problems: [] };
  const problems: Problem[] = [];
  const table = readRoutes(routes, config, (problem) => problems.push(problem));
  return { table, problems };
}

export function told({ path, message, fix }: Problem): string {
  return `${path} ${message}. ${fix}`;
}
