/**
 * The attempts of a call: one target after another until one answers, as long as what failed may be tried again and the
 * answer has not begun. A loop, and the only one: what is tried next is `policy/retry.ts`'s to say.
 */
import { noUsage } from "./canon/usage.ts";
import type { Deps } from "./deps.ts";
import { asFault, Fault } from "./fault.ts";
import type { Lease } from "./lease.ts";
import { mayFollow, next, type Plan, type Step, type Tried } from "./policy/retry.ts";
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
  /** No other can follow: nothing is gained by holding the answer back. */
  readonly isLast: boolean;
  readonly limits: Timeouts;
  /** Milliseconds since 1970: when the call must be over. */
  readonly deadline: number;
  /** To be told how the attempt went, once it is known; of a stream that breaks later, again. */
  readonly watch: Watcher;
}

export interface Watcher {
  answered(): void;
  failed(fault: Fault): void;
  left(): void;
}

export interface Trying {
  readonly lease: Lease;
  readonly request: Request;
  readonly way: Pick<Way, "name" | "timeouts" | "retries">;
  readonly stream: boolean;
  /** What the call itself allows. */
  readonly timeoutMs?: number | undefined;
  readonly deps: Deps;
}

/** The answer of the first target that gives one, or the Fault of the last one; nothing is owed then. */
export async function firstAnswer(
  trying: Trying,
  attempt: (target: Target, tried: Try) => Promise<Response>,
): Promise<Response> {
  const { request, deps } = trying;
  const { health, retries: budget, clock, chance } = deps;
  const plan = planOf(trying);
  const tried: Tried[] = [];
  for (;;) {
    const step = next(tried, plan, { health, budget, now: clock.now(), random: chance });
    if (step === undefined) throw ended(tried, trying);
    if (step.waitMs > 0) await clock.wait(step.waitMs);
    const { target } = step;
    health.begin(target, clock.now());
    const watch = watcher(target, deps);
    try {
      const answer = await attempt(target, tryOf(step, tried, plan, trying, watch));
      if (!trying.stream) watch.answered();
      return answer;
    } catch (thrown) {
      const fault = asFault(thrown);
      if (request.signal.aborted) {
        watch.left();
        throw ended([...tried, { target, fault }], trying);
      }
      watch.failed(fault);
      tried.push({ target, fault });
    }
  }
}

function planOf({ lease, way, timeoutMs }: Trying): Plan {
  const deadline = deadlineOf(lease.at, timeoutMs, way.timeouts);
  return { targets: lease.targets, deadline, ...(way.retries !== undefined && { retries: way.retries }) };
}

function tryOf(step: Step, tried: readonly Tried[], plan: Plan, trying: Trying, watch: Watcher): Try {
  const { way, stream, deps } = trying;
  const now = deps.clock.now();
  const { target, reason } = step;
  return {
    number: tried.length + 1,
    isLast: !mayFollow(target, tried, plan, now),
    limits: timeoutsFor({ target, stream, route: way.timeouts ?? {}, leftMs: plan.deadline - now }),
    deadline: plan.deadline,
    watch,
    ...(way.name !== undefined && { route: way.name }),
    ...(reason !== undefined && { reason }),
  };
}

/** Notes how a target did: that it answers once, that it fails each time. */
function watcher(target: Target, { health, clock }: Deps): Watcher {
  const startedAt = clock.now();
  let isNoted = false;
  return {
    answered() {
      if (!isNoted) health.note(target, { result: "answered", firstContentMs: clock.now() - startedAt }, clock.now());
      isNoted = true;
    },
    failed(fault) {
      health.note(target, { result: "failed", fault }, clock.now());
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
  const attempts = tried.map((each) => `${each.target.provider.id}/${each.target.model}: ${each.fault.kind}`);
  if (target !== undefined) {
    lease.settle({ outcome, target, status: fault.status, detail: { fault: fault.kind, attempts } });
  }
  return fault.with({
    headers: {
      ...triesHeaders(tried.length, way.name, tried.at(-2)?.fault.kind),
      ...(target !== undefined && { "x-gearbox-provider": target.provider.id, "x-gearbox-model": target.model }),
    },
  });
}

/** How often a call was tried, by which route, and why again. */
export function triesHeaders(attempts: number, route?: string, reason?: string): Record<string, string> {
  return {
    "x-gearbox-attempts": String(attempts),
    ...(route !== undefined && { "x-gearbox-route": route }),
    ...(reason !== undefined && { "x-gearbox-retry-reason": reason }),
  };
}
