/**
 * The shapes of openapi.yaml: of a request only what the gateway reads itself, since everything else goes on to the
 * provider as it is; of an answer what the gateway writes itself. Bodies are not validated with these.
 */
import * as z from "zod";

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
    data: z.array(
      z.object({
        provider: z.string(),
        model: z
          .string()
          .meta({ description: "The provider's name for it; `default` where it was left to the provider." }),
        calls: z.int(),
        input: z.int().meta({ description: "Tokens, cached ones included." }),
        cacheRead: z.int(),
        output: z.int().meta({ description: "Tokens, reasoning included." }),
        reasoning: z.int(),
        estimated: z.int().meta({ description: "Calls without numbers of the provider's own." }),
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
