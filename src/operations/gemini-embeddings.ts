/** OpenAI's embeddings said in Gemini's words (batchEmbedContents, which takes one text as well as many), and back. Pure. */
import { isObj, list, number, type Obj, obj, rest } from "../canon/json.ts";
import type { Lose } from "../canon/request.ts";
import { count, type Usage } from "../canon/usage.ts";
import { Fault, invalid, unsupported } from "../fault.ts";

export interface Embeddings {
  readonly body: Obj;
  /**
   * The caller's answer, from the provider's.
   *
   * @param bought which of the inputs the provider was asked for; all, where nothing is said
   */
  answer(body: Obj, bought?: readonly number[]): { readonly body: Obj; readonly usage: Usage };
}

const known = new Set(["model", "input", "dimensions", "encoding_format"]);

/** @param model Gemini's own name for it */
export function embeddings(asked: Obj, model: string, lose: Lose): Embeddings {
  const texts = readInput(asked.input);
  const format = readFormat(asked.encoding_format);
  const dimensions = readDimensions(asked.dimensions);
  for (const member of Object.keys(rest(asked, known) ?? {})) lose(member);
  const requests = texts.map((text) => ({
    model: `models/${model}`,
    content: { parts: [{ text }] },
    ...(dimensions !== undefined && { outputDimensionality: dimensions }),
  }));
  return {
    body: { requests },
    answer(body, bought) {
      const vectors = list(body.embeddings).map((each) => list(obj(each).values).map((value) => number(value) ?? 0));
      if (vectors.length !== texts.length) {
        throw new Fault("upstream", `The provider answered with ${vectors.length} embeddings for ${texts.length}.`);
      }
      const usage = readUsage(body, bought === undefined ? texts : bought.map((index) => texts[index] ?? ""));
      const tokens = usage.input ?? 0;
      const data = vectors.map((vector, index) => ({ object: "embedding", index, embedding: format(vector) }));
      const counts = { prompt_tokens: tokens, total_tokens: tokens };
      return { body: { object: "list", data, model, usage: counts }, usage };
    },
  };
}

function readInput(input: Obj[string]): readonly string[] {
  if (typeof input === "string") return [input];
  const texts = list(input).filter((each) => typeof each === "string");
  if (!Array.isArray(input) || input.length === 0) throw invalid("input", "it must be a text or a list of texts.");
  if (texts.length === input.length) return texts;
  throw unsupported("input", "as tokens is not understood by Gemini; send texts.");
}

function readDimensions(dimensions: Obj[string]): number | undefined {
  if (dimensions === undefined || dimensions === null) return undefined;
  if (typeof dimensions === "number" && Number.isInteger(dimensions) && dimensions > 0) return dimensions;
  throw invalid("dimensions", "it must be a whole number above zero.");
}

type Format = (vector: readonly number[]) => readonly number[] | string;

function readFormat(format: Obj[string]): Format {
  if (format === undefined || format === null || format === "float") return (vector) => vector;
  if (format === "base64") return packed;
  throw invalid("encoding_format", "it must be 'float' or 'base64'.");
}

/** Little-endian 32-bit floats, as OpenAI packs them. */
function packed(vector: readonly number[]): string {
  const bytes = Buffer.alloc(4 * vector.length);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, 4 * index);
  return bytes.toString("base64");
}

/** Not every model counts its tokens: then the input is estimated, and that no output is told says so. */
function readUsage({ usageMetadata }: Obj, texts: readonly string[]): Usage {
  const told = isObj(usageMetadata) ? count(usageMetadata.promptTokenCount) : undefined;
  if (told !== undefined) return { input: told, output: 0 };
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return { input: Math.ceil(bytes / 4) };
}
