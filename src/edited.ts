/** A call with other members than it came with; all else stays in its own bytes. */
import type { Call } from "./call.ts";
import type { Json, Obj } from "./canon/json.ts";
import { type Edit, members, setMember, splice } from "./http/json.ts";

/** @param body the call's as it is with these edits */
export function edited(call: Call, edits: readonly Edit[], body: Obj): Call {
  const bytes = Buffer.concat(splice(call.bytes, edits));
  return { ...call, bytes, spans: members(bytes).spans, body };
}

/** What becomes of a member: another value, or (`undefined`) nothing is left of it. */
export type Changes = ReadonlyMap<string, { readonly json: string; readonly value: Json } | undefined>;

export function changed(call: Call, changes: Changes): Call {
  const { bytes, spans } = call;
  const set = [...changes].flatMap(([name, change]) =>
    change === undefined ? [] : [setMember(bytes, spans, name, change.json)],
  );
  const gone = [...changes].flatMap(([name, change]) => (change === undefined ? removal(call, name) : []));
  // What is set anew stands at the very beginning, where a first member that goes begins too: it comes before.
  return edited(call, [...set, ...gone], bodyOf(call.body, changes));
}

const comma = 0x2c;

/** The edit that takes a member out, with the comma between it and the one before, or else the next one if there is one. */
function removal({ bytes, spans }: Call, name: string): Edit[] {
  const span = spans.get(name);
  if (span === undefined) return [];
  const ends = [...spans.values()].map(({ end }) => end).filter((end) => end < span.start);
  const first = ends.length === 0;
  const start = first ? bytes.indexOf("{".charCodeAt(0)) + 1 : Math.max(...ends);
  const isAlone = spans.size === 1;
  const end = first && !isAlone ? bytes.indexOf(comma, span.end) + 1 : span.end;
  return [{ start, end, text: "" }];
}

function bodyOf(body: Obj, changes: Changes): Obj {
  const kept = Object.entries(body).filter(([name]) => !changes.has(name));
  const others = [...changes].flatMap(([name, change]) =>
    change === undefined ? [] : [[name, change.value] as const],
  );
  return Object.fromEntries([...kept, ...others]);
}
