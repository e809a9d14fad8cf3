/** The frames of a streamed Chat answer, read into events. */
import { isObj, type Json, type Obj } from "../../canon/json.ts";
import { Fault } from "../../fault.ts";
import type { Decoder } from "../protocol.ts";
import { answer } from "./answer.ts";

export function decode(): Decoder {
  const machine = answer();
  return {
    frame({ data, event }) {
      const record = data.trim();
      if (record === "") return [];
      if (record === "[DONE]") return machine.done();
      const body = parse(record);
      return body === undefined ? machine.fail(unreadable()) : machine.chunk(body, event);
    },
    end: machine.end,
  };
}

/** The object in a frame's data; `undefined` where there is none. */
export function parse(data: string): Obj | undefined {
  try {
    const value = JSON.parse(data) as Json;
    return isObj(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function unreadable(): Fault {
  return new Fault("upstream", "The provider sent an event that cannot be read.");
}
