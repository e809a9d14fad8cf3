/** What every engine of the store has to keep: one test for each sentence of its contract. Runs inside workerd. */
import type { Store } from "../../src/stores/store.ts";
import { accountContract } from "./contract-account.ts";
import { admissionContract } from "./contract-admission.ts";
import { routesContract } from "./contract-routes.ts";
import { teamsContract } from "./contract-teams.ts";
import { now, tried } from "./contract-world.ts";

/** @param open the store, whose own clock stands at the time it is given */
export function storeContract(name: string, open: (clock: () => number) => Store): void {
  const world = tried(
    name,
    open(() => now),
  );
  teamsContract(world);
  admissionContract(world);
  accountContract(world);
  routesContract(world);
}
