/**
 * What is known of each vendor's models by name: contexts and prices, from @pydantic/genai-prices (MIT). `npm run models`
 * writes models.json anew, and a test holds both against each other. The package itself would be 76 KB more of a bundle
 * (gzip) and 25 ms more of each isolate's start, as measured; this is 16 KB, and read when a vendor is first asked for.
 */
import table from "./models.json" with { type: "json" };

/** The vendors, as the package calls them, whose prices a provider of the catalog has. */
export const vendors = [
  ...["openai", "anthropic", "google", "aws", "azure", "openrouter", "groq", "deepseek"],
  ...["mistral", "x-ai", "together", "fireworks", "cerebras", "moonshotai", "cloudflare"],
] as const;

/** US dollars per million tokens; `search`: per thousand searches. */
export const priceMembers = [
  "input",
  "output",
  "cache_read",
  "cache_write",
  "cache_write_1h",
  "reasoning",
  "input_audio",
  "cache_read_audio",
  "output_audio",
  "output_image",
  "search",
] as const;

export type PriceMember = (typeof priceMembers)[number];

/** In US dollars; what has no member of its own costs what the wider one does (a cached token: an input token). */
export type Price = { readonly [member in PriceMember]?: number };

/** A price of calls whose input is longer than `over` tokens, the whole of it. */
export interface TieredPrice extends Price {
  readonly over?: number;
}

/** The last one that holds is right; the first one holds where none does. */
export interface DatedPrice {
  /** Milliseconds since 1970. */
  readonly from?: number;
  /** Milliseconds since midnight, UTC; over midnight where the second is less. */
  readonly between?: readonly [start: number, end: number];
  /** By rising `over`. */
  readonly tiers: readonly TieredPrice[];
}

/** `name`, `start*`, `*end`, `*part*` or `/pattern/`, in lower case. */
type Name = string | readonly string[];

export interface Entry {
  /** Any of them; a list within: all of it. */
  readonly names: readonly Name[];
  /** Tokens. */
  readonly context?: number;
  /** Empty where none is known. */
  readonly prices: readonly DatedPrice[];
}

/** Of a vendor: the lines of its models, and whose models it sells at the same price. */
interface Vendor {
  readonly fallbacks: readonly string[];
  readonly models: readonly string[];
}

const known: Readonly<Record<string, Vendor>> = table;

/** The first entry that has this name. A date in one piece (`-20250929`) is tried as the vendors' other way too. */
export function entryOf(vendor: string, model: string): Entry | undefined {
  const name = model.toLowerCase().trim();
  const dated = name.replace(/-(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)/g, "-$1-$2-$3");
  return find(vendor, name) ?? (dated === name ? undefined : find(vendor, dated));
}

function find(vendor: string, name: string): Entry | undefined {
  const vendors = [vendor, ...(known[vendor]?.fallbacks ?? [])];
  for (const each of vendors) {
    const found = entriesOf(each).find(({ names }) => names.some((pattern) => isNamed(pattern, name)));
    if (found !== undefined) return found;
  }
  return undefined;
}

const read = new Map<string, readonly Entry[]>();

function entriesOf(vendor: string): readonly Entry[] {
  const before = read.get(vendor);
  if (before !== undefined) return before;
  const entries = known[vendor]?.models.map(readLine) ?? [];
  read.set(vendor, entries);
  return entries;
}

/** `names | context | price | later price …`; the context is empty where it is not known. */
function readLine(line: string): Entry {
  const [names = "", context = "", ...prices] = line.split(" | ");
  return {
    names: names.split(" ").map((name) => (name.includes("&") ? name.split("&") : name)),
    ...(context !== "" && { context: Number(context) }),
    prices: prices.map(readPrice),
  };
}

/** Members and their numbers, the tiers one after another: `from 1785369600000 input 1 output 6 over 271999 input 2 …`. */
function readPrice(text: string): DatedPrice {
  const [first = {}, ...longer] = text.split(/ (?=over )/).map(readMembers);
  const { from, start, end, ...base } = first;
  const isDaily = start !== undefined && end !== undefined;
  return { ...(from !== undefined && { from }), ...(isDaily && { between: [start, end] }), tiers: [base, ...longer] };
}

/** A parse: that the members are these is for the test that reads all lines. */
function readMembers(text: string) {
  const pairs = [...text.matchAll(/(\w+) (\S+)/g)].map(([, member, value]) => [member, Number(value)]);
  return Object.fromEntries(pairs) as TieredPrice & { from?: number; start?: number; end?: number };
}

function isNamed(pattern: Name, name: string): boolean {
  if (typeof pattern !== "string") return pattern.every((each) => isNamed(each, name));
  if (pattern.startsWith("/")) return new RegExp(pattern.slice(1, -1)).test(name);
  const isOpen = pattern.endsWith("*");
  const part = pattern.replaceAll("*", "");
  if (pattern.startsWith("*")) return isOpen ? contains(part, name) : name.endsWith(part);
  return isOpen ? name.startsWith(part) && !goesOn(part, name.slice(part.length)) : name === part;
}

function contains(part: string, name: string): boolean {
  const at = name.indexOf(part);
  return at >= 0 && !goesOn(part, name.slice(at + part.length));
}

/** Does a version number go on where the pattern ends? `claude-sonnet-5-5` is not `claude-sonnet-5*`. */
function goesOn(part: string, rest: string): boolean {
  return /\d$/.test(part) && /^[.-]\d{1,2}(?!\d)/.test(rest);
}
