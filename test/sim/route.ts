// Which provider a path belongs to, and the request read from it.

import type { IncomingMessage } from "node:http";
import { chat } from "./chat.ts";
import { gemini } from "./gemini.ts";
import { isObj, parse, str } from "./json.ts";
import { messages } from "./messages.ts";
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
};

/** The route of a POST, or undefined. Gemini's model may contain slashes, its colon may be encoded. */
export function findRoute(url: URL): Route | undefined {
  const wire = paths[url.pathname];
  if (wire !== undefined) return { wire };
  const found = /^\/v1(?:beta|alpha)?\/models\/(.+)(?::|%3A)(generateContent|streamGenerateContent)$/i.exec(
    url.pathname,
  );
  if (found === null) return undefined;
  return { wire: gemini, model: decodeURIComponent(found[1] ?? ""), method: found[2] ?? "" };
}

export function readRequest(route: Route, message: IncomingMessage, url: URL, raw: string): ProviderRequest {
  const parsed = parse(raw);
  const body = isObj(parsed) ? parsed : {};
  return {
    protocol: route.wire.protocol,
    model: route.model ?? str(body.model),
    stream: route.method === undefined ? body.stream === true : route.method === "streamGenerateContent",
    sse: route.method === undefined || url.searchParams.get("alt") === "sse",
    headers: readHeaders(message),
    query: url.searchParams,
    body,
    raw,
  };
}

/** The first check of every protocol. */
export const wellFormed: Check = ({ raw }) =>
  isObj(parse(raw))
    ? undefined
    : {
        message: "We could not parse the JSON body of your request: it has to be a JSON object.",
        code: "invalid_json",
      };

export async function readBody(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function readHeaders(message: IncomingMessage): Record<string, string> {
  const pairs = Object.entries(message.headersDistinct);
  return Object.fromEntries(pairs.map(([name, values]) => [name, (values ?? []).join(", ")]));
}
