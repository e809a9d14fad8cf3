/** Which path speaks which protocol, and the few paths that are no calls. */
import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import type { ProtocolId } from "./canon/request.ts";
import type { Deps } from "./deps.ts";
import { asFault, Fault } from "./fault.ts";
import { codexModels } from "./models/codex.ts";
import { findModel, listModels, type ModelEntry } from "./models/list.ts";
import { serve } from "./pipeline.ts";
import { protocols } from "./protocols/index.ts";
import { refuse } from "./refuse.ts";

/** What a request brings to the app: `deps` is made anew for each, as stubs and `waitUntil` are the request's own. */
interface Env {
  readonly Bindings: { readonly deps: Deps };
}

const calls = [
  ["/v1/responses", "responses"],
  ["/v1/chat/completions", "chat"],
] as const satisfies readonly (readonly [string, ProtocolId])[];

export const app = new Hono<Env>();

app.use("/v1/*", cors({ origin: "*", exposeHeaders: ["x-request-id", "x-gearbox-lost", "x-gearbox-model"] }));

for (const [path, protocol] of calls) {
  app.post(path, (c) => serve(protocol, c.req.raw, c.env.deps));
  app.all(path, (c) => noCall(c, path));
}

app.get("/health", (c) => c.json({ status: "ok" }));

app.get("/v1/models", async (c) => {
  await authenticated(c);
  const entries = listModels(c.env.deps.config);
  const codex = c.req.query("client_version") !== undefined;
  return c.json({ object: "list", data: entries.map(openaiModel), ...(codex && { models: codexModels(entries) }) });
});

// A model's name may hold slashes, sent as they are or encoded.
app.get("/v1/models/:model{.+}", async (c) => {
  await authenticated(c);
  const entry = findModel(decodeURIComponent(c.req.param("model")), c.env.deps.config);
  if (entry !== undefined) return c.json(openaiModel(entry));
  const message = `The model '${c.req.param("model")}' does not exist here.`;
  throw new Fault("no_model", message, { param: "model", code: "model_not_found" });
});

app.get("/v1/usage", async (c) => {
  const { team } = await authenticated(c);
  return c.json({ object: "usage", data: await c.env.deps.store.usage(team) });
});

app.notFound((c) => failed(new Fault("not_found", `There is nothing at ${c.req.method} ${c.req.path}.`)));

app.onError((thrown) => {
  const fault = asFault(thrown);
  if (fault.kind === "internal") console.error("request", fault.cause);
  return failed(fault);
});

function authenticated({ req, env: { deps } }: Context<Env>) {
  return deps.auth.authenticate(req.raw, deps.store, deps.clock.now());
}

/** A wish for a WebSocket is refused with the one status at which Codex falls back to HTTP at once. */
function noCall(c: Context<Env>, path: string): Response {
  if (c.req.header("upgrade")?.toLowerCase() === "websocket") {
    return failed(new Fault("upgrade", "WebSockets are not served here; use POST."));
  }
  if (c.req.method === "HEAD") return c.body(null, 200);
  return failed(new Fault("method", `${path} takes POST.`));
}

function failed(fault: Fault): Response {
  return refuse(protocols.chat, fault, crypto.randomUUID().replaceAll("-", ""));
}

function openaiModel({ id, provider }: ModelEntry): object {
  return { id, object: "model", created: 0, owned_by: provider };
}
