/** The store on Durable Objects: one `Team` object a team. */
import type { Team } from "../teams/team.ts";
import type { Gathering } from "./gather.ts";
import type { Store } from "./store.ts";

/**
 * @param firstKey SHA-256 of the start-up's one key, the only one until keys can be made through the admin API
 */
export function durableStore(
  teams: DurableObjectNamespace<Team>,
  gathering: Gathering,
  firstKey: string | undefined,
): Store {
  // A stub belongs to the request that made it, so each call makes its own.
  const object = (team: string) => teams.getByName(team);
  return {
    async find(team, hash) {
      return hash === firstKey ? { team, hash } : undefined;
    },
    settle: (team, row) => gathering.add(team, row, async (rows) => object(team).settle(rows)),
    async usage(team) {
      return object(team).usage();
    },
  };
}
