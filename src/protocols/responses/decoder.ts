/** A Responses stream as events of canon. Items are known by their place; some providers change the ids between events. */
import type { Event } from "../../canon/event.ts";
import { isObj, type Json, list, number, type Obj, obj, text } from "../../canon/json.ts";
import type { Block } from "../../canon/request.ts";
import { noUsage, type Usage } from "../../canon/usage.ts";
import { Fault } from "../../fault.ts";
import type { Frame } from "../../http/sse.ts";
import type { Decoder } from "../protocol.ts";
import { decodeError } from "./fault.ts";
import { type ItemReader, itemReader } from "./item-reader.ts";
import { endingExt, finishOf } from "./reply.ts";
import { usage as readUsage } from "./usage.ts";

export function decoder(): Decoder {
  const items = itemsOf();
  const told: Block[] = [];
  let started = false;
  let ended = false;
  let usage: Usage = noUsage;

  function take(type: string, event: Obj): Event[] {
    switch (type) {
      case "response.created":
      case "response.queued":
      case "response.in_progress":
        return start(obj(event.response));
      case "response.completed":
      case "response.incomplete":
        return finish(obj(event.response));
      case "response.failed":
      case "error":
        return fail(decodeError(failureIn(event)));
      default:
        return begun(items.see(type, event));
    }
  }

  function start(response: Obj): Event[] {
    if (started) return [];
    started = true;
    return [{ type: "start", id: text(response.id) ?? "", model: text(response.model) ?? "" }];
  }

  /** An answer may begin with its first item, or end without one. */
  function begun(events: Event[], response: Obj = {}): Event[] {
    if (events.length === 0) return events;
    for (const event of events) if (event.type === "open") told.push(event.block);
    return [...start(response), ...events];
  }

  function finish(response: Obj): Event[] {
    const rest = begun([...start(response), ...items.end(list(response.output))], response);
    ended = true;
    const ext = endingExt(response);
    return [...rest, { type: "finish", finish: finishOf(response, told), usage, ...(ext && { ext }) }];
  }

  function fail(fault: Fault): Event[] {
    ended = true;
    return [{ type: "error", fault, usage }];
  }

  return {
    frame(frame) {
      if (ended) return [];
      const event = eventOf(frame);
      if (event === undefined) return [];
      if (event === "broken") return fail(new Fault("upstream", "The provider sent an event that is no JSON object."));
      usage = readUsage(event, usage);
      return take(typeOf(event, frame), event);
    },
    end: () => (ended ? [] : fail(new Fault("upstream", "The provider's answer broke off."))),
  };
}

/** The event in a frame; nothing in one that only ends a stream of another API. */
export function eventOf({ data }: Frame): Obj | "broken" | undefined {
  if (data === "" || data === "[DONE]") return undefined;
  try {
    const event = JSON.parse(data) as Json;
    return isObj(event) ? event : "broken";
  } catch {
    return "broken";
  }
}

/** What kind of event it is: its own word, the event line's, or an error that has neither. */
export function typeOf(event: Obj, frame: Frame): string {
  return text(event.type) ?? frame.event ?? (isObj(event.error) ? "error" : "");
}

/** The error object of an event that ends a stream: OpenAI nests it, its SDK's types have it flat. */
export function failureIn(event: Obj): Obj {
  const response = obj(event.response);
  if (isObj(response.error)) return response.error;
  return isObj(event.error) ? event.error : event;
}

/** The items under way, and the blocks they become. */
function itemsOf() {
  const byPlace = new Map<number, ItemReader>();
  const byId = new Map<string, ItemReader>();
  const done = new Set<ItemReader>();
  let last: ItemReader | undefined;
  let blocks = 0;
  const next = (): number => blocks++;

  function add(item: Obj, place?: number): ItemReader {
    const reader = itemReader(item, next);
    const id = text(item.id);
    if (place !== undefined) byPlace.set(place, reader);
    if (id !== undefined) byId.set(id, reader);
    last = reader;
    return reader;
  }

  function find(event: Obj): ItemReader | undefined {
    const place = number(event.output_index);
    if (place !== undefined) return byPlace.get(place);
    return byId.get(text(event.item_id) ?? text(obj(event.item).id) ?? "") ?? last;
  }

  function finish(reader: ItemReader, item: Obj): Event[] {
    if (done.has(reader)) return [];
    done.add(reader);
    return reader.done(item);
  }

  /** The reader of an item in the final list: by id, else by place, else, where all of its type are told, any. */
  function match(item: Obj, place: number, output: readonly Json[]): ItemReader | undefined {
    const found = byId.get(text(item.id) ?? "") ?? byPlace.get(place);
    if (found?.type === item.type) return found;
    const same = [...done].filter((reader) => reader.type === item.type);
    return same.length >= output.filter((each) => obj(each).type === item.type).length ? same[0] : undefined;
  }

  return {
    see(type: string, event: Obj): Event[] {
      const place = number(event.output_index);
      if (type === "response.output_item.added") return add(obj(event.item), place).see(type, event);
      if (type !== "response.output_item.done") return find(event)?.see(type, event) ?? [];
      const item = obj(event.item);
      const known = place === undefined ? byId.get(text(item.id) ?? "") : byPlace.get(place);
      return finish(known !== undefined && known.type === item.type ? known : add(item, place), item);
    },
    /** What the final list has beyond the stream, and an end to what is still open. */
    end(output: readonly Json[]): Event[] {
      const events = output.flatMap((each, place) => {
        const item = obj(each);
        return finish(match(item, place, output) ?? add(item, place), item);
      });
      const left = [...byPlace.values(), ...byId.values()].flatMap((reader) => (done.has(reader) ? [] : reader.cut()));
      return [...events, ...left];
    },
  };
}
