/** Where a call of one of OpenAI's other endpoints may go: as any call, but only to a provider that has the endpoint. */
import { type Config, isOn } from "../config.ts";
import { Fault } from "../fault.ts";
import { route, type Target } from "../policy/route.ts";
import type { Provider } from "../providers/provider.ts";
import type { Operation } from "./operation.ts";
import type { Task } from "./task.ts";

/**
 * The targets, best first. A form goes to the first one only, as it is gone once it was sent. Without a model in reach
 * the call goes to the one provider that has the endpoint.
 */
export function routeTask({ operation, model, payload }: Task, config: Config): readonly Target[] {
  if (model === undefined) return [only(operation, payload.kind === "form" && !payload.isWhole, config)];
  const targets = targetsOf(operation, model, config);
  return payload.kind === "form" ? targets.slice(0, 1) : targets;
}

/** The provider's name for a model that passes on the way to it. Faults: a model of another provider's. */
export function renameFor({ provider }: Target, operation: Operation, config: Config): (model: string) => string {
  return (model) => {
    const target = targetsOf(operation, model, config).find((each) => each.provider.id === provider.id);
    if (target === undefined) throw modelFirst(`The model '${model}' is not of '${provider.id}'`);
    return target.model;
  };
}

function targetsOf(operation: Operation, model: string, config: Config): readonly Target[] {
  const targets = route({ protocol: "chat", model, body: {} }, config);
  const able = targets.filter(({ provider }) => has(provider, operation));
  const [first] = targets;
  if (able.length > 0 || first === undefined) return able;
  const message = `The provider '${first.provider.id}' has no endpoint /v1/${operation} here.`;
  throw new Fault("bad_request", message, { param: "model", code: "unsupported_endpoint" });
}

/** What is assumed of a provider that speaks Chat or Gemini and says nothing else of itself. */
const assumed: readonly Operation[] = ["embeddings", "completions"];

/** Gemini's embeddings are the only thing that is translated, and Vertex has other paths for them than Gemini. */
function has({ speaks, operations = assumed, endpoint = "plain" }: Provider, operation: Operation): boolean {
  const isOpenai = speaks.includes("chat") || speaks.includes("responses");
  const isGemini = operation === "embeddings" && endpoint === "plain" && speaks.includes("gemini");
  return operations.includes(operation) && (isOpenai || isGemini);
}

/** What an answer's headers and the account call a model that the provider chose by itself. */
const ownModel = "default";

function only(operation: Operation, isOutOfReach: boolean, config: Config): Target {
  const able = [...config.providers.values()].filter((each) => isOn(each, config) && has(each, operation));
  const [provider, another] = able;
  if (provider === undefined) {
    throw new Fault("not_found", `No provider here has the endpoint /v1/${operation}.`, { param: "model" });
  }
  if (another !== undefined) {
    if (isOutOfReach) throw modelFirst(`More than one provider has /v1/${operation}`);
    const message = `You must provide a model: more than one provider has /v1/${operation}.`;
    throw new Fault("bad_request", message, { param: "model", code: "missing_required_parameter" });
  }
  const credential = config.allCredentials.get(provider.id)?.[0]?.value;
  return { provider, protocol: "chat", model: ownModel, ...(credential !== undefined && { credential }) };
}

function modelFirst(why: string): Fault {
  const message = `${why}: put the field 'model' before the files, so that it is known where the form goes.`;
  return new Fault("bad_request", message, { param: "model", code: "model_not_first" });
}
