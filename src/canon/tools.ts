/**
 * Tools across protocols (wire.md C.6 and C.8): where a target has no namespaces, no custom tools or no search for
 * tools, functions stand in for them, and the calls that come back get their own names and kinds again. Codex runs
 * nothing that returns under another name or kind. Append-only: a tool keeps the name it got when it first appeared.
 */
import { type InputReader, readInput, wrapInput } from "./custom-input.ts";
import type { Event, Message } from "./event.ts";
import { defined, type Obj } from "./json.ts";
import type { Block, CanonRequest, Tool, ToolCall, ToolChoice, Turn } from "./request.ts";
import {
  type CallableTool,
  canSayAll,
  isCallable,
  keyOf,
  type Listed,
  listTools,
  type Name,
  type Names,
  nameOf,
  nameTools,
  showKind,
  spread,
  type ToolAbilities,
} from "./tool-names.ts";

export type { ToolAbilities } from "./tool-names.ts";

/** A request the target can say, and the way back for its answer. */
export interface Flat {
  readonly request: CanonRequest;
  /** A fresh mapper for the events of one stream. */
  restore(): (event: Event) => Event[];
  restoreMessage(message: Message): Message;
}

/** The request with stand-ins for the tools, calls and results that the target cannot say; untouched if it can. */
export function flatten(request: CanonRequest, can: ToolAbilities): Flat {
  const listed = listTools(request);
  if (canSayAll(listed, can)) return { request, restore: () => (event) => [event], restoreMessage: (same) => same };
  const names = nameTools(listed, can);
  return {
    request: defined({
      ...request,
      tools: listed.length > 0 ? printTools(listed, names, can) : request.tools,
      turns: request.turns.flatMap((turn) => flattenTurn(turn, names, can)),
      toolChoice: request.toolChoice && flattenChoice(request.toolChoice, names, can),
    }),
    restore: () => restorer(names),
    restoreMessage: (message) => ({ ...message, blocks: message.blocks.map((block) => restoreBlock(block, names)) }),
  };
}

function printTools(listed: readonly Listed[], names: Names, can: ToolAbilities): Tool[] {
  const printed: Tool[] = [];
  const groups = new Map<string, Tool[]>();
  for (const { tool, namespace, about } of listed) {
    if (!isCallable(tool)) {
      printed.push(tool);
      continue;
    }
    const to = nameOf({ kind: tool.type, name: tool.name, namespace }, names, can);
    if (to.namespace === undefined) {
      // In a namespace an unsaid `strict` means "where the schema allows it", which no function outside can say.
      const isLoose = namespace !== undefined && tool.type === "function" && tool.strict === undefined;
      printed.push(printTool(tool, to, about, isLoose));
      continue;
    }
    const group = groups.get(to.namespace) ?? [];
    if (!groups.has(to.namespace)) {
      printed.push(defined({ type: "namespace" as const, name: to.namespace, description: about, tools: group }));
    }
    groups.set(to.namespace, group);
    group.push(printTool(tool, to));
  }
  return printed;
}

function printTool(tool: CallableTool, to: Name, about?: string, isLoose = false): CallableTool {
  const description = paragraphs(tool.description, about, tool.type === to.kind ? undefined : standInNote(tool));
  const common = defined({ name: to.name, description, cache: tool.cache, ext: tool.ext });
  if (tool.type === to.kind) {
    const { namespace: _, ...rest } = tool;
    return { ...rest, ...common, ...(isLoose && { strict: false }) };
  }
  const schema = tool.type === "search" ? (tool.schema ?? searchSchema) : customSchema;
  return { type: "function", ...common, schema, strict: false };
}

function paragraphs(...parts: readonly (string | undefined)[]): string | undefined {
  const said = parts.filter((part) => part !== undefined && part !== "");
  return said.length > 0 ? said.join("\n\n") : undefined;
}

function standInNote(tool: CallableTool): string | undefined {
  if (tool.type === "search") return tool.description === undefined ? "Finds more tools for a task." : undefined;
  if (tool.type === "function" || tool.grammar === undefined) return undefined;
  return `Write \`input\` in the language of this ${tool.grammar.syntax} grammar:\n${tool.grammar.definition}`;
}

