/**
 * The lease of a call: what it holds of its team's limits and budgets from before it is sent until its end is known.
 * Reserved all or nothing; renewed while the call runs; settled once. A call whose isolate dies is settled by the store,
 * at what it held, when its hold has run out.
 */
import { type Bill, billOf, bytesPerToken, type End } from "./bill.ts";
import type { Effort, ProtocolId } from "./canon/request.ts";
import type { Usage } from "./canon/usage.ts";
import type { Deps } from "./deps.ts";
import { Fault } from "./fault.ts";
import { outputFor } from "./models/price.ts";
import { storeUnavailable } from "./policy/auth.ts";
import { chargesOf, corrections } from "./policy/limits.ts";
import type { Quote } from "./policy/quote.ts";
import { readMeter, refusedBy } from "./policy/refusal.ts";
import type { Target } from "./policy/route.ts";
import { spentShare } from "./policy/spending.ts";
import type { Admission, CallRow, Charges, Grant, Level, Reservation } from "./stores/store.ts";
import { StoreDown } from "./stores/store-down.ts";

/** What the account has to know of a call. */
export interface Applicant {
  readonly id: string;
  readonly protocol: ProtocolId;
  /** The model as the caller wrote it. */
  readonly asked: string;
  readonly effort?: Effort;
  readonly grant: Grant;
  /** One for each target, in the order in which they are tried. */
  readonly quotes: readonly Quote[];
}

export interface Lease {
  readonly grant: Grant;
  /** When the call was admitted. */
  readonly at: number;
  /** Those that the call can pay for, in order. */
  readonly targets: readonly Target[];
  readonly charges: Charges;
  /** Where the meters stood after this call was admitted. */
  readonly levels: readonly Level[];
  /** The share of its tightest budget that was spent before this call. */
  readonly spent: number;
  /** Output tokens that this target must be held to; absent where the hold covers whatever it may say. */
  outputCap(target: Target): number | undefined;
  /**
   * To be asked before each read: renews the hold in the background. Resolves once an answer with so many bytes of text
   * is paid for; rejects with the Fault `quota` where nothing is left for it.
   */
  due(target: Target, said: number): Promise<void> | undefined;
  /** Holds on while the promise is pending. */
  during<T>(pending: Promise<T>): Promise<T>;
  /** What this end would come to. */
  bill(end: End): Bill;
  /** Enters the end of the call; only the first time counts. */
  settle(end: End): Bill;
  /** Enters what an attempt cost that another one followed, if it cost anything; `number` is the attempt's. */
  settleAttempt(end: End, number: number): void;
}

/** Throws the Fault of the limit or budget that has too little left, or of a store that cannot be reached. */
export async function reserve(applicant: Applicant, deps: Deps): Promise<Lease> {
  const { id, grant, protocol, asked, effort } = applicant;
  const at = deps.clock.now();
  const quotes = affordable(applicant, at);
  const [first] = quotes;
  if (first === undefined) throw new Fault("no_model", "No provider serves this model.", { param: "model" });
  const charges = chargesOf(grant, quotes.map(nameOf), first.estimate, at);
  const { provider, model } = first.target;
  const reservation: Reservation = {
    ...charges,
    ...{ id, now: at, expiresAt: at + deps.config.holdMs },
    cost: { wanted: most(quotes, "wanted"), least: most(quotes, "least") },
    draft: {
      ...{ id, key: grant.key.id, at, protocol, asked, provider: provider.id, model: model },
      ...(effort !== undefined && { effort }),
    },
  };
  const admission = await admitted(reservation, grant, deps);
  return leaseOf({ ...applicant, quotes, at, charges, ...admission }, deps);
}

/** A price that is not known cannot be held to a budget: such a target is none for who has one. */
function affordable({ grant, quotes }: Applicant, at: number): readonly Quote[] {
  const isBudgeted = (quote: Quote): boolean => chargesOf(grant, [nameOf(quote)], quote.estimate, at).sums.length > 0;
  const [unpriced] = quotes.filter(({ rates }) => rates === undefined);
  const able = quotes.filter((quote) => quote.rates !== undefined || !isBudgeted(quote));
  if (able.length > 0 || unpriced === undefined) return able;
  const message = `The price of '${nameOf(unpriced)}' as it is asked for is not known here, and this key has a budget: the operator sets PRICES.`;
  throw new Fault("forbidden", message, { param: "model", code: "unknown_price" });
}

const nameOf = ({ target }: Quote): string => `${target.provider.id}/${target.model}`;

function most(quotes: readonly Quote[], what: "wanted" | "least"): number {
  return Math.max(...quotes.map((quote) => quote[what]));
}

async function admitted(
  reservation: Reservation,
  grant: Grant,
  deps: Deps,
): Promise<{ granted: number; levels: readonly Level[] }> {
  try {
    let admission = await deps.store.reserve(grant.team.id, reservation);
    for (let waited = 0; isHeldUp(admission) && waited < patience.mostMs; waited += patience.pauseMs) {
      await deps.clock.wait(patience.pauseMs);
      admission = await deps.store.reserve(grant.team.id, { ...reservation, now: deps.clock.now() });
    }
    if (!admission.isAdmitted) throw refusedBy(admission, grant, reservation.now);
    return admission;
  } catch (thrown) {
    if (!(thrown instanceof StoreDown)) throw thrown;
    console.error("reserve", reservation.id, thrown);
    if (grant.team.settings.store_down !== "open") throw storeUnavailable(thrown);
    return { granted: reservation.cost.wanted, levels: [] };
  }
}

