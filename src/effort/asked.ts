/** The effort that a request asks for, in its own protocol's words. */
import { isObj, type Json, type Obj } from "../canon/json.ts";
import { type Effort, efforts, type ProtocolId } from "../canon/request.ts";

/** Where each protocol has the effort: a member, and what lies within it. */
export const effortPaths = {
  responses: ["reasoning", "effort"],
  chat: ["reasoning_effort"],
  messages: ["output_config", "effort"],
  gemini: ["generationConfig", "thinkingConfig", "thinkingLevel"],
} as const satisfies Record<ProtocolId, readonly string[]>;

/** The word that stands there, in lower case, whatever it is. */
export function effortWord(protocol: ProtocolId, body: Obj): string | undefined {
  let value: Json | undefined = body;
  for (const member of effortPaths[protocol]) value = isObj(value) ? value[member] : undefined;
  return typeof value === "string" ? value.toLowerCase() : undefined;
}

/** `undefined` where none is asked for, or none that we know. */
export function askedEffort(protocol: ProtocolId, body: Obj): Effort | undefined {
  const word = effortWord(protocol, body);
  return efforts.find((effort) => effort === word);
}
