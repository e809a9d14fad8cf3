/**
 * The attempts of a call: one target after another until one answers, as long as what failed may be tried again and the
 * answer has not begun. A loop, and the only one: what is tried next is `policy/retry.ts`'s to say.
 */
import { noUsage } from "./canon/usage.ts";
import type { Deps } from "./deps.ts";
import { asFault, Fault } from "./fault.ts";
import { hedged, type Leg, race } from "./hedge.ts";
import type { Lease } from "./lease.ts";
import { originOf } from "./policy/origin.ts";
import { mayFollow, next, othersFollow, type Plan, type Tried } from "./policy/retry.ts";
import type { Target, Way } from "./policy/route.ts";
import { deadlineOf, timeoutsFor } from "./policy/timeouts.ts";
import type { Timeouts } from "./providers/timeouts.ts";

/** What an attempt is told of its place among the others. */
export interface Try {
  /** From 1. */
  readonly number: number;
  /** Of the route or alias. */
  readonly route?: string;
  /** What the attempt before it failed of. */
  readonly reason?: string;
  /** All that failed before it, as the account tells of them. */
  readonly before: readonly string[];
  /** No other can follow: nothing is gained by holding the answer back. */
  readonly isLast: boolean;
  /** Another target can. */
  readonly hasOthers: boolean;
  readonly limits: Timeouts;
  /** Milliseconds since 1970: when the call must be over. */
  readonly deadline: number;
  /** To be told how the attempt went, once it is known; of a stream that breaks later, again. */
  readonly watch: Watcher;
  /** What this attempt is paid from. */
  readonly lease: Lease;
  /** Aborts when another request for the same call was faster. */
  readonly givenUp: AbortSignal;
  /** Is its answer the caller's? False where another request for the same call was faster. */
  wins(): boolean;
}

export interface Watcher {
  /** The target was not asked: whatever comes of the attempt is no news of it. */
  aside(): void;
  answered(): void;
  failed(fault: Fault): void;
  left(): void;
}

export interface Trying {
  readonly lease: Lease;
  readonly request: Request;
  readonly way: Pick<Way, "name" | "timeouts" | "retries" | "hedge">;
  readonly stream: boolean;
  /** What the call itself allows. */
  readonly timeoutMs?: number | undefined;
  /** Admits a second request for the same call. */
  readonly reserveAgain?: (target: Target) => Promise<Lease>;
  readonly deps: Deps;
}

type Attempt = (target: Target, tried: Try) => Promise<Response>;

/** The answer of the first target that gives one, or the Fault of the last one; nothing is owed then. */
export async function firstAnswer(trying: Trying, attempt: Attempt): Promise<Response> {
  const { request, lease, deps } = trying;
  const { health, retries: budget, clock, chance } = deps;
  const plan = planOf(trying);
  const tried: Tried[] = [];
  for (;;) {
    const step = next(tried, plan, { health, budget, now: clock.now(), random: chance });
    if (step === undefined) throw ended(tried, trying);
    if (step.waitMs > 0) await clock.wait(step.waitMs);
    const setting = { trying, attempt, plan, tried, racing: race() };
    const afterMs = patienceWith(step.target, trying);
    const isLast = afterMs === undefined && !mayFollow(step.target, tried, plan, clock.now());
    const first = legOf({ ...step, number: tried.length + 1, isLast, lease }, setting);
    try {
      if (afterMs === undefined) return await first.run();
      return await hedged(first, { afterMs, follow: () => second(first, setting), ...deps });
    } catch (thrown) {
      const fault = asFault(thrown);
      if (!request.signal.aborted) {
        first.failed(fault);
        continue;
      }
      first.left();
      throw ended([...tried, { target: step.target, fault }], trying);
    }
  }
}

function planOf({ lease, way, timeoutMs }: Trying): Plan {
  const deadline = deadlineOf(lease.at, timeoutMs, way.timeouts);
  return { targets: lease.targets, deadline, ...(way.retries !== undefined && { retries: way.retries }) };
}

/** So long a call waits for the target before it asks another one as well; `undefined`: as long as it takes. */
function patienceWith(target: Target, { way, reserveAgain, deps }: Trying): number | undefined {
  return way.hedge === true && reserveAgain !== undefined ? deps.health.slowestMs(target) : undefined;
}

