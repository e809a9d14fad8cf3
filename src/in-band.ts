/** A relayed call with changes of effort among its items. All else stays byte for byte as the caller wrote it. */
import type { Call } from "./call.ts";
import { edited } from "./edited.ts";
import { forgiving, insertions, type Taker, type Update, updatedMember, withUpdates } from "./effort/updates.ts";
import { type Edit, elements, setMember } from "./http/json.ts";

export function withUpdatesIn(call: Call, taker: Taker, updates: readonly Update[] | undefined): Call {
  if (updates === undefined) return call;
  const { bytes, spans, body } = call;
  const thinking = forgiving(taker, body);
  const bound = thinking === undefined ? [] : [setMember(bytes, spans, "thinking", JSON.stringify(thinking))];
  const edits = [...bound, ...updateEdits(call, updates)];
  if (edits.length === 0) return call;
  return edited(call, edits, withUpdates(taker, body, updates));
}

function updateEdits({ protocol, bytes, spans, body }: Call, updates: readonly Update[]): Edit[] {
  const found = insertions(protocol, body, updates);
  const list = spans.get(updatedMember(protocol) ?? "");
  if (found.length === 0 || list === undefined) return [];
  const places = elements(bytes, list);
  // Close behind the item before it, whether anything follows yet or not: so that the next call has the same bytes.
  return found.flatMap(({ at, item }): Edit[] => {
    const [before, next, json] = [places[at - 1], places[at], JSON.stringify(item)];
    if (before !== undefined) return [{ start: before.end, end: before.end, text: `,${json}` }];
    return next === undefined ? [] : [{ start: next.start, end: next.start, text: `${json},` }];
  });
}
