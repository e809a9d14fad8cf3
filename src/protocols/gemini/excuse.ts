/**
 * From Gemini 3 on the first call of a step must carry a signature, in the current turn (wire.md B.4.6). The sentinel
 * stands in for what another model never made. It stands in older turns too, where it is not needed, because what is
 * sent of a turn must not change when the next one comes: the provider's prompt cache would be lost.
 */
import { isObj, type Json, type Obj } from "../../canon/json.ts";
import { wantsSignatures } from "./model.ts";
import { sentinel } from "./signature.ts";

/** The parts of one content of the model's, its first call signed. */
export function excuse(parts: readonly Json[]): Json[] {
  const first = parts.findIndex((part) => isObj(part) && has(part, "functionCall", "function_call"));
  return parts.map((part, index) => {
    if (index !== first || !isObj(part) || has(part, "thoughtSignature", "thought_signature")) return part;
    return { ...part, thoughtSignature: sentinel };
  });
}

function has(part: Obj, name: string, snakeName: string): boolean {
  return part[name] !== undefined || part[snakeName] !== undefined;
}

/** The `contents` of a relayed body that our tokens were taken out of, fit for the model. */
export function excuseContents(contents: Json, model: string): Json {
  if (!Array.isArray(contents) || !wantsSignatures(model)) return contents;
  return contents.map((content: Json) => {
    if (!isObj(content) || content.role !== "model" || !Array.isArray(content.parts)) return content;
    return { ...content, parts: excuse(content.parts) };
  });
}
