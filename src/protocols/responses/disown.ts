/**
 * A conversation that another account answered so far, fit for this one: reasoning that only its maker can read goes,
 * and with it the ids of what followed it, since OpenAI looks for the reasoning that belongs to an id (wire.md C.10).
 */
import { isObj, list, type Obj, text } from "../../canon/json.ts";
import type { Lose } from "../../canon/request.ts";
import { unsupported } from "../../fault.ts";
import type { Disowned, Ranges } from "../protocol.ts";

export function disown(body: Obj, foreign: Ranges, _model: string, lose: Lose): Disowned {
  const all = list(body.input);
  const items = new Map<number, Obj | undefined>();
  for (const [from, to] of foreign) {
    let isOrphan = false;
    for (const [offset, item] of all.slice(from, to).entries()) {
      const at = from + offset;
      if (!isObj(item)) continue;
      if (item.type === "compaction")
        throw unsupported(`input[${at}]`, "can only be read by the account that made it.");
      isOrphan = item.type === "reasoning" || (isOrphan && isSaid(item));
      if (item.type === "reasoning") {
        items.set(at, undefined);
        lose(`input[${at}]`);
      } else if (isOrphan && item.id !== undefined) {
        const { id: _, ...rest } = item;
        items.set(at, rest);
        lose(`input[${at}].id`);
      }
    }
  }
  return { member: "input", items };
}

const said: ReadonlySet<string> = new Set(["function_call", "custom_tool_call"]);

/** Did the model say it? Of these the id may be left out. */
function isSaid({ type, role }: Obj): boolean {
  return said.has(text(type) ?? "") || role === "assistant";
}
