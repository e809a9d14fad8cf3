/** Which targets a call may have: by what the operator wrote, and by what the models can do. Pure. */
import { type Input, modelFacts } from "../models/catalog.ts";
import type { Target } from "./route.ts";
import type { Condition, Modality } from "./route-table.ts";
import type { Traits } from "./traits.ts";

/** Does the condition hold for a call of these traits? None always does. */
export function holds(condition: Condition | undefined, traits: Traits): boolean {
  if (condition === undefined) return true;
  const { teams, metadata = {}, tokensIn = {}, modalities, tools, stream } = condition;
  const { least = 0, most = Number.POSITIVE_INFINITY } = tokensIn;
  return (
    (teams === undefined || teams.includes(traits.team)) &&
    Object.entries(metadata).every(([name, values]) => values.includes(traits.metadata[name] ?? "")) &&
    traits.tokensIn >= least &&
    traits.tokensIn <= most &&
    (modalities === undefined || hasOne(modalities, traits)) &&
    (tools === undefined || tools === traits.tools) &&
    (stream === undefined || stream === traits.stream)
  );
}

function hasOne(wanted: readonly Modality[], { modalities }: Traits): boolean {
  return wanted.length === 0 ? modalities.size === 0 : wanted.some((each) => modalities.has(each));
}

const inputs = { image: "image", audio: "audio", file: "pdf" } as const satisfies Record<Modality, Input>;

/** What the call needs and the model is known not to take; `undefined` also where nothing is known of the model. */
export function lack({ model }: Target, { modalities, tools }: Traits): Modality | "tools" | undefined {
  const facts = modelFacts(model);
  if (tools && facts.tools === false) return "tools";
  const { inputs: known } = facts;
  // A family's facts are those of its text models; the ones made for sound are called so.
  if (known === undefined || /audio|realtime/.test(model)) return undefined;
  return [...modalities].find((modality) => !known.includes(inputs[modality]));
}

/** Is the call too long for the model's context, as far as either is known? */
export function isTooLong({ model }: Target, { tokensIn }: Traits): boolean {
  const { context } = modelFacts(model);
  return context !== undefined && tokensIn > context;
}
