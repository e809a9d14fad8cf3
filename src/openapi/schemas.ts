/**
 * The shapes of openapi.yaml: of a request only what the gateway reads itself, since everything else goes on to the
 * provider as it is; of an answer what the gateway writes itself. Bodies are not validated with these.
 */
import * as z from "zod";
import { groupings } from "../stores/store.ts";
import {
  changedKey,
  changedTeam,
  keySettings,
  newKey,
  newRoutes,
  newTeam,
  rotation,
  routesRollback,
  teamSettings,
} from "../teams/schemas.ts";

const modelName = z.string().meta({
  description: "`provider/model`, a well-known bare name, or an alias of the operator's.",
  examples: ["openai/gpt-5.5", "claude-sonnet-5"],
});
const optionalModel = z.nullish(z.string()).meta({
  description:
    "As elsewhere. Left out, the provider takes one of its own; then only one provider may have this endpoint.",
});
const stream = z.nullish(z.boolean()).meta({ description: "Answer with an event stream." });
const streamOptions = z.nullish(z.looseObject({ include_usage: z.boolean().optional() }));
const file = z.string().meta({ format: "binary" });
const model = z.object({ id: z.string(), object: z.literal("model"), created: z.int(), owned_by: z.string() });
const formModel = "Best before the files: where it is out of reach, only one provider may have this endpoint.";

const shownTeam = { id: z.string(), name: z.string(), created_at: z.string(), settings: teamSettings };
const shownKey = z.object({
  ...{ id: z.string(), name: z.string(), prefix: z.string(), settings: keySettings },
  ...{ created_at: z.string(), expires_at: z.nullable(z.string()), revoked_at: z.nullable(z.string()) },
});

const routesVersion = {
  version: z.int().meta({ description: "0: the configuration's." }),
  created_at: z.nullable(z.string()),
  source: z.enum(["admin", "configuration"]),
  restores: z.nullable(z.int()).meta({ description: "The version that was gone back to." }),
  routes: z.record(z.string(), z.unknown()).meta({ description: "As ROUTES is written." }),
  problems: z
    .array(z.object({ path: z.string(), message: z.string(), fix: z.string() }))
    .optional()
    .meta({ description: "What keeps it from being used, as the configuration is now." }),
};

function pageOf(item: z.ZodType) {
  return z.object({
    object: z.literal("list"),
    data: z.array(item),
    next: z.nullable(z.string()).meta({ description: "What to ask the next page with; null on the last." }),
  });
}

const usageSum = z.object({
  day: z.string().optional(),
  model: z.string().optional().meta({ description: "`default` where it was left to the provider." }),
  provider: z.string().optional(),
  key: z.string().optional(),
  effort: z.string().optional(),
  calls: z.int(),
  input_tokens: z.int().meta({ description: "Cached ones included." }),
  cache_read_tokens: z.int(),
  cache_write_tokens: z.int(),
  output_tokens: z.int().meta({ description: "Reasoning included." }),
  reasoning_tokens: z.int(),
  cost_usd: z.number(),
  estimated_calls: z.int().meta({ description: "Without numbers of the provider's own." }),
  unpriced_calls: z.int().meta({ description: "Of a model whose price is not known." }),
  cache_hits: z.int().meta({ description: "Answered from the cache." }),
  saved_usd: z.number().meta({ description: "What those would have cost." }),
});

const unknownCount = z.nullable(z.int());
const call = z.looseObject({
  ...{ id: z.string(), at: z.string(), key: z.string(), protocol: z.string() },
  asked_model: z.string().meta({ description: "As the caller wrote it." }),
  ...{ provider: z.string(), model: z.string(), effort: z.string().optional() },
  state: z.enum(["settled", "estimated", "released"]).meta({
    description: "With the provider's own numbers, without any, or with nothing generated.",
  }),
  swept: z.boolean().meta({ description: "Nobody told of its end: entered at what it held." }),
  status: z.int().meta({ description: "As the caller saw it; 0 where nobody knows." }),
  usage: z.object({
    ...{ input_tokens: unknownCount, cache_read_tokens: unknownCount, cache_write_tokens: unknownCount },
    ...{ output_tokens: unknownCount, reasoning_tokens: unknownCount },
  }),
  cost_usd: z.nullable(z.number()).meta({ description: "Null where no price is known." }),
  duration_ms: z.nullable(z.int()),
});

