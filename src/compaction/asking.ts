/** A call as a target without compaction of its own is asked: for the summary, in words that any model understands. Pure. */
import type { Call } from "../call.ts";
import { isObj, type Json, list, type Obj, obj } from "../canon/json.ts";
import { inputItems } from "../conversations/said.ts";
import { changed } from "../edited.ts";
import { isCompaction, isTrigger } from "./items.ts";
import { userMessage } from "./opening.ts";
import { isPlan } from "./plan.ts";
import { wish } from "./words.ts";

export interface Asked {
  readonly call: Call;
  /** Where items stood that only the provider which made them could read. */
  readonly lost: readonly string[];
}

/** Bytes by which a call may grow when it asks for a summary. */
export const growth = 2 * wish.length;

/** The call without what only a provider with compaction knows; with `asksSummary` as one that wants a summary alone. */
export function asking(call: Call, asksSummary: boolean): Asked {
  const items = inputItems(call.body.input);
  const kept = items.filter((item) => !isCompaction(item) && !isTrigger(item));
  const changes = [
    ...(asksSummary ? [to("input", [...kept, userMessage(wish)]), ...inWords(call.body, items)] : []),
    ...(!asksSummary && kept.length < items.length ? [to("input", kept)] : []),
    ...(isPlan(call.body.context_management) ? [without("context_management")] : []),
  ];
  return {
    call: changes.length === 0 ? call : changed(call, new Map(changes)),
    lost: items.flatMap((item, at) => (isCompaction(item) ? [`input[${at}]`] : [])),
  };
}

type Change = readonly [member: string, change: { readonly json: string; readonly value: Json } | undefined];

function to(member: string, value: Json): Change {
  return [member, { json: JSON.stringify(value), value }];
}

function without(member: string): Change {
  return [member, undefined];
}

/** The tools stay, for the sake of the provider's prompt cache; but none is called, and no form is filled in. */
function inWords({ tools, tool_choice, text }: Obj, items: readonly Json[]): Change[] {
  const hasTools = list(tools).length > 0 || items.some((item) => isObj(item) && item.type === "additional_tools");
  const { format, ...others } = obj(text);
  return [
    ...(hasTools ? [to("tool_choice", "none")] : tool_choice === undefined ? [] : [without("tool_choice")]),
    ...(format === undefined ? [] : [to("text", others)]),
  ];
}
