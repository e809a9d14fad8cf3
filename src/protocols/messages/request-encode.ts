/** Canon -> a Messages request. What the model takes was fitted before: here each option has one way to be said. */
import { reportForeign } from "../../canon/foreign.ts";
import { defined, type Obj, obj } from "../../canon/json.ts";
import type { Block, CanonRequest, Format, Lose, ReasoningOptions } from "../../canon/request.ts";
import { invalid, unsupported } from "../../fault.ts";
import { blank } from "./blocks-encode.ts";
import { encodeConversation } from "./conversation.ts";
import { encodeToolChoice, encodeTools } from "./tools.ts";

export function encodeRequest(request: CanonRequest, lose: Lose): Obj {
  if (request.maxOutput === undefined) throw invalid("maxOutput", "Anthropic wants a limit of the output.");
  reportForeign(request.ext, "messages", lose);
  reportHints(request, lose);
  const { thinking, output_config, metadata, ...own } = request.ext?.messages ?? {};
  const tools = encodeTools(request, lose);
  return {
    model: request.model,
    max_tokens: request.maxOutput,
    ...encodeConversation(request, lose),
    ...defined({
      tools,
      tool_choice: encodeToolChoice(request, tools),
      thinking: encodeThinking(request, obj(thinking)),
      output_config: encodeOutput(request, obj(output_config)),
      stop_sequences: encodeStop(request),
      temperature: encodeTemperature(request, lose),
      top_p: request.topP,
      top_k: request.topK,
      metadata: encodeMetadata(request, obj(metadata), lose),
      service_tier: encodeTier(request, lose),
      cache_control: request.ext?.messages === undefined && !marked(request) ? { type: "ephemeral" } : undefined,
    }),
    stream: request.stream,
    ...own,
  };
}

/** Options that only tune the answer and that Anthropic does not have; zero is the same as none. */
function reportHints(request: CanonRequest, lose: Lose): void {
  if (request.seed !== undefined) lose("seed");
  if (request.presencePenalty !== undefined && request.presencePenalty !== 0) lose("presencePenalty");
  if (request.frequencyPenalty !== undefined && request.frequencyPenalty !== 0) lose("frequencyPenalty");
  if (request.verbosity !== undefined) lose("verbosity");
  if (request.format?.type === "schema" && request.format.description !== undefined) lose("format.description");
  if (request.metadata !== undefined) lose("metadata");
}

const thinkingTypes = {
  adaptive: "adaptive",
  budget: "enabled",
  between_tools: "between_tools",
  off: "disabled",
} as const satisfies Record<NonNullable<ReasoningOptions["mode"]>, string>;

/**
 * A caller of another protocol who asked for no summary gets none: models differ in what they show when nothing is
 * said. A Messages caller who said nothing means just that.
 */
function encodeThinking({ reasoning, ext }: CanonRequest, own: Obj): Obj | undefined {
  const mode = reasoning?.mode;
  if (mode === undefined) return undefined;
  const silent = mode === "adaptive" && ext?.messages === undefined ? "none" : undefined;
  const summary = mode === "adaptive" || mode === "budget" ? (reasoning?.summary ?? silent) : undefined;
  return {
    type: thinkingTypes[mode],
    ...defined({
      budget_tokens: mode === "budget" ? reasoning?.budget : undefined,
      display: summary === undefined ? undefined : summary === "none" ? "omitted" : "summarized",
    }),
    ...own,
  };
}

function encodeOutput({ reasoning, format }: CanonRequest, own: Obj): Obj | undefined {
  const { format: ownFormat, ...others } = own;
  const effort = reasoning?.effort;
  const config = defined({
    effort: effort === "none" || effort === "minimal" ? undefined : effort,
    format: encodeFormat(format, obj(ownFormat)),
    ...others,
  });
  return Object.keys(config).length > 0 ? config : undefined;
}

function encodeFormat(format: Format | undefined, own: Obj): Obj | undefined {
  switch (format?.type) {
    case undefined:
    case "text":
      return undefined;
    case "json":
      throw unsupported("format", "asks for JSON without a schema, which Anthropic cannot promise.");
    case "schema":
      return { type: "json_schema", schema: format.schema, ...own };
  }
}

function encodeStop({ stop }: CanonRequest): readonly string[] | undefined {
  if (stop?.some(blank) === true) throw unsupported("stop", "has a sequence of white space, which Anthropic refuses.");
  return stop;
}

function encodeTemperature({ temperature }: CanonRequest, lose: Lose): number | undefined {
  if (temperature === undefined || temperature <= 1) return temperature;
  lose("temperature", `${temperature}>1`);
  return 1;
}

function encodeMetadata({ user }: CanonRequest, own: Obj, lose: Lose): Obj | undefined {
  const tooLong = user !== undefined && user.length > 256;
  if (tooLong) lose("user");
  const metadata = { ...defined({ user_id: tooLong ? undefined : user }), ...own };
  return Object.keys(metadata).length > 0 ? metadata : undefined;
}

/** OpenAI's words for a service tier, and the nearest that Anthropic has. */
const tiers: ReadonlyMap<string, { readonly tier: string; readonly same: boolean }> = new Map([
  ["auto", { tier: "auto", same: true }],
  ["default", { tier: "standard_only", same: true }],
  ["flex", { tier: "standard_only", same: false }],
  ["priority", { tier: "auto", same: false }],
  ["scale", { tier: "auto", same: false }],
  ["fast", { tier: "auto", same: false }],
  ["ultrafast", { tier: "auto", same: false }],
]);

function encodeTier({ tier }: CanonRequest, lose: Lose): string | undefined {
  if (tier === undefined) return undefined;
  const known = tiers.get(tier);
  if (known === undefined) lose("tier");
  else if (!known.same) lose("tier", `${tier}>${known.tier}`);
  return known?.tier;
}

/** Has the caller thought about caching? */
function marked({ instructions, turns, tools }: CanonRequest): boolean {
  const has = (block: Block): boolean =>
    block.type !== "opaque" && (block.cache !== undefined || (block.type === "result" && block.blocks.some(has)));
  return (
    (instructions ?? []).some(has) ||
    turns.some(({ blocks }) => blocks.some(has)) ||
    (tools ?? []).some((tool) => "cache" in tool && tool.cache !== undefined)
  );
}
