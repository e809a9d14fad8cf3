/**
 * Rows on their way into their teams' accounts, gathered: one durable write of many rows costs what one of a single row
 * does. Only plain rows are shared between calls; the write itself belongs to the call that found nobody writing.
 */
import type { UsageRow } from "./store.ts";

/** How long rows wait for company. */
const gatherMs = 20;

export interface Gathering {
  /**
   * Adds a row. Resolves at once where another call's write takes it along, else when `enter` has written all that came
   * meanwhile.
   */
  add(team: string, row: UsageRow, enter: (rows: readonly UsageRow[]) => Promise<void>): Promise<void>;
}

/** @param wait resolves after so many milliseconds */
export function gathering(wait: (ms: number) => Promise<void>): Gathering {
  const waiting = new Map<string, UsageRow[]>();
  return {
    async add(team, row, enter) {
      const company = waiting.get(team);
      if (company !== undefined) {
        company.push(row);
        return;
      }
      const rows = [row];
      waiting.set(team, rows);
      await wait(gatherMs);
      waiting.delete(team);
      // The same row twice counts once, so that a write whose answer was lost may be tried again.
      await enter(rows).catch(() => enter(rows));
    },
  };
}
