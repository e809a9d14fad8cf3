/** A whole answer, both ways: told as the events of a stream, so that the two can never differ. */
import { collect, type Event, type Message, replay } from "../../canon/event.ts";
import { isObj, type Json, list, type Obj, obj, text } from "../../canon/json.ts";
import { Fault } from "../../fault.ts";
import type { ReplyContext } from "../protocol.ts";
import { decodeError } from "./fault.ts";
import { readAnswer } from "./stream-decode.ts";
import { writeAnswer } from "./stream-encode.ts";
import { encodeUsage } from "./usage.ts";

/** Throws the fault of a body that is an error in spite of its status, or no answer at all. */
export function decodeReply(body: Obj): Message {
  if (body.type === "error" || isObj(body.error)) throw decodeError(obj(body.error));
  if (!Array.isArray(body.content)) throw new Fault("upstream", "The provider's answer is no message.");
  const reading = readAnswer();
  const { content, stop_reason, stop_sequence, stop_details, ...message } = body;
  const events: Event[] = reading.see({ type: "message_start", message });
  for (const [index, block] of list(content).filter(isObj).entries()) {
    events.push(...reading.see({ type: "content_block_start", index, content_block: block }));
    events.push(...reading.see({ type: "content_block_stop", index }));
  }
  const delta = { stop_reason: stop_reason ?? "", stop_sequence, stop_details };
  events.push(...reading.see({ type: "message_delta", delta }), ...reading.end());
  return collect(events);
}

export function encodeReply(message: Message, context: ReplyContext): Obj {
  const writing = writeAnswer(context);
  let head: Obj = {};
  let tail: Obj = {};
  const blocks: Obj[] = [];
  for (const event of replay(message).flatMap(writing.event)) {
    if (event.type === "error") throw new Fault("upstream", text(obj(event.error).message) ?? "");
    if (event.type === "message_start") head = obj(event.message);
    if (event.type === "content_block_start") blocks.push(obj(event.content_block));
    if (event.type === "message_delta") tail = event;
    const last = blocks.at(-1);
    if (event.type === "content_block_delta" && last !== undefined)
      blocks[blocks.length - 1] = grow(last, obj(event.delta));
  }
  const { type: _, delta, usage, ...own } = tail;
  return {
    ...head,
    content: blocks.map(finished),
    ...obj(delta),
    ...own,
    usage: { ...obj(head.usage), ...obj(usage), ...encodeUsage(message.usage) },
  };
}

function grow(block: Obj, delta: Obj): Obj {
  switch (delta.type) {
    case "text_delta":
      return { ...block, text: `${block.text}${delta.text}` };
    case "thinking_delta":
      return { ...block, thinking: `${block.thinking}${delta.thinking}` };
    case "signature_delta":
      return { ...block, signature: delta.signature };
    case "citations_delta":
      return { ...block, citations: [...list(block.citations), delta.citation ?? null] };
    case "input_json_delta":
      return { ...block, input: `${typeof block.input === "string" ? block.input : ""}${delta.partial_json}` };
    default:
      return block;
  }
}

/** A call's input is a text while it grows. */
function finished(block: Obj): Obj {
  if (block.type !== "tool_use" || typeof block.input !== "string") return block;
  try {
    const input: Json = JSON.parse(block.input);
    return { ...block, input: isObj(input) ? input : { _raw: block.input } };
  } catch {
    return { ...block, input: { _raw: block.input } };
  }
}
