// The streaming events of one Responses output item, from added to done.

import { type Obj, objects, str } from "./json.ts";
import { chop, words } from "./take.ts";

/** A complete output item and its place in the output. */
export interface RenderedItem {
  index: number;
  item: Obj;
}

/** All events of an item, without sequence numbers. */
export function itemEvents({ index, item }: RenderedItem): Obj[] {
  return [
    { type: "response.output_item.added", output_index: index, item: opened(item) },
    ...inner(item, { item_id: item.id, output_index: index }),
    { type: "response.output_item.done", output_index: index, item },
  ];
}

/** An item before its content. Only the encrypted content of `done` is final, so `added` carries another one. */
function opened(item: Obj): Obj {
  if (item.type === "reasoning") return { ...item, encrypted_content: "bm90LWZpbmFs", summary: [] };
  const open: Obj = { ...item, status: "in_progress" };
  if ("content" in item) open.content = [];
  if ("arguments" in item) open.arguments = "";
  if ("input" in item) open.input = "";
  if (item.type === "image_generation_call") delete open.result;
  return open;
}

function inner(item: Obj, at: Obj): Obj[] {
  switch (item.type) {
    case "message":
      return objects(item.content).flatMap((part, index) => partEvents(part, { ...at, content_index: index }));
    case "reasoning":
      return objects(item.summary).flatMap((part, index) => summaryEvents(part, { ...at, summary_index: index }));
    case "function_call":
      return [
        ...chop(str(item.arguments), 12).map((delta) => ({
          type: "response.function_call_arguments.delta",
          ...at,
          delta,
        })),
        { type: "response.function_call_arguments.done", ...at, name: item.name, arguments: item.arguments },
      ];
    case "custom_tool_call":
      return [
        ...chop(str(item.input), 12).map((delta) => ({ type: "response.custom_tool_call_input.delta", ...at, delta })),
        { type: "response.custom_tool_call_input.done", ...at, input: item.input },
      ];
    default:
      return ["in_progress", "generating", "completed"].map((step) => ({
        type: `response.image_generation_call.${step}`,
        ...at,
      }));
  }
}

function partEvents(part: Obj, at: Obj): Obj[] {
  const [kind, member] = part.type === "refusal" ? ["refusal", "refusal"] : ["output_text", "text"];
  const logprobs = part.type === "refusal" ? {} : { logprobs: [] };
  return [
    { type: "response.content_part.added", ...at, part: { ...part, [member]: "" } },
    ...words(str(part[member])).map((delta) => ({ type: `response.${kind}.delta`, ...at, delta, ...logprobs })),
    { type: `response.${kind}.done`, ...at, [member]: part[member], ...logprobs },
    { type: "response.content_part.done", ...at, part },
  ];
}

function summaryEvents(part: Obj, at: Obj): Obj[] {
  return [
    { type: "response.reasoning_summary_part.added", ...at, part: { ...part, text: "" } },
    ...words(str(part.text)).map((delta) => ({ type: "response.reasoning_summary_text.delta", ...at, delta })),
    { type: "response.reasoning_summary_text.done", ...at, text: part.text },
    { type: "response.reasoning_summary_part.done", ...at, part },
  ];
}
