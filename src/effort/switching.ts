/**
 * What a change of effort within a conversation costs at each family of models: the facts behind the cache guard. A
 * change that is no part of the conversation makes OpenAI and Anthropic read the whole prefix again at full price: at
 * 110k tokens about $0.50, while all reasoning of one call is worth less than $0.01.
 */
import { type Obj, obj } from "../canon/json.ts";
import type { ProtocolId } from "../canon/request.ts";
import { wires } from "./wires.ts";

/**
 * `in_band`: an item amid the conversation changes it from there on. `in_band_turns`: the same, but only where a user
 * speaks. `neutral`: the request says it, and the cached prefix does not depend on it. `costly`: neither; also where
 * nothing is known.
 */
export type Switching = "in_band" | "in_band_turns" | "neutral" | "costly";

/** Where a call goes: the provider's id, what it is spoken to in, and its own name for the model. */
export interface Place {
  readonly provider: string;
  readonly protocol: ProtocolId;
  readonly model: string;
}

/** What a call in these words may have there: in-band only where the provider itself has documented that it takes it. */
export function switchingAt(place: Place, protocol: ProtocolId, body: Obj): Switching {
  const switching = switchingOf(place.model);
  if (switching === "costly" || switching === "neutral") return switching;
  const { protocol: spoken, providers } = takers[switching];
  const isTaken = place.protocol === spoken && providers.has(place.provider);
  return isTaken && !isBarred(protocol, body) ? switching : "costly";
}

/** What this model, by the target's own name for it, offers. */
export function switchingOf(model: string): Switching {
  const name = model.slice(model.lastIndexOf("/") + 1).toLowerCase();
  return families.find(({ pattern }) => pattern.test(name))?.switching ?? "costly";
}

/** The first that matches holds. A version that goes on behind a name makes it a model of which nothing is known. */
const families: readonly { readonly pattern: RegExp; readonly switching: Switching }[] = [
  // `configuration_update`, an input item of the Responses API. The `pro` models refuse it.
  { pattern: /^gpt-6(?:\.\d)?-(?!.*\bpro\b)/, switching: "in_band" },
  // An effort-only system message, beta mid-conversation-output-config-2026-07-01 (Anthropic's page on it has the list).
  { pattern: /(?:fable|mythos)-5[.-][12](?![.\d])/, switching: "in_band_turns" },
  { pattern: /opus-5(?![.-]\d{1,2}(?!\d))/, switching: "in_band_turns" },
  { pattern: /(?:opus|sonnet|haiku)-5[.-]5(?![.\d])/, switching: "in_band_turns" },
  // What is cached there is contents, tools and the system instruction (the members of `cachedContents`), no settings.
  { pattern: /^gemini-/, switching: "neutral" },
];

/**
 * Does the model refuse a thought of its own behind a prefix that is not the one it was thought behind (wire.md B.3.8)?
 * So it is where a conversation is first decided upon, or by another policy, when it has begun.
 */
export function bindsThoughts(model: string): boolean {
  return /(?:fable|mythos)-5[.-]\d|(?:opus|sonnet|haiku)-5[.-]5(?![.\d])/.test(model.toLowerCase());
}

/** Who takes such items, and in which protocol. */
const takers = {
  in_band: { protocol: "responses", providers: new Set(["openai"]) },
  in_band_turns: { protocol: "messages", providers: new Set(["anthropic", "bedrock", "vertex-claude"]) },
} as const satisfies Record<string, { readonly protocol: ProtocolId; readonly providers: ReadonlySet<string> }>;

/** OpenAI takes updates in standard mode only, and neither where it shortens the history itself. */
function isBarred(protocol: ProtocolId, body: Obj): boolean {
  const { reasoning, context_management, truncation } = body;
  if (obj(reasoning).mode === "pro" || truncation === "auto") return true;
  if (context_management !== undefined && context_management !== null && protocol === "responses") return true;
  return wires[protocol].entries(body).some((entry) => isOwnUpdate(obj(entry)));
}

/** The caller changes the effort by itself: two hands on one dial would make updates that stand side by side. */
function isOwnUpdate({ type, role, output_config }: Obj): boolean {
  return type === "configuration_update" || (role === "system" && obj(output_config).effort !== undefined);
}
