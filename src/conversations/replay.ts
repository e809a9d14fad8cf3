/**
 * A stored response as the events of a stream: the very ones where it was streamed, else those of an answer that is told
 * in one go (wire.md B.1.6).
 */
import { isObj, type Json, list, number, type Obj, text } from "../canon/json.ts";
import { momentOf, retell } from "./trace.ts";
import type { Stored } from "./turn.ts";

/** @param after the number of the last event that the caller has */
export function eventsOf({ response, trace }: Stored, after = -1): readonly Obj[] {
  const events = trace === undefined ? told(response) : retell(trace, response);
  return events.filter((event) => (number(event.sequence_number) ?? 0) > after);
}

function told(response: Obj): Obj[] {
  const moment = (name: string): Obj => {
    const type = `response.${name}`;
    return { type, response: momentOf({ type }, response) };
  };
  const items = list(response.output).filter(isObj).flatMap(itemEvents);
  const events = [moment("created"), moment("in_progress"), ...items, moment(text(response.status) ?? "completed")];
  return events.map(({ type, ...members }, place) => ({ type, sequence_number: place, ...members }));
}

function itemEvents(item: Obj, place: number): Obj[] {
  const ids = { item_id: item.id, output_index: place };
  return [
    { type: "response.output_item.added", output_index: place, item: begun(item) },
    ...within(item).map((event) => ({ ...event, ...ids })),
    { type: "response.output_item.done", output_index: place, item },
  ];
}

/** The item before anything was said of it. */
function begun(item: Obj): Obj {
  const isRunning = item.status !== undefined;
  return { ...item, ...(isRunning && { status: "in_progress" }), ...emptied(item) };
}

function emptied({ type }: Obj): Obj {
  switch (type) {
    case "message":
      return { content: [] };
    case "reasoning":
      return { summary: [] };
    case "function_call":
      return { arguments: "" };
    case "custom_tool_call":
      return { input: "" };
    default:
      return {};
  }
}

function within(item: Obj): Obj[] {
  switch (item.type) {
    case "message":
      return list(item.content).filter(isObj).flatMap(contentEvents);
    case "reasoning":
      return [
        ...list(item.summary).filter(isObj).flatMap(summaryEvents),
        ...list(item.content).filter(isObj).flatMap(contentEvents),
      ];
    case "function_call":
      return spoken("response.function_call_arguments", "arguments", item.arguments, { name: item.name });
    case "custom_tool_call":
      return spoken("response.custom_tool_call_input", "input", item.input);
    default:
      return [];
  }
}

function spoken(kind: string, member: string, said: Json | undefined, more: Obj = {}): Obj[] {
  return [
    { type: `${kind}.delta`, delta: said },
    { type: `${kind}.done`, ...more, [member]: said },
  ];
}

/** How the events of a part are called, and what of it they tell. */
const partKinds: Readonly<Record<string, readonly [kind: string, member: string]>> = {
  output_text: ["response.output_text", "text"],
  refusal: ["response.refusal", "refusal"],
  reasoning_text: ["response.reasoning_text", "text"],
};

function contentEvents(part: Obj, index: number): Obj[] {
  const [kind, member = ""] = partKinds[text(part.type) ?? ""] ?? [];
  const start = kind === undefined ? part : { ...part, [member]: "" };
  // The SDKs' types have them on both events of a text.
  const logprobs = kind === "response.output_text" ? { logprobs: [] } : {};
  const said = kind === undefined ? [] : spoken(kind, member, part[member]).map((event) => ({ ...event, ...logprobs }));
  const events: Obj[] = [
    { type: "response.content_part.added", part: start },
    ...said,
    { type: "response.content_part.done", part },
  ];
  return events.map((event) => ({ ...event, content_index: index }));
}

function summaryEvents(part: Obj, index: number): Obj[] {
  const events: Obj[] = [
    { type: "response.reasoning_summary_part.added", part: { ...part, text: "" } },
    ...spoken("response.reasoning_summary_text", "text", part.text),
    { type: "response.reasoning_summary_part.done", part },
  ];
  return events.map((event) => ({ ...event, summary_index: index }));
}