/** Running calls hold the most that they may cost and mostly cost far less: a budget that they hold up is waited for. */
const patience = { pauseMs: 250, mostMs: 5000 };

function isHeldUp(admission: Admission): boolean {
  return !admission.isAdmitted && admission.retryAfterMs !== undefined && readMeter(admission.meter).per !== undefined;
}

interface Held extends Applicant {
  readonly at: number;
  readonly charges: Charges;
  readonly granted: number;
  readonly levels: readonly Level[];
}

function leaseOf(held: Held, deps: Deps): Lease {
  const { id, grant, charges, quotes } = held;
  let granted = held.granted;
  let renewedAt = held.at;
  let asking: Promise<void> | undefined;
  let isSpent = false;
  let isSettled = false;

  const quoteFor = (target: Target): Quote | undefined => quotes.find((quote) => quote.target === target);
  const bill = (end: End): Bill => billOf(end, quoteFor(end.target));
  /** Output tokens that are paid for at this target. */
  const paid = ({ rates, input, tier }: Quote): number =>
    rates === undefined ? Number.POSITIVE_INFINITY : outputFor(rates, granted, input, tier);

  async function extend(cost: { wanted: number; least: number }): Promise<number> {
    const now = deps.clock.now();
    renewedAt = now;
    const expiresAt = now + deps.config.holdMs;
    return deps.store.extend(grant.team.id, { id, now, expiresAt, sums: charges.sums, cost });
  }

  function renew(): void {
    if (deps.clock.now() - renewedAt < deps.config.holdMs / 3) return;
    deps.waitUntil(extend({ wanted: 0, least: 0 }).catch((cause) => console.error("renew", id, cause)));
  }

  async function topUp({ wanted, least }: Quote): Promise<void> {
    const slice = { wanted, least: Math.min(wanted, least) };
    const more = await extend(slice).catch(() => 0);
    granted += more;
    isSpent = more === 0;
    asking = undefined;
  }

  return {
    spent: spentShare(charges, held.levels, held.granted),
    ...{ grant, at: held.at, charges, levels: held.levels, targets: quotes.map(({ target }) => target) },
    outputCap(target) {
      const quote = quoteFor(target);
      if (quote === undefined || charges.sums.length === 0 || quote.isAudible) return undefined;
      const tokens = paid(quote);
      // What costs nothing needs no bound.
      if (tokens === Number.POSITIVE_INFINITY || (quote.isBounded && tokens >= quote.output)) return undefined;
      return Math.min(tokens, quote.output);
    },
    due(target, said) {
      renew();
      const quote = quoteFor(target);
      if (quote === undefined || charges.sums.length === 0) return undefined;
      const tokens = said / bytesPerToken;
      // Dense text has twice the tokens: more is asked for early, and an answer is cut only when it is sure.
      if (quote.isAudible && !isSpent && 2 * tokens > paid(quote)) asking ??= topUp(quote);
      if (tokens < paid(quote) * (quote.isAudible ? 1 : 1.5)) return undefined;
      return (asking ?? Promise.resolve()).then(() => {
        if (tokens >= paid(quote)) throw spent();
      });
    },
    async during(pending) {
      const isDone = pending.then(
        () => true,
        () => true,
      );
      while (!(await Promise.race([isDone, deps.clock.wait(deps.config.holdMs / 3).then(() => false)]))) renew();
      return pending;
    },
    bill,
    settle(end) {
      const billed = bill(end);
      if (!isSettled) enter(id, end, billed, corrections(charges.rates, tokensOf(billed.usage)));
      isSettled = true;
      return billed;
    },
    settleAttempt(end, number) {
      const billed = bill(end);
      if (billed.state !== "released") enter(`${id}.${number}`, end, billed, []);
    },
  };

  function enter(rowId: string, end: End, bill: Bill, rates: Charges["rates"]): void {
    const { target, status, detail, effort = held.effort } = end;
    const name = `${target.provider.id}/${target.model}`;
    const row: CallRow = {
      ...{ id: rowId, key: grant.key.id, at: held.at, protocol: held.protocol, asked: held.asked },
      ...{ provider: target.provider.id, model: target.model, status },
      ...bill,
      ...{ ms: Math.max(0, deps.clock.now() - held.at) },
      ...(effort !== undefined && { effort }),
      ...(detail !== undefined && { detail }),
    };
    const sums = chargesOf(grant, [name], { input: 0, output: 0 }, held.at).sums;
    const settled = deps.store.settle(grant.team.id, { row, sums, rates });
    deps.waitUntil(settled.catch((cause) => console.error("settle", rowId, cause)));
  }
}

function tokensOf({ input = 0, output = 0 }: Usage): { input: number; output: number } {
  return { input, output };
}

function spent(): Fault {
  return new Fault("quota", "The budget was spent while this answer was being generated; it ends here.", {
    code: "insufficient_quota",
    extra: { limit_source: "gearbox" },
  });
}