interface Setting {
  readonly trying: Trying;
  readonly attempt: Attempt;
  readonly plan: Plan;
  /** What failed so far; an attempt that fails enters itself. */
  readonly tried: Tried[];
  readonly racing: ReturnType<typeof race>;
}

/** The second request beside the first, where another target is there that may be asked once more. */
async function second(first: Leg, setting: Setting): Promise<Leg | undefined> {
  const { plan, tried, trying } = setting;
  const { health, retries, clock } = trying.deps;
  const origins = new Set([first.target, ...tried.map(({ target }) => target)].map(originOf));
  const others = plan.targets.filter((each) => !origins.has(originOf(each)) && health.admits(each, clock.now()));
  const target = others.find((each) => retries.spend(each));
  const lease = target && (await trying.reserveAgain?.(target));
  if (target === undefined || lease === undefined) return undefined;
  return legOf({ target, reason: "slow", number: tried.length + 2, isLast: false, lease }, setting);
}

function legOf(
  { target, reason, number, isLast, lease }: Pick<Try, "number" | "isLast" | "lease" | "reason"> & Pick<Leg, "target">,
  { trying, attempt, plan, tried, racing }: Setting,
): Leg {
  const { way, stream, deps } = trying;
  const { clock, health } = deps;
  const watch = watcher(target, deps);
  const giving = new AbortController();
  const wins = (): boolean => racing.wins(number);
  return {
    ...{ target, lease, wins },
    async run() {
      const now = clock.now();
      health.begin(target, now);
      const limits = timeoutsFor({ target, stream, route: way.timeouts ?? {}, leftMs: plan.deadline - now });
      const answer = await attempt(target, {
        ...{ number, isLast, lease, limits, watch, wins, deadline: plan.deadline, givenUp: giving.signal },
        ...{ before: told(tried), hasOthers: othersFollow(target, tried, plan, now) },
        ...(way.name !== undefined && { route: way.name }),
        ...(reason !== undefined && { reason }),
      });
      if (!stream) watch.answered();
      return answer;
    },
    cancel: () => giving.abort(),
    get isCancelled() {
      return giving.signal.aborted;
    },
    failed(fault) {
      watch.failed(fault);
      tried.push({ target, fault });
    },
    left: watch.left,
  };
}

/** Notes how a target did: that it answers once, that it fails each time. */
function watcher(target: Target, { health, clock }: Deps): Watcher {
  const startedAt = clock.now();
  let isNoted = false;
  let isAside = false;
  return {
    aside() {
      if (!isNoted) health.note(target, { result: "left" }, clock.now());
      [isNoted, isAside] = [true, true];
    },
    answered() {
      if (!isNoted) health.note(target, { result: "answered", firstContentMs: clock.now() - startedAt }, clock.now());
      isNoted = true;
    },
    failed(fault) {
      if (!isAside) health.note(target, { result: "failed", fault }, clock.now());
      isNoted = true;
    },
    left() {
      if (!isNoted) health.note(target, { result: "left" }, clock.now());
      isNoted = true;
    },
  };
}

/** The call is over without an answer: it is entered as such, and its Fault says how often it was tried. */
function ended(tried: readonly Tried[], { lease, way }: Trying): Fault {
  const last = tried.at(-1);
  const target = last?.target ?? lease.targets[0];
  const fault = last?.fault ?? new Fault("timeout", "The call's time was over before anybody could be asked.");
  const outcome = { usage: noUsage, ended: "failed" } as const;
  if (target !== undefined) {
    lease.settle({ outcome, target, status: fault.status, detail: { fault: fault.kind, attempts: told(tried) } });
  }
  return fault.with({
    headers: {
      ...triesHeaders(tried.length, way.name, tried.at(-2)?.fault.kind),
      ...(target !== undefined && { "x-gearbox-provider": target.provider.id, "x-gearbox-model": target.model }),
    },
  });
}

/** Attempts that failed, in order: where, and of what. */
function told(tried: readonly Tried[]): string[] {
  return tried.map(({ target, fault }) => `${target.provider.id}/${target.model}: ${fault.kind}`);
}

/** How often a call was tried, by which route, and why again. */
export function triesHeaders(attempts: number, route?: string, reason?: string): Record<string, string> {
  return {
    "x-gearbox-attempts": String(attempts),
    ...(route !== undefined && { "x-gearbox-route": route }),
    ...(reason !== undefined && { "x-gearbox-retry-reason": reason }),
  };
}
