/**
 * Amazon Bedrock and Vertex AI in front of the simulator: they judge a call as the clouds do, put it to the simulator in
 * the protocol that the model speaks, and wrap its answer.
 */
import { inject } from "vitest";
import { chunk, exception } from "../providers/frames.ts";

/** A call as a cloud saw it. */
interface CloudCall {
  readonly url: string;
  readonly headers: Headers;
  readonly raw: string;
}

export interface Clouds {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly calls: CloudCall[];
}

/** @param fails an exception that Bedrock's streams end with in place of their last event */
export function clouds(fails?: string): Clouds {
  const calls: CloudCall[] = [];
  return {
    calls,
    async fetch(url, init) {
      const raw = Buffer.from(await new Response(init.body).arrayBuffer()).toString();
      const headers = new Headers(init.headers);
      if (url === "https://oauth2.googleapis.com/token")
        return Response.json({ access_token: "ya29.token", expires_in: 3600 });
      calls.push({ url, headers, raw });
      const bedrock = /^https:\/\/bedrock-runtime\.[\w-]+\.amazonaws\.com\/model\/([^/]+)\/invoke(.*)$/.exec(url);
      if (bedrock !== null) return amazon(bedrock[1] ?? "", bedrock[2] !== "", raw, headers, fails);
      return google(url, raw, headers);
    },
  };
}

async function amazon(
  model: string,
  stream: boolean,
  raw: string,
  headers: Headers,
  fails?: string,
): Promise<Response> {
  const { anthropic_version: version, anthropic_beta: _, ...body } = JSON.parse(raw);
  if (!/^(AWS4-HMAC-SHA256 Credential=|Bearer )/.test(headers.get("authorization") ?? "")) return refusal(403, "No.");
  if (version !== "bedrock-2023-05-31") return refusal(400, "anthropic_version: Field required");
  if ("model" in body || "stream" in body) return refusal(400, "Extraneous key is not permitted");
  const answer = await ask("/v1/messages", { ...body, model: decodeURIComponent(model), stream }, messagesHeaders);
  if (!answer.ok) return refusal(answer.status, "The model refused.");
  if (!stream) return new Response(await answer.text(), { headers: { "content-type": "application/json" } });
  const data = (await answer.text()).split("\n").filter((line) => line.startsWith("data: "));
  const events = data.map((line) => chunk(JSON.parse(line.slice(6))));
  const framed = fails === undefined ? events : [...events.slice(0, -3), exception(fails, "It is too much.")];
  return new Response(pieces(Buffer.concat(framed), 7), {
    headers: { "content-type": "application/vnd.amazon.eventstream" },
  });
}

const messagesHeaders = { "x-api-key": "k", "anthropic-version": "2023-06-01" };

function refusal(status: number, message: string): Response {
  return Response.json({ message }, { status, headers: { "x-amzn-errortype": "ValidationException" } });
}

async function google(url: string, raw: string, headers: Headers): Promise<Response> {
  const found =
    /^https:\/\/([\w-]+\.)?aiplatform\.googleapis\.com\/v1\/projects\/my-project\/locations\/[\w-]+\/publishers\/(\w+)\/models\/(.+):(\w+)(\?alt=sse)?$/.exec(
      url,
    ) ?? [];
  const [, , publisher, model = "", method] = found;
  if (headers.get("authorization") !== "Bearer ya29.token") return vertexRefusal(401);
  if (publisher === "google") {
    return ask(`/v1beta/models/${model}:${method}${found[5] ?? ""}`, JSON.parse(raw), { "x-goog-api-key": "k" });
  }
  const { anthropic_version: version, ...body } = JSON.parse(raw);
  if (publisher !== "anthropic" || version !== "vertex-2023-10-16" || "model" in body) return vertexRefusal(400);
  if ((method === "streamRawPredict") !== (body.stream === true)) return vertexRefusal(400);
  const answer = await ask("/v1/messages", { ...body, model }, messagesHeaders);
  return answer.ok ? answer : vertexRefusal(answer.status);
}

function vertexRefusal(status: number): Response {
  return Response.json([{ error: { code: status, message: "Vertex says no.", status: "INVALID_ARGUMENT" } }], {
    status,
  });
}

function ask(path: string, body: object, headers: Record<string, string>): Promise<Response> {
  const all = { "content-type": "application/json", ...headers };
  return fetch(`${inject("sim")}${path}`, { method: "POST", body: JSON.stringify(body), headers: all });
}

function pieces(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(at, at + size));
      at += size;
    },
  });
}
