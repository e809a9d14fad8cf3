/**
 * What a Chat server says in its answer, as events. It is fed with the chunks of a stream, or with a whole answer as one
 * chunk: so the two cannot differ. Made for many imperfect servers; what each sends is in the tests.
 */
import type { Event, Finish } from "../../canon/event.ts";
import { isObj, list, type Obj, obj, text } from "../../canon/json.ts";
import { noUsage, type Usage } from "../../canon/usage.ts";
import { Fault } from "../../fault.ts";
import { blockEvents } from "./blocks.ts";
import { faultOf } from "./fault.ts";
import { decodeFinish } from "./finish.ts";
import { readUsage } from "./usage.ts";

/** Of the answer's own members these go along to a caller of the same protocol. */
export const keptMembers = ["service_tier", "system_fingerprint", "citations", "search_results"] as const;

export interface Answer {
  chunk(body: Obj, event?: string): Event[];
  /** The answer says that it is complete. */
  done(): Event[];
  /** The body has ended: with a finish reason that is enough, without one it was cut. */
  end(): Event[];
  fail(fault: Fault): Event[];
}

export function answer(): Answer {
  const said = blockEvents();
  let id: string | undefined;
  let hasEnded = false;
  let usage: Usage = noUsage;
  let reason: string | undefined;
  let kept: Obj = {};

  function last(events: () => Event[]): Event[] {
    if (hasEnded) return [];
    hasEnded = true;
    return events();
  }

  const fail = (fault: Fault) => last(() => [{ type: "error", fault, ...(usage !== noUsage && { usage }) }]);
  const finish = () => last(() => [...said.close(), finishOf(decodeFinish(reason, said.hasCalls()), usage, kept)]);
  const cut = () => fail(new Fault("upstream", "The provider's answer broke off."));

  return {
    chunk(body, event) {
      if (hasEnded) return [];
      usage = readUsage(body, usage);
      const fault = faultOf(body, event);
      if (fault !== undefined) return fail(fault);
      kept = { ...kept, ...worthKeeping(body) };
      const choice = list(body.choices).find((entry) => (obj(entry).index ?? 0) === 0);
      if (!isObj(choice)) return [];
      const start = id === undefined ? [startOf(body)] : [];
      id ??= text(body.id) ?? "";
      reason = text(choice.finish_reason) || reason;
      return [...start, ...said.delta(deltaOf(choice), id)];
    },
    done: () => (id === undefined ? cut() : finish()),
    end: () => (reason === undefined ? cut() : finish()),
    fail,
  };
}

function finishOf(finish: Finish, usage: Usage, kept: Obj): Event {
  return { type: "finish", finish, usage, ...(Object.keys(kept).length > 0 && { ext: { chat: kept } }) };
}

function startOf(body: Obj): Event {
  return { type: "start", id: text(body.id) ?? "", model: text(body.model) ?? "" };
}

function worthKeeping(body: Obj): Obj {
  const kept = keptMembers.filter(
    (member) => body[member] !== undefined && body[member] !== null && body[member] !== "",
  );
  return Object.fromEntries(kept.map((member) => [member, body[member]]));
}

/** A server that has no deltas sends the message itself. */
function deltaOf(choice: Obj): Obj {
  return isObj(choice.delta) ? choice.delta : obj(choice.message);
}
