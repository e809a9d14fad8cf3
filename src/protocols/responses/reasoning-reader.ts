/** A reasoning item as it arrives. Only the cipher at its end is final. */
import type { Event } from "../../canon/event.ts";
import { number, type Obj, obj, text } from "../../canon/json.ts";
import { beyond } from "./beyond.ts";
import type { ItemReader } from "./item-reader.ts";
import { itemOf } from "./reply.ts";

type Kind = "summary" | "raw";

export function reasoningReader(index: number): ItemReader {
  const told = { summary: new Map<number, string>(), raw: new Map<number, string>() };
  let opened = false;
  let closed = false;

  function more(events: Event[]): Event[] {
    if (opened) return events;
    opened = true;
    return [{ type: "open", index, block: { type: "reasoning", summary: [] } }, ...events];
  }

  function delta(kind: Kind, part: number, said: string): Event[] {
    told[kind].set(part, (told[kind].get(part) ?? "") + said);
    return [{ type: "delta", index, text: said, ...(part > 0 && { part }), ...(kind === "raw" && { raw: true }) }];
  }

  /** An empty part is a part too. */
  function makeUp(kind: Kind, part: number, final: string): Event[] {
    const seen = told[kind].get(part);
    const said = beyond(seen ?? "", final);
    return seen === undefined || said !== "" ? delta(kind, part, said) : [];
  }

  return {
    type: "reasoning",
    see(type, event) {
      const kind = kinds[type];
      if (closed || (kind === undefined && type !== "response.output_item.added")) return [];
      if (kind === undefined) return more([]);
      const part = number(event.summary_index) ?? number(event.content_index) ?? 0;
      const said = text(event.delta);
      if (said !== undefined) return said === "" ? [] : more(delta(kind, part, said));
      return more(makeUp(kind, part, text(event.text) ?? text(obj(event.part).text) ?? ""));
    },
    done(item) {
      if (closed) return [];
      closed = true;
      return more([...rest(item, index, makeUp)]);
    },
    cut() {
      if (closed) return [];
      closed = true;
      return more([{ type: "close", index }]);
    },
  };
}

/** Events that say something of a part; the end of one says all of it. */
const kinds: Readonly<Record<string, Kind>> = {
  "response.reasoning_summary_text.delta": "summary",
  "response.reasoning_summary_text.done": "summary",
  "response.reasoning_summary_part.done": "summary",
  "response.reasoning_text.delta": "raw",
  "response.reasoning_text.done": "raw",
};

type MakeUp = (kind: Kind, part: number, final: string) => Event[];

function rest(item: Obj, index: number, makeUp: MakeUp): Event[] {
  const final = itemOf(item);
  if (final.type !== "reasoning") return [{ type: "close", index }];
  const { summary, content = [], native, ext } = final;
  return [
    ...summary.flatMap((said, part) => makeUp("summary", part, said)),
    ...content.flatMap((said, part) => makeUp("raw", part, said)),
    ...(native === undefined ? [] : [{ type: "seal" as const, index, native }]),
    { type: "close", index, ...(ext && { ext }) },
  ];
}
