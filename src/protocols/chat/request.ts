/** A Chat Completions request, read into canon and said out of it. */
import { reportForeign } from "../../canon/foreign.ts";
import { defined, isObj, type Json, type Obj } from "../../canon/json.ts";
import { type CanonRequest, type Ext, efforts, type Format, type Lose } from "../../canon/request.ts";
import { invalid } from "../../fault.ts";
import type { Open } from "../protocol.ts";
import { fields } from "./fields.ts";
import { userId } from "./ids.ts";
import {
  leftover,
  merge,
  oneOf,
  readFlag,
  readList,
  readNumber,
  readObj,
  readText,
  required,
  type Shape,
} from "./members.ts";
import { encodeMessages } from "./messages.ts";
import { decodeToolChoice, decodeTools, encodeToolChoice, encodeTools } from "./tools.ts";
import { decodeTurns } from "./turns.ts";

const tiers = ["auto", "default", "flex", "scale", "priority", "fast", "ultrafast"] as const;
const verbosities = ["low", "medium", "high"] as const;

/** Anthropic and Gemini give their schemas no name. */
const nameless = "answer";

const nested = {
  response_format: { type: true, json_schema: { name: true, description: true, schema: true, strict: true } },
  stream_options: { include_usage: true },
  web_search_options: { search_context_size: true, user_location: { type: true, approximate: true } },
} as const satisfies Shape;

const mapped = Object.entries(fields).flatMap(([field, disposition]) => (disposition === "mapped" ? [field] : []));
const known: Shape = { ...Object.fromEntries(mapped.map((field) => [field, true as const])), ...nested };

export function decode(body: Obj, open: Open): CanonRequest {
  const stream = readFlag(body.stream, "stream") ?? false;
  const options = readObj(body.stream_options, "stream_options") ?? {};
  const effort = readText(body.reasoning_effort, "reasoning_effort");
  const verbosity = readText(body.verbosity, "verbosity");
  return defined({
    model: required(readText(body.model, "model"), "model"),
    stream,
    turns: decodeTurns(body.messages, open),
    tools: decodeTools(body),
    toolChoice: decodeToolChoice(body),
    parallel: readFlag(body.parallel_tool_calls, "parallel_tool_calls"),
    reasoning: effort === undefined ? undefined : { effort: oneOf(efforts, effort, "reasoning_effort") },
    format: decodeFormat(readObj(body.response_format, "response_format")),
    verbosity: verbosity === undefined ? undefined : oneOf(verbosities, verbosity, "verbosity"),
    maxOutput: decodeLimit(body),
    stop: decodeStop(body.stop),
    temperature: readNumber(body.temperature, "temperature"),
    topP: readNumber(body.top_p, "top_p"),
    seed: readNumber(body.seed, "seed"),
    presencePenalty: readNumber(body.presence_penalty, "presence_penalty"),
    frequencyPenalty: readNumber(body.frequency_penalty, "frequency_penalty"),
    tier: decodeTier(body.service_tier),
    cacheKey: readText(body.prompt_cache_key, "prompt_cache_key"),
    user: readText(body.user, "user") ?? readText(body.safety_identifier, "safety_identifier"),
    metadata: readObj(body.metadata, "metadata"),
    // Without a stream the option means nothing, and OpenAI refuses it.
    streamUsage: stream ? readFlag(options.include_usage, "stream_options.include_usage") : undefined,
    ext: decodeExt(body),
  });
}

/** Both names of one limit: OpenAI refuses the two together. */
function decodeLimit(body: Obj): number | undefined {
  const now = readNumber(body.max_completion_tokens, "max_completion_tokens");
  const old = readNumber(body.max_tokens, "max_tokens");
  if (now !== undefined && old !== undefined && now !== old) {
    throw invalid("max_tokens", "it cannot stand beside max_completion_tokens.");
  }
  return now ?? old;
}

function decodeStop(value: Json | undefined): string[] | undefined {
  if (typeof value === "string") return [value];
  return readList(value, "stop")?.map((stop, at) => required(readText(stop, `stop[${at}]`), `stop[${at}]`));
}

