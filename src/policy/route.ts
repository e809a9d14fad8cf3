/** Where a call may go: from the model it names to the targets that can serve it, best first. Pure. */
import type { Call } from "../call.ts";
import { isObj, list } from "../canon/json.ts";
import type { ProtocolId } from "../canon/request.ts";
import { Fault } from "../fault.ts";
import { modelFacts } from "../models/catalog.ts";
import type { Provider } from "../providers/provider.ts";

/** One place a call can go. */
export interface Target {
  readonly provider: Provider;
  readonly protocol: ProtocolId;
  /** The provider's own name for the model. */
  readonly model: string;
  readonly credential?: string;
}

export interface Routes {
  readonly providers: ReadonlyMap<string, Provider>;
  readonly credentials: ReadonlyMap<string, string>;
  readonly aliases: ReadonlyMap<string, readonly string[]>;
}

/** What of a call its way depends on. */
type Asked = Pick<Call, "protocol" | "model" | "body">;

/**
 * `alias`, `provider/model` (also for a model never heard of) or a bare name that a provider claims. Fault `no_model`
 * says what would have worked.
 */
export function route(call: Asked, routes: Routes): Target[] {
  const names = routes.aliases.get(call.model) ?? [call.model];
  const targets = names.map((name) => target(name, call, routes));
  const usable = targets.filter(
    ({ provider, credential }) => provider.secret === undefined || credential !== undefined,
  );
  const [first] = targets;
  if (usable.length === 0 && first !== undefined) throw noCredential(first.provider);
  return usable;
}

function target(name: string, call: Asked, routes: Routes): Target {
  const { provider, model } = find(name, routes.providers);
  const credential = routes.credentials.get(provider.id);
  return {
    provider,
    protocol: protocolFor(provider, model, call),
    model,
    ...(credential !== undefined && { credential }),
  };
}

function find(name: string, providers: Routes["providers"]): { provider: Provider; model: string } {
  const slash = name.indexOf("/");
  const named = slash > 0 ? providers.get(name.slice(0, slash)) : undefined;
  if (named !== undefined && slash < name.length - 1) return { provider: named, model: name.slice(slash + 1) };
  const claims = ({ models = [] }: Provider): boolean => models.some((beginning) => name.startsWith(beginning));
  const claimed = [...providers.values()].find(claims);
  if (claimed !== undefined) return { provider: claimed, model: name };
  const known = [...providers.keys()].map((id) => `${id}/`).join(", ");
  const message = `The model '${name}' does not exist here. Name it provider/model, with a provider of: ${known}`;
  throw new Fault("no_model", message, { param: "model", code: "model_not_found" });
}

/** The caller's own protocol where the provider speaks it, so that the bytes stay as they are; else its best one. */
function protocolFor(provider: Provider, model: string, call: Asked): ProtocolId {
  const [best] = provider.speaks;
  if (best === undefined) throw new Fault("config", `The provider '${provider.id}' speaks no protocol.`);
  if (call.protocol === "chat" && mustLeaveChat(provider, model, call)) return "responses";
  return provider.speaks.includes(call.protocol) ? call.protocol : best;
}

/** OpenAI refuses function tools on Chat while a new model reasons, and points to Responses (wire.md fact 13). */
function mustLeaveChat(provider: Provider, model: string, { body }: Asked): boolean {
  if (!provider.quirks?.includes("reasoning-tools-through-responses")) return false;
  if (list(body.tools).length === 0 || body.reasoning_effort === "none") return false;
  return modelFacts(model).toolsNeedResponses && list(body.tools).some((tool) => isObj(tool));
}

function noCredential(provider: Provider): Fault {
  const message = `The provider '${provider.id}' has no credential here: the operator sets ${provider.secret}.`;
  return new Fault("no_model", message, { param: "model", code: "model_not_found" });
}
