/**
 * A batch of embeddings taken apart and put together again, in the words of whoever makes it: every input by itself, a
 * request for some of them, and an answer of vectors as they were written, to the byte. Pure.
 */
import { isObj, type Json, list, type Obj, obj } from "../canon/json.ts";
import { elements, type Span, setMember, splice } from "../http/json.ts";
import { valuesIn } from "../http/json-values.ts";

/** OpenAI's endpoint, and Gemini's two methods: of many texts and of one. */
export type Words = "openai" | "gemini" | "gemini-one";

interface Batch {
  /** For each input all that its vector depends on, in an order of members that any other request has as well. */
  readonly inputs: readonly Uint8Array[];
  /** The request for these inputs only, in slices. */
  only(wanted: readonly number[]): readonly Uint8Array[];
}

interface Facts {
  /** The member of a request that has the inputs, where it may have many. */
  readonly inputs?: string;
  /** The member of an answer that has the vectors, or the one vector. */
  readonly vectors: string;
  /** The answer for which nothing was bought. */
  readonly free: (model: string) => Obj;
}

const facts: { readonly [words in Words]: Facts } = {
  openai: {
    inputs: "input",
    vectors: "data",
    free: (model) => ({ object: "list", model, usage: { prompt_tokens: 0, total_tokens: 0 } }),
  },
  gemini: { inputs: "requests", vectors: "embeddings", free: () => ({ usageMetadata: { promptTokenCount: 0 } }) },
  "gemini-one": { vectors: "embedding", free: () => ({ usageMetadata: { promptTokenCount: 0 } }) },
};

/** `undefined` where the request is none of embeddings as far as can be told, or its answer may be too large to hold. */
export function batchOf(words: Words, request: Uint8Array): Batch | undefined {
  const body = parse(request);
  const { inputs: member } = facts[words];
  if (body === undefined) return undefined;
  if (member === undefined) return { inputs: [request], only: () => [request] };
  const spans = valuesIn(request);
  const span = spans.get(member);
  if (span === undefined) return undefined;
  const inputs = inputsIn(request, body[member], span);
  if (inputs.length === 0 || !fits(body, inputs.length)) return undefined;
  const texts = inputs.map((input) => textOf(request, input));
  return {
    inputs: texts.map((text) => join(splice(request, [{ ...span, text }]))),
    only: (wanted) =>
      splice(request, [setMember(request, spans, member, `[${wanted.map((at) => texts[at]).join(",")}]`)]),
  };
}

/** The vectors that this answer has, in the order of their inputs; `undefined` where it has others than so many. */
export function vectorsIn(words: Words, answer: Uint8Array, count: number): readonly Uint8Array[] | undefined {
  const body = parse(answer);
  const { inputs, vectors: member } = facts[words];
  const span = body === undefined ? undefined : valuesIn(answer).get(member);
  if (body === undefined || span === undefined) return undefined;
  if (inputs === undefined) return isObj(body[member]) ? [answer.slice(span.start, span.end)] : undefined;
  const said = list(body[member]);
  const placed = elements(answer, span).map((element, at) => placedIn(words, answer, element, said[at] ?? null, at));
  const vectors = placed.filter((each) => each !== undefined).sort((one, other) => one.index - other.index);
  const isWhole = vectors.length === count && vectors.every(({ index }, at) => index === at);
  return isWhole ? vectors.map(({ start, end }) => answer.slice(start, end)) : undefined;
}

interface Placed extends Span {
  readonly index: number;
}

/** Where in the answer an element's vector lies, and whose it is: OpenAI's elements say so themselves. */
function placedIn(words: Words, answer: Uint8Array, element: Span, said: Json, at: number): Placed | undefined {
  if (words !== "openai") return isObj(said) ? { ...element, index: at } : undefined;
  const { embedding, index = at } = obj(said);
  const span = valuesIn(answer, element).get("embedding");
  const isVector = typeof embedding === "string" || Array.isArray(embedding);
  return span !== undefined && isVector && typeof index === "number" ? { ...span, index } : undefined;
}

/** An answer with these vectors; all else is as the provider said of what was bought. */
export function answerWith(
  words: Words,
  vectors: readonly (Uint8Array | undefined)[],
  said: Uint8Array | undefined,
  model: string,
): Uint8Array {
  const { inputs, vectors: member, free } = facts[words];
  const base = said ?? Buffer.from(JSON.stringify(free(model)));
  const texts = vectors.map((vector = none, index) => printed(words, Buffer.from(vector).toString(), index));
  const text = inputs === undefined ? (texts[0] ?? "null") : `[${texts.join(",")}]`;
  return join(splice(base, [setMember(base, valuesIn(base), member, text)]));
}

const none = Buffer.from("null");

function printed(words: Words, vector: string, index: number): string {
  return words === "openai" ? `{"object":"embedding","index":${index},"embedding":${vector}}` : vector;
}

/** A text, or a list of tokens, is one input; a list of those is many. */
function inputsIn(request: Uint8Array, value: Obj[string], span: Span): readonly Span[] {
  if (typeof value === "string") return [span];
  const first = list(value)[0];
  if (typeof first === "number") return [span];
  return Array.isArray(value) ? elements(request, span) : [];
}

/** An answer that goes through the cache is held whole, which 24 MB may be. */
const mostAnswerBytes = 24 * 1024 * 1024;
/** As many as the models have that are used most; in text a number takes 22 bytes at the most, packed it takes 5 1/3. */
const usualDimensions = 3072;

function fits(body: Obj, count: number): boolean {
  const said = body.dimensions ?? obj(list(body.requests)[0]).outputDimensionality;
  const dimensions = typeof said === "number" ? said : usualDimensions;
  const bytes = body.encoding_format === "base64" ? 16 / 3 : 22;
  return count * dimensions * bytes <= mostAnswerBytes;
}

function parse(bytes: Uint8Array): Obj | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isObj(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function textOf(bytes: Uint8Array, { start, end }: Span): string {
  return Buffer.from(bytes.subarray(start, end)).toString();
}

function join(slices: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(slices);
}
