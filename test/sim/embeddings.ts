// Embeddings as OpenAI and as Gemini answer them: the same text has the same vector, whoever is asked.

import { createHash } from "node:crypto";
import { missing, openaiAuth, openaiMembers, openaiModel } from "./check.ts";
import { gemini } from "./gemini.ts";
import { type Obj, obj, objects, str } from "./json.ts";
import { openaiError, openaiHeaders } from "./openai.ts";
import type { Check, Take, Wire } from "./wire.ts";

const members = ["model", "input", "dimensions", "encoding_format", "user"];

const needsInput: Check = ({ body }) =>
  typeof body.input === "string" || (Array.isArray(body.input) && body.input.length > 0) ? undefined : missing("input");

/** What neither provider has of a conversation. */
export const plain = {
  entries: () => [],
  wantsReasoning: () => false,
  stream: () => ({ frames: [], tail: 0 }),
  streamError: () => [],
  badFrame: "data: {\n\n",
} as const;

export const embeddings: Wire = {
  ...plain,
  protocol: "embeddings",
  checks: [openaiAuth, openaiModel, openaiMembers(members), needsInput],
  json: (take, { body, model }) => ({
    object: "list",
    data: inputs(body.input).map((input, index) => {
      const vector = vectorOf(input, Number(body.dimensions ?? 4));
      const floats = Buffer.from(new Float32Array(vector).buffer);
      const embedding = body.encoding_format === "base64" ? floats.toString("base64") : vector;
      return { object: "embedding", index, embedding };
    }),
    model,
    usage: { prompt_tokens: take.usage.input, total_tokens: take.usage.input },
  }),
  error: openaiError,
  headers: openaiHeaders,
};

/** A list of numbers is one input, in tokens. */
function inputs(input: unknown): string[] {
  const isOne = !Array.isArray(input) || input.every((each) => typeof each === "number");
  return (isOne ? [input] : input).map((each) => (typeof each === "string" ? each : JSON.stringify(each)));
}

/** Halves and quarters: they are the same in 32 bits as in 64. */
function vectorOf(text: string, dimensions: number): number[] {
  const digest = createHash("sha256").update(text).digest();
  return Array.from({ length: dimensions }, (_, index) => ((digest[index % 32] ?? 0) - 128) / 256);
}

const needsGeminiKey: Check = ({ headers }) =>
  headers["x-goog-api-key"] === undefined
    ? { status: 403, message: "Method doesn't allow unregistered callers." }
    : undefined;

/** Of many texts. */
export const geminiEmbeddings: Wire = {
  ...plain,
  protocol: "embeddings",
  checks: [needsGeminiKey, badRequests],
  json: (take, { body, model }) => ({ embeddings: objects(body.requests).map(embedded), ...counts(take, model) }),
  error: gemini.error,
  headers: gemini.headers,
};

/** Of one. */
export const geminiEmbedding: Wire = {
  ...geminiEmbeddings,
  checks: [needsGeminiKey, needsContent],
  json: (take, { body, model }) => ({ embedding: embedded(body), ...counts(take, model) }),
};

function embedded({ content, outputDimensionality }: Obj): Obj {
  return { values: vectorOf(str(obj(objects(obj(content).parts)[0]).text), Number(outputDimensionality ?? 4)) };
}

function needsContent({ body }: Parameters<Check>[0]): ReturnType<Check> {
  if (objects(obj(body.content).parts).length > 0) return undefined;
  return { message: "* EmbedContentRequest.content: content is not specified" };
}

/** Only newer models count. */
function counts({ usage }: Take, model: string): Obj {
  return model.includes("uncounted") ? {} : { usageMetadata: { promptTokenCount: usage.input } };
}

function badRequests({ body, model }: Parameters<Check>[0]): ReturnType<Check> {
  const requests = objects(body.requests);
  if (requests.length === 0) return { message: "* BatchEmbedContentsRequest.requests: must not be empty" };
  const other = requests.find((request) => request.model !== `models/${model}`);
  return other === undefined ? undefined : { message: `The model '${str(other.model)}' is not that of the path.` };
}
