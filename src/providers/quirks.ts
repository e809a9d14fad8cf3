/** What each named oddity of a provider does to a request that we wrote for it. A relayed body is never bent. */
import { isObj, type Json, list, type Obj } from "../canon/json.ts";
import type { ProtocolId } from "../canon/request.ts";
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

const bends: readonly { quirk: Quirk; protocol: ProtocolId; bend: (body: Obj) => Obj }[] = [
  { quirk: "system-role-only", protocol: "chat", bend: developerAsSystem },
  { quirk: "max-tokens", protocol: "chat", bend: renameOutputBound },
];

/** The encoded request as this provider wants it. */
export function bend(body: Obj, { provider, protocol }: Spoken): Obj {
  const own = bends.filter((each) => each.protocol === protocol && has(provider, each.quirk));
  return own.reduce((bent, each) => each.bend(bent), body);
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
