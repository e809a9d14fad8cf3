/** One canon block of an answer -> the content block and the deltas that tell it to a Messages caller. */
import { type Delta, type Event, grow } from "../../canon/event.ts";
import type { Json, Obj } from "../../canon/json.ts";
import type { Block, Reasoning, Refusal, Text, ToolCall } from "../../canon/request.ts";
import type { Seal } from "../protocol.ts";
import { encodeCitations, encodeSearch } from "./blocks-encode.ts";
import { callId } from "./ids.ts";

/** The block itself, which comes before its deltas; a block that has nothing to say never comes. */
export type Piece = { readonly start: Obj } | { readonly delta: Obj };

type Own = Extract<Event, { type: "delta" | "seal" | "close" }>;

export interface BlockWriting {
  open(): Piece[];
  take(event: Own): Piece[];
}

/** `undefined` for a block that the Messages protocol cannot say in an answer. */
export function writeBlock(block: Block, seal: Seal): BlockWriting | undefined {
  switch (block.type) {
    case "text":
    case "refusal":
      return writeText(block);
    case "reasoning":
      return writeReasoning(block, seal);
    case "call":
      return writeCall(block);
    case "search":
      return writeWhole(encodeSearch(block));
    case "opaque":
      return writeWhole(block.protocol === "messages" ? block.value : undefined);
    case "image":
    case "file":
    case "audio":
    case "result":
    case "tools":
      return undefined;
  }
}

function writeText(block: Text | Refusal): BlockWriting {
  const { citations: _, ...own } = block.ext?.messages ?? {};
  let started = false;
  const say = (text: string, citations: readonly Json[]): Piece[] => {
    if (text === "" && citations.length === 0) return [];
    const first: Piece[] = started ? [] : [{ start: { type: "text", text: "", citations: null, ...own } }];
    started = true;
    return [
      ...first,
      ...(text === "" ? [] : [{ delta: { type: "text_delta", text } }]),
      ...citations.map((citation): Piece => ({ delta: { type: "citations_delta", citation } })),
    ];
  };
  return {
    open: () => say(block.text, block.type === "text" ? encodeCitations(block) : []),
    take(event) {
      if (event.type === "seal") return [];
      const annotations = event.type === "delta" ? (event.annotations ?? []) : [];
      const cited: Text = {
        type: "text",
        text: "",
        annotations,
        ...(event.type === "close" && { ext: event.ext ?? {} }),
      };
      return say(event.type === "delta" ? event.text : "", encodeCitations(cited));
    },
  };
}

/**
 * Another provider's proof goes out as a token of ours in the place of the signature. Reasoning that shows nothing and
 * proves nothing is left out. Of a summary and raw reasoning the one that comes first is shown.
 */
function writeReasoning(block: Reasoning, seal: Seal): BlockWriting {
  let grown: Block = block;
  let started = false;
  let part = 0;
  let raw: boolean | undefined;
  const start = (): Piece[] => {
    const first: Piece[] = started
      ? []
      : [{ start: { type: "thinking", thinking: "", signature: "", ...block.ext?.messages } }];
    started = true;
    return first;
  };
  const say = (delta: Pick<Delta, "text" | "part" | "raw">): Piece[] => {
    if (delta.text === "" || (raw ?? delta.raw === true) !== (delta.raw === true)) return [];
    raw = delta.raw === true;
    const parted = started && (delta.part ?? 0) !== part ? "\n\n" : "";
    part = delta.part ?? 0;
    return [...start(), { delta: { type: "thinking_delta", thinking: parted + delta.text, estimated_tokens: null } }];
  };
  const proof = (): Piece[] => {
    const native = grown.type === "reasoning" ? grown.native : undefined;
    if (grown.type !== "reasoning" || native === undefined) return [];
    const ours = native.protocol !== "messages";
    if (!ours && native.kind === "redacted" && !started) {
      return [{ start: { type: "redacted_thinking", ...block.ext?.messages, data: native.value } }];
    }
    const signature = ours ? seal(grown) : native.value;
    return [...start(), { delta: { type: "signature_delta", signature } }];
  };
  return {
    open: () => [
      ...block.summary.flatMap((text, index) => say({ text, part: index })),
      ...(block.content ?? []).flatMap((text, index) => say({ text, part: index, raw: true })),
    ],
    take(event) {
      grown = grow(grown, event);
      if (event.type === "delta") return say(event);
      return event.type === "close" ? proof() : [];
    },
  };
}

/** The model itself makes its calls, not a program that it wrote. */
const caller = { type: "direct" };

/** A custom tool's free text is told as the one argument that the tool was given for it. */
function writeCall(block: ToolCall): BlockWriting {
  const custom = block.kind === "custom";
  let free = block.input;
  const say = (json: string): Piece[] =>
    json === "" ? [] : [{ delta: { type: "input_json_delta", partial_json: json } }];
  return {
    open: () => [
      {
        start: { type: "tool_use", id: callId(block.id), name: block.name, input: {}, caller, ...block.ext?.messages },
      },
      ...(custom ? [] : say(block.input)),
    ],
    take(event) {
      if (event.type === "delta" && custom) free += event.text;
      else if (event.type === "delta") return say(event.text);
      return event.type === "close" && custom ? say(JSON.stringify({ input: free })) : [];
    },
  };
}

function writeWhole(block: Obj | undefined): BlockWriting | undefined {
  if (block === undefined) return undefined;
  return { open: () => [{ start: block }], take: () => [] };
}