/** A tier of another server's own (Groq's `on_demand`) stays with the members that only Chat knows. */
function decodeTier(value: Json | undefined): string | undefined {
  return tiers.find((tier) => tier === readText(value, "service_tier"));
}

function decodeFormat(format: Obj | undefined): Format | undefined {
  if (format === undefined) return undefined;
  const path = "response_format.json_schema";
  switch (format.type) {
    case "text":
      return { type: "text" };
    case "json_object":
      return { type: "json" };
    case "json_schema": {
      const schema = required(readObj(format.json_schema, path), path);
      return defined({
        type: "schema" as const,
        schema: readObj(schema.schema, `${path}.schema`) ?? {},
        // OpenAI wants a name, others (Perplexity) take a schema without one.
        name: readText(schema.name, `${path}.name`) ?? nameless,
        description: readText(schema.description, `${path}.description`),
        strict: readFlag(schema.strict, `${path}.strict`),
      });
    }
    default:
      throw invalid("response_format.type", "it must be one of text, json_object, json_schema.");
  }
}

/** What canon has no word for, but for what only says the default, which is to lose nothing on the way. */
function decodeExt(body: Obj): Ext | undefined {
  const kept = Object.entries(leftover(body, known, false) ?? {}).filter(
    ([member, value]) => !saysNothing(member, value),
  );
  if (readText(body.service_tier, "service_tier") !== undefined && decodeTier(body.service_tier) === undefined) {
    kept.push(["service_tier", body.service_tier]);
  }
  if (typeof body.user === "string" && typeof body.safety_identifier === "string") {
    kept.push(["safety_identifier", body.safety_identifier]);
  }
  return kept.length > 0 ? { chat: Object.fromEntries(kept) } : undefined;
}

function saysNothing(member: string, value: Json | undefined): boolean {
  if (value === null) return Object.hasOwn(fields, member);
  switch (member) {
    case "n":
      return value === 1;
    case "logprobs":
      return value === false;
    case "top_logprobs":
      return value === 0;
    case "logit_bias":
      return isObj(value) && Object.keys(value).length === 0;
    case "modalities":
      return Array.isArray(value) && value.every((modality) => modality === "text");
    default:
      return false;
  }
}

export function encode(request: CanonRequest, lose: Lose): Obj {
  reportForeign(request.ext, "chat", lose);
  if (request.topK !== undefined) lose("topK");
  const { summary, budget } = request.reasoning ?? {};
  if (summary !== undefined && summary !== "none") lose("reasoning.summary");
  if (budget !== undefined) lose("reasoning.budget");
  const tools = encodeTools(request.tools ?? []);
  // A choice among tools that were all left out would be refused for having none.
  const isLeftOut = request.tools !== undefined && tools.tools === undefined;
  const said = defined({
    model: request.model,
    messages: encodeMessages(request, lose),
    ...tools,
    tool_choice: request.toolChoice === undefined || isLeftOut ? undefined : encodeToolChoice(request.toolChoice),
    parallel_tool_calls: isLeftOut ? undefined : request.parallel,
    reasoning_effort: request.reasoning?.effort,
    response_format: request.format && encodeFormat(request.format),
    verbosity: request.verbosity,
    max_completion_tokens: request.maxOutput,
    stop: request.stop,
    temperature: request.temperature,
    top_p: request.topP,
    seed: request.seed,
    presence_penalty: request.presencePenalty,
    frequency_penalty: request.frequencyPenalty,
    service_tier: request.tier,
    prompt_cache_key: request.cacheKey,
    user: request.user === undefined ? undefined : userId(request.user),
    metadata: request.metadata,
    stream: request.stream,
    // Without it a stream says nothing of its tokens, whatever the caller wants to see of them.
    stream_options: request.stream ? { include_usage: true } : undefined,
  });
  return merge(said, request.ext?.chat);
}

function encodeFormat(format: Format): Obj {
  switch (format.type) {
    case "text":
      return { type: "text" };
    case "json":
      return { type: "json_object" };
    case "schema": {
      const { name, description, schema, strict } = format;
      const named = defined({ name: name ?? nameless, description, schema, strict });
      return { type: "json_schema", json_schema: named };
    }
  }
}
