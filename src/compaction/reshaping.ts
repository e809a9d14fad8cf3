/**
 * Answers of the Responses API told otherwise than they came: the summary in one as the single item that a wish for
 * compaction is answered with, and a summary that was made on the way as the first item of the answer. Pure.
 */
import { type Json, list, number, type Obj, obj, text } from "../canon/json.ts";
import { Fault } from "../fault.ts";
import { encodeFailure } from "../protocols/responses/fault.ts";

/** How one answer is told: event by event, or whole. */
export interface Reshaping {
  /** The events in the place of this one. */
  event(event: Obj): readonly Obj[];
  /** Throws the Fault of an answer that is of no use. */
  whole(response: Obj): Obj;
}

/** What comes before the first item of an answer, or ends it without one. */
const around: ReadonlySet<unknown> = new Set([
  ...["response.created", "response.queued", "response.in_progress", "response.failed"],
  ...["error", "keepalive", "ping"],
]);

/** Codex takes an answer to its wish only with exactly one item of output (wire.md A.12). */
export function asSummary(itemOf: (summary: string) => Obj): Reshaping {
  const said: Json[] = [];
  const whole = (response: Obj): Obj => {
    const output = list(response.output);
    return { ...response, output: [itemOf(summaryIn({ ...response, output: output.length === 0 ? said : output }))] };
  };
  return {
    event(event) {
      if (around.has(event.type)) return [event];
      if (event.type === "response.output_item.done") said.push(event.item ?? null);
      if (event.type !== "response.completed" && event.type !== "response.incomplete") return [];
      const response = obj(event.response);
      try {
        const told = whole(response);
        return [...itemEvents(obj(list(told.output)[0])), { ...event, response: told }];
      } catch (thrown) {
        if (!(thrown instanceof Fault)) throw thrown;
        const failed = { ...response, status: "failed", output: [], error: encodeFailure(thrown) };
        return [{ type: "response.failed", response: failed }];
      }
    },
    whole,
  };
}

/** The same as the object that `/v1/responses/compact` answers with, which never streams: what the user said, and the item. */
export function asObject({ event, whole }: Reshaping, said: readonly Obj[]): Reshaping {
  return {
    event,
    whole(response) {
      const { id, created_at, output, usage } = whole(response);
      return { id, object: "response.compaction", created_at, output: [...said, ...list(output)], usage };
    },
  };
}

/** The answer behind a summary. */
export function behind(item: Obj): Reshaping {
  let isTold = false;
  const whole = (response: Obj): Obj => ({ ...response, output: [item, ...list(response.output)] });
  return {
    event(event) {
      if (around.has(event.type)) return [event];
      const place = number(event.output_index);
      const isEnd = event.type === "response.completed" || event.type === "response.incomplete";
      const moved = {
        ...event,
        ...(place !== undefined && { output_index: place + 1 }),
        ...(isEnd && { response: whole(obj(event.response)) }),
      };
      const before = isTold ? [] : itemEvents(item);
      isTold = true;
      return [...before, moved];
    },
    whole,
  };
}

/** An item that is told at once, as the first one. */
function itemEvents(item: Obj): Obj[] {
  const told = { output_index: 0, item };
  return [
    { type: "response.output_item.added", ...told },
    { type: "response.output_item.done", ...told },
  ];
}

/** A summary that was cut, or that is none, must not take the place of a conversation. */
function summaryIn({ status, output }: Obj): string {
  const messages = list(output)
    .map(obj)
    .filter(({ type }) => type === "message");
  const parts = messages.flatMap(({ content }) => list(content).map((part) => text(obj(part).text) ?? ""));
  const summary = parts.join("\n").trim();
  if (status !== "incomplete" && summary !== "") return summary;
  const why = status === "incomplete" ? "its summary was cut before its end" : "the model wrote no summary";
  throw new Fault("upstream", `The conversation could not be compacted: ${why}.`);
}
