/** Items of the Responses API as they are kept and as they are listed. */
import { isObj, type Json, type Obj, text } from "../canon/json.ts";
import type { Said } from "../stores/conversations.ts";

/** How the ids of OpenAI's items begin, of those that callers send without one. */
const prefixes: Readonly<Record<string, string>> = {
  message: "msg_",
  reasoning: "rs_",
  function_call: "fc_",
  function_call_output: "fco_",
  custom_tool_call: "ctc_",
  custom_tool_call_output: "ctco_",
};

export function saidOf(item: Json): Said {
  const id = isObj(item) ? text(item.id) : undefined;
  const prefix = prefixes[(isObj(item) && typeOf(item)) || "message"] ?? "item_";
  return { json: JSON.stringify(item), prefix, ...(id !== undefined && { id }) };
}

/** Messages may leave their type away, and so may references, which have nothing else. */
function typeOf(item: Obj): string | undefined {
  if (item.type !== undefined && item.type !== null) return text(item.type);
  if (item.role !== undefined) return "message";
  return text(item.id) === undefined ? undefined : "item_reference";
}

/** A request's input as items: a string is one message of the user's. */
export function inputItems(input: Json | undefined): readonly Json[] {
  if (typeof input === "string") return [{ type: "message", role: "user", content: input }];
  return Array.isArray(input) ? input : [];
}

/** The ids of the items that the input only names. */
export function references(input: Json | undefined): readonly string[] {
  return inputItems(input).flatMap((item) => referenceOf(item) ?? []);
}

export function referenceOf(item: Json): string | undefined {
  return isObj(item) && typeOf(item) === "item_reference" ? text(item.id) : undefined;
}

/** An item as OpenAI lists it: with an id, and the short form of a message written out. */
export function listed(id: string, item: Obj): Obj {
  if (typeOf(item) !== "message") return { id, ...item };
  const { content } = item;
  const type = item.role === "assistant" ? "output_text" : "input_text";
  const part =
    type === "output_text" ? { type, text: content, annotations: [], logprobs: [] } : { type, text: content };
  return {
    id,
    status: "completed",
    ...item,
    type: "message",
    content: typeof content === "string" ? [part] : content,
  };
}
