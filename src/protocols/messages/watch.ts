/** Follows a relayed Messages stream. Most frames are deltas, and those are told by their event line alone. */
import { type Obj, obj } from "../../canon/json.ts";
import { noUsage, type Usage } from "../../canon/usage.ts";
import type { Frame } from "../../http/sse.ts";
import type { Sight, Watch } from "../protocol.ts";
import { decodeError, encodeFault } from "./fault.ts";
import { parse } from "./stream-decode.ts";
import { frameOf } from "./stream-encode.ts";
import { decodeUsage } from "./usage.ts";

export function watchStream(): Watch {
  let usage: Usage = noUsage;
  return {
    see(frame) {
      const event = told.has(frame.event ?? "") ? { type: frame.event ?? "" } : (parse(frame.data) ?? {});
      const type = event.type ?? frame.event;
      if (type === "error") return { fault: decodeError(obj(event.error)), ends: true };
      if (type === "message_start" || type === "message_delta") usage = decodeUsage(event, usage);
      return sight(type, event, usage);
    },
    beat: () => [{ comment: "gearbox" }],
    // The request id is the answer's header's to tell: the relay has none of its own.
    fail: (fault) => [frameOf(withoutId(encodeFault(fault, "")))],
  };
}

/** Events that say all that matters here in their name. */
const told: ReadonlySet<Frame["event"]> = new Set([
  "content_block_delta",
  "content_block_stop",
  "message_stop",
  "ping",
]);

function sight(type: unknown, event: Obj, usage: Usage): Sight {
  switch (type) {
    case "message_start":
      return { usage };
    case "ping":
      return {};
    case "content_block_start":
      return isEmpty(obj(event.content_block)) ? {} : { commits: true };
    case "message_delta":
      return { commits: true, usage };
    case "message_stop":
      return { commits: true, ends: true };
    default:
      return { commits: true };
  }
}

/** A block that has only been announced: a caller has nothing in hand yet. */
function isEmpty(block: Obj): boolean {
  return (block.type === "text" && block.text === "") || (block.type === "thinking" && block.thinking === "");
}

function withoutId({ request_id: _, ...error }: Obj): Obj {
  return error;
}
