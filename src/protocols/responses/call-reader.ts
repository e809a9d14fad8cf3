/** A tool call as it arrives: of a search for tools the arguments come at its end only. */
import type { Event } from "../../canon/event.ts";
import { type Obj, text } from "../../canon/json.ts";
import type { CallKind } from "../../canon/request.ts";
import { beyond } from "./beyond.ts";
import type { ItemReader } from "./item-reader.ts";
import { callOf } from "./items.ts";
import { itemOf } from "./reply.ts";

export function callReader(added: Obj, kind: CallKind, index: number): ItemReader {
  let opened = false;
  let closed = false;
  let seen = "";

  /** Whatever the first sight of a call has of its input comes again later. */
  function open(item: Obj): Event[] {
    if (opened) return [];
    opened = true;
    const { ext: _, ...call } = callOf(item, kind);
    return [{ type: "open", index, block: { ...call, input: "" } }];
  }

  function more(said: string): Event[] {
    if (closed || said === "") return [];
    seen += said;
    return [...open(added), { type: "delta", index, text: said }];
  }

  return {
    type: text(added.type) ?? "",
    see(type, event) {
      switch (type) {
        case "response.output_item.added":
          return open(added);
        case "response.function_call_arguments.delta":
        case "response.custom_tool_call_input.delta":
          return more(text(event.delta) ?? "");
        case "response.function_call_arguments.done":
          return more(beyond(seen, text(event.arguments) ?? ""));
        case "response.custom_tool_call_input.done":
          return more(beyond(seen, text(event.input) ?? ""));
        default:
          return [];
      }
    },
    done(item) {
      const final = itemOf(item);
      if (closed || final.type !== "call") return [];
      const events = [...open(item), ...more(beyond(seen, final.input))];
      closed = true;
      return [...events, { type: "close", index, ...(final.ext && { ext: final.ext }) }];
    },
    cut() {
      if (closed) return [];
      closed = true;
      return [...open(added), { type: "close", index }];
    },
  };
}
