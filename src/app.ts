/** Which path speaks which protocol, and the few paths that are no calls. */
import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import type { ProtocolId } from "./canon/request.ts";
import { cancel, listInput, remove, retrieve } from "./conversations/retrieval.ts";
import type { Deps } from "./deps.ts";
import { asFault, Fault } from "./fault.ts";
import { asArray } from "./http/array.ts";
import { callIds } from "./http/headers.ts";
import { codexModels } from "./models/codex.ts";
import { findModel, listModels } from "./models/list.ts";
import { anthropicModel, anthropicModels, geminiModel, geminiModels, openaiModel } from "./models/shapes.ts";
import document from "./openapi/openapi.json";
import { operationNames } from "./operations/operation.ts";
import { compact, count, embed, passOn, serve } from "./pipeline.ts";
import { storeUnavailable } from "./policy/auth.ts";
import { protocols } from "./protocols/index.ts";
import { refuse } from "./refuse.ts";
import { openSocket } from "./sockets/socket.ts";
import { StoreDown } from "./stores/store-down.ts";
import { admin } from "./teams/admin.ts";
import { queryOf } from "./teams/asked.ts";
import { describeKey } from "./teams/holder.ts";
import { usageQuery } from "./teams/schemas.ts";
import { usageAnswer } from "./teams/usage.ts";

/** What a request brings to the app: `deps` is made anew for each, as stubs and `waitUntil` are the request's own. */
interface Env {
  readonly Bindings: { readonly deps: Deps };
}

const calls = [
  ["/v1/responses", "responses"],
  ["/v1/chat/completions", "chat"],
  ["/v1/messages", "messages"],
] as const satisfies readonly (readonly [string, ProtocolId])[];

export const app = new Hono<Env>();

// A call's answer has the id that it is entered under; all others get one here.
app.use("*", async (c, next) => {
  await next();
  if (c.res.headers.has("x-request-id")) return;
  for (const [name, id] of Object.entries(callIds(newId()))) c.res.headers.set(name, id);
});

app.use("/:version{v1|v1beta|v1alpha}/*", cors({ origin: "*", exposeHeaders: ["*"] }));

app.get("/v1/responses", (c) => {
  const { deps } = c.env;
  if (!isForSocket(c)) return noCall(c, "/v1/responses");
  return openSocket(c.req.raw, deps, (call) => serve("responses", call, deps));
});

for (const [path, protocol] of calls) {
  app.post(path, (c) => serve(protocol, c.req.raw, c.env.deps));
  app.all(path, (c) => noCall(c, path));
}

const stored = [
  ["GET", "/v1/responses/:id", retrieve],
  ["DELETE", "/v1/responses/:id", remove],
  ["GET", "/v1/responses/:id/input_items", listInput],
  ["POST", "/v1/responses/:id/cancel", cancel],
] as const;

for (const [method, path, act] of stored) {
  app.on(method, path, async (c) => {
    const { team } = await authenticated(c);
    const query = new URL(c.req.url).searchParams;
    return act({ id: c.req.param("id") ?? "", team: team.id, query }, c.env.deps);
  });
}

app.post("/v1/responses/compact", (c) => compact(c.req.raw, c.env.deps));
app.post("/v1/responses/input_tokens", (c) => count("responses", c.req.raw, c.env.deps));
app.post("/v1/messages/count_tokens", (c) => count("messages", c.req.raw, c.env.deps));

// Gemini's paths name the model and what to do with it; the colon between the two may be encoded.
app.post("/:version{v1|v1beta|v1alpha}/models/:call{.+}", (c) => {
  const [, model = "", method] = /^(.+):(\w+)$/.exec(decodeURIComponent(c.req.param("call"))) ?? [];
  switch (method) {
    case "generateContent":
      return serve("gemini", c.req.raw, c.env.deps, { model, stream: false });
    case "streamGenerateContent":
      return streamGemini(c, model);
    case "countTokens":
      return count("gemini", c.req.raw, c.env.deps, { model, stream: false });
    case "embedContent":
    case "batchEmbedContents":
      return embed(method, c.req.raw, c.env.deps, { model, stream: false });
    default:
      return failed(nothingAt(c), "gemini");
  }
});

for (const operation of operationNames) {
  const path = `/v1/${operation}`;
  app.post(path, (c) => passOn(operation, c.req.raw, c.env.deps));
  app.all(path, (c) => noCall(c, path));
}

