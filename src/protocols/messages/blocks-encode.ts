/** Canon blocks -> content blocks of a request to Anthropic. */
import { defined, isObj, type Json, list, type Obj, obj } from "../../canon/json.ts";
import type { Block, CacheMark, Ext, Search, Text, ToolCall, ToolResult } from "../../canon/request.ts";
import { unsupported } from "../../fault.ts";
import { callId } from "./ids.ts";
import { encodeDocument, encodeImage } from "./media.ts";

/** How an encoder speaks of what it cannot write: `path` is the block's place in canon. */
export interface Writing {
  lose(field: string, change?: string): void;
  path(block: Block): string;
}

/** The blocks in Anthropic's words, without those that have nothing to say there. */
export function encodeBlocks(blocks: readonly Block[], writing: Writing): Obj[] {
  return blocks.map((block) => encodeBlock(block, writing)).filter((block) => block !== undefined);
}

/** `undefined` for a block that is left out: blank text (Anthropic refuses it), and what only others can read. */
function encodeBlock(block: Block, writing: Writing): Obj | undefined {
  switch (block.type) {
    case "text":
      return encodeText(block, writing);
    case "refusal":
      return blank(block.text) ? undefined : { type: "text", ...common(block), text: block.text };
    case "image":
      if (block.detail !== undefined && block.detail !== "auto") writing.lose(`${writing.path(block)}.detail`);
      return { type: "image", ...common(block), source: encodeImage(block, writing.path(block)) };
    case "file":
      return {
        type: "document",
        ...common(block),
        source: encodeDocument(block, writing.path(block)),
        ...defined({ title: block.name }),
      };
    case "audio":
      throw unsupported(writing.path(block), "is audio, which Anthropic does not take.");
    case "reasoning":
      return encodeReasoning(block);
    case "call":
      return encodeCall(block, writing);
    case "result":
      return encodeResult(block, writing);
    case "tools":
      throw unsupported(writing.path(block), "is a list of tools inside the conversation.");
    case "search":
      return encodeSearch(block) ?? lost(block, writing);
    case "opaque":
      return block.protocol === "messages" ? block.value : lost(block, writing);
  }
}

export function blank(text: string): boolean {
  return !/\S/.test(text);
}

export function encodeCache(cache: CacheMark | undefined): Obj {
  return cache === undefined ? {} : { cache_control: { type: "ephemeral", ...defined(cache) } };
}

/** What a text cites: web pages as Anthropic's own search found them, then its documents. */
export function encodeCitations(block: Text): Json[] {
  const pages = (block.annotations ?? []).filter((annotation) => annotation.ext?.messages !== undefined);
  return [
    ...pages.map(({ url, title, ext }) => ({ ...ext?.messages, ...defined({ url, title }) })),
    ...list(block.ext?.messages?.citations),
  ];
}

/** A search that Anthropic itself ran; no other can be told, because its results have to follow in Anthropic's cipher. */
export function encodeSearch({ id, query, ext }: Search): Obj | undefined {
  const own = ext?.messages;
  if (own === undefined) return undefined;
  return { type: "server_tool_use", id, ...own, input: { ...obj(own.input), query } };
}

function common(block: { readonly cache?: CacheMark; readonly ext?: Ext }): Obj {
  return { ...block.ext?.messages, ...encodeCache(block.cache) };
}

function lost(block: Block, writing: Writing): undefined {
  writing.lose(writing.path(block));
  return undefined;
}

function encodeText(block: Text, writing: Writing): Obj | undefined {
  if (blank(block.text)) return undefined;
  const citations = encodeCitations(block);
  if ((block.annotations ?? []).some((annotation) => annotation.ext?.messages === undefined)) {
    writing.lose(`${writing.path(block)}.annotations`);
  }
  return { type: "text", ...common(block), text: block.text, ...(citations.length > 0 && { citations }) };
}

/** The proof goes back byte for byte; reasoning without Anthropic's own proof is worth nothing to it. */
function encodeReasoning(block: Extract<Block, { type: "reasoning" }>): Obj | undefined {
  const { native } = block;
  if (native?.protocol !== "messages") return undefined;
  return native.kind === "redacted"
    ? { type: "redacted_thinking", ...common(block), data: native.value }
    : { type: "thinking", ...common(block), thinking: block.summary.join("\n\n"), signature: native.value };
}

function encodeCall(block: ToolCall, writing: Writing): Obj {
  if (block.kind !== "function" || block.namespace !== undefined) {
    throw unsupported(writing.path(block), "is a call of a kind that Anthropic does not know.");
  }
  return { type: "tool_use", ...common(block), id: callId(block.id), name: block.name, input: parseInput(block.input) };
}

/** Models do write calls whose arguments are no JSON: they stay in the history as they are, in a member of their own. */
function parseInput(input: string): Obj {
  if (blank(input)) return {};
  try {
    const value: unknown = JSON.parse(input);
    return isObj(value) ? value : { _raw: input };
  } catch {
    return { _raw: input };
  }
}

function encodeResult(block: ToolResult, writing: Writing): Obj {
  if (block.kind !== "function") {
    throw unsupported(writing.path(block), "is a result of a kind that Anthropic does not know.");
  }
  const content = encodeBlocks(block.blocks, writing);
  return {
    type: "tool_result",
    ...common(block),
    tool_use_id: callId(block.callId),
    ...(content.length > 0 && { content }),
    ...defined({ is_error: block.isError }),
  };
}
