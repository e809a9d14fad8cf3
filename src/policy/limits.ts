/**
 * What a call is charged with: from the settings of its team and key to the meters of the store. Pure. A meter is named
 * `<owner>[:<model pattern>]/<what>[/<period start>]`; the owner is `team` or a key's id, so that no two limits share one.
 */
import type { Charges, Grant, LiveCharge, RateCharge, SumCharge } from "../stores/store.ts";
import type { Budget, Limits, Period, Rules, Settings } from "../teams/records.ts";

/** Tokens of a call for rates: a middle estimate, corrected at the call's end. */
export interface TokenNeed {
  readonly input: number;
  readonly output: number;
}

const minuteMs = 60_000;
const nanoPerUsd = 1_000_000_000;

/** What each rate counts, and its name in a meter. */
const rates = {
  requests_per_minute: { what: "requests", cost: () => 1 },
  tokens_per_minute: { what: "tokens", cost: ({ input, output }: TokenNeed) => input + output },
  input_tokens_per_minute: { what: "input", cost: ({ input }: TokenNeed) => input },
  output_tokens_per_minute: { what: "output", cost: ({ output }: TokenNeed) => output },
} as const satisfies Partial<Record<keyof Limits, { what: string; cost(need: TokenNeed): number }>>;

const rateNames = Object.keys(rates) as (keyof typeof rates)[];

/**
 * All meters of a call that may go to any of these models (`provider/model`); of every model rule where none is named.
 * The key's stand first, so that a refusal names the narrowest.
 */
export function chargesOf(grant: Grant, models: readonly string[] | undefined, need: TokenNeed, now: number): Charges {
  const owned = rulesOf(grant, models);
  return {
    rates: owned.flatMap(([owner, { limits = {} }]) => ratesIn(owner, limits, need)),
    lives: owned.flatMap(([owner, { limits = {} }]) => livesIn(owner, limits)),
    sums: owned.flatMap(([owner, { budgets = [] }]) => budgets.map((budget) => sumIn(owner, budget, now))),
  };
}

/** The rules that apply, each under its owner's name. */
function rulesOf({ team, key }: Grant, models: readonly string[] | undefined): (readonly [string, Rules])[] {
  const of = (owner: string, settings: Settings): (readonly [string, Rules])[] => {
    const ofModels = Object.entries(settings.models ?? {}).filter(
      ([pattern]) => models === undefined || models.some((model) => matches(pattern, model)),
    );
    return [...ofModels.map(([pattern, rules]) => [`${owner}:${pattern}`, rules] as const), [owner, settings]];
  };
  return [...of(key.id, key.settings), ...of("team", team.settings)];
}

function ratesIn(owner: string, limits: Limits, need: TokenNeed): RateCharge[] {
  return rateNames.flatMap((name) => {
    const limit = limits[name];
    if (limit === undefined) return [];
    const { what, cost } = rates[name];
    // What is not known yet takes a tenth of the limit at the most, so that a few careful callers do not lock it.
    const known = { input: need.input, output: Math.min(need.output, Math.floor(limit / 10)) };
    return [{ meter: `${owner}/${what}`, limit, windowMs: minuteMs, cost: Math.min(limit, cost(known)) }];
  });
}

/** What the rates are charged beyond what was reserved, now that the tokens are known; below 0 gives back. */
export function corrections(reserved: readonly RateCharge[], tokens: TokenNeed): RateCharge[] {
  return reserved.flatMap((rate) => {
    const what = rate.meter.slice(rate.meter.lastIndexOf("/") + 1);
    const name = rateNames.find((each) => rates[each].what === what && what !== "requests");
    const cost = name === undefined ? 0 : rates[name].cost(tokens) - rate.cost;
    return cost === 0 ? [] : [{ ...rate, cost }];
  });
}

function livesIn(owner: string, { concurrent }: Limits): LiveCharge[] {
  return concurrent === undefined ? [] : [{ meter: `${owner}/concurrent`, limit: concurrent }];
}

function sumIn(owner: string, { usd, per, warn_at = 0.8 }: Budget, now: number): SumCharge {
  const limit = Math.round(usd * nanoPerUsd);
  const start = per === "total" ? "" : `/${dayOf(startOf(per, now))}`;
  return { meter: `${owner}/${per}${start}`, limit, marks: [...new Set([Math.round(limit * warn_at), limit])] };
}

/** Is this name, `provider/model`, meant? A pattern is a name, or a beginning of one with `*` behind it. */
function matches(pattern: string, name: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** May this key's calls go to this model of this provider? Team and key must both allow it. */
export function isAllowed({ team, key }: Grant, provider: string, model: string): boolean {
  return [team.settings, key.settings].every(
    ({ allowed_providers: providers, allowed_models: models }) =>
      (providers?.includes(provider) ?? true) &&
      (models?.some((pattern) => matches(pattern, `${provider}/${model}`)) ?? true),
  );
}

const dayMs = 24 * 60 * minuteMs;

/** When the period began in which `now` lies; UTC. Of `total`, 0. */
export function startOf(per: Period, now: number): number {
  const date = new Date(now);
  const today = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  switch (per) {
    case "day":
      return today;
    case "week":
      return today - ((date.getUTCDay() + 6) % 7) * dayMs;
    case "month":
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
    case "total":
      return 0;
  }
}

/** When the period ends in which `now` lies; `undefined` where it never does. */
export function endOf(per: Period, now: number): number | undefined {
  const start = startOf(per, now);
  switch (per) {
    case "day":
      return start + dayMs;
    case "week":
      return start + 7 * dayMs;
    case "month":
      return Date.UTC(new Date(start).getUTCFullYear(), new Date(start).getUTCMonth() + 1);
    case "total":
      return undefined;
  }
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
