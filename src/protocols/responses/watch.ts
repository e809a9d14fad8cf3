/** Follows a Responses stream that is passed on as it is. Deltas are not parsed: their event line says enough. */
import { type Obj, obj } from "../../canon/json.ts";
import { noUsage, type Usage } from "../../canon/usage.ts";
import type { Fault } from "../../fault.ts";
import type { OutFrame } from "../../http/sse.ts";
import type { Sight, Watch } from "../protocol.ts";
import { eventOf, failureIn, typeOf } from "./decoder.ts";
import { frameOf } from "./encoder.ts";
import { decodeError, encodeFailure } from "./fault.ts";
import { usage as readUsage } from "./usage.ts";

/** Codex gives up after 300 s without an event, and comments are none to it. */
const patienceMs = 240_000;

type Meaning = "preamble" | "end" | "failure" | "error";

const meanings: Readonly<Record<string, Meaning>> = {
  "response.created": "preamble",
  "response.queued": "preamble",
  "response.in_progress": "preamble",
  keepalive: "preamble",
  ping: "preamble",
  "response.completed": "end",
  "response.incomplete": "end",
  "response.failed": "failure",
  error: "error",
};

export function watch(): Watch {
  let usage: Usage = noUsage;
  let response: Obj | undefined;
  let sequence = -1;
  let ended = false;

  function meaningful(meaning: Meaning, event: Obj): Sight {
    usage = readUsage(event, usage);
    switch (meaning) {
      case "preamble":
        response ??= event.response === undefined ? undefined : obj(event.response);
        return {};
      case "end":
        ended = true;
        return { commits: true, ends: true, usage };
      case "failure":
        ended = true;
        return { commits: true, ends: true, usage, fault: decodeError(failureIn(event)) };
      case "error":
        return { commits: true, fault: decodeError(failureIn(event)) };
    }
  }

  return {
    see(frame) {
      sequence = sequenceIn(frame.data) ?? sequence;
      const named = frame.event === undefined ? undefined : meanings[frame.event];
      if (frame.event?.startsWith("response.") && named === undefined) return { commits: true };
      const event = eventOf(frame);
      if (event === undefined) return {};
      const meaning = event === "broken" ? undefined : meanings[typeOf(event, frame)];
      return meaning === undefined || event === "broken" ? { commits: true } : meaningful(meaning, event);
    },
    beat(idleMs) {
      return ended || idleMs < patienceMs ? [{ comment: "gearbox" }] : [frameOf({ type: "keepalive" })];
    },
    fail(fault) {
      if (ended) return [];
      ended = true;
      return failed(fault, response, sequence + 1);
    },
  };
}

/** The number of this event; a model's text cannot look like it, since its quotes are escaped. */
function sequenceIn(data: string): number | undefined {
  const digits = /"sequence_number":\s*(\d+)/.exec(data)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** `response.failed` ends a stream for Codex and the SDKs alike; helpers want a `response.created` before it. */
function failed(fault: Fault, seen: Obj | undefined, sequence: number): OutFrame[] {
  const known = seen ?? {
    id: "resp_0",
    object: "response",
    created_at: 0,
    status: "in_progress",
    model: "",
    output: [],
  };
  const response = { ...known, status: "failed", error: encodeFailure(fault) };
  const created = { type: "response.created", sequence_number: sequence, response: known };
  const last = { type: "response.failed", sequence_number: seen === undefined ? sequence + 1 : sequence, response };
  return (seen === undefined ? [created, last] : [last]).map(frameOf);
}
