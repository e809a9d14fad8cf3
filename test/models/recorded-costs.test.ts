/** What recorded calls counted and cost: our numbers against those of @pydantic/genai-prices, which reads and bills apart. */
import { extractUsage } from "@pydantic/genai-prices";
import { describe, expect, it } from "vitest";
import type { Usage } from "../../src/canon/usage.ts";
import { costOf, ratesOf, vendorOf } from "../../src/models/price.ts";
import { haveRecordings } from "../recordings.ts";
import { vendorOf as packaged } from "./model-table.ts";
import { packageCost } from "./package-cost.ts";
import { type RecordedCall, recordedCalls } from "./recorded.ts";

const now = Date.UTC(2026, 10, 24, 12);

/** Where a recording's host is a provider of ours. */
const hosts: readonly (readonly [RegExp, string])[] = [
  [/^api\.openai\.com$/, "openai"],
  [/^api\.anthropic\.com$/, "anthropic"],
  [/^generativelanguage\.googleapis\.com$/, "gemini"],
  [/aiplatform\.googleapis\.com$/, "vertex"],
  [/\.azure\.com$/, "azure"],
  [/^bedrock-runtime/, "bedrock"],
  [/^openrouter\.ai$/, "openrouter"],
  [/^api\.groq\.com$/, "groq"],
  [/^api\.deepseek\.com$/, "deepseek"],
  [/^api\.mistral\.ai$/, "mistral"],
  [/^api\.x\.ai$/, "xai"],
  [/^api\.together\.xyz$/, "together"],
  [/^api\.fireworks\.ai$/, "fireworks"],
  [/^api\.cerebras\.ai$/, "cerebras"],
  [/^api\.moonshot\./, "moonshot"],
];

/** Where more is billed than the package reads: the passes before the last one, and thoughts that only a total counts. */
const billedBeside = [
  "ai__anthropic__anthropic-compaction.1__0",
  "ai__anthropic__anthropic-fallback__0",
  "pydantic-ai__test_anthropic__test_anthropic_advisor_tool_message_replay__0",
  "pydantic-ai__test_openai__test_compatible_api_with_tool_calls_without_id__0",
  "pydantic-ai__test_openai__test_compatible_api_with_tool_calls_without_id__1",
];

const providerOf = ({ host }: RecordedCall): string | undefined => hosts.find(([pattern]) => pattern.test(host))?.[1];

describe.skipIf(!haveRecordings)("recorded calls", () => {
  const calls = recordedCalls();

  it("cost what the package bills, to the nano-dollar", () => {
    const tally = { equal: 0, unknown: 0, elsewhere: 0 };
    const unlike: string[] = [];
    for (const call of calls) {
      const id = providerOf(call);
      const vendor = id === undefined ? undefined : vendorOf[id];
      if (id === undefined || vendor === undefined) {
        tally.elsewhere++;
        continue;
      }
      const rates = ratesOf({ id }, call.model, now, new Map());
      const cost = packageCost(vendor, call.model, now, call.usage);
      const ours = rates && costOf(rates, call.usage, "default");
      if (ours === undefined && cost === undefined) tally.unknown++;
      else if (Math.abs((ours ?? -1) - (cost ?? -1)) <= 0.5 + 1e-6) tally.equal++;
      else unlike.push(`${call.name} (${id}/${call.model}): ${ours} and ${cost}`);
    }
    console.info("costs of recorded calls", tally);
    expect(unlike).toEqual([]);
    expect(tally.equal).toBeGreaterThan(600);
  });

  it("count what the package reads off the same answers", () => {
    const flavours = { chat: "chat", responses: "responses", messages: "default", gemini: "default" } as const;
    const unlike: string[] = [];
    let equal = 0;
    for (const call of calls) {
      const id = providerOf(call);
      if (call.answer === undefined || (id !== "openai" && id !== "anthropic" && id !== "gemini")) continue;
      const { usage } = extractUsage(packaged(vendorOf[id] ?? ""), call.answer, flavours[call.protocol]);
      const theirs = [usage.input_tokens, usage.cache_read_tokens, usage.cache_write_tokens, usage.output_tokens];
      if (JSON.stringify(theirs.map(some)) === JSON.stringify(counts(call.usage).map(some))) equal++;
      else unlike.push(call.name.replace(/\.json$/, ""));
    }
    console.info(`counts of recorded answers: ${equal} equal`);
    expect(unlike).toEqual(billedBeside);
    expect(equal).toBeGreaterThan(350);
  });
});

function counts({ input, cacheRead, cacheWrite, output }: Usage): readonly (number | undefined)[] {
  return [input, cacheRead, cacheWrite, output];
}

/** One reader's absent is the other's zero. */
function some(count: number | undefined): number {
  return count ?? 0;
}
