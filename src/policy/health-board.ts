/**
 * Where the isolates of a deployment meet to tell each other of their targets: what they agree on, and how many calls
 * each of them made. In memory only: who forgets is told again. A closure; pure but for what it remembers.
 */
import { mergeHealth, type SharedTarget } from "./shared-health.ts";

/** One isolate's word on a target, or that of all isolates together. */
export interface Report {
  /** As `originOf` names it. */
  readonly origin: string;
  /** The name of the setting that holds the credential. */
  readonly credential?: string;
  readonly shared: SharedTarget;
  /** Of the last 30 s. */
  readonly calls: number;
  readonly failures: number;
}

/** How far an isolate has heard; the `epoch` is another one where the board has forgotten everything. */
export interface Heard {
  readonly epoch: string;
  readonly revision: number;
}

export interface News {
  readonly heard: Heard;
  /** What all agree on, where that has changed. */
  readonly changed: readonly Pick<Report, "origin" | "shared">[];
}

export interface HealthBoard {
  /** @param isolate a name that no other isolate has */
  exchange(isolate: string, reports: readonly Report[], heard: Heard, now: number): Promise<News>;
  /** All isolates together. */
  overview(now: number): Promise<readonly Report[]>;
}

interface Entry {
  readonly credential?: string;
  readonly shared: SharedTarget;
  /** When it last changed. */
  readonly revision: number;
  readonly counts: ReadonlyMap<string, Counts>;
}

interface Counts extends Pick<Report, "calls" | "failures"> {
  readonly at: number;
}

/** As in an isolate's own record: the longest unused goes first. */
const mostTargets = 500;
/** The window that the counts are of: nobody's word counts for longer. */
const countsMs = 30_000;

/** @param epoch another one each time */
export function healthBoard(epoch: string): HealthBoard {
  const entries = new Map<string, Entry>();
  let revision = 0;

  function enter(isolate: string, report: Report, now: number): void {
    const { origin, credential, shared, calls, failures } = report;
    const before = entries.get(origin) ?? { shared: {}, revision: 0, counts: new Map<string, Counts>() };
    const merged = mergeHealth(new Map([[origin, before.shared]]), new Map([[origin, shared]])).get(origin) ?? shared;
    const isNews = JSON.stringify(merged) !== JSON.stringify(before.shared);
    if (isNews) revision++;
    const counts = new Map(recent(before.counts, now)).set(isolate, { calls, failures, at: now });
    entries.delete(origin);
    if (entries.size >= mostTargets) entries.delete(entries.keys().next().value ?? "");
    const named = { ...before, ...(credential !== undefined && { credential }) };
    entries.set(origin, { ...named, shared: merged, revision: isNews ? revision : before.revision, counts });
  }

  return {
    async exchange(isolate, reports, heard, now) {
      for (const report of reports) enter(isolate, report, now);
      const since = heard.epoch === epoch ? heard.revision : 0;
      const changed = [...entries].filter((entry) => entry[1].revision > since);
      return { heard: { epoch, revision }, changed: changed.map(([origin, { shared }]) => ({ origin, shared })) };
    },
    async overview(now) {
      return [...entries].map(([origin, { credential, shared, counts }]) => {
        const named = { origin, ...(credential !== undefined && { credential }) };
        return { ...named, shared, ...summed(recent(counts, now).map(([, each]) => each)) };
      });
    },
  };
}

function recent(counts: ReadonlyMap<string, Counts>, now: number): (readonly [string, Counts])[] {
  return [...counts].filter(([, { at }]) => now - at < countsMs);
}

function summed(counts: readonly Counts[]): Pick<Report, "calls" | "failures"> {
  return {
    calls: counts.reduce((sum, { calls }) => sum + calls, 0),
    failures: counts.reduce((sum, { failures }) => sum + failures, 0),
  };
}
