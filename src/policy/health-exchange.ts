/**
 * What this isolate tells the others of its targets, and hears of them: an exchange every few seconds, behind the calls'
 * backs and only while there are calls. It takes along what there is to tell since the last one.
 */
import type { Health } from "./health.ts";
import type { HealthBoard, Heard, Report } from "./health-board.ts";

const pauseMs = 5000;

export interface HealthExchange {
  /** Is it time for one? */
  isDue(now: number): boolean;
  /** Tells and hears. Rejects where the board cannot be reached; what was to be told is told the next time. */
  exchange(board: HealthBoard, now: number): Promise<void>;
}

/** @param isolate a name that no other isolate has */
export function healthExchange(health: Health, isolate: string): HealthExchange {
  let told: ReadonlyMap<string, string> = new Map();
  let heard: Heard = { epoch: "", revision: 0 };
  let begunAt = Number.NEGATIVE_INFINITY;

  return {
    isDue: (now) => now - begunAt >= pauseMs,
    async exchange(board, now) {
      begunAt = now;
      const all = health.reports(now);
      // Counts are believed for a while only: they are told as long as there are any.
      const fresh = all.filter((report) => report.calls > 0 || told.get(report.origin) !== textOf(report));
      const { heard: reached, changed } = await board.exchange(isolate, fresh, heard, now);
      // A board that has forgotten everything knows what it was told just now.
      told = new Map((reached.epoch === heard.epoch ? all : fresh).map((report) => [report.origin, textOf(report)]));
      heard = reached;
      health.adopt(new Map(changed.map(({ origin, shared }) => [origin, shared])));
    },
  };
}

/** What is compared of a report. */
function textOf(report: Report): string {
  return JSON.stringify(report);
}
