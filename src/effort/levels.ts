/** Which levels a model takes in a call as it stands, and which one it takes when nothing is said. */
import { type Obj, obj } from "../canon/json.ts";
import { type Effort, efforts } from "../canon/request.ts";
import { knownModels, type ModelFacts } from "../models/catalog.ts";
import type { Place } from "./switching.ts";

/** All that is sure of a model of which nothing is known. */
const safest = ["low", "medium", "high"] as const;

/**
 * Undefined where any level will do: the dial turns it into tokens, or the caller has chosen it for a model that we do
 * not know.
 */
export function levelsFor(
  { dial }: ModelFacts,
  { protocol }: Pick<Place, "protocol">,
  { thinking }: Obj,
  isChosenByUs: boolean,
): readonly Effort[] | undefined {
  if (dial.style === "unknown") return isChosenByUs ? safest : undefined;
  if (!("levels" in dial)) return undefined;
  // `max` exists in the Responses API only.
  if (protocol === "chat") return dial.levels.filter((level) => level !== "max");
  const { type } = obj(thinking);
  const isOff = type === "disabled" || type === "between_tools";
  if (dial.style !== "adaptive" || !isOff || dial.offLimit === undefined) return dial.levels;
  const most = efforts.indexOf(dial.offLimit);
  return dial.levels.filter((level) => efforts.indexOf(level) <= most);
}

/** By the target's own name for the model. */
export function usualEffort(model: string): Effort | undefined {
  const name = model.slice(model.lastIndexOf("/") + 1).toLowerCase();
  return knownModels.find(({ id }) => id === name)?.defaultEffort;
}
