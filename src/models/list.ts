/** The models that this gateway's callers may be shown: those of the providers that are on, and the operator's aliases. */
import { type Config, isOn } from "../config.ts";
import { type KnownModel, knownModels } from "./catalog.ts";
import { type Rates, ratesOf } from "./price.ts";

export interface ModelEntry {
  /** The name to call it by. */
  readonly id: string;
  readonly provider: string;
  /** What is known of the model behind the name. */
  readonly known?: KnownModel;
  /** What it costs now; absent where nobody knows. */
  readonly rates?: Rates;
}

/**
 * In a fixed order: aliases first, as the operator wrote them. Any `provider/model` may be called beside these.
 *
 * @param now milliseconds since 1970: prices change
 */
export function listModels(config: Config, now: number): ModelEntry[] {
  const on = [...config.providers.values()].filter((provider) => isOn(provider, config));
  const known = knownModels
    .filter(({ provider }) => on.some(({ id }) => id === provider))
    .map((model) => ({ id: model.id, provider: model.provider, known: model, ...priced(model, config, now) }));
  const simulated = on
    .filter(({ quirks }) => quirks?.includes("simulated") === true)
    .map(({ id }) => ({ id: `${id}/demo`, provider: id, ...priced({ provider: id, id: "demo" }, config, now) }));
  const aliases = [...config.aliases].map(([id, [target = ""]]): ModelEntry => {
    const model = known.find((entry) => entry.id === target || `${entry.provider}/${entry.id}` === target);
    return { ...(model ?? priced(named(target), config, now)), id, provider: "gearbox" };
  });
  return [...aliases, ...simulated, ...known];
}

/** The entry of this name, or of any `provider/model` whose provider is on. */
export function findModel(id: string, config: Config, now: number): ModelEntry | undefined {
  const listed = listModels(config, now).find((entry) => entry.id === id || `${entry.provider}/${entry.id}` === id);
  if (listed !== undefined) return { ...listed, id };
  const model = named(id);
  const provider = config.providers.get(model.provider);
  if (provider === undefined || !isOn(provider, config)) return undefined;
  return { id, provider: provider.id, ...priced(model, config, now) };
}

interface Named {
  readonly provider: string;
  readonly id: string;
}

function named(name: string): Named {
  const slash = Math.max(0, name.indexOf("/"));
  return { provider: name.slice(0, slash), id: name.slice(slash + 1) };
}

function priced({ provider, id }: Named, config: Config, now: number): Pick<ModelEntry, "rates"> {
  const found = config.providers.get(provider);
  const rates = found && ratesOf(found, id, now, config.prices);
  return rates === undefined ? {} : { rates };
}
