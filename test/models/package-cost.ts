/** The bill that @pydantic/genai-prices itself makes of a usage of ours. */
import { calcPrice } from "@pydantic/genai-prices";
import { defined } from "../../src/canon/json.ts";
import type { Usage } from "../../src/canon/usage.ts";
import { isPrice } from "./model-table.ts";

/** Nano-dollars, not rounded; `undefined` where the package has no price, or one by units that no usage counts. */
export function packageCost(vendor: string, model: string, at: number, usage: Usage): number | undefined {
  const found = calcPrice(packageUsage(usage), model, { providerId: vendor, timestamp: new Date(at) });
  if (found === null || !isPrice(found.provider.id, found.model.id, found.model_price)) return undefined;
  return found.total_price * 1e9;
}

function packageUsage(usage: Usage): Record<string, number> {
  return defined({
    input_tokens: usage.input,
    cache_read_tokens: usage.cacheRead,
    cache_write_tokens: usage.cacheWrite,
    cache_write_1h_tokens: usage.cacheWriteLong,
    output_tokens: usage.output,
    output_reasoning_tokens: usage.reasoning,
    input_audio_tokens: usage.inputAudio,
    cache_audio_read_tokens: usage.cacheReadAudio,
    output_audio_tokens: usage.outputAudio,
    output_image_tokens: usage.outputImage,
    web_searches: usage.searches,
  });
}
