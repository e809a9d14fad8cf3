/**
 * What each named oddity of a provider does to a request that we wrote for it. A relayed body is never bent: the caller
 * chose its words for that provider. (What the gateway added to it, `envelope.ts` takes out again.) Odd answers need no
 * quirk: the decoder of Chat reads them all, whoever sends them.
 */
import { isObj, type Json, list, type Obj } from "../canon/json.ts";
import type { Lose, ProtocolId } from "../canon/request.ts";
import type { ToolAbilities } from "../canon/tools.ts";
import type { Provider, Quirk } from "./provider.ts";

interface Spoken {
  readonly provider: Provider;
  readonly protocol: ProtocolId;
}

const spoken = {
  responses: { custom: true, namespaces: true, search: true, nameLimit: 64, webSearch: true },
  chat: { custom: true, namespaces: false, search: false, nameLimit: 64, webSearch: true },
  messages: { custom: false, namespaces: false, search: false, nameLimit: 64, webSearch: true },
  gemini: { custom: false, namespaces: false, search: false, nameLimit: 64, letterFirst: true, webSearch: true },
} as const satisfies Record<ProtocolId, ToolAbilities>;

/** The kinds of tools that can be said to this provider in this protocol. */
export function abilities({ provider, protocol }: Spoken): ToolAbilities {
  const can = spoken[protocol];
  return has(provider, "functions-only") ? { ...can, custom: false, webSearch: false } : can;
}

const bends: readonly { quirk: Quirk; protocol: ProtocolId; bend: (body: Obj, lose: Lose) => Obj }[] = [
  { quirk: "system-role-only", protocol: "chat", bend: developerAsSystem },
  { quirk: "max-tokens", protocol: "chat", bend: renameOutputBound },
  { quirk: "no-openai-members", protocol: "chat", bend: (body, lose) => without(body, openaiMembers, lose) },
  { quirk: "mistral-members", protocol: "chat", bend: mistralMembers },
];

/**
 * Hints and bookkeeping, by the names that canon has for them. Groq and Cerebras refuse a request for `metadata`, Groq
 * for `prompt_cache_key` as well.
 */
const openaiMembers = {
  metadata: "metadata",
  prompt_cache_key: "cacheKey",
  safety_identifier: "user",
  service_tier: "tier",
  store: "store",
  verbosity: "verbosity",
} as const;

/** The encoded request as this provider wants it. `lose` hears of what had to be left out. */
export function bend(body: Obj, { provider, protocol }: Spoken, lose: Lose = () => undefined): Obj {
  const own = bends.filter((each) => each.protocol === protocol && has(provider, each.quirk));
  return own.reduce((bent, each) => each.bend(bent, lose), body);
}

function has(provider: Provider, quirk: Quirk): boolean {
  return provider.quirks?.includes(quirk) === true;
}

function developerAsSystem(body: Obj): Obj {
  const rename = (message: Json): Json =>
    isObj(message) && message.role === "developer" ? { ...message, role: "system" } : message;
  return { ...body, messages: list(body.messages).map(rename) };
}

function renameOutputBound({ max_completion_tokens, ...body }: Obj): Obj {
  return max_completion_tokens === undefined ? body : { ...body, max_tokens: max_completion_tokens };
}

/** Mistral forbids every member that its own API does not list (`extra_forbidden`), but does know `prompt_cache_key`. */
function mistralMembers(body: Obj, lose: Lose): Obj {
  const { prompt_cache_key: _, ...refused } = openaiMembers;
  const { seed, ...known } = without(body, { ...refused, user: "user" }, lose);
  return seed === undefined ? known : { ...known, random_seed: seed };
}

function without(body: Obj, refused: Readonly<Record<string, string>>, lose: Lose): Obj {
  const isRefused = (member: string): boolean => Object.hasOwn(refused, member);
  const names = Object.keys(body).flatMap((member) => (isRefused(member) ? [refused[member] ?? member] : []));
  for (const name of new Set(names)) lose(name);
  return Object.fromEntries(Object.entries(body).filter(([member]) => !isRefused(member)));
}