const customSchema = {
  type: "object",
  properties: { input: { type: "string" } },
  required: ["input"],
  additionalProperties: false,
} as const satisfies Obj;

const searchSchema = {
  type: "object",
  properties: { query: { type: "string" }, limit: { type: "integer" } },
  required: ["query"],
  additionalProperties: false,
} as const satisfies Obj;

function flattenChoice(choice: ToolChoice, names: Names, can: ToolAbilities): ToolChoice {
  const only = choice.only?.map((tool) =>
    tool.kind === "web_search" ? tool : defined({ ...nameOf({ ...tool, kind: tool.kind }, names, can) }),
  );
  return defined({ ...choice, only });
}

/** A turn that only brought tools is gone: the tools are in the request's list. */
function flattenTurn(turn: Turn, names: Names, can: ToolAbilities): Turn[] {
  const blocks = turn.blocks.filter((block) => block.type !== "tools").map((block) => flattenBlock(block, names, can));
  return blocks.length === 0 && turn.blocks.length > 0 ? [] : [{ ...turn, blocks }];
}

function flattenBlock(block: Block, names: Names, can: ToolAbilities): Block {
  switch (block.type) {
    case "call": {
      const { namespace: _, ...call } = block;
      const { name, namespace } = nameOf(block, names, can);
      const kind = showKind(block.kind, can);
      const input = block.kind === "custom" && kind === "function" ? wrapInput(block.input) : block.input;
      return defined({ ...call, kind, name, namespace, input });
    }
    case "result": {
      const blocks = block.blocks.map((inner) => flattenBlock(inner, names, can));
      return { ...block, kind: showKind(block.kind, can), blocks };
    }
    case "tools":
      return defined({ type: "text" as const, text: foundText(block.tools, names, can), cache: block.cache });
    default:
      return block;
  }
}

/** What the model sees of a search for tools: under which names it may call what was found. */
function foundText(tools: readonly Tool[], names: Names, can: ToolAbilities): string {
  const found = tools
    .flatMap((tool) => spread(tool))
    .flatMap(({ tool, namespace }) => {
      return isCallable(tool) ? [nameOf({ kind: tool.type, name: tool.name, namespace }, names, can).name] : [];
    });
  return found.length > 0
    ? `These tools were found and can be called now: ${found.join(", ")}`
    : "No tools were found.";
}

function restorer(names: Names): (event: Event) => Event[] {
  const readers = new Map<number, InputReader>();
  return (event) => {
    switch (event.type) {
      case "open": {
        if (event.block.type !== "call") return [event];
        const { call, reader } = restoreCall(event.block, names);
        if (reader !== undefined) readers.set(event.index, reader);
        return [{ ...event, block: reader === undefined ? call : { ...call, input: reader.push(call.input) } }];
      }
      case "delta": {
        const text = readers.get(event.index)?.push(event.text) ?? event.text;
        return text === "" && readers.has(event.index) ? [] : [{ ...event, text }];
      }
      case "close": {
        const text = readers.get(event.index)?.end() ?? "";
        readers.delete(event.index);
        return text === "" ? [event] : [{ type: "delta", index: event.index, text }, event];
      }
      case "start":
      case "seal":
      case "finish":
      case "error":
        return [event];
    }
  };
}

function restoreBlock(block: Block, names: Names): Block {
  if (block.type !== "call") return block;
  const { call, reader } = restoreCall(block, names);
  return reader === undefined ? call : { ...call, input: reader.push(call.input) + reader.end() };
}

/** The call under the caller's name for the tool; with a reader where its input is still a stand-in's arguments. */
function restoreCall(block: ToolCall, names: Names): { call: ToolCall; reader?: InputReader } {
  const from = names.own.get(keyOf(block));
  if (from === undefined) return { call: block };
  const { namespace: _, ...rest } = block;
  // Only a stand-in is of another kind: a target that knows the kind says it itself.
  const to = names.shown.get(keyOf(from));
  const kind = to?.kind === block.kind ? from.kind : block.kind;
  const call = defined({ ...rest, kind, name: from.name, namespace: from.namespace });
  return kind === "custom" && block.kind === "function" ? { call, reader: readInput() } : { call };
}
