/** Where a call may go: from the name it asks for to the targets that can serve it. Pure. */
import type { Call } from "../call.ts";
import { defined, isObj, list } from "../canon/json.ts";
import type { ProtocolId } from "../canon/request.ts";
import { Fault } from "../fault.ts";
import { modelFacts } from "../models/catalog.ts";
import type { Provider } from "../providers/provider.ts";
import type { Credential } from "../providers/settings.ts";
import { holds, isTooLong, lack } from "./conditions.ts";
import { originOf } from "./origin.ts";
import type { Route, RouteTable } from "./route-table.ts";
import { type Traits, traitsOf } from "./traits.ts";
import type { Wishes } from "./wishes.ts";

/** One place a call can go. */
export interface Target {
  readonly provider: Provider;
  readonly protocol: ProtocolId;
  /** The provider's own name for the model. */
  readonly model: string;
  readonly credential?: string;
  /** The setting that holds it. */
  readonly credentialName?: string;
}

export interface Routes {
  readonly providers: ReadonlyMap<string, Provider>;
  readonly allCredentials: ReadonlyMap<string, readonly Credential[]>;
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  readonly routes: RouteTable;
}

/** A target that may have the call, and what its route says of it. */
export interface Candidate {
  readonly target: Target;
  /** Of the conversations, beside the other candidates' weights. */
  readonly weight: number;
  /** Its place on the list; a target's several credentials share one. */
  readonly rank: number;
}

/** Where a call may go, in the order as written; `choose` makes of it an order to try. */
export interface Way extends Pick<Route, "strategy" | "timeouts" | "retries" | "hedge"> {
  /** Of the route or alias; absent where the call names a model. */
  readonly name?: string;
  readonly candidates: readonly Candidate[];
}

/** What of a call its way depends on. */
type Asked = Pick<Call, "protocol" | "model" | "body">;

/** The targets of a call for which nothing is chosen, in the order as written. */
export function route(call: Asked, routes: Routes): Target[] {
  const traits = traitsOf({ body: call.body, stream: false }, 0, "");
  return wayOf(call, () => traits, { models: [call.model] }, routes).candidates.map(({ target }) => target);
}

/**
 * A route, an alias, `provider/model` (also for a model never heard of) or a bare name that a provider claims. Faults:
 * `no_model` says what would have worked, `bad_request` what of the call no target takes.
 *
 * @param traits asked for where a route or alias is meant, once for each
 */
export function wayOf(
  call: Asked,
  traits: () => Traits,
  { route: wanted, models }: Pick<Wishes, "route" | "models">,
  routes: Routes,
): Way {
  if (wanted !== undefined) return named(wanted, call, traits, routes) ?? noRoute(wanted, routes);
  const ways = models.map((model) => named(model, call, traits, routes) ?? modelWay(model, call, routes));
  const [first] = ways;
  if (first !== undefined && ways.length === 1) return first;
  // The caller's own order goes before what a route among the names would choose by.
  const candidates = ways.flatMap((way, at) =>
    way.candidates.map((each) => ({ ...each, rank: at * mostRanks + each.rank })),
  );
  return { strategy: "priority", candidates: distinct(candidates) };
}

/** More than any list has places. */
const mostRanks = 1_000_000;

/** The way of a route or alias; `undefined` where there is none, or not for this call. */
function named(name: string, call: Asked, traitsOfCall: () => Traits, routes: Routes): Way | undefined {
  const written = routes.routes.get(name);
  const models = routes.aliases.get(name);
  if (written === undefined && models === undefined) return undefined;
  const traits = traitsOfCall();
  if (written !== undefined && holds(written.when, traits)) return routeWay(name, written, call, traits, routes);
  if (models === undefined) return undefined;
  const wanted = models.map((model) => find(model, routes.providers));
  return { name, strategy: "priority", candidates: able(name, expanded(wanted, call, routes), traits) };
}

function routeWay(name: string, written: Route, call: Asked, traits: Traits, routes: Routes): Way {
  const open = written.targets.filter(({ when }) => holds(when, traits));
  if (open.length === 0) throw new Fault("bad_request", `No target of '${name}' is meant for such a call.`, barred);
  const wanted = open.map(({ provider: id, ...rest }) => ({ provider: known(id, routes), ...rest }));
  const { strategy, timeouts, retries, hedge } = written;
  const kept = defined({ strategy, timeouts, retries, hedge });
  return { ...kept, name, candidates: able(name, expanded(wanted, call, routes), traits) };
}

