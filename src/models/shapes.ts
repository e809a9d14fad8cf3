/** The list of models in the shape that its caller reads (wire.md D.4.11); unknown numbers are left out, not made up. */
import { defined, type Obj } from "../canon/json.ts";
import type { ModelEntry } from "./list.ts";
import type { Rates } from "./price.ts";
import type { PriceMember, TieredPrice } from "./table.ts";

/** OpenAI's list entry, with what agents otherwise keep in catalog files of their own, the price in OpenRouter's words. */
export function openaiModel({ id, provider, known, rates }: ModelEntry): Obj {
  const facts = known?.facts;
  return defined({
    id,
    object: "model",
    created: 0,
    owned_by: provider,
    context_window: facts?.context,
    max_output_tokens: facts?.maxOutput,
    reasoning_efforts: known !== undefined && known.efforts.length > 0 ? known.efforts : undefined,
    input_modalities: facts?.inputs,
    supports_tools: known === undefined ? undefined : true,
    pricing: rates && pricing(rates),
  });
}

/** US dollars a token or a search, as texts; of a longer input, what differs for the whole call. */
function pricing({ tiers: [base, ...longer] }: Rates): Obj {
  const tiers = longer.map((tier) => ({ min_prompt_tokens: (tier.over ?? 0) + 1, ...priceOf(tier) }));
  return { ...priceOf({ input: 0, output: 0, ...base }), ...(tiers.length > 0 && { tiers }) };
}

const priceWords = {
  input: "prompt",
  output: "completion",
  cache_read: "input_cache_read",
  cache_write: "input_cache_write",
  search: "web_search",
} as const satisfies Partial<Record<PriceMember, string>>;

function priceOf(price: TieredPrice): Obj {
  const members = Object.keys(priceWords) as (keyof typeof priceWords)[];
  return defined(Object.fromEntries(members.map((member) => [priceWords[member], usd(price[member])])));
}

/** Without an exponent, which readers of such texts do not expect. */
function usd(nano: number | undefined): string | undefined {
  return nano === undefined ? undefined : (nano / 1e9).toFixed(15).replace(/\.?0+$/, "");
}

/** Anthropic's page of models (wire.md B.3.6): one page holds them all. */
export function anthropicModels(entries: readonly ModelEntry[]): Obj {
  const data = entries.map(anthropicModel);
  return { data, first_id: entries[0]?.id ?? null, last_id: entries.at(-1)?.id ?? null, has_more: false };
}

export function anthropicModel({ id, known }: ModelEntry): Obj {
  const facts = known?.facts;
  const efforts = known?.efforts ?? [];
  const levels = ["low", "medium", "high", "xhigh", "max"] as const;
  const effort = Object.fromEntries(levels.map((level) => [level, efforts.includes(level)]));
  return defined({
    type: "model",
    id,
    display_name: known?.name ?? id,
    created_at: "1970-01-01T00:00:00Z",
    max_input_tokens: facts?.context,
    max_tokens: facts?.maxOutput,
    capabilities: known && { effort: { supported: efforts.length > 0, ...effort } },
  });
}

/** Gemini's page of models (wire.md B.4.1). */
export function geminiModels(entries: readonly ModelEntry[]): Obj {
  return { models: entries.map(geminiModel) };
}

export function geminiModel({ id, known }: ModelEntry): Obj {
  return defined({
    name: `models/${id}`,
    displayName: known?.name ?? id,
    inputTokenLimit: known?.facts.context,
    outputTokenLimit: known?.facts.maxOutput,
    supportedGenerationMethods: ["generateContent", "streamGenerateContent", "countTokens"],
  });
}
