/**
 * How an answer was streamed, without what it said: its events, with a length in the place of each delta. With the
 * finished response beside it the very events can be told again under their own numbers, so that a caller whose
 * connection broke goes on behind the last event that it has seen and gets every character once.
 */
import { type Json, list, number, type Obj, obj, text } from "../canon/json.ts";
import { type Source, sourceOf, whole } from "./source.ts";

/** Events; a run of deltas that differ in nothing else is one, and `delta` then says how long each was. */
export type Trace = readonly Obj[];

export interface Recorder {
  note(event: Obj): void;
  /** The trace; `undefined` where it does not tell the response's text again, exactly. */
  end(response: Obj): Trace | undefined;
}

export function recorder(): Recorder {
  const trace: Obj[] = [];
  const run = { event: {} as Obj, lengths: [] as number[], next: -1 };

  function flush(): void {
    if (run.lengths.length > 0) trace.push({ ...run.event, delta: run.lengths });
    run.lengths = [];
  }

  return {
    note(event) {
      const delta = text(event.delta);
      if (delta === undefined || sourceOf(event) === undefined) {
        flush();
        trace.push(bare(event));
        return;
      }
      const sequence = number(event.sequence_number) ?? -1;
      if (run.lengths.length === 0 || sequence !== run.next || !isSame(run.event, event)) {
        flush();
        run.event = event;
      }
      run.lengths.push(delta.length);
      run.next = sequence + 1;
    },
    end(response) {
      flush();
      return tellsAll(trace, response) ? trace : undefined;
    },
  };
}

/** Members of a delta that say nothing by which two could differ, or nothing at all. */
const incidental = new Set(["delta", "sequence_number", "obfuscation"]);

function isSame(one: Obj, other: Obj): boolean {
  const named = (event: Obj): string => JSON.stringify(Object.entries(event).filter(([name]) => !incidental.has(name)));
  return named(one) === named(other);
}

/** The event without what the response says again. */
function bare(event: Obj): Obj {
  if (event.response !== undefined) return { ...event, response: null };
  const member = whole(event);
  return member === undefined ? event : { ...event, [member]: null };
}

/** Do the deltas of each text add up to it? */
function tellsAll(trace: Trace, response: Obj): boolean {
  const lengths = new Map<string, { source: Source; length: number }>();
  for (const event of trace) {
    const source = sourceOf(event);
    if (source === undefined || !Array.isArray(event.delta)) continue;
    const before = lengths.get(source.name)?.length ?? 0;
    const length = list(event.delta).reduce<number>((sum, each) => sum + (number(each) ?? 0), before);
    lengths.set(source.name, { source, length });
  }
  const isWhole = [...lengths.values()].every(({ source, length }) => source.read(response)?.length === length);
  const hasItems = trace.every((event) => event.type !== "response.output_item.done" || isThere(event, response));
  return isWhole && hasItems;
}

function isThere({ output_index: index }: Obj, { output }: Obj): boolean {
  return list(output)[number(index) ?? -1] !== undefined;
}

/** The events themselves. */
export function retell(trace: Trace, response: Obj): Obj[] {
  const told = new Map<string, number>();
  return trace.flatMap((event): Obj[] => {
    if (event.response === null) return [{ ...event, response: momentOf(event, response) }];
    const source = sourceOf(event);
    if (source !== undefined && Array.isArray(event.delta)) return deltas(event, source, response, told);
    const member = whole(event);
    return [member === undefined ? event : { ...event, [member]: wholeOf(event, member, response) }];
  });
}

function deltas(event: Obj, source: Source, response: Obj, told: Map<string, number>): Obj[] {
  const said = source.read(response) ?? "";
  const first = number(event.sequence_number) ?? 0;
  const { obfuscation: _, ...plain } = event;
  return list(event.delta).map((length, place) => {
    const from = told.get(source.name) ?? 0;
    const to = from + (number(length) ?? 0);
    told.set(source.name, to);
    return { ...plain, delta: said.slice(from, to), sequence_number: first + place };
  });
}

function wholeOf(event: Obj, member: string, response: Obj): Json {
  const item = obj(list(response.output)[number(event.output_index) ?? -1]);
  if (member === "item") return item;
  const source = sourceOf(event);
  if (member !== "part") return source?.read(response) ?? "";
  const parts = event.summary_index === undefined ? item.content : item.summary;
  return list(parts)[number(event.summary_index ?? event.content_index) ?? -1] ?? null;
}

/** The response as it was at the moment of this event: whole at the end, and without an answer before. */
export function momentOf({ type }: Obj, response: Obj): Obj {
  if (type === `response.${text(response.status)}`) return response;
  const started = { ...response, status: "in_progress", output: [], usage: null, incomplete_details: null };
  return response.completed_at === undefined ? started : { ...started, completed_at: null };
}
