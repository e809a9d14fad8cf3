/**
 * The items of an answer as they come into being: for each block of canon a writer that sends the official events of
 * its item. An item lives between its `added` and its `done`, and every event between names its id.
 */
import type { Delta } from "../../canon/event.ts";
import { defined, type Obj, obj, text } from "../../canon/json.ts";
import type { Block, Image, Opaque, Reasoning, Search, ToolCall } from "../../canon/request.ts";
import type { Seal } from "../protocol.ts";
import { encodeCall, encodeReasoning } from "./items.ts";
import { ownOf } from "./wire.ts";

/** Where an item stands. */
export interface Place {
  readonly id: string;
  readonly index: number;
}

/** What a writer may do: ask for a place, send an event, and say that its item is whole. */
export interface Sink {
  place(prefix: string, id?: string): Place;
  send(type: string, members: Obj): void;
  done(place: Place, item: Obj): void;
  /** The same for an item that somebody runs as soon as it is done: it is kept until more is known. */
  hold(place: Place, item: Obj): void;
}

/** Follows one block. `close` gets the whole of it. */
export interface Writer {
  delta(delta: Delta): void;
  close(block: Block): void;
}

/** The writer of a block that is an item of its own; `undefined` for one that this API cannot say. */
export function openItem(block: Block, sink: Sink, seal: Seal): Writer | undefined {
  switch (block.type) {
    case "reasoning":
      return openReasoning(sink, seal);
    case "call":
      return openCall(block, sink);
    case "search":
      return openSearch(block, sink);
    case "image":
      return openImage(block, sink);
    case "opaque":
      return block.protocol === "responses" ? openWhole(block, sink) : undefined;
    default:
      return undefined;
  }
}

function added(sink: Sink, { id, index }: Place, item: Obj): void {
  sink.send("response.output_item.added", { output_index: index, item: { id, ...item } });
}

/** A part of a reasoning item's summary or raw content: its events differ only in their names. */
const reasoningParts = {
  summary: {
    part: "response.reasoning_summary_part",
    text: "response.reasoning_summary_text",
    index: "summary_index",
    type: "summary_text",
  },
  raw: {
    part: "response.content_part",
    text: "response.reasoning_text",
    index: "content_index",
    type: "reasoning_text",
  },
} as const;

function openReasoning(sink: Sink, seal: Seal): Writer {
  const place = sink.place("rs_");
  added(sink, place, { type: "reasoning", summary: [], content: [] });
  const parts = { summary: partsWriter(sink, place, "summary"), raw: partsWriter(sink, place, "raw") };
  return {
    delta(delta) {
      parts[delta.raw === true ? "raw" : "summary"].delta(delta);
    },
    close(block) {
      parts.summary.close();
      parts.raw.close();
      if (block.type !== "reasoning") return;
      const cipher = defined({ encrypted_content: cipherOf(block, seal) });
      sink.done(place, { id: place.id, type: "reasoning", ...encodeReasoning(block), ...cipher, ...ownOf(block) });
    },
  };
}

/** OpenAI's own cipher goes back as it came, another provider's proof inside a token of ours. */
function cipherOf(block: Reasoning, seal: Seal): string | undefined {
  if (block.native === undefined) return undefined;
  return block.native.protocol === "responses" ? block.native.value : seal(block);
}

function partsWriter(sink: Sink, { id, index }: Place, kind: keyof typeof reasoningParts) {
  const names = reasoningParts[kind];
  const texts: string[] = [];
  const send = (type: string, part: number, members: Obj): void =>
    sink.send(type, { item_id: id, output_index: index, [names.index]: part, ...members });
  const finish = (): void => {
    const said = texts.at(-1);
    if (said === undefined) return;
    send(`${names.text}.done`, texts.length - 1, { text: said });
    send(`${names.part}.done`, texts.length - 1, { part: { type: names.type, text: said } });
  };
  return {
    delta({ part = 0, text: said }: Delta): void {
      while (texts.length <= part) {
        finish();
        send(`${names.part}.added`, texts.length, { part: { type: names.type, text: "" } });
        texts.push("");
      }
      if (said === "") return;
      texts[part] = (texts[part] ?? "") + said;
      send(`${names.text}.delta`, part, { delta: said });
    },
    close: finish,
  };
}

const calls = {
  function: { prefix: "fc_", input: "arguments", events: "response.function_call_arguments" },
  custom: { prefix: "ctc_", input: "input", events: "response.custom_tool_call_input" },
  search: { prefix: "tsc_", input: "arguments", events: undefined },
} as const;

function openCall(opened: ToolCall, sink: Sink): Writer {
  const { prefix, input, events } = calls[opened.kind];
  const place = sink.place(prefix);
  const ids = { item_id: place.id, output_index: place.index };
  const { status: _, ...item } = encodeCall({ ...opened, input: opened.kind === "search" ? "{}" : "" }, opened.id);
  added(sink, place, { ...item, status: "in_progress" });
  return {
    delta({ text: said }) {
      if (events !== undefined && said !== "") sink.send(`${events}.delta`, { ...ids, delta: said });
    },
    close(block) {
      if (block.type !== "call") return;
      // A call without arguments has none in the stream of its provider, and needs JSON here.
      const isEmpty = block.kind !== "custom" && block.input === "";
      const call = isEmpty ? { ...block, input: "{}" } : block;
      if (events !== undefined) {
        if (isEmpty) sink.send(`${events}.delta`, { ...ids, delta: "{}" });
        const name = call.kind === "function" ? { name: call.name } : {};
        sink.send(`${events}.done`, { ...ids, ...name, [input]: call.input });
      }
      sink.hold(place, { id: place.id, status: "completed", ...encodeCall(call, call.id) });
    },
  };
}

function openSearch(opened: Search, sink: Sink): Writer {
  const place = sink.place("ws_", opened.id.startsWith("ws_") ? opened.id : undefined);
  const step = (name: string): void =>
    sink.send(`response.web_search_call.${name}`, { item_id: place.id, output_index: place.index });
  const actionOf = (block: Search): Obj => ({ type: "search", query: block.query, ...obj(ownOf(block).action) });
  added(sink, place, { type: "web_search_call", status: "in_progress", action: actionOf(opened) });
  step("in_progress");
  step("searching");
  return {
    delta() {},
    close(block) {
      if (block.type !== "search") return;
      const { action: _, ...own } = ownOf(block);
      const action = actionOf(block);
      step("completed");
      sink.done(place, { id: place.id, type: "web_search_call", status: "completed", action, ...own });
    },
  };
}

/** A picture that a model made: OpenAI's own come from a tool. One that lies elsewhere cannot be said. */
function openImage(opened: Image, sink: Sink): Writer | undefined {
  if (opened.source.type !== "data") return undefined;
  const { data: result, mediaType } = opened.source;
  const place = sink.place("ig_");
  const step = (name: string): void =>
    sink.send(`response.image_generation_call.${name}`, { item_id: place.id, output_index: place.index });
  added(sink, place, { type: "image_generation_call", status: "in_progress", result: null });
  step("in_progress");
  step("generating");
  return {
    delta() {},
    close() {
      const output_format = mediaType.replace("image/", "");
      step("completed");
      sink.done(place, { id: place.id, type: "image_generation_call", status: "completed", output_format, result });
    },
  };
}

/** An item that only this API knows: it comes whole. */
function openWhole({ value }: Opaque, sink: Sink): Writer {
  const place = sink.place("item_", text(value.id));
  const item = { ...value, id: place.id };
  sink.send("response.output_item.added", { output_index: place.index, item });
  return { delta() {}, close: () => sink.done(place, item) };
}
