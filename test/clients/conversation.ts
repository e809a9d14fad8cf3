/** What the SDK tests ask and hear, free of any protocol: the same words whichever API, mode and provider. */
import type { ZodType } from "zod";
import { type Obj, obj, objects, str } from "../sim/json.ts";
import type { Call, Turn } from "../sim/sim.ts";

/** The API that the SDK is used with. */
export type Api = "responses" | "chat";

/** `raw` iterates over the stream, `helper` is the SDK's `.stream()`, `parse` its `.parse()`. */
export type Mode = "create" | "raw" | "helper" | "parse";

export interface Question {
  readonly text: string;
  readonly system?: string;
  /** Base64. */
  readonly image?: string;
  /** Base64. */
  readonly pdf?: string;
  readonly tools?: readonly Tool[];
  readonly schema?: ZodType;
  readonly effort?: "low" | "medium" | "high";
  readonly maxOutput?: number;
}

/** Without parameters it is a free-form (custom) tool. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly parameters?: Record<string, unknown>;
}

export interface Answer {
  readonly text: string;
  readonly reasoning: string;
  readonly refusal: string;
  readonly calls: readonly { readonly name: string; readonly input: unknown }[];
  readonly finish: "stop" | "length" | "calls" | "refusal";
  /** `input` includes `cached`, `output` includes `reasoning`. */
  readonly usage: {
    readonly input: number;
    readonly cached: number;
    readonly output: number;
    readonly reasoning: number;
  };
  /** What a schema made of it; undefined where the mode does not parse. */
  readonly parsed?: unknown;
}

export interface Scenario {
  readonly name: string;
  readonly question: Question;
  /** What the provider says, call by call. */
  readonly turns: readonly Turn[];
  /** What the caller's tools give, by name. */
  readonly results?: Readonly<Record<string, string>>;
  /** What the caller hears, call by call. */
  readonly answers: readonly Partial<Answer>[];
  /** Where something else is heard, and why that is right. */
  readonly exceptions?: readonly Exception[];
  /** Holds what the provider was sent against the question. */
  readonly sent?: (calls: readonly Call[], api: Api) => void;
}

export interface Exception {
  readonly api?: Api;
  readonly egress?: Call["protocol"];
  readonly mode?: Mode;
  /** Only at this call; elsewhere at each. */
  readonly at?: number;
  readonly why: string;
  /** In the place of these members. */
  readonly answer: Partial<Answer>;
}

/** The tokens of each answer. */
export const usage = { input: 100, cached: 40, output: 30, reasoning: 10 };

/** An answer with little to say. */
export const plain: Answer = { text: "", reasoning: "", refusal: "", calls: [], finish: "stop", usage };

/** The images and documents that a provider was sent, those in results of tools as well. */
export function mediaOf(call: Call): readonly { readonly kind: string; readonly data: string }[] {
  const body = obj(call.body);
  const inside = ({ content, output, parts, functionResponse }: Obj): Obj[] =>
    [content, output, parts, obj(functionResponse).parts].flatMap(objects);
  const within = (part: Obj): Obj[] => [part, ...inside(part).flatMap(within)];
  return [body.messages, body.input, body.contents]
    .flatMap(objects)
    .flatMap(within)
    .flatMap((part) => {
      const inline = obj(part.inlineData);
      if (inline.data !== undefined) return [{ kind: kindOf(str(inline.mimeType)), data: str(inline.data) }];
      const url = part.image_url ?? part.file_data ?? obj(part.file).file_data;
      const given = str(typeof url === "string" ? url : obj(url).url).replace(/^data:[^,]*,/, "");
      const data = str(obj(part.source).data) || given;
      return data === "" ? [] : [{ kind: kindOf(str(part.type)), data }];
    });
}

function kindOf(type: string): string {
  return /image/.test(type) ? "image" : "pdf";
}

/** The JSON schema that a provider was told to answer by. */
export function schemaOf(call: Call): unknown {
  const body = obj(call.body);
  switch (call.protocol) {
    case "responses":
      return obj(obj(body.text).format).schema;
    case "chat":
      return obj(obj(body.response_format).json_schema).schema;
    case "gemini":
      return obj(body.generationConfig).responseJsonSchema ?? obj(body.generationConfig).responseSchema;
    default:
      return obj(obj(body.output_config).format).schema;
  }
}

/** The longest answer that a provider was told to give. */
export function limitOf(call: Call): unknown {
  const body = obj(call.body);
  const { maxOutputTokens } = obj(body.generationConfig);
  return body.max_output_tokens ?? body.max_completion_tokens ?? body.max_tokens ?? maxOutputTokens;
}

/** Anything of the conversation that was sent, as one text. */
export function sentText(call: Call): string {
  const { messages, input, instructions, system, contents, systemInstruction } = obj(call.body);
  return JSON.stringify([messages, input, instructions, system, contents, systemInstruction]);
}

/** The sealed or signed reasoning that a provider was given back. */
export function signaturesOf(call: Call): readonly string[] {
  const body = obj(call.body);
  const blocks = objects(body.messages).flatMap((message) => objects(message.content));
  const parts = objects(body.contents).flatMap((content) => objects(content.parts));
  return [...objects(body.input), ...blocks, ...parts]
    .filter(({ type, thoughtSignature }) => type === "reasoning" || type === "thinking" || thoughtSignature)
    .map((part) => str(part.encrypted_content ?? part.signature ?? part.thoughtSignature));
}
