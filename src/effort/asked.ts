/** The effort that a request asks for, in its own protocol's words. */
import { isObj, type Json, type Obj } from "../canon/json.ts";
import { type Effort, efforts, type ProtocolId } from "../canon/request.ts";

const paths = {
  responses: ["reasoning", "effort"],
  chat: ["reasoning_effort"],
  messages: ["output_config", "effort"],
  gemini: ["generationConfig", "thinkingConfig", "thinkingLevel"],
} as const satisfies Record<ProtocolId, readonly string[]>;

/** `undefined` where none is asked for, or none that we know. */
export function askedEffort(protocol: ProtocolId, body: Obj): Effort | undefined {
  let value: Json | undefined = body;
  for (const member of paths[protocol]) value = isObj(value) ? value[member] : undefined;
  const word = typeof value === "string" ? value.toLowerCase() : undefined;
  return efforts.find((effort) => effort === word);
}
