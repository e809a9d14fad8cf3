/** What a call comes to when it is over: the provider's own numbers, or what can be told of an answer that broke off. Pure. */
import type { Effort } from "./canon/request.ts";
import type { Usage } from "./canon/usage.ts";
import { costOf } from "./models/price.ts";
import type { Outcome } from "./pipes.ts";
import type { Quote } from "./policy/quote.ts";
import type { Target } from "./policy/route.ts";
import type { CallRow, UsageState } from "./stores/store.ts";

/** How a call ended. */
export interface End {
  readonly outcome: Outcome;
  readonly target: Target;
  /** HTTP status that the caller saw. */
  readonly status: number;
  /** Of an answer from the cache: the nano-dollars that it did not cost. */
  readonly saved?: number;
  /** Of an answer of which a part came from the cache: the nano-dollars that this part did not cost. */
  readonly savedPart?: number;
  /** Bytes of text that the answer had so far. */
  readonly said?: number;
  readonly detail?: CallRow["detail"];
  /** The effort that was chosen for this target, where it was not the caller's own. */
  readonly effort?: Effort;
}

/** What the end of a call came to. */
export interface Bill {
  readonly state: UsageState;
  readonly usage: Usage;
  /** Nano-dollars; absent where no price is known. */
  readonly cost?: number;
  readonly saved?: number;
}

/** Text has about so many bytes to a token: what an answer that broke off is counted by. */
export const bytesPerToken = 4;

/** The account of a call: the provider's own numbers, or what can be told of an answer that broke off. */
export function billOf({ outcome, target, said = 0, saved, savedPart }: End, quote: Quote | undefined): Bill {
  if (saved !== undefined) return { state: "settled", usage: { input: 0, output: 0 }, cost: 0, saved };
  const state = stateOf(outcome, said);
  if (state === "released") return { state, usage: {}, cost: 0 };
  const usage = state === "settled" ? outcome.usage : estimated(outcome.usage, said, quote);
  const reported = target.provider.reportsCost === true ? usage.reportedCost : undefined;
  const known = quote?.rates === undefined ? undefined : costOf(quote.rates, usage, quote.tier);
  const cost = reported ?? known;
  const part = savedPart !== undefined && { saved: savedPart };
  return { state, usage, ...(cost !== undefined && { cost }), ...part };
}

/** Nothing is charged that nobody generated; what the provider has not counted to the end is marked as our estimate. */
function stateOf({ usage, ended }: Outcome, said: number): UsageState {
  if (ended === "whole" && usage.output !== undefined) return "settled";
  return ended === "failed" && said === 0 && usage.output === undefined ? "released" : "estimated";
}

function estimated(usage: Usage, said: number, quote: Quote | undefined): Usage {
  const output = Math.max(usage.output ?? 0, Math.ceil(said / bytesPerToken));
  return { ...usage, input: usage.input ?? quote?.estimate.input ?? 0, output };
}
