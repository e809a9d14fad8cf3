/** The paths of openapi.yaml, by hand: what each is for, what it takes and what it answers. */
import type { Operation } from "../operations/operation.ts";
import { adminPaths, holderPaths } from "./admin-paths.ts";
import { storedPaths } from "./stored-paths.ts";

type Described = Readonly<Record<string, unknown>>;

const strict = { $ref: "#/components/parameters/Strict" } as const;
const callHeaders = [
  strict,
  { $ref: "#/components/parameters/Effort" },
  { $ref: "#/components/parameters/Latency" },
  { $ref: "#/components/parameters/Cache" },
  { $ref: "#/components/parameters/Route" },
  { $ref: "#/components/parameters/NoFallback" },
  { $ref: "#/components/parameters/Timeout" },
] as const;
const refusal = { $ref: "#/components/responses/Refusal" } as const;
const answer = { $ref: "#/components/responses/Answer" } as const;

/** What every answer to a call says of itself. */
export const answerHeaders = {
  "x-request-id": { $ref: "#/components/headers/RequestId" },
  "x-gearbox-call": { $ref: "#/components/headers/RequestId" },
  "x-gearbox-cost": { $ref: "#/components/headers/Cost" },
  "x-gearbox-tokens": { $ref: "#/components/headers/Tokens" },
  "x-gearbox-provider": { $ref: "#/components/headers/Provider" },
  "x-gearbox-model": { $ref: "#/components/headers/Model" },
  "x-gearbox-lost": { $ref: "#/components/headers/Lost" },
  "x-gearbox-attempts": { $ref: "#/components/headers/Attempts" },
  "x-gearbox-route": { $ref: "#/components/headers/Route" },
  "x-gearbox-effort": { $ref: "#/components/headers/Effort" },
  "x-gearbox-cache": { $ref: "#/components/headers/Cache" },
} as const;

const version = {
  name: "version",
  in: "path",
  required: true,
  description: "Google's SDKs ask under `v1beta`, all others under `v1`.",
  schema: { type: "string", enum: ["v1", "v1beta", "v1alpha"] },
} as const;

interface PassedOn {
  readonly operationId: string;
  readonly summary: string;
  readonly json?: string;
  readonly form?: string;
  /** What it answers, by content type. */
  readonly answers: Readonly<Record<string, Described>>;
}

const anyObject = { schema: { type: "object" } } as const;
const events = { "text/event-stream": { schema: { type: "string" } } } as const;
const objects = { "application/json": anyObject, ...events } as const;

const passedOn = {
  embeddings: {
    operationId: "createEmbedding",
    summary: "Embeddings, also of Gemini's",
    json: "EmbeddingsRequest",
    answers: { "application/json": content("EmbeddingsAnswer") },
  },
  completions: {
    operationId: "createCompletion",
    summary: "Legacy completions",
    json: "CompletionRequest",
    answers: objects,
  },
  moderations: {
    operationId: "createModeration",
    summary: "Moderation",
    json: "ModerationRequest",
    answers: { "application/json": anyObject },
  },
  "images/generations": {
    operationId: "createImage",
    summary: "Images from a text",
    json: "ImageRequest",
    answers: objects,
  },
  "images/edits": {
    operationId: "createImageEdit",
    summary: "Images from images and a text",
    json: "ImageEditRequest",
    form: "ImageForm",
    answers: objects,
  },
  "images/variations": {
    operationId: "createImageVariation",
    summary: "Variations of an image",
    form: "ImageForm",
    answers: { "application/json": anyObject },
  },
  "audio/speech": {
    operationId: "createSpeech",
    summary: "Speech from a text",
    json: "SpeechRequest",
    answers: { "audio/*": { schema: { type: "string", format: "binary" } }, ...events },
  },
  "audio/transcriptions": {
    operationId: "createTranscription",
    summary: "The text of speech",
    form: "AudioForm",
    answers: { ...objects, "text/plain": { schema: { type: "string" } } },
  },
  "audio/translations": {
    operationId: "createTranslation",
    summary: "The text of speech, in English",
    form: "AudioForm",
    answers: { "application/json": anyObject, "text/plain": { schema: { type: "string" } } },
  },
} as const satisfies Record<Operation, PassedOn>;

