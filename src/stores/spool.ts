/** Where settlements wait that the store could not take, until it can: durable, and no part of the store itself. */
import type { Settlement } from "./store.ts";

export interface Spool {
  /**
   * Resolves when they are kept. Whoever keeps them enters them again and again until the store has taken them; twice is
   * as good as once.
   */
  keep(team: string, settlements: readonly Settlement[]): Promise<void>;
}
