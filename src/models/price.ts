/**
 * What a call costs: the prices of a provider's model at a time, and the arithmetic of a bill. Money is in nano-dollars.
 * A price that nobody knows is `undefined`, never 0. Pure.
 */
import type { Usage } from "../canon/usage.ts";
import type { Provider } from "../providers/provider.ts";
import { factorsOf } from "./service-tier.ts";
import { type DatedPrice, type Entry, entryOf, type Price, priceMembers, type TieredPrice } from "./table.ts";

/** The operator's own prices: `provider/model`, or a beginning of it with `*` behind, to what it costs. */
export type PriceTable = ReadonlyMap<string, Price>;

/** The service tier that was asked for, in the provider's own word and in lower case; `default` where none was. */
export type Tier = string;

/** Nano-dollars for one token or one search; fractions happen. */
export interface Rates {
  /** By rising `over`; which one holds depends on the whole input. None at all: it costs nothing. */
  readonly tiers: readonly TieredPrice[];
  /** What a token's price is multiplied with in each service tier. */
  readonly factors?: Readonly<Record<Tier, number>>;
}

/** What this provider takes for this model at this time; the operator's word goes before the vendor's. */
export function ratesOf(
  { id, quirks }: Pick<Provider, "id" | "quirks">,
  model: string,
  at: number,
  own: PriceTable,
): Rates | undefined {
  const factors = factorsOf(id, model);
  const said = ownPrice(own, `${id}/${model}`);
  if (said !== undefined) return { tiers: [inNano(said)], factors };
  if (quirks?.includes("simulated")) return { tiers: [] };
  const tiers = listed(id, model).findLast((dated, index) => index === 0 || holds(dated, at))?.tiers;
  return tiers === undefined ? undefined : { tiers, factors };
}

/** What a call came to: whole, rounded once, up at half. What the usage does not tell is not charged. */
export function costOf(rates: Rates, usage: Usage, tier: Tier): number {
  const input = usage.input ?? 0;
  const price = rates.tiers.findLast(({ over = -1 }) => input > over);
  if (price === undefined) return 0;
  const tokens = inputCost(price, usage) + outputCost(price, usage);
  const searches = (usage.searches ?? 0) * (price.search ?? 0);
  return Math.floor(exact(tokens * factorOf(rates, tier) + searches) + 0.5);
}

/** The most that a call of so many tokens can cost: each at its dearest, in the dearest tier that its input may reach. */
export function mostCost(rates: Rates, { input, output }: { input: number; output: number }, tier: Tier): number {
  const factor = factorOf(rates, tier);
  const most = reached(rates, input).map(
    (each) => each.tokens * dearestInput(each.price) + output * dearestOutput(each.price),
  );
  return Math.ceil(exact(Math.max(0, ...most) * factor));
}

/** How many tokens an answer may have for which this money is sure to do; Infinity where they cost nothing. */
export function outputFor(rates: Rates, nano: number, input: number, tier: Tier): number {
  const factor = factorOf(rates, tier);
  const each = reached(rates, input).map(({ price, tokens }) => {
    const left = nano - tokens * dearestInput(price) * factor;
    const one = dearestOutput(price) * factor;
    if (left < 0) return 0;
    return one === 0 ? Number.POSITIVE_INFINITY : Math.floor(left / one);
  });
  return Math.min(...each);
}

/** The vendors' names in the table. Whoever else there is sells at a price of its own, which the operator has to say. */
export const vendorOf: Readonly<Record<string, string>> = {
  openai: "openai",
  anthropic: "anthropic",
  gemini: "google",
  vertex: "google",
  "vertex-claude": "google",
  bedrock: "aws",
  "bedrock-chat": "aws",
  azure: "azure",
  openrouter: "openrouter",
  groq: "groq",
  deepseek: "deepseek",
  mistral: "mistral",
  xai: "x-ai",
  together: "together",
  fireworks: "fireworks",
  cerebras: "cerebras",
  moonshot: "moonshotai",
  "workers-ai": "cloudflare",
};

/** The vendor's entry for this model, as its provider calls it. */
function entryFor(provider: string, model: string): Entry | undefined {
  const vendor = vendorOf[provider];
  return vendor === undefined ? undefined : entryOf(vendor, model);
}

/** Names come from callers: what is remembered of them has a bound. */
const mostRemembered = 500;
const remembered = new Map<string, readonly DatedPrice[]>();