app.get("/openapi.json", (c) => c.json(document));

app.get("/health", (c) => c.json({ status: "ok" }));

app.get("/:version{v1|v1beta|v1alpha}/models", async (c) => {
  await authenticated(c);
  const entries = listModels(c.env.deps.config, c.env.deps.clock.now());
  const caller = callerOf(c);
  if (caller === "messages") return c.json(anthropicModels(entries));
  if (caller === "gemini") return c.json(geminiModels(entries));
  const codex = c.req.query("client_version") !== undefined;
  return c.json({ object: "list", data: entries.map(openaiModel), ...(codex && { models: codexModels(entries) }) });
});

// A model's name may hold slashes, sent as they are or encoded.
app.get("/:version{v1|v1beta|v1alpha}/models/:model{.+}", async (c) => {
  await authenticated(c);
  const name = decodeURIComponent(c.req.param("model"));
  const entry = findModel(name, c.env.deps.config, c.env.deps.clock.now());
  if (entry !== undefined) return c.json(modelShapes[callerOf(c)](entry));
  throw new Fault("no_model", `The model '${name}' does not exist here.`, { param: "model", code: "model_not_found" });
});

app.get("/v1/usage", async (c) => {
  const { team, key } = await authenticated(c);
  const { from, to, group_by: groupBy, format } = queryOf(c, usageQuery.omit({ key: true }));
  const { store, clock } = c.env.deps;
  const query = { key: key.id, groupBy, ...(from && { from }), ...(to && { to }) };
  const sums = await store.usage(team.id, query, clock.now());
  return usageAnswer(groupBy, sums, format);
});

app.get("/v1/key", async (c) => c.json(await describeKey(await authenticated(c), c.env.deps)));

app.route("/admin", admin);

app.notFound((c) => failed(nothingAt(c), callerOf(c)));

app.onError((thrown, c) => {
  const fault = thrown instanceof StoreDown ? storeUnavailable(thrown) : asFault(thrown);
  if (fault.kind === "internal") console.error("request", fault.cause);
  return failed(fault, callerOf(c));
});

type AppContext = Context<Env>;

function authenticated({ req, env: { deps } }: AppContext) {
  return deps.auth.authenticate(req.raw, deps.store, deps.clock.now());
}

const modelShapes = { chat: openaiModel, messages: anthropicModel, gemini: geminiModel } as const;

/** Whose words a caller reads on a path that several vendors' SDKs use alike (wire.md D.4.11). */
function callerOf({ req }: AppContext): "chat" | "messages" | "gemini" {
  // Whose ?key= names one of a team's keys.
  if (req.path.startsWith("/admin")) return "chat";
  if (req.header("anthropic-version") !== undefined || req.path.startsWith("/v1/messages")) return "messages";
  const isGoogle = ["x-goog-api-key", "x-goog-api-client"].some((name) => req.header(name) !== undefined);
  return isGoogle || req.query("key") !== undefined || /^\/v1(alpha|beta)\//.test(req.path) ? "gemini" : "chat";
}

/** Gemini streams as events where they are asked for, else as one array. */
async function streamGemini(c: AppContext, model: string): Promise<Response> {
  const answer = await serve("gemini", c.req.raw, c.env.deps, { model, stream: true });
  if (!answer.ok || answer.body === null || c.req.query("alt") === "sse") return answer;
  const headers = { ...Object.fromEntries(answer.headers), "content-type": "application/json" };
  return new Response(asArray(answer.body), { headers });
}

function nothingAt({ req }: AppContext): Fault {
  return new Fault("not_found", `There is nothing at ${req.method} ${req.path}.`);
}

/** A wish for a WebSocket is refused with the one status at which Codex falls back to HTTP at once. */
function noCall(c: AppContext, path: string): Response {
  if (isForSocket(c)) return failed(new Fault("upgrade", "WebSockets are not served here; use POST."), "chat");
  if (c.req.method === "HEAD") return c.body(null, 200);
  return failed(new Fault("method", `${path} takes POST.`), callerOf(c));
}

function isForSocket({ req }: AppContext): boolean {
  return req.header("upgrade")?.toLowerCase() === "websocket";
}

function failed(fault: Fault, caller: ProtocolId): Response {
  return refuse(protocols[caller], fault, newId());
}

function newId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}
