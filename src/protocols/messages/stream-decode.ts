/** Anthropic's event stream -> canon events. */
import type { Event } from "../../canon/event.ts";
import { defined, isObj, type Obj, obj, text } from "../../canon/json.ts";
import { noUsage, type Usage } from "../../canon/usage.ts";
import { Fault } from "../../fault.ts";
import type { Frame } from "../../http/sse.ts";
import type { Decoder } from "../protocol.ts";
import { type BlockReading, readBlock } from "./block-reading.ts";
import { decodeError } from "./fault.ts";
import { decodeFinish } from "./finish.ts";
import { extra, withoutNull } from "./members.ts";
import { counted, decodeUsage } from "./usage.ts";

export function decodeStream(): Decoder {
  const reading = readAnswer();
  return {
    frame({ event, data }: Frame): Event[] {
      // Some servers say the end in OpenAI's words, or keep the line warm with an empty record.
      if (data === "[DONE]" || data.trim() === "") return [];
      const value = parse(data);
      if (value === undefined)
        return reading.fail(new Fault("upstream", "The provider sent an event that is no JSON."));
      return reading.see(value.type === undefined && event !== undefined ? { ...value, type: event } : value);
    },
    end: reading.end,
  };
}

/** The object in an event's data, or `undefined`. */
export function parse(data: string): Obj | undefined {
  try {
    const value: unknown = JSON.parse(data);
    return isObj(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Reads an answer from its wire events. What `end` says of a stream without a stop reason is that it was cut. */
export interface Reading {
  see(event: Obj): Event[];
  end(): Event[];
  fail(fault: Fault): Event[];
}

export function readAnswer(): Reading {
  const open = new Map<unknown, BlockReading>();
  let id: string | undefined;
  let usage: Usage = noUsage;
  let ending: Obj = {};
  let own: Obj = {};
  let blocks = 0;
  let over = false;

  function start(message: Obj): Event[] {
    const found = text(message.id) ?? "";
    if (id !== undefined) {
      // The same start again is a stutter. Another one is another answer spliced in: nothing of it fits this one.
      return found === id ? [] : fail(new Fault("upstream", "The provider's answer broke off and began anew."));
    }
    id = found;
    usage = decodeUsage({ message }, usage);
    own = merge(own, extra(message, inMessage), message.usage);
    return [{ type: "start", id, model: text(message.model) ?? "", usage }];
  }

  function openBlock(event: Obj): Event[] {
    const reading = readBlock(obj(event.content_block), blocks++);
    const left = close(event.index);
    open.set(event.index, reading);
    return [...(id === undefined ? start({}) : []), ...left, ...reading.start()];
  }

  function close(index: unknown): Event[] {
    const reading = open.get(index);
    open.delete(index);
    return reading?.stop() ?? [];
  }

  /** A delta whose block was never announced: text can be told all the same, a nameless call cannot. */
  function delta(event: Obj): Event[] {
    const change = obj(event.delta);
    const reading = open.get(event.index);
    if (reading !== undefined) return reading.delta(change);
    const implied = change.type === "text_delta" ? "text" : change.type === "thinking_delta" ? "thinking" : undefined;
    if (implied === undefined) return [];
    const opened = openBlock({ index: event.index, content_block: { type: implied } });
    return [...opened, ...(open.get(event.index)?.delta(change) ?? [])];
  }

  function closing(event: Obj): Event[] {
    usage = decodeUsage(event, usage);
    const change = obj(event.delta);
    ending = { ...ending, ...defined(withoutNull(change)) };
    const { type: _, delta: __, usage: counts, ...others } = event;
    own = merge(own, extra({ ...others, ...change }, inMessage), counts);
    return [];
  }

  function end(): Event[] {
    if (over) return [];
    if (ending.stop_reason === undefined) return fail(new Fault("upstream", "The provider's answer broke off."));
    const left = [...open.keys()].flatMap(close);
    over = true;
    const { finish, own: details } = decodeFinish(ending);
    const all = { ...own, ...details };
    return [
      ...(id === undefined ? start({}) : []),
      ...left,
      { type: "finish", finish, usage, ...(Object.keys(all).length > 0 && { ext: { messages: all } }) },
    ];
  }

  function fail(fault: Fault): Event[] {
    if (over) return [];
    over = true;
    return [{ type: "error", fault, usage }];
  }

  function see(event: Obj): Event[] {
    if (over) return [];
    switch (event.type) {
      case "message_start":
        return start(obj(event.message));
      case "content_block_start":
        return openBlock(event);
      case "content_block_delta":
        return delta(event);
      case "content_block_stop":
        return close(event.index);
      case "message_delta":
        return closing(event);
      case "message_stop":
        return end();
      case "error":
        return fail(decodeError(obj(event.error)));
      default:
        return [];
    }
  }

  return { see, end, fail };
}

const inMessage: ReadonlySet<string> = new Set([
  "id",
  "type",
  "role",
  "model",
  "content",
  "usage",
  "stop_reason",
  "stop_sequence",
  "stop_details",
]);

/** What only Anthropic understands of the answer, without the nulls that fill its frames. */
function merge(was: Obj, members: Obj | undefined, counts: unknown): Obj {
  const details = extra(obj(counts), counted);
  const usage = details === undefined ? undefined : { ...obj(was.usage), ...withoutNull(details) };
  return {
    ...was,
    ...withoutNull(members ?? {}),
    ...(usage !== undefined && Object.keys(usage).length > 0 && { usage }),
  };
}
