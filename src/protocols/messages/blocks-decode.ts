/** Content blocks of requests and answers -> canon. What canon has no word for stays opaque or rides in `ext`. */
import { defined, isObj, type Json, list, type Obj, obj, text } from "../../canon/json.ts";
import type { Annotation, Block, CacheMark, Ext, Reasoning, Text, ToolCall } from "../../canon/request.ts";
import { invalid } from "../../fault.ts";
import type { Open } from "../protocol.ts";
import { checkSource, decodeSource } from "./media.ts";
import { check, element, extra, type Shape } from "./members.ts";

/** The content of a message or tool result as a caller sent it. Throws a fault that names what is wrong with it. */
export function decodeContent(content: Json | undefined, path: string, open: Open): Block[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  if (!Array.isArray(content)) throw invalid(path, "a string or an array of content blocks is expected.");
  return content.map((value, index) => {
    const place = `${path}[${index}]`;
    const block = element(value, place);
    checkBlock(block, place);
    return decodeBlock(block, open, place);
  });
}

/** One block. It is not checked again: what an answer lacks reads as empty. `path` names the block in a fault. */
export function decodeBlock(block: Obj, open: Open, path = ""): Block {
  switch (block.type) {
    case "text":
      return decodeText(block);
    case "image":
    case "document":
      return decodeMedia(block);
    case "thinking":
    case "redacted_thinking":
      return decodeReasoning(block, open);
    case "tool_use":
      return decodeCall(block);
    case "tool_result":
      return defined({
        type: "result" as const,
        callId: text(block.tool_use_id) ?? "",
        kind: "function" as const,
        blocks:
          block.content === undefined || block.content === null
            ? []
            : decodeContent(block.content, `${path}.content`, open),
        isError: typeof block.is_error === "boolean" ? block.is_error : undefined,
        ...common(block, ["tool_use_id", "content", "is_error"]),
      });
    case "server_tool_use":
      return block.name === "web_search" ? decodeSearch(block) : opaque(block);
    default:
      return opaque(block);
  }
}

/** A citation of a web page; `undefined` for one of a document, which only Anthropic can say. */
export function decodeCitation(citation: Json): Annotation | undefined {
  if (!isObj(citation) || typeof citation.url !== "string") return undefined;
  const own = extra(citation, new Set(["url", "title"]));
  return defined({
    type: "url" as const,
    url: citation.url,
    title: text(citation.title),
    ext: own === undefined ? undefined : { messages: own },
  });
}

/** The mark where it says no more than canon can. */
export function decodeCache(value: Json | undefined): CacheMark | undefined {
  if (
    !isObj(value) ||
    value.type !== "ephemeral" ||
    Object.keys(value).some((key) => key !== "type" && key !== "ttl")
  ) {
    return undefined;
  }
  if (value.ttl === undefined) return {};
  return value.ttl === "5m" || value.ttl === "1h" ? { ttl: value.ttl } : undefined;
}

const shapes: Readonly<Record<string, Shape>> = {
  text: { text: "string", citations: "array?" },
  image: { source: "object" },
  document: { source: "object", title: "string?" },
  thinking: { thinking: "string", signature: "string?" },
  redacted_thinking: { data: "string" },
  tool_use: { id: "string", name: "string", input: "object" },
  tool_result: { tool_use_id: "string", is_error: "boolean?" },
  server_tool_use: { id: "string", name: "string", input: "object" },
};

function checkBlock(block: Obj, path: string): void {
  check(block, { type: "string", cache_control: "object?" }, path);
  check(block, shapes[text(block.type) ?? ""] ?? {}, path);
  if (block.type === "image" || block.type === "document") checkSource(obj(block.source), `${path}.source`);
}

/** The cache mark and the members that are Anthropic's own, but for `known`, which the block's decoder reads itself. */
function common(block: Obj, known: readonly string[], more?: Obj): { cache?: CacheMark; ext?: Ext } {
  const cache = decodeCache(block.cache_control);
  const read = cache === undefined ? known : [...known, "cache_control"];
  const own = extra(block, new Set(["type", ...read]));
  const ext = own === undefined && more === undefined ? undefined : { messages: { ...own, ...more } };
  return defined({ cache, ext });
}

function decodeText(block: Obj): Text {
  const annotations: Annotation[] = [];
  const citations: Json[] = [];
  for (const citation of list(block.citations)) {
    const annotation = decodeCitation(citation);
    if (annotation === undefined) citations.push(citation);
    else annotations.push(annotation);
  }
  return {
    type: "text",
    text: text(block.text) ?? "",
    ...(annotations.length > 0 && { annotations }),
    ...common(block, ["text", "citations"], citations.length > 0 ? { citations } : undefined),
  };
}

function decodeMedia(block: Obj): Block {
  const decoded = decodeSource(obj(block.source));
  if (decoded === undefined) return opaque(block);
  const own = decoded.own === undefined ? undefined : { source: decoded.own };
  if (block.type === "image") return { type: "image", source: decoded.source, ...common(block, ["source"], own) };
  const name = text(block.title);
  return { type: "file", source: decoded.source, ...defined({ name }), ...common(block, ["source", "title"], own) };
}

/**
 * A signature without text is a whole block: newer models send it so. A token of ours stands for the block of another
 * provider that it was made from.
 */
function decodeReasoning(block: Obj, open: Open): Reasoning {
  const redacted = block.type === "redacted_thinking";
  const value = text(redacted ? block.data : block.signature);
  const shared = common(block, redacted ? ["data"] : ["thinking", "signature"]);
  const opened = value === undefined || value === "" ? undefined : open(value);
  if (opened !== undefined) return { ...opened, ...shared };
  const thinking = text(block.thinking) ?? "";
  return {
    type: "reasoning",
    summary: redacted || thinking === "" ? [] : [thinking],
    ...(value !== undefined &&
      value !== "" && { native: { protocol: "messages", value, kind: redacted ? "redacted" : "signature" } }),
    ...shared,
  };
}

function decodeCall(block: Obj): ToolCall {
  return {
    type: "call",
    id: text(block.id) ?? "",
    kind: "function",
    name: text(block.name) ?? "",
    input: JSON.stringify(obj(block.input)),
    ...common(block, ["id", "name", "input"]),
  };
}

/** Its `ext` is never empty: that is how the encoder knows a search that came from Anthropic. */
function decodeSearch(block: Obj): Block {
  const { query, ...input } = obj(block.input);
  const more: Obj = { name: "web_search", ...(Object.keys(input).length > 0 && { input }) };
  return {
    type: "search",
    id: text(block.id) ?? "",
    query: text(query) ?? "",
    ...common(block, ["id", "name", "input"], more),
  };
}

function opaque(value: Obj): Block {
  return { type: "opaque", protocol: "messages", value };
}
