/** The blocks of a streamed answer: what each delta opens, adds to and closes. */
import type { Event } from "../../canon/event.ts";
import { isObj, type Json, list, type Obj, obj, text } from "../../canon/json.ts";
import type { Annotation } from "../../canon/request.ts";
import { decodeAnnotations } from "./annotations.ts";
import { callEvents } from "./calls.ts";

type Kind = "reasoning" | "text" | "refusal";

export interface Blocks {
  delta(delta: Obj, idOfAnswer: string): Event[];
  close(): Event[];
  hasCalls(): boolean;
}

/** Text, reasoning and refusal come one after the other, calls beside each other where they must. */
export function blockEvents(): Blocks {
  let next = 0;
  const calls = callEvents(() => next++);
  const speech = speechEvents(
    () => next++,
    () => calls.close("whole"),
  );
  return {
    delta(delta, idOfAnswer) {
      speech.annotate(decodeAnnotations(delta.annotations));
      const spoken = sayings(delta).flatMap(([kind, text]) => speech.say(kind, text));
      const cited = speech.cite();
      const entries = [...list(delta.tool_calls), ...oldCall(delta)];
      const called = entries.flatMap((entry) => [...speech.shut(), ...calls.piece(entry, idOfAnswer)]);
      return [...spoken, ...cited, ...called];
    },
    close: () => [...speech.end(), ...calls.close("all")],
    hasCalls: () => calls.count > 0,
  };
}

interface Speech {
  say(kind: Kind, text: string): Event[];
  /** Citations may come before the text (OpenRouter): they wait for it, and are told with `cite`. */
  annotate(annotations: readonly Annotation[]): void;
  cite(): Event[];
  shut(): Event[];
  end(): Event[];
}

/** `before` closes what else is to be closed before a block opens. */
function speechEvents(allot: () => number, before: () => Event[]): Speech {
  let open: { readonly kind: Kind; readonly index: number } | undefined;
  let waiting: readonly Annotation[] = [];

  function shut(): Event[] {
    if (open === undefined) return [];
    const { index } = open;
    open = undefined;
    return [{ type: "close", index }];
  }

  function begin(kind: Kind): Event[] {
    const closed = [...shut(), ...before()];
    open = { kind, index: allot() };
    const block = kind === "reasoning" ? { type: kind, summary: [] } : { type: kind, text: "" };
    return [...closed, { type: "open", index: open.index, block }];
  }

  function cite(): Event[] {
    if (waiting.length === 0 || open?.kind !== "text") return [];
    const annotations = waiting;
    waiting = [];
    return [{ type: "delta", index: open.index, text: "", annotations }];
  }

  return {
    say(kind, text) {
      if (text === "") return [];
      const opened = open?.kind === kind ? [] : begin(kind);
      return [...opened, { type: "delta", index: open?.index ?? 0, text }];
    },
    annotate(annotations) {
      waiting = [...waiting, ...annotations];
    },
    cite,
    shut,
    end: () => [...(waiting.length > 0 && open?.kind !== "text" ? begin("text") : []), ...cite(), ...shut()],
  };
}

/** What one chunk says, in the order it is meant: reasoning stands before the text, whatever the members' order. */
function sayings(delta: Obj): [Kind, string][] {
  const parts = typeof delta.content === "string" ? [delta.content] : list(delta.content);
  return [["reasoning", reasoningOf(delta)], ...parts.map(partOf), ["refusal", text(delta.refusal) ?? ""]];
}

/** DeepSeek and many: reasoning_content; OpenRouter, Groq, vLLM: reasoning; Snowflake: only its details. */
function reasoningOf(delta: Obj): string {
  const plain = text(delta.reasoning_content) || text(delta.reasoning);
  if (plain) return plain;
  const details = list(delta.reasoning_details).map(obj);
  return details.map((detail) => text(detail.text) ?? text(detail.summary) ?? "").join("");
}

/** Mistral's content is a list where it thinks. */
function partOf(value: Json): [Kind, string] {
  if (typeof value === "string") return ["text", value];
  const part = obj(value);
  if (part.type === "refusal") return ["refusal", text(part.refusal) ?? ""];
  if (part.type !== "thinking") return ["text", text(part.text) ?? ""];
  const thoughts = list(part.thinking).map((thought) => text(obj(thought).text) ?? "");
  return ["reasoning", text(part.thinking) ?? thoughts.join("")];
}

/** The one call of old, which has neither id nor index. */
function oldCall(delta: Obj): Json[] {
  return isObj(delta.function_call) ? [{ function: delta.function_call }] : [];
}