function modelWay(model: string, call: Asked, routes: Routes): Way {
  return { strategy: "priority", candidates: expanded([find(model, routes.providers)], call, routes) };
}

const barred = { param: "model", code: "unsupported_by_route" } as const;

function noRoute(name: string, { routes, aliases }: Routes): never {
  const names = [...routes.keys(), ...aliases.keys()].join(", ");
  const message = `There is no route '${name}' for this call; routes here are: ${names === "" ? "none" : names}.`;
  throw new Fault("bad_request", message, { param: "x-gearbox-route", code: "invalid_header" });
}

/** The candidates that can do what the call needs. Its length is estimated: where none is long enough, all may try. */
function able(name: string, candidates: readonly Candidate[], traits: Traits): readonly Candidate[] {
  const can = candidates.filter(({ target }) => lack(target, traits) === undefined);
  const [missing] = can.length > 0 ? [] : candidates.flatMap(({ target }) => lack(target, traits) ?? []);
  if (missing !== undefined) throw new Fault("bad_request", `No model of '${name}' takes ${lacks[missing]}.`, barred);
  const fitting = can.filter(({ target }) => !isTooLong(target, traits));
  return fitting.length > 0 ? fitting : can;
}

const lacks = { image: "images", audio: "audio", file: "files", tools: "tools" } as const;

interface Wanted {
  readonly provider: Provider;
  readonly model: string;
  readonly weight?: number;
  readonly credential?: string;
}

/** Each model with each credential that it may use; those whose provider has none are left out, unless all are. */
function expanded(wanted: readonly Wanted[], call: Asked, routes: Routes): readonly Candidate[] {
  const candidates = wanted.flatMap(({ provider, model, weight = 1, credential }, rank) => {
    const protocol = protocolFor(provider, model, call);
    const target: Target = { provider, protocol, model };
    if (provider.secret === undefined) return [{ target, weight, rank }];
    const all = routes.allCredentials.get(provider.id) ?? [];
    const open = credential === undefined ? all : all.filter(({ name }) => name === credential);
    return open.map(({ name, value }) => ({
      target: { ...target, credential: value, credentialName: name },
      weight: weight / open.length,
      rank,
    }));
  });
  const [first] = wanted;
  if (candidates.length === 0 && first !== undefined) throw noCredential(first.provider);
  return distinct(candidates);
}

/** An account and model once, at its first place. */
function distinct(candidates: readonly Candidate[]): readonly Candidate[] {
  const byOrigin = new Map<string, Candidate>();
  for (const each of candidates) {
    const origin = originOf(each.target);
    if (!byOrigin.has(origin)) byOrigin.set(origin, each);
  }
  return [...byOrigin.values()];
}

function known(id: string, { providers }: Routes): Provider {
  const provider = providers.get(id);
  if (provider === undefined) throw new Fault("config", `A route names the provider '${id}', which is not there.`);
  return provider;
}

function find(name: string, providers: Routes["providers"]): { provider: Provider; model: string } {
  const slash = name.indexOf("/");
  const named = slash > 0 ? providers.get(name.slice(0, slash)) : undefined;
  if (named !== undefined && slash < name.length - 1) return { provider: named, model: name.slice(slash + 1) };
  const claims = ({ models = [] }: Provider): boolean => models.some((beginning) => name.startsWith(beginning));
  const claimed = [...providers.values()].find(claims);
  if (claimed !== undefined) return { provider: claimed, model: name };
  if (name === "auto") throw noAuto();
  const known = [...providers.keys()].map((id) => `${id}/`).join(", ");
  const message = `The model '${name}' does not exist here. Name it provider/model, with a provider of: ${known}`;
  throw new Fault("no_model", message, { param: "model", code: "model_not_found" });
}

function noAuto(): Fault {
  const like = '{"auto":{"strategy":"effort","targets":[ … from the cheapest to the strongest … ]}}';
  const message = `No route 'auto' takes this call: the operator writes one into ROUTES, like ${like}.`;
  return new Fault("no_model", message, { param: "model", code: "model_not_found" });
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
