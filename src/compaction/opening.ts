/**
 * A conversation with its sealed summaries opened: each becomes a message that any model can read, and what it stands for
 * goes. So a caller may send everything back (as OpenAI has it) or only what follows the summary. Pure.
 */
import type { Call } from "../call.ts";
import type { Json, Obj } from "../canon/json.ts";
import { inputItems } from "../conversations/said.ts";
import { changed } from "../edited.ts";
import { invalid } from "../fault.ts";
import type { Sealer } from "../policy/seal.ts";
import { isCompaction, isTrigger, outlasts } from "./items.ts";
import { isSealed, openSummary } from "./summary.ts";
import { told } from "./words.ts";

export interface Opened {
  readonly call: Call;
  /** Where summaries stood that do not open: another team's, damaged, or sealed under a forgotten secret. */
  readonly lost: readonly string[];
}

/** Throws the Fault of a wish for compaction that is not the last item. A provider's own compaction items stay. */
export function openSummaries(call: Call, open: Sealer["open"]): Opened {
  const read = inputItems(call.body.input).map((item, at) => readItem(item, `input[${at}]`, open));
  const there = read.filter((each) => each !== lostItem);
  const newest = there.findLastIndex(({ item, isSummary }) => isSummary || isCompaction(item));
  const kept = there.filter((each, at) => at >= newest || remains(each, there[newest]));
  const early = kept.slice(0, -1).find(({ item }) => isTrigger(item));
  if (early !== undefined) throw invalid(early.place, "a compaction_trigger must be the last item.");
  const isSame = kept.length === read.length && !kept.some(({ isSummary }) => isSummary);
  return {
    call: isSame
      ? call
      : withInput(
          call,
          kept.map(({ item }) => item),
        ),
    lost: read.flatMap((each, at) => (each === lostItem ? [`input[${at}]`] : [])),
  };
}

interface Read {
  readonly item: Json;
  readonly place: string;
  /** Was it a summary of ours? */
  readonly isSummary: boolean;
}

const lostItem: Read = { item: null, place: "", isSummary: false };

function readItem(item: Json, place: string, open: Sealer["open"]): Read {
  if (!isCompaction(item) || !isSealed(item.encrypted_content)) return { item, place, isSummary: false };
  const summary = openSummary(item.encrypted_content, open);
  return summary === undefined ? lostItem : { item: userMessage(told(summary)), place, isSummary: true };
}

/** What stands before the newest compaction: to a summary of ours as it says, to a provider's own but for old wishes. */
function remains({ item, isSummary }: Read, newest: Read | undefined): boolean {
  return newest?.isSummary === true ? !isSummary && outlasts(item) : !isTrigger(item);
}

export function userMessage(text: string): Obj {
  return { type: "message", role: "user", content: [{ type: "input_text", text }] };
}

/** The call with these items for its input. */
export function withInput(call: Call, input: readonly Json[]): Call {
  return changed(call, new Map([["input", { json: JSON.stringify(input), value: input }]]));
}