const socket = {
  operationId: "connectResponses",
  summary: "WebSocket mode of the Responses API: each `response.create` is a call, its events are messages",
  parameters: [{ name: "upgrade", in: "header", required: true, schema: { const: "websocket" } }],
  responses: { "101": { description: "Connected." }, default: refusal },
} as const;

export const paths: Described = {
  "/v1/responses": {
    get: socket,
    post: spoken("createResponse", "OpenAI Responses, served by any provider", "ResponsesRequest"),
  },
  "/v1/responses/compact": {
    post: spoken("compactResponse", "A conversation as the user's messages and a summary", "ResponsesRequest"),
  },
  "/v1/responses/input_tokens": {
    post: spoken("countResponseTokens", "How many input tokens a Responses request would have", "ResponsesRequest"),
  },
  ...storedPaths,
  "/v1/chat/completions": {
    post: spoken("createChatCompletion", "OpenAI Chat Completions, served by any provider", "ChatRequest"),
  },
  ...Object.fromEntries(Object.entries(passedOn).map(([name, each]) => [`/v1/${name}`, { post: relayed(each) }])),
  "/v1/messages": {
    post: spoken("createMessage", "Anthropic Messages, served by any provider", "MessagesRequest"),
  },
  "/v1/messages/count_tokens": {
    post: spoken("countMessageTokens", "How many input tokens a Messages request would have", "MessagesRequest"),
  },
  "/{version}/models": {
    get: {
      operationId: "listModels",
      summary: "The models of the providers that are on, and the aliases",
      parameters: [
        version,
        {
          name: "client_version",
          in: "query",
          description: "Sent by Codex; adds the catalog it reads.",
          schema: { type: "string" },
        },
      ],
      responses: answers(
        "OpenAI's list, or that of the vendor whose SDK asks; any `provider/model` may be called.",
        "Models",
      ),
    },
  },
  "/{version}/models/{model}": {
    get: {
      operationId: "retrieveModel",
      summary: "One model, as OpenAI shows it, or the vendor whose SDK asks",
      parameters: [version, modelInPath("May hold slashes, as they are or encoded.")],
      responses: answers("The model.", "Model"),
    },
    post: {
      ...spoken("generateContent", "Gemini's methods, served by any provider", "GeminiRequest"),
      parameters: [
        version,
        modelInPath(
          "The model, a colon and the method: `generateContent`, `streamGenerateContent`, `countTokens`, `embedContent`, `batchEmbedContents`.",
        ),
        ...callHeaders,
      ],
    },
  },
  ...holderPaths,
  ...adminPaths,
  "/health": {
    get: {
      operationId: "health",
      summary: "Is the gateway up?",
      security: [],
      responses: { "200": { description: "It is.", content: { "application/json": content("Health") } } },
    },
  },
  "/openapi.json": {
    get: {
      operationId: "describe",
      summary: "This description",
      security: [],
      responses: { "200": { description: "OpenAPI 3.1.", content: { "application/json": anyObject } } },
    },
  },
};

function modelInPath(description: string): Described {
  return { name: "model", in: "path", required: true, description, schema: { type: "string" } };
}

function spoken(operationId: string, summary: string, schema: string): Described {
  const requestBody = { required: true, content: { "application/json": content(schema) } };
  return { operationId, summary, parameters: callHeaders, requestBody, responses: { "200": answer, default: refusal } };
}

/** An endpoint that is passed on to a provider that has it. */
function relayed({ operationId, summary, json, form, answers }: PassedOn): Described {
  const taken = {
    ...(json !== undefined && { "application/json": content(json) }),
    ...(form !== undefined && { "multipart/form-data": content(form) }),
  };
  return {
    operationId,
    summary,
    ...(operationId === "createEmbedding" && {
      parameters: [strict, { $ref: "#/components/parameters/Cache" }],
    }),
    requestBody: { required: true, content: taken },
    responses: {
      "200": { description: "The provider's answer.", headers: answerHeaders, content: answers },
      default: refusal,
    },
  };
}

function answers(description: string, schema: string): Described {
  return { "200": { description, content: { "application/json": content(schema) } }, default: refusal };
}

function content(schema: string): { readonly schema: Described } {
  return { schema: { $ref: `#/components/schemas/${schema}` } };
}
