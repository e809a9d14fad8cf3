/**
 * Settlements on their way into their teams' accounts, gathered: one durable write of many costs what one of a single row
 * does. Only plain data are shared between calls; the write itself belongs to the call that found nobody writing.
 */
import type { Settlement } from "./store.ts";

/** How long settlements wait for company. */
const gatherMs = 20;

export interface Gathering {
  /**
   * Adds a settlement. Resolves at once where another call's write takes it along, else when `enter` has written all that
   * came meanwhile.
   */
  add(team: string, settlement: Settlement, enter: (all: readonly Settlement[]) => Promise<void>): Promise<void>;
}

/** What the object could not take is tried again after so long: together less than a call may outlive its answer. */
const pausesMs = [100, 1000, 5000, 10_000];

/** @param wait resolves after so many milliseconds */
export function gathering(wait: (ms: number) => Promise<void>): Gathering {
  const waiting = new Map<string, Settlement[]>();

  /** The same settlement twice counts once, so that a write whose answer was lost may be tried again. */
  async function insist(
    all: readonly Settlement[],
    enter: (all: readonly Settlement[]) => Promise<void>,
  ): Promise<void> {
    for (const pause of pausesMs) {
      try {
        return await enter(all);
      } catch {
        await wait(pause);
      }
    }
    await enter(all);
  }

  return {
    async add(team, settlement, enter) {
      const company = waiting.get(team);
      if (company !== undefined) {
        company.push(settlement);
        return;
      }
      const all = [settlement];
      waiting.set(team, all);
      await wait(gatherMs);
      waiting.delete(team);
      await insist(all, enter);
    },
  };
}