/** By name, as they stand under `components.schemas`. */
export const schemas: Readonly<Record<string, z.ZodType>> = {
  ResponsesRequest: z.looseObject({
    model: modelName,
    input: z.union([z.string(), z.array(z.unknown())]).optional(),
    stream,
  }),
  ChatRequest: z.looseObject({
    model: modelName,
    messages: z.array(z.unknown()),
    stream,
    stream_options: streamOptions,
  }),
  MessagesRequest: z.looseObject({ model: modelName, messages: z.array(z.unknown()), stream }),
  GeminiRequest: z.looseObject({}).meta({ description: "What Google describes for the method." }),
  EmbeddingsRequest: z.looseObject({
    model: modelName,
    input: z.union([z.string(), z.array(z.string()), z.array(z.int()), z.array(z.array(z.int()))]).meta({
      description: "Texts, or tokens, which Gemini does not understand.",
    }),
    dimensions: z.nullish(z.int().positive()),
    encoding_format: z.nullish(z.enum(["float", "base64"])),
  }),
  CompletionRequest: z.looseObject({ model: modelName, prompt: z.unknown(), stream, stream_options: streamOptions }),
  ModerationRequest: z.looseObject({ model: optionalModel, input: z.unknown() }),
  ImageRequest: z.looseObject({ model: optionalModel, prompt: z.string(), stream }),
  ImageEditRequest: z.looseObject({ model: optionalModel, prompt: z.string(), stream }).meta({
    description: "Images by URL; those by a file's id are not available.",
  }),
  ImageForm: z.looseObject({
    model: z.string().optional().meta({ description: formModel }),
    image: z.union([file, z.array(file)]).optional(),
  }),
  SpeechRequest: z.looseObject({
    model: modelName,
    input: z.string(),
    voice: z.unknown().meta({ description: "By its name; one by its id is not available." }),
    stream_format: z.nullish(z.enum(["sse", "audio"])),
  }),
  AudioForm: z.looseObject({ model: z.string().meta({ description: formModel }), file }),
  EmbeddingsAnswer: z.looseObject({
    object: z.literal("list"),
    data: z.array(
      z.looseObject({
        object: z.literal("embedding"),
        index: z.int(),
        embedding: z.union([z.array(z.number()), z.string()]).meta({
          description: "Numbers, or little-endian 32-bit floats in base64.",
        }),
      }),
    ),
    model: z.string(),
    usage: z.looseObject({ prompt_tokens: z.int(), total_tokens: z.int() }),
  }),
  Model: model,
  Models: z.object({
    object: z.literal("list"),
    data: z.array(model),
    models: z.array(z.looseObject({})).optional().meta({ description: "Codex's catalog." }),
  }),
  Usage: z.object({
    object: z.literal("usage"),
    group_by: z.array(z.enum(groupings)),
    data: z.array(usageSum),
  }),
  NewRoutes: newRoutes,
  RoutesRollback: routesRollback,
  Routes: z.object({ object: z.literal("routes"), ...routesVersion }),
  RoutesVersions: z.object({ object: z.literal("list"), data: z.array(z.object(routesVersion)) }),
  NewTeam: newTeam,
  ChangedTeam: changedTeam,
  Team: z.object({ ...shownTeam, webhook_secret: z.string() }),
  Teams: pageOf(z.object(shownTeam)),
  Deleted: z.object({ id: z.string(), deleted: z.literal(true) }),
  NewKey: newKey,
  ChangedKey: changedKey,
  Rotation: rotation,
  Key: shownKey,
  MadeKey: shownKey.extend({ key: z.string().meta({ description: "The key itself. It is kept nowhere." }) }),
  Keys: pageOf(shownKey),
  TargetHealth: z.object({
    object: z.literal("health"),
    data: z.array(
      z.object({
        provider: z.string(),
        model: z.string(),
        credential: z.string().optional().meta({ description: "The name of the setting that holds it." }),
        state: z.string(),
        until: z.number().optional().meta({ description: "Milliseconds since 1970." }),
        calls: z.int().meta({ description: "Of the last 30 seconds." }),
        error_rate: z.number(),
        first_content_ms: z.number().optional(),
        first_content_p95_ms: z.number().optional(),
      }),
    ),
  }),
  Forgotten: z.object({ forgotten: z.int() }),
  Calls: pageOf(call),
  Export: z.object({
    object: z.literal("export"),
    data: z.object({
      team: z.object(shownTeam).optional(),
      keys: z.array(shownKey).optional(),
      calls: z.array(call).optional(),
      usage: z.array(usageSum).optional(),
    }),
    next: z.nullable(z.string()).meta({ description: "What to send as `after` for the next page; null on the last." }),
  }),
  HeldKey: z.object({
    object: z.literal("key"),
    id: z.string(),
    name: z.string(),
    prefix: z.string(),
    created_at: z.string(),
    expires_at: z.nullable(z.string()),
    team: z.object({ id: z.string(), name: z.string() }),
    limits: z.array(
      z.looseObject({
        scope: z.enum(["team", "key"]),
        model: z.string().optional(),
        what: z.string().meta({ description: "What is limited: `requests`, `tokens`, `budget` …" }),
        resets_at: z.nullish(z.string()),
      }),
    ),
  }),
  Health: z.object({ status: z.literal("ok") }),
  Error: z.object({
    error: z.looseObject({
      message: z.string(),
      type: z.string(),
      param: z.nullable(z.string()),
      code: z.nullable(z.string()),
    }),
  }),
};
