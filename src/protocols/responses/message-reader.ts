/** A message item as it arrives: a block for each of its parts. */
import type { Event } from "../../canon/event.ts";
import { list, number, type Obj, obj, text } from "../../canon/json.ts";
import type { Annotation, Block } from "../../canon/request.ts";
import { beyond } from "./beyond.ts";
import type { ItemReader, NextIndex } from "./item-reader.ts";
import { decodeAnnotation } from "./parts.ts";
import { partOf } from "./reply.ts";

export function messageReader(item: Obj, next: NextIndex): ItemReader {
  const parts = new Map<number, PartReader>();

  function partAt(place: number): PartReader {
    const part = parts.get(place) ?? partReader(next);
    parts.set(place, part);
    return part;
  }

  return {
    type: "message",
    see(type, event) {
      const part = partAt(number(event.content_index) ?? 0);
      switch (type) {
        case "response.content_part.added":
          return part.open(obj(event.part), item);
        case "response.output_text.delta":
          return part.more(spoken, item, text(event.delta) ?? "");
        case "response.refusal.delta":
          return part.more(refused, item, text(event.delta) ?? "");
        case "response.output_text.annotation.added":
          return part.cite(obj(event.annotation), item);
        case "response.output_text.done":
          return part.makeUp(spoken, item, text(event.text) ?? "");
        case "response.refusal.done":
          return part.makeUp(refused, item, text(event.refusal) ?? "");
        case "response.content_part.done":
          return part.finish(obj(event.part), item);
        default:
          return [];
      }
    },
    done: (final) => [
      ...list(final.content).flatMap((wire, place) => partAt(place).finish(obj(wire), final)),
      ...[...parts.values()].flatMap((part) => part.close()),
    ],
    cut: () => [...parts.values()].flatMap((part) => part.close()),
  };
}

/** Parts with nothing in them yet. */
const spoken = { type: "output_text", text: "" };
const refused = { type: "refusal", refusal: "" };

type PartReader = ReturnType<typeof partReader>;

function partReader(next: NextIndex) {
  let index: number | undefined;
  let closed = false;
  let seen = "";
  let cited = 0;

  /** Opens the block, once. */
  function begin(block: Block): [number, Event[]] {
    if (index !== undefined) return [index, []];
    index = next();
    return [index, [{ type: "open", index, block }]];
  }

  function more(bare: Obj, item: Obj, said: string, annotations: readonly Annotation[] = []): Event[] {
    if (closed || (said === "" && annotations.length === 0)) return [];
    const [at, opened] = begin(partOf(bare, item));
    seen += said;
    cited += annotations.length;
    return [...opened, { type: "delta", index: at, text: said, ...(annotations.length > 0 && { annotations }) }];
  }

  function close(last?: Block): Event[] {
    if (closed || index === undefined) return [];
    closed = true;
    const ext = last === undefined || last.type === "opaque" ? undefined : last.ext;
    return [{ type: "close", index, ...(ext && { ext }) }];
  }

  return {
    more,
    close: () => close(),
    open: (part: Obj, item: Obj): Event[] => {
      if (part.type === "refusal") return begin(partOf(refused, item))[1];
      return part.type === "output_text" ? begin(partOf(spoken, item))[1] : [];
    },
    cite: (wire: Obj, item: Obj): Event[] => {
      const annotation = decodeAnnotation(wire);
      return annotation === undefined ? [] : more(spoken, item, "", [annotation]);
    },
    makeUp: (bare: Obj, item: Obj, final: string): Event[] => more(bare, item, beyond(seen, final)),
    finish(wire: Obj, item: Obj): Event[] {
      if (closed) return [];
      const final = partOf(wire, item);
      if (final.type !== "text" && final.type !== "refusal") return [...begin(final)[1], ...close()];
      const bare = final.type === "text" ? spoken : refused;
      const opened = begin(partOf(bare, item))[1];
      const left = final.type === "text" ? final.annotations?.slice(cited) : undefined;
      return [...opened, ...more(bare, item, beyond(seen, final.text), left), ...close(final)];
    },
  };
}
