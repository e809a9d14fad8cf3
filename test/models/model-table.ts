/**
 * `npm run models`: writes src/models/models.json, what the Worker keeps of @pydantic/genai-prices (MIT): the names, the
 * context and the prices of each model of each vendor that a provider of ours is, one model a line (table.ts reads them).
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ConditionalPrice,
  findProvider,
  type MatchLogic,
  type ModelInfo,
  type ModelPrice,
  type Provider,
} from "@pydantic/genai-prices";
import { priceMembers, vendors } from "../../src/models/table.ts";

/** What the file holds. */
export function modelTable() {
  return Object.fromEntries(
    vendors.map((id) => {
      const { models, fallback_model_providers: all = [] } = vendorOf(id);
      const fallbacks = all.filter((other) => vendors.some((vendor) => vendor === other));
      return [id, { fallbacks, models: models.map((model) => lineOf(id, model)) }];
    }),
  );
}

/** The package's own data of a vendor. */
export function vendorOf(id: string): Provider {
  const provider = findProvider({ providerId: id });
  if (provider?.id !== id) throw new Error(`@pydantic/genai-prices knows no ${id}`);
  return provider;
}

/** The package's name of each of our members. */
export const packageMembers = {
  input: "input_mtok",
  output: "output_mtok",
  cache_read: "cache_read_mtok",
  cache_write: "cache_write_mtok",
  cache_write_1h: "cache_write_1h_mtok",
  reasoning: "output_reasoning_mtok",
  input_audio: "input_audio_mtok",
  cache_read_audio: "cache_audio_read_mtok",
  output_audio: "output_audio_mtok",
  output_image: "output_image_mtok",
  search: "web_searches_kcount",
} as const satisfies Record<(typeof priceMembers)[number], string>;

/** Fees of tools that are reserved for elsewhere (hosted.ts): a model that has them has a price all the same. */
const ofTools: ReadonlySet<string> = new Set(["storage_searches_kcount"]);

const counted: ReadonlySet<string> = new Set([...Object.values(packageMembers), ...ofTools]);

function lineOf(vendor: string, { id, match, context_window: context, prices }: ModelInfo): string {
  const dated: readonly ConditionalPrice[] = Array.isArray(prices) ? prices : [{ prices }];
  const isKnown = dated.every(({ prices }) => isPrice(vendor, id, prices));
  return [namesOf(match).join(" "), context ?? "", ...(isKnown ? dated.map(priceOf) : [])].join(" | ");
}

/** By units that no usage of ours counts (hours, pages, tokens of video) nothing can be charged: no price, not 0. */
export function isPrice(vendor: string, id: string, price: ModelPrice): boolean {
  const members = Object.keys(price);
  return members.length === 0 ? isFree(vendor, id) : members.every((member) => counted.has(member));
}

/** An empty price is one that was forgotten, but for those that say so and Google's open models on its own API. */
function isFree(vendor: string, id: string): boolean {
  return id.endsWith(":free") || (vendor === "google" && id.startsWith("gemma-")) || id === "moderation";
}

function priceOf({ constraint, prices }: ConditionalPrice): string {
  const over = Object.values(prices).flatMap((price) => (typeof price === "object" ? price.tiers : []));
  const starts = [...new Set(over.map(({ start }) => start))].sort((one, other) => one - other);
  const tiers = starts.flatMap((start) => [`over ${start}`, ...membersAt(prices, start)]);
  return [...whenOf(constraint), ...membersAt(prices, -1), ...tiers].join(" ");
}

function whenOf(constraint: ConditionalPrice["constraint"]): string[] {
  if (constraint === undefined) return [];
  if (constraint.type === "start_date") return [`from ${Date.parse(constraint.start_date)}`];
  return [`start ${millisecondOf(constraint.start_time)}`, `end ${millisecondOf(constraint.end_time)}`];
}

/** The price of each member where the input is longer than `start`. */
function membersAt(prices: ModelPrice, start: number): string[] {
  return priceMembers.flatMap((member) => {
    const price = prices[packageMembers[member]];
    if (price === undefined) return [];
    if (typeof price === "number") return [`${member} ${price}`];
    const at = price.tiers.reduce((found, tier) => (tier.start <= start ? tier.price : found), price.base);
    return [`${member} ${at}`];
  });
}

function millisecondOf(time: string): number {
  if (!time.endsWith("Z")) throw new Error(`${time} is not UTC`);
  return Date.parse(`1970-01-01T${time}`);
}

/** In the words of table.ts: any of these. */
function namesOf(match: MatchLogic): string[] {
  if ("or" in match) return match.or.flatMap(namesOf);
  return ["and" in match ? match.and.map(nameOf).join("&") : nameOf(match)];
}

function nameOf(match: MatchLogic): string {
  if ("regex" in match) return `/${plain(match.regex, /[ &]/)}/`;
  if ("equals" in match) return literal(match.equals);
  if ("starts_with" in match) return `${literal(match.starts_with)}*`;
  if ("ends_with" in match) return `*${literal(match.ends_with)}`;
  if ("contains" in match) return `*${literal(match.contains)}*`;
  throw new Error(`no name: ${JSON.stringify(match)}`);
}

function literal(name: string): string {
  return plain(name, /[*& ]|^\//).toLowerCase();
}

/** What our words could not say must not pass in silence. */
function plain(name: string, special: RegExp): string {
  if (special.test(name)) throw new Error(`${name} cannot be written`);
  return name;
}

if (import.meta.main) {
  writeFileSync(join(import.meta.dirname, "../../src/models/models.json"), `${JSON.stringify(modelTable())}\n`);
}
