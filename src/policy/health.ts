/**
 * How the targets are, as this isolate has seen it: one breaker and one latency for each account and model. A closure,
 * as the one thing here that changes; everything else is pure (`breaker.ts`, `latency.ts`).
 */
import type { Fault } from "../fault.ts";
import * as breaker from "./breaker.ts";
import type { Report } from "./health-board.ts";
import { expected, type Latency, measured, slowest } from "./latency.ts";
import { namesOf, originOf } from "./origin.ts";
import { remedyOf } from "./remedies.ts";
import type { Target } from "./route.ts";
import { type SharedHealth, type SharedTarget, sharedOf, withShared } from "./shared-health.ts";

/**
 * How an attempt went. `answered`: as soon as it is sure, which is at the first content of a stream. `left`: the caller
 * went, or another target was faster.
 */
type Outcome =
  | { readonly result: "answered"; readonly firstContentMs?: number }
  | { readonly result: "failed"; readonly fault: Pick<Fault, "kind" | "extra" | "retryAfterMs"> }
  | { readonly result: "left" };

/** One target as `GET /admin/health` tells of it, spelt as on the wire. */
interface TargetHealth {
  readonly provider: string;
  readonly model: string;
  /** The name of the setting that holds it. */
  readonly credential?: string;
  readonly state: breaker.BreakerState;
  /** Until when it is open or paused, in milliseconds since 1970. */
  readonly until?: number;
  /** Of the last 30 s. */
  readonly calls: number;
  readonly error_rate: number;
  readonly first_content_ms?: number;
  readonly first_content_p95_ms?: number;
}

export interface Health {
  /** May a call go there now? */
  admits(target: Target, now: number): boolean;
  /** An attempt sets out. Each is followed by one {@link note}; of a stream that breaks later, by another. */
  begin(target: Target, now: number): void;
  note(target: Target, outcome: Outcome, now: number): void;
  /** Milliseconds; 0 where it was never measured. */
  firstContentMs(target: Target, now: number): number;
  /** Longer than so many milliseconds it takes once in twenty times; `undefined` while too few are known. */
  slowestMs(target: Target): number | undefined;
  /** The targets that this isolate has used and, where `reports` tell of all isolates together, those of the others. */
  snapshot(now: number, reports?: ReadonlyMap<string, Report>): readonly TargetHealth[];
  /** What other isolates may want to know: plain data. */
  share(): SharedHealth;
  /** The same, and how many calls there were, of the targets that this isolate has used. */
  reports(now: number): readonly Report[];
  /** Takes what other isolates have found, where it is newer than one's own. */
  adopt(shared: SharedHealth): void;
}

interface Entry {
  readonly target?: Target;
  readonly breaker: breaker.Breaker;
  readonly latency?: Latency;
}

/** Names of models come from callers: what is remembered has a bound, and the longest unused goes first. */
const mostTargets = 500;

export function healthRecord(): Health {
  const entries = new Map<string, Entry>();
  const get = (target: Target): Entry => entries.get(originOf(target)) ?? { breaker: breaker.unbroken };

  function put(origin: string, entry: Entry): void {
    entries.delete(origin);
    if (entries.size >= mostTargets) entries.delete(entries.keys().next().value ?? "");
    entries.set(origin, entry);
  }

  return {
    admits: (target, now) => breaker.admits(get(target).breaker, now),
    begin(target, now) {
      const entry = get(target);
      put(originOf(target), { ...entry, target, breaker: breaker.begun(entry.breaker, now) });
    },
    note(target, outcome, now) {
      put(originOf(target), { ...noted(get(target), outcome, now), target });
    },
    slowestMs: (target) => slowest(get(target).latency),
    firstContentMs: (target, now) => expected(get(target).latency, now),
    snapshot(now, reports = new Map()) {
      const known = new Map(entries);
      for (const [origin, { shared }] of reports) known.set(origin, adopted(known.get(origin), shared));
      return [...known].flatMap(([origin, entry]) => told(origin, entry, reports.get(origin), now));
    },
    share: () => new Map([...entries].flatMap(([origin, entry]) => sharedOf(entry, origin))),
    reports: (now) => [...entries].flatMap(([origin, entry]) => reported(origin, entry, now)),
    adopt(shared) {
      for (const [origin, other] of shared) put(origin, adopted(entries.get(origin), other));
    },
  };
}

function noted(entry: Entry, outcome: Outcome, now: number): Entry {
  const { breaker: before, latency } = entry;
  switch (outcome.result) {
    case "answered": {
      const ms = outcome.firstContentMs;
      const known = ms === undefined ? latency : measured(latency, ms, now);
      return { ...entry, breaker: breaker.succeeded(before, now), ...(known !== undefined && { latency: known }) };
    }
    case "failed":
      return { ...entry, breaker: judged(before, outcome.fault, now) };
    case "left":
      return { ...entry, breaker: breaker.released(before) };
  }
}

function judged(before: breaker.Breaker, fault: Pick<Fault, "kind" | "extra" | "retryAfterMs">, now: number) {
  const { verdict } = remedyOf(fault);
  switch (verdict) {
    case "failure":
      return breaker.failed(before, now);
    case "closed":
      return breaker.shut(before, now);
    case "busy":
      return breaker.paused(before, fault.retryAfterMs, now);
    case "alive":
      return breaker.succeeded(before, now);
    case "nothing":
      return breaker.released(before);
  }
}

function adopted(entry: Entry | undefined, other: SharedTarget): Entry {
  return { ...entry, ...withShared(entry ?? { breaker: breaker.unbroken }, other) };
}

function reported(origin: string, entry: Entry, now: number): Report[] {
  if (entry.target === undefined) return [];
  const { credentialName } = entry.target;
  const [[, shared] = [origin, {}]] = sharedOf(entry, origin);
  const names = { origin, ...(credentialName !== undefined && { credential: credentialName }) };
  return [{ ...names, shared, ...breaker.totals(entry.breaker, now) }];
}

function told(origin: string, entry: Entry, report: Report | undefined, now: number): TargetHealth[] {
  const { target, breaker: own, latency } = entry;
  // What another isolate has told of is no target of this one until a call comes for it.
  if (target === undefined && report === undefined) return [];
  const { calls, failures } = report ?? breaker.totals(own, now);
  const credential = target?.credentialName ?? report?.credential;
  const state = breaker.stateOf(own, now);
  const p95 = slowest(latency);
  return [
    {
      ...namesOf(origin),
      ...(credential !== undefined && { credential }),
      state,
      ...(state === "open" && { until: own.until }),
      ...(state === "paused" && { until: own.pausedUntil }),
      calls,
      error_rate: calls === 0 ? 0 : failures / calls,
      ...(latency !== undefined && { first_content_ms: Math.round(latency.ms) }),
      ...(p95 !== undefined && { first_content_p95_ms: Math.round(p95) }),
    },
  ];
}
