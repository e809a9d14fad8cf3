/** The models that this gateway's callers may be shown: those of the providers that are on, and the operator's aliases. */
import { type Config, isOn } from "../config.ts";
import { type KnownModel, knownModels } from "./catalog.ts";

export interface ModelEntry {
  /** The name to call it by. */
  readonly id: string;
  readonly provider: string;
  /** What is known of the model behind the name. */
  readonly known?: KnownModel;
}

/** In a fixed order: aliases first, as the operator wrote them. Any `provider/model` may be called beside these. */
export function listModels(config: Config): ModelEntry[] {
  const on = [...config.providers.values()].filter((provider) => isOn(provider, config));
  const known = knownModels
    .filter(({ provider }) => on.some(({ id }) => id === provider))
    .map((model) => ({ id: model.id, provider: model.provider, known: model }));
  const simulated = on
    .filter(({ quirks }) => quirks?.includes("simulated") === true)
    .map(({ id }) => ({ id: `${id}/demo`, provider: id }));
  const aliases = [...config.aliases].map(([id, [first = ""]]) => alias(id, first, known));
  return [...aliases, ...simulated, ...known];
}

function alias(id: string, target: string, known: readonly ModelEntry[]): ModelEntry {
  const model = known.find((entry) => entry.id === target || `${entry.provider}/${entry.id}` === target);
  return { id, provider: "gearbox", ...(model?.known && { known: model.known }) };
}

/** The entry of this name, or of any `provider/model` whose provider is on. */
export function findModel(id: string, config: Config): ModelEntry | undefined {
  const listed = listModels(config).find((entry) => entry.id === id || `${entry.provider}/${entry.id}` === id);
  if (listed !== undefined) return { ...listed, id };
  const provider = config.providers.get(id.slice(0, Math.max(0, id.indexOf("/"))));
  return provider !== undefined && isOn(provider, config) ? { id, provider: provider.id } : undefined;
}
