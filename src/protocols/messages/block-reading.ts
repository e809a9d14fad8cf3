/** One content block of a streamed answer -> events. Its kind decides what flows and what waits for the whole. */
import type { Event } from "../../canon/event.ts";
import { defined, isObj, type Json, list, type Obj, obj, text } from "../../canon/json.ts";
import type { Annotation, Native, Reasoning, Text, ToolCall } from "../../canon/request.ts";
import { decodeBlock, decodeCitation } from "./blocks-decode.ts";

export interface BlockReading {
  start(): Event[];
  delta(delta: Obj): Event[];
  stop(): Event[];
}

/** `raw` is the block of `content_block_start`: empty where deltas follow, whole in an answer that was not streamed. */
export function readBlock(raw: Obj, index: number): BlockReading {
  const block = decodeBlock(telling(raw), neverOurs);
  if (block.type === "text") return readText(block, index);
  if (block.type === "call") return readCall(block, index);
  if (block.type === "reasoning" && raw.type === "thinking") return readThinking(block, index);
  return readWhole(raw, index);
}

/** The block without what the types require of every block of an answer, and which says nothing: we write it of our own. */
function telling({ citations, caller, ...block }: Obj): Obj {
  const isDirect = obj(caller).type === "direct" && block.type === "tool_use";
  return defined({
    ...block,
    citations: citations === null ? undefined : citations,
    caller: isDirect ? undefined : caller,
  });
}

/** A provider has no tokens of ours to give back. */
const neverOurs = (): undefined => undefined;

function readText(block: Text, index: number): BlockReading {
  const { annotations = [], ...empty } = block;
  const documents: Json[] = [];
  const said = (more: string, cited: readonly Annotation[]): Event[] =>
    more === "" && cited.length === 0
      ? []
      : [{ type: "delta", index, text: more, ...(cited.length > 0 && { annotations: cited }) }];
  return {
    start: () => [{ type: "open", index, block: { ...empty, text: "" } }, ...said(block.text, annotations)],
    delta(delta) {
      if (delta.type === "text_delta") return said(text(delta.text) ?? "", []);
      if (delta.type !== "citations_delta" || !isObj(delta.citation)) return [];
      const page = decodeCitation(delta.citation);
      if (page !== undefined) return said("", [page]);
      documents.push(delta.citation);
      return [];
    },
    stop() {
      if (documents.length === 0) return [{ type: "close", index }];
      const own = block.ext?.messages;
      const citations = [...list(own?.citations), ...documents];
      return [{ type: "close", index, ext: { messages: { ...own, citations } } }];
    },
  };
}

function readThinking(block: Reasoning, index: number): BlockReading {
  const { native, summary, ...rest } = block;
  let proof: Native | undefined = native;
  return {
    start: () => [
      { type: "open", index, block: { ...rest, summary: [] } },
      ...summary.map((said): Event => ({ type: "delta", index, text: said })),
    ],
    delta(delta) {
      const more = text(delta.thinking) ?? "";
      if (delta.type === "thinking_delta" && more !== "") return [{ type: "delta", index, text: more }];
      const value = delta.type === "signature_delta" ? (text(delta.signature) ?? "") : "";
      if (value !== "") proof = { protocol: "messages", value, kind: "signature" };
      return [];
    },
    stop: () => [
      ...(proof === undefined ? [] : [{ type: "seal" as const, index, native: proof }]),
      { type: "close", index },
    ],
  };
}

/** A call without arguments streams none: canon wants a JSON text. What came in the start gives way to deltas. */
function readCall(block: ToolCall, index: number): BlockReading {
  let any = false;
  return {
    start: () => [{ type: "open", index, block: { ...block, input: "" } }],
    delta(delta) {
      const more = delta.type === "input_json_delta" ? (text(delta.partial_json) ?? "") : "";
      if (more === "") return [];
      any = true;
      return [{ type: "delta", index, text: more }];
    },
    stop: () => [...(any ? [] : [{ type: "delta" as const, index, text: block.input }]), { type: "close", index }],
  };
}

/** Searches, server tools and unknown blocks: told when they are whole. Other deltas carry members' final values. */
function readWhole(raw: Obj, index: number): BlockReading {
  let value = raw;
  let json = "";
  return {
    start: () => [],
    delta({ type, ...members }) {
      if (type === "input_json_delta") json += text(members.partial_json) ?? "";
      else value = { ...value, ...members };
      return [];
    },
    stop() {
      const whole = json === "" ? value : { ...value, input: parseInput(json) };
      const block = decodeBlock(whole, neverOurs);
      if (block.type !== "reasoning")
        return [
          { type: "open", index, block },
          { type: "close", index },
        ];
      const { native, ...plain } = block;
      return [
        { type: "open", index, block: plain },
        ...(native === undefined ? [] : [{ type: "seal" as const, index, native }]),
        { type: "close", index },
      ];
    },
  };
}

function parseInput(json: string): Json {
  try {
    const value: Json = JSON.parse(json);
    return value;
  } catch {
    return { _raw: json };
  }
}
