/**
 * The next attempt of a call, after those that failed: where, and after what wait; `undefined` where the last fault is
 * the caller's answer. Only for while the answer is held: what has begun is never begun again.
 */
import type { Fault, FaultKind } from "../fault.ts";
import { usualPauseMs } from "./breaker.ts";
import type { Health } from "./health.ts";
import { originOf } from "./origin.ts";
import { mostAgain, type Remedy, remedyOf, type Where } from "./remedies.ts";
import type { RetryBudget } from "./retry-budget.ts";
import type { Target } from "./route.ts";

export interface Plan {
  /** As chosen, in the order to try; not empty. */
  readonly targets: readonly Target[];
  /** Attempts beyond the first; {@link usualRetries} where absent. */
  readonly retries?: number;
  /** Milliseconds since 1970. Nothing begins then or later. */
  readonly deadline: number;
}

/** An attempt that failed. */
export interface Tried {
  readonly target: Target;
  readonly fault: Fault;
}

export interface Surroundings {
  readonly health: Pick<Health, "admits">;
  readonly budget: RetryBudget;
  readonly now: number;
  /** From 0 up to 1. */
  readonly random: () => number;
}

export interface Step {
  readonly target: Target;
  readonly waitMs: number;
  /** What the attempt before it failed of; absent of the first. */
  readonly reason?: FaultKind;
}

export const usualRetries = 4;

/** A provider that wants to be left alone for longer is not waited for: the caller learns of it instead. */
const longestWaitMs = 2000;
const firstWaitMs = 250;

/** @param tried what failed so far, oldest first; none: the first attempt, which the target's budget earns by */
export function next(tried: readonly Tried[], plan: Plan, surroundings: Surroundings): Step | undefined {
  const last = tried.at(-1);
  if (last === undefined) return first(plan, surroundings);
  if (tried.length > (plan.retries ?? usualRetries)) return undefined;
  const remedy = remedyOf(last.fault);
  for (const where of remedy.where) {
    const step = stepTo(where, last, { remedy, tried, plan, surroundings });
    if (step !== undefined) return step;
  }
  return undefined;
}

/** Could anything follow the attempt that is about to begin? If not, its answer need not be held. */
export function mayFollow(target: Target, tried: readonly Tried[], plan: Plan, now: number): boolean {
  return othersFollow(target, tried, plan, now) || (hasTime(tried, plan, now) && timesTried(target, tried) < mostAgain);
}

/** Could another target follow it? */
export function othersFollow(target: Target, tried: readonly Tried[], plan: Plan, now: number): boolean {
  const origin = originOf(target);
  const isOther = (each: Target): boolean => originOf(each) !== origin && timesTried(each, tried) === 0;
  return hasTime(tried, plan, now) && plan.targets.some(isOther);
}

function hasTime(tried: readonly Tried[], plan: Plan, now: number): boolean {
  return tried.length < (plan.retries ?? usualRetries) && now < plan.deadline;
}

function first({ targets, deadline }: Plan, { health, budget, now }: Surroundings): Step | undefined {
  // Between the choice and now another call may have found out that the target is dead.
  const target = targets.find((each) => health.admits(each, now)) ?? targets[0];
  if (target === undefined || now >= deadline) return undefined;
  budget.earn(target);
  return { target, waitMs: 0 };
}

interface Situation {
  readonly remedy: Remedy;
  readonly tried: readonly Tried[];
  readonly plan: Plan;
  readonly surroundings: Surroundings;
}

function stepTo(where: Where, last: Tried, situation: Situation): Step | undefined {
  const { tried, plan, surroundings } = situation;
  const { health, budget, now } = surroundings;
  const waitMs = where === "same" ? waitFor(last, situation) : 0;
  if (waitMs === undefined || now + waitMs >= plan.deadline) return undefined;
  const target = candidates(where, last, situation).find((each) => health.admits(each, now + waitMs));
  if (target === undefined || (isMultiplied(target, tried) && !budget.spend(target))) return undefined;
  return { target, waitMs, reason: last.fault.kind };
}

function candidates(where: Where, { target }: Tried, { remedy, tried, plan }: Situation): readonly Target[] {
  if (where === "same") return timesTried(target, tried) <= remedy.again ? [target] : [];
  const isSameModel = (each: Target): boolean => each.provider.id === target.provider.id && each.model === target.model;
  return plan.targets.filter((each) => timesTried(each, tried) === 0 && isSameModel(each) === (where === "credential"));
}

function timesTried(target: Target, tried: readonly Tried[]): number {
  const origin = originOf(target);
  return tried.filter((each) => originOf(each.target) === origin).length;
}

/** Would this be one more call for a target, or a provider, that this call has already found failing? */
function isMultiplied(next: Target, tried: readonly Tried[]): boolean {
  if (timesTried(next, tried) > 0) return true;
  return tried.some(
    ({ target, fault }) => target.provider.id === next.provider.id && remedyOf(fault).verdict === "failure",
  );
}

/**
 * What the provider asked for and a little more, so that not all come back at once; else a time that doubles, half of it
 * by chance. `undefined` where it asked for too long.
 */
function waitFor({ target, fault }: Tried, { remedy, tried, surroundings }: Situation): number | undefined {
  const { retryAfterMs = remedy.verdict === "busy" ? usualPauseMs : 0 } = fault;
  const backOffMs = firstWaitMs * 2 ** (timesTried(target, tried) - 1);
  if (retryAfterMs > longestWaitMs) return undefined;
  const leastMs = Math.max(retryAfterMs, backOffMs / 2);
  return Math.ceil(leastMs + (surroundings.random() * backOffMs) / 2);
}
