/**
 * An answer's blocks one after the other, in the order in which they began: what comes of a block while another one is
 * open waits until that one closes. Gemini's parts have no index that could say whose a piece is.
 */
import type { Event } from "../../canon/event.ts";

type Own = Extract<Event, { readonly index: number }>;

/** Tells, for each event as it comes, those whose turn it is. The end frees all that still waits. */
export function inTurn(): (event: Event) => Event[] {
  const waiting = new Map<number, Own[]>();
  let speaker: number | undefined;

  function pass(event: Own): Event[] {
    if (event.type === "open") speaker ??= event.index;
    if (event.index !== speaker) {
      waiting.set(event.index, [...(waiting.get(event.index) ?? []), event]);
      return [];
    }
    if (event.type !== "close") return [event];
    speaker = undefined;
    return [event, ...resume()];
  }

  function resume(): Event[] {
    const [first] = waiting;
    if (first === undefined) return [];
    waiting.delete(first[0]);
    return first[1].flatMap(pass);
  }

  return (event) => {
    if ("index" in event) return pass(event);
    const freed = [...waiting.values()].flat();
    waiting.clear();
    return [...freed, event];
  };
}
