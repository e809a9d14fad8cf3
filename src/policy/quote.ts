/**
 * What a call may cost at one target, before it is sent: an upper bound of its input, the most it may answer, and the
 * price of both. Pure. A hold is made of it, so it errs on the dear side.
 */
import { isObj, type Obj, obj } from "../canon/json.ts";
import type { ProtocolId } from "../canon/request.ts";
import { inputBound, inputEstimate } from "../models/bound.ts";
import { modelFacts } from "../models/catalog.ts";
import { hostedNeed } from "../models/hosted.ts";
import { mostCost, type PriceTable, type Rates, ratesOf, type Tier } from "../models/price.ts";
import type { TokenNeed } from "./limits.ts";
import type { Target } from "./route.ts";

/** What of a call its price depends on. */
export interface Asked {
  readonly protocol: ProtocolId;
  readonly body: Obj;
  /** Of the body. */
  readonly bytes: number;
  readonly stream: boolean;
  /** An embedding is all input; counting tokens costs nothing; what is none of these has a price nobody told us. */
  readonly kind: "answer" | "embedding" | "count" | "other";
}

export interface Quote {
  readonly target: Target;
  /** Absent where no price is known, of the model or of a tool that the provider runs. */
  readonly rates?: Rates;
  readonly tier: Tier;
  /** The most tokens its input may be. */
  readonly input: number;
  /** The most tokens it may answer, as asked or as the model can. */
  readonly output: number;
  /** Does the provider itself stop there? Else it has to be told. */
  readonly isBounded: boolean;
  /** Is all that it generates seen as it comes, so that the hold can grow with it? */
  readonly isAudible: boolean;
  /** For rates. */
  readonly estimate: TokenNeed;
  /** Nano-dollars, as a {@link Reservation} has them. */
  readonly wanted: number;
  readonly least: number;
}

/** Tokens that are held for a model of which no bound is known, and for a first part of an answer that is seen. */
const usualOutput = 32_000;
const sliceTokens = 8_192;
/** Below this many an answer is of no use: the call is refused instead. */
const leastOutput = 256;

export function quote(asked: Asked, target: Target, prices: PriceTable, now: number): Quote {
  if (asked.kind === "count") return free(target);
  const { provider, model } = target;
  const facts = modelFacts(model);
  const tier = tierOf(asked.body);
  const input = inputBound(asked, provider.id, model);
  const { output, isBounded } = outputOf(asked, target);
  const isAudible = asked.stream && facts.dial.style === "none";
  const hosted = hostedNeed(provider.id, asked.protocol, asked.body);
  const known = ratesOf(provider, model, now, prices);
  const rates = hosted === undefined || asked.kind === "other" ? undefined : known;
  const priced = (tokens: number): number =>
    rates === undefined ? 0 : mostCost(rates, { input, output: tokens }, tier) + (hosted?.fee ?? 0);
  return {
    ...{ target, tier, input, output, isBounded, isAudible },
    ...(rates !== undefined && { rates }),
    estimate: { input: inputEstimate(asked), output },
    wanted: priced(isAudible ? Math.min(output, sliceTokens) : output),
    least: priced(Math.min(output, leastOutput)),
  };
}

function free(target: Target): Quote {
  const nothing = { input: 0, output: 0 };
  const rates: Rates = { tiers: [] };
  return {
    target,
    tier: "default",
    rates,
    ...nothing,
    isBounded: true,
    isAudible: false,
    estimate: nothing,
    wanted: 0,
    least: 0,
  };
}

/** Where each protocol bounds an answer; several names for the same thing, the newest first. */
const bounds = {
  responses: ["max_output_tokens"],
  chat: ["max_completion_tokens", "max_tokens"],
  messages: ["max_tokens"],
  gemini: ["maxOutputTokens"],
} as const satisfies Record<ProtocolId, readonly string[]>;

function outputOf({ protocol, body, kind }: Asked, target: Target): Pick<Quote, "output" | "isBounded"> {
  if (kind !== "answer") return { output: 0, isBounded: true };
  const facts = modelFacts(target.model);
  const options = protocol === "gemini" ? obj(body.generationConfig ?? body.generation_config ?? {}) : body;
  const asked = bounds[protocol].map((name) => options[name]).find((value) => typeof value === "number");
  const most = facts.maxOutput;
  // Thinking by a number of tokens is put on top of what was asked for (models/fit.ts).
  const isRaised = facts.dial.style === "budget" && protocol !== target.protocol;
  const told = typeof asked === "number" && asked > 0 && !isRaised ? asked : undefined;
  // A context is no bound to hold money for: all of it would be wanted of a budget for an answer of some lines.
  const each = Math.min(told ?? most ?? usualOutput, most ?? facts.context ?? Number.POSITIVE_INFINITY);
  return { output: each * choicesOf(options), isBounded: told !== undefined || most !== undefined };
}

function choicesOf({ n, candidateCount, candidate_count, best_of }: Obj): number {
  const numbers = [n, candidateCount, candidate_count, best_of].filter((each) => typeof each === "number");
  return Math.max(1, ...numbers);
}

/** Anthropic's fast mode is a speed beside its tiers, and the dearer of the two. */
function tierOf({ service_tier, serviceTier, speed }: Obj): Tier {
  const tier = speed === "fast" ? speed : (service_tier ?? serviceTier);
  return typeof tier === "string" ? tier.toLowerCase() : "default";
}

/** The members to set for a relayed body to be answered in so many tokens, in the words of its protocol. */
export function withCap({ provider, protocol }: Target, body: Obj, tokens: number): readonly [string, number | Obj] {
  if (protocol === "gemini") {
    const member = isObj(body.generation_config) ? "generation_config" : "generationConfig";
    return [member, { ...obj(body[member] ?? {}), maxOutputTokens: tokens }];
  }
  const usual = protocol === "chat" && provider.quirks?.includes("max-tokens") ? "max_tokens" : bounds[protocol][0];
  return [bounds[protocol].find((name) => typeof body[name] === "number") ?? usual, tokens];
}
