// Which provider a path belongs to, and the request read from it.

import type { IncomingMessage } from "node:http";
import { speech, transcriptions } from "./audio.ts";
import { chat } from "./chat.ts";
import { completions } from "./completions.ts";
import { embeddings, geminiEmbedding, geminiEmbeddings } from "./embeddings.ts";
import { readFields } from "./form.ts";
import { gemini } from "./gemini.ts";
import { images } from "./images.ts";
import { isObj, parse, str } from "./json.ts";
import { messages } from "./messages.ts";
import { moderations } from "./moderations.ts";
import { responses } from "./responses.ts";
import type { Check, ProviderRequest, Wire } from "./wire.ts";

export interface Route {
  wire: Wire;
  /** Only for Gemini, which has the model and the method in its path. */
  model?: string;
  method?: string;
}

const paths: Record<string, Wire> = {
  "/v1/responses": responses,
  "/v1/chat/completions": chat,
  "/v1/messages": messages,
  "/v1/completions": completions,
  "/v1/embeddings": embeddings,
  "/v1/moderations": moderations,
  "/v1/images/generations": images,
  "/v1/images/edits": images,
  "/v1/images/variations": images,
  "/v1/audio/speech": speech,
  "/v1/audio/transcriptions": transcriptions,
  "/v1/audio/translations": transcriptions,
};

const methods: Record<string, Wire> = {
  generateContent: gemini,
  streamGenerateContent: gemini,
  embedContent: geminiEmbedding,
  batchEmbedContents: geminiEmbeddings,
};

/** The route of a POST, or undefined. Gemini's model may contain slashes, its colon may be encoded. */
export function findRoute(url: URL): Route | undefined {
  const wire = paths[url.pathname];
  if (wire !== undefined) return { wire };
  const found =
    /^\/v1(?:beta|alpha)?\/models\/(.+)(?::|%3A)(generateContent|streamGenerateContent|embedContent|batchEmbedContents)$/i.exec(
      url.pathname,
    );
  const [, model = "", method = ""] = found ?? [];
  const own = methods[method];
  return own === undefined ? undefined : { wire: own, model: decodeURIComponent(model), method };
}

export function readRequest(route: Route, message: IncomingMessage, url: URL, raw: string): ProviderRequest {
  const parsed = readAny(message, raw);
  const body = isObj(parsed) ? parsed : {};
  const { streams = ({ stream }) => stream === true || stream === "true" } = route.wire;
  return {
    protocol: route.wire.protocol,
    model: route.model ?? str(body.model),
    stream: route.method === undefined ? streams(body) : route.method === "streamGenerateContent",
    sse: route.method === undefined || url.searchParams.get("alt") === "sse",
    headers: readHeaders(message),
    query: url.searchParams,
    body,
    raw,
  };
}

/** The first check of every protocol. */
export const wellFormed: Check = ({ raw, headers }) =>
  isObj(parse(raw)) || isForm(headers["content-type"])
    ? undefined
    : {
        message: "We could not parse the JSON body of your request: it has to be a JSON object.",
        code: "invalid_json",
      };

export async function readBody(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString(isForm(message.headers["content-type"]) ? "latin1" : "utf8");
}

/** The body, parsed: a form as its fields. */
export function readAny(message: IncomingMessage, raw: string): unknown {
  const type = message.headers["content-type"];
  return isForm(type) ? readFields(type ?? "", raw) : parse(raw);
}

function isForm(type: string | undefined): boolean {
  return type?.startsWith("multipart/form-data") === true;
}

function readHeaders(message: IncomingMessage): Record<string, string> {
  const pairs = Object.entries(message.headersDistinct);
  return Object.fromEntries(pairs.map(([name, values]) => [name, (values ?? []).join(", ")]));
}
