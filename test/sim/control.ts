// The control paths under /_sim for tests in other processes, and the model lists.

import type { IncomingMessage, ServerResponse } from "node:http";
import { type Obj, parse } from "./json.ts";
import { createdAt } from "./openai.ts";
import { readBody } from "./route.ts";
import { readTurns } from "./script.ts";
import type { Sim } from "./sim.ts";

/** What the control paths can do that `Sim` does not offer. */
export interface Controls extends Pick<Sim, "calls" | "play" | "whenClosed"> {
  readonly dropped: number;
  forget(): void;
}

/** Answers a request under /_sim. */
export async function control(
  sim: Controls,
  message: IncomingMessage,
  url: URL,
  response: ServerResponse,
): Promise<void> {
  const { method } = message;
  const [, , what, ...rest] = url.pathname.split("/");
  if (method === "DELETE" && what === undefined) {
    sim.forget();
    return sendJson(response, 200, { forgotten: true });
  }
  if (method === "PUT" && what === "scripts" && rest.length > 0) {
    const turns = readTurns(parse(await readBody(message)));
    if (typeof turns === "string") return sendJson(response, 400, { error: { message: turns } });
    sim.play(decodeURIComponent(rest.join("/")), turns);
    return sendJson(response, 200, { turns: turns.length });
  }
  if (method !== "GET" || what !== "calls") return notFound(response, url);
  if (rest.length === 0) {
    const model = url.searchParams.get("model");
    const calls = sim.calls.map((call, position) => ({ index: sim.dropped + position, ...call }));
    return sendJson(
      response,
      200,
      calls.filter((call) => model === null || call.model === model),
    );
  }
  const call = sim.calls[Number(rest[0]) - sim.dropped];
  if (call === undefined || rest[1] !== "closed") return notFound(response, url);
  await sim.whenClosed(call);
  sendJson(response, 200, { closed: call.closed });
}

/** The body of GET /v1/models in the shape of whichever provider the caller's headers speak to. */
export function modelList(scripted: readonly string[], message: IncomingMessage, url: URL): Obj {
  const ids = [...new Set(["gpt-simulated", "claude-simulated", "gemini-simulated", ...scripted])];
  const { headers } = message;
  if (headers["anthropic-version"] !== undefined) {
    const data = ids.map((id) => ({ id, type: "model", display_name: id, created_at: "2026-01-01T00:00:00Z" }));
    return { data, first_id: ids[0], last_id: ids.at(-1), has_more: false };
  }
  const google = headers["x-goog-api-key"] ?? headers["x-goog-api-client"] ?? url.searchParams.get("key");
  if ((google ?? null) !== null || url.pathname.startsWith("/v1beta")) return { models: ids.map(geminiModel) };
  return {
    object: "list",
    data: ids.map((id) => ({ id, object: "model", created: createdAt, owned_by: "simulated" })),
  };
}

export function notFound(response: ServerResponse, url: URL): void {
  const message = `Invalid URL (${url.pathname})`;
  sendJson(response, 404, { error: { message, type: "invalid_request_error", param: null, code: null } });
}

function geminiModel(id: string): Obj {
  return {
    name: `models/${id}`,
    displayName: id,
    inputTokenLimit: 1_048_576,
    outputTokenLimit: 65_536,
    supportedGenerationMethods: ["generateContent"],
  };
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