/** All prices that the vendor's list has for this model, in nano-dollars. */
function listed(provider: string, model: string): readonly DatedPrice[] {
  const name = `${provider}/${model}`;
  const before = remembered.get(name);
  if (before !== undefined) return before;
  const prices = entryFor(provider, model)?.prices ?? [];
  const found = prices.map((dated) => ({ ...dated, tiers: dated.tiers.map(inNano) }));
  if (remembered.size >= mostRemembered) remembered.clear();
  remembered.set(name, found);
  return found;
}

const dayMs = 86_400_000;

function holds({ from, between }: DatedPrice, at: number): boolean {
  if (from !== undefined && at < from) return false;
  if (between === undefined) return true;
  const [start, end] = between;
  const now = at % dayMs;
  return end < start ? now >= start || now < end : now >= start && now < end;
}

function ownPrice(own: PriceTable, name: string): Price | undefined {
  const exactly = own.get(name);
  if (exactly !== undefined) return exactly;
  const patterns = [...own.keys()].filter((pattern) => pattern.endsWith("*") && name.startsWith(pattern.slice(0, -1)));
  const longest = patterns.sort((one, other) => other.length - one.length)[0];
  return longest === undefined ? undefined : own.get(longest);
}

/** A dollar per million tokens is a thousand nano-dollars a token; per thousand searches, a million a search. */
function inNano(price: TieredPrice): TieredPrice {
  const members = priceMembers.flatMap((member) => {
    const usd = price[member];
    return usd === undefined ? [] : [[member, usd * (member === "search" ? 1_000_000 : 1000)] as const];
  });
  return { ...(price.over !== undefined && { over: price.over }), ...Object.fromEntries(members) };
}

/** Each part of the input by what it costs beyond a plain token: a part that has no price of its own adds nothing. */
function inputCost(price: Price, usage: Usage): number {
  const input = usage.input ?? 0;
  const plain = price.input ?? 0;
  const cacheRead = Math.min(usage.cacheRead ?? 0, input);
  const cacheWrite = Math.min(usage.cacheWrite ?? 0, input - cacheRead);
  const cacheWriteLong = Math.min(usage.cacheWriteLong ?? 0, cacheWrite);
  const { cache_read: read = plain, cache_write: write = plain } = price;
  const { cache_write_1h: writeLong = write, input_audio: audio = plain } = price;
  const { cache_read_audio: readAudio = read + audio - plain } = price;
  return (
    input * plain +
    cacheRead * (read - plain) +
    cacheWrite * (write - plain) +
    cacheWriteLong * (writeLong - write) +
    (usage.inputAudio ?? 0) * (audio - plain) +
    (usage.cacheReadAudio ?? 0) * (readAudio - read - audio + plain)
  );
}

function outputCost(price: Price, usage: Usage): number {
  const plain = price.output ?? 0;
  const { reasoning = plain, output_audio: audio = plain, output_image: image = plain } = price;
  return (
    (usage.output ?? 0) * plain +
    (usage.reasoning ?? 0) * (reasoning - plain) +
    (usage.outputAudio ?? 0) * (audio - plain) +
    (usage.outputImage ?? 0) * (image - plain)
  );
}

interface Reached {
  readonly price: TieredPrice;
  /** The most input that falls into it. */
  readonly tokens: number;
}

/** The tiers that an input of up to so many tokens may fall into. */
function reached({ tiers }: Rates, input: number): Reached[] {
  const within = tiers.filter(({ over = -1 }) => input > over);
  return within.map((price, index) => ({ price, tokens: Math.min(input, within[index + 1]?.over ?? input) }));
}

function dearestInput({ input = 0, cache_write = 0, cache_write_1h = 0, input_audio = 0 }: Price): number {
  return Math.max(input, cache_write, cache_write_1h, input_audio);
}

function dearestOutput({ output = 0, reasoning = 0, output_audio = 0, output_image = 0 }: Price): number {
  return Math.max(output, reasoning, output_audio, output_image);
}

/** A tier that nobody told us of may be as dear as the dearest. */
function factorOf({ factors = {} }: Rates, tier: Tier): number {
  return factors[tier] ?? Math.max(1, ...Object.values(factors));
}

/** Without the noise of binary fractions: to a thousandth. */
function exact(value: number): number {
  return Math.round(value * 1000) / 1000;
}
