/** Which text of the finished response an event of its stream tells. */
import { list, number, type Obj, obj, text } from "../canon/json.ts";

export interface Source {
  /** The same for all events of one text. */
  readonly name: string;
  /** The text, in the finished response. */
  read(response: Obj): string | undefined;
}

/** Where in its item an event's text stands: in a part of a list, or in a member. */
type Spot = { readonly parts: string; readonly index: string; readonly member: string } | { readonly member: string };

const spots: Readonly<Record<string, Spot>> = {
  "response.output_text": { parts: "content", index: "content_index", member: "text" },
  "response.refusal": { parts: "content", index: "content_index", member: "refusal" },
  "response.reasoning_text": { parts: "content", index: "content_index", member: "text" },
  "response.reasoning_summary_text": { parts: "summary", index: "summary_index", member: "text" },
  "response.function_call_arguments": { member: "arguments" },
  "response.custom_tool_call_input": { member: "input" },
};

export function sourceOf(event: Obj): Source | undefined {
  const kind = (text(event.type) ?? "").replace(/\.(delta|done)$/, "");
  const spot = spots[kind];
  if (spot === undefined) return undefined;
  const place = number(event.output_index) ?? -1;
  const part = "parts" in spot ? (number(event[spot.index]) ?? -1) : 0;
  return {
    name: `${kind} ${place} ${part}`,
    read(response) {
      const item = obj(list(response.output)[place]);
      return text(("parts" in spot ? obj(list(item[spot.parts])[part]) : item)[spot.member]);
    },
  };
}

/** The member of an event that says in full what the response says too. */
export function whole({ type }: Obj): string | undefined {
  if (type === "response.output_item.done") return "item";
  if (type === "response.content_part.done" || type === "response.reasoning_summary_part.done") return "part";
  const spot = spots[(text(type) ?? "").replace(/\.done$/, "")];
  return spot?.member;
}
