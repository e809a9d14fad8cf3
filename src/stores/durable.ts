/** The store on Durable Objects: one `Team` object a team, a `Directory` of them for the admin's list, one of the routes. */
import type { Directory } from "../teams/directory.ts";
import { pageGroups } from "../teams/page.ts";
import { type GroupName, tally } from "../teams/tally.ts";
import type { Team } from "../teams/team.ts";
import type { Gathering } from "./gather.ts";
import { keptRoutes, type RoutesVersion, type Store } from "./store.ts";
import { StoreDown } from "./store-down.ts";

export interface Objects {
  readonly teams: DurableObjectNamespace<Team>;
  readonly directory: DurableObjectNamespace<Directory>;
}

/** @param now for what the contract has no time of its own */
export function durableStore({ teams, directory }: Objects, gathering: Gathering, now: () => number): Store {
  // A stub belongs to the request that made it, so each call makes its own.
  const object = (team: string) => teams.getByName(team);
  const list = () => directory.getByName("teams");
  // One of its own: isolates ask it for the routes, and the list of teams is long.
  const routes = () => directory.getByName("routes");
  return reached({
    find: async (team, hash) => object(team).find(hash),
    reserve: async (team, reservation) => object(team).reserve(reservation),
    extend: async (team, extension) => object(team).extend(extension),
    settle: (team, settlement) => gathering.add(team, settlement, async (all) => object(team).settle(all, now())),
    levels: async (team, charges, at) => object(team).levels(charges, at),
    async createTeam(team) {
      // The list first: a name on it whose team was never made is left out when it is read.
      await list().add(team.id);
      await object(team.id).create(team);
    },
    async adopt(team, key) {
      await list().add(team.id);
      await object(team.id).adopt(team, key);
    },
    async teams(after, most) {
      const ids = await list().list(after ?? "", most + 1);
      const page = ids.slice(0, most);
      const found = await Promise.all(page.map(async (id) => object(id).record()));
      const last = page.at(-1);
      return {
        items: found.filter((team) => team !== undefined),
        ...(ids.length > most && last !== undefined && { next: last }),
      };
    },
    team: async (id) => object(id).record(),
    putTeam: async (team) => object(team.id).put(team),
    async deleteTeam(id) {
      const isErased = await object(id).erase();
      await list().remove(id);
      return isErased;
    },
    putKey: async (team, key) => object(team).putKey(key),
    keys: async (team, after, most) => object(team).keys(after, most),
    async usage(team, query, at) {
      const { add, sums } = tally(query);
      for (let after: GroupName | undefined; ; ) {
        const page = await object(team).groups({ ...query }, after, at);
        for (const group of page) add(group);
        if (page.length < pageGroups) return sums();
        after = page.at(-1)?.name;
      }
    },
    calls: async (team, before, most, key) => object(team).calls(before, most, key, now()),
    events: async (team, at, most) => object(team).events(at, most),
    delivered: async (team, ids) => object(team).delivered(ids),
    async routes(known) {
      const json = await routes().routes(known);
      return json === undefined ? undefined : (JSON.parse(json) as RoutesVersion);
    },
    addRoutes: async (version) => routes().addRoutes(version.version, JSON.stringify(version), keptRoutes),
    async routesVersions() {
      return (await routes().routesVersions()).map((json) => JSON.parse(json) as RoutesVersion);
    },
  });
}

/** The store whose every failure is StoreDown: what breaks on the way to an object says nothing of the call. */
function reached(store: Store): Store {
  const methods = Object.entries(store).map(([name, method]: [string, (...args: unknown[]) => Promise<unknown>]) => {
    const asked = (...args: unknown[]) => method(...args).catch((cause) => Promise.reject(new StoreDown(cause)));
    return [name, asked] as const;
  });
  // The same names with the same methods: no type of the standard library says so.
  return Object.fromEntries(methods) as unknown as Store;
}
