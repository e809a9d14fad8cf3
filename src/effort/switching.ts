/**
 * What a change of effort within a conversation costs at each family of models: the facts behind the cache guard. A
 * change that is no part of the conversation makes OpenAI and Anthropic read the whole prefix again at full price: at
 * 110k tokens about $0.50, while all reasoning of one call is worth less than $0.01.
 */

/**
 * `in_band`: an item amid the conversation changes it from there on. `in_band_turns`: the same, but only where a user
 * speaks. `neutral`: the request says it, and the cached prefix does not depend on it. `costly`: neither; also where
 * nothing is known.
 */
export type Switching = "in_band" | "in_band_turns" | "neutral" | "costly";

/** What this model, by the target's own name for it, offers. */
export function switchingOf(model: string): Switching {
  const name = model.slice(model.lastIndexOf("/") + 1).toLowerCase();
  return families.find(({ pattern }) => pattern.test(name))?.switching ?? "costly";
}

/** The first that matches holds. A version that goes on behind a name makes it a model of which nothing is known. */
const families: readonly { readonly pattern: RegExp; readonly switching: Switching }[] = [
  // `configuration_update`, an input item of the Responses API.
  { pattern: /^gpt-6(?:\.\d)?-/, switching: "in_band" },
  // An effort-only system message, beta mid-conversation-output-config-2026-07-01.
  { pattern: /(?:fable|mythos)-5[.-]1(?![.\d])/, switching: "in_band_turns" },
  { pattern: /opus-5(?![.-]\d{1,2}(?!\d))/, switching: "in_band_turns" },
  // What is cached there is contents, tools and the system instruction (the members of `cachedContents`), no settings.
  { pattern: /^gemini-/, switching: "neutral" },
];
