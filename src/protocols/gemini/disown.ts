/**
 * A conversation that another account answered so far, fit for this one: signatures that only their maker can verify go,
 * and the sentinel stands where Google insists on one.
 */
import { isObj, type Json, list, type Obj, obj } from "../../canon/json.ts";
import type { Lose } from "../../canon/request.ts";
import type { Disowned, Ranges } from "../protocol.ts";
import { excuse } from "./excuse.ts";
import { wantsSignatures } from "./model.ts";
import { sentinel } from "./signature.ts";

const names = ["thoughtSignature", "thought_signature"] as const;

export function disown(body: Obj, foreign: Ranges, model: string, lose: Lose): Disowned {
  const contents = list(body.contents).map(obj);
  const items = new Map<number, Obj | undefined>();
  for (const [from, to] of foreign) {
    for (const [offset, content] of contents.slice(from, to).entries()) {
      const at = from + offset;
      const parts = list(content.parts);
      const kept = parts.flatMap((part, place) =>
        unsigned(part, (name) => lose(`contents[${at}].parts[${place}].${name}`)),
      );
      // Each part that changed is a new one.
      if (kept.length === parts.length && kept.every((part, place) => part === parts[place])) continue;
      const fit = wantsSignatures(model) ? excuse(kept) : kept;
      items.set(at, fit.length === 0 ? undefined : { ...content, parts: fit });
    }
  }
  return { member: "contents", items };
}

/** The part without its signature; nothing where it had nothing else. */
function unsigned(part: Json, lost: (name: string) => void): readonly Json[] {
  if (!isObj(part)) return [part];
  const name = names.find((each) => typeof part[each] === "string" && part[each] !== sentinel);
  if (name === undefined) return [part];
  lost(name);
  const { [name]: _, ...rest } = part;
  const { text, thought, ...others } = rest;
  const isEmpty = (text === undefined || text === "") && Object.keys(others).length === 0;
  return isEmpty ? [] : [rest];
}
