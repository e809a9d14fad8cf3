/**
 * What tools are called on both sides of a target that knows fewer kinds of them (tools.ts). Pure functions of the
 * request, each name decided by what stands before it, so that a longer conversation never renames a tool.
 */
import type { Block, CallKind, CanonRequest, CustomTool, FunctionTool, SearchTool, Tool } from "./request.ts";

/** What a target's protocol can say of tools. `nameLimit` in characters. */
export interface ToolAbilities {
  readonly custom: boolean;
  readonly namespaces: boolean;
  readonly search: boolean;
  readonly nameLimit: number;
  /** Must a name begin with a letter or an underscore (Gemini)? */
  readonly letterFirst?: boolean;
  /** Can the target search the web by itself? */
  readonly webSearch?: boolean;
}

/** What a tool is called by. */
export interface Name {
  readonly kind: CallKind;
  readonly name: string;
  readonly namespace?: string | undefined;
}

/** A tool that a model calls by a name. */
export type CallableTool = FunctionTool | CustomTool | SearchTool;

/** A tool out of its namespace. */
export interface Listed {
  readonly tool: Exclude<Tool, { type: "namespace" }>;
  readonly namespace?: string | undefined;
  /** What the namespace says of itself, on its first tool. */
  readonly about?: string | undefined;
}

/** The names of one request's tools. */
export interface Names {
  /** By what the caller calls it. */
  readonly shown: ReadonlyMap<string, Name>;
  /** By what the target calls it. */
  readonly own: ReadonlyMap<string, Name>;
  /** The first tool of this bare name: calls may leave the namespace out (Codex takes that for `exec`). */
  readonly bare: ReadonlyMap<string, Name>;
}

/** Each tool once, in the order they appear: the request's own, then those that the turns bring. */
export function listTools(request: CanonRequest): Listed[] {
  const brought = request.turns.flatMap((turn) => turn.blocks.flatMap(toolsIn));
  const once = new Map<string, Listed>();
  for (const listed of [...(request.tools ?? []), ...brought].flatMap((tool) => spread(tool))) {
    const key = listedKey(listed) ?? `opaque ${once.size}`;
    if (!once.has(key)) once.set(key, listed);
  }
  return [...once.values()];
}

function toolsIn(block: Block): readonly Tool[] {
  if (block.type === "tools") return block.tools;
  return block.type === "result" ? block.blocks.flatMap(toolsIn) : [];
}

/** The tools in a namespace, each with its name; any other tool as it is. */
export function spread(tool: Tool, namespace?: string, about?: string): Listed[] {
  if (tool.type === "namespace") {
    return tool.tools.flatMap((inner, at) => spread(inner, tool.name, at === 0 ? tool.description : undefined));
  }
  const own = tool.type === "opaque" || tool.type === "web_search" ? undefined : tool.namespace;
  return [{ tool, namespace: own ?? namespace, about }];
}

function listedKey({ tool, namespace }: Listed): string | undefined {
  if (tool.type === "opaque") return undefined;
  return tool.type === "web_search" ? "web_search" : keyOf({ kind: tool.type, name: tool.name, namespace });
}

/** A request has one search for tools, whatever it is called. */
export function keyOf({ kind, name, namespace }: Name): string {
  return kind === "search" ? "search" : JSON.stringify([namespace ?? null, name]);
}

/** Are there no tools here that this target needs a stand-in or another name for? */
export function canSayAll(listed: readonly Listed[], can: ToolAbilities): boolean {
  const fits = ({ tool }: Listed) => !("name" in tool) || tool.name === plainName(tool.name, tool.name, can);
  return can.custom && can.namespaces && can.search && listed.every(fits);
}

/** A name of its own for each tool, in the order they appear. */
export function nameTools(listed: readonly Listed[], can: ToolAbilities): Names {
  const shown = new Map<string, Name>();
  const own = new Map<string, Name>();
  const bare = new Map<string, Name>();
  for (const { tool, namespace } of listed) {
    if (!isCallable(tool)) continue;
    const from: Name = { kind: tool.type, name: tool.name, namespace };
    let to = showName(from, can);
    for (let attempt = 1; own.has(keyOf(to)); attempt++) to = showName(from, can, attempt);
    shown.set(keyOf(from), to);
    own.set(keyOf(to), from);
    if (!bare.has(from.name)) bare.set(from.name, to);
  }
  return { shown, own, bare };
}

/** Does the model call it by a name, rather than the provider run it? */
export function isCallable(tool: Tool): tool is CallableTool {
  return tool.type === "function" || tool.type === "custom" || tool.type === "search";
}

/** The name under which the target knows it; from the second attempt on with a hash, as the plain one is taken. */
function showName(from: Name, can: ToolAbilities, attempt = 0): Name {
  const kind = showKind(from.kind, can);
  const joins = from.namespace !== undefined && !can.namespaces;
  const own = from.kind === "search" && kind === "function" ? "tool_search" : from.name;
  const joined = joins ? `${from.namespace}__${own}` : own;
  const name = plainName(joined, keyOf(from), can, attempt);
  return { kind, name, namespace: joins ? undefined : from.namespace };
}

/** The kind as which the target calls it: a function stands in for what it does not know. */
export function showKind(kind: CallKind, can: ToolAbilities): CallKind {
  switch (kind) {
    case "function":
      return kind;
    case "custom":
      return can.custom ? kind : "function";
    case "search":
      return can.search ? kind : "function";
  }
}

function plainName(name: string, key: string, can: ToolAbilities, attempt = 0): string {
  const letters = name.replace(/[^A-Za-z0-9_-]/g, "_");
  const clean = can.letterFirst === true ? letters.replace(/^(?=[0-9-])/, "_") : letters;
  if (clean.length <= can.nameLimit && attempt === 0) return clean;
  const hash = hashOf(attempt === 0 ? key : `${key} ${attempt}`);
  return `${clean.slice(0, can.nameLimit - hash.length - 1)}_${hash}`;
}

/** FNV-1a over UTF-16 units: the same name in every process; it separates names and protects nothing. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

/** The target's name for a tool; one that is on no list any more is called as it would have been. */
export function nameOf(name: Name, names: Names, can: ToolAbilities): Name {
  const bare = name.namespace === undefined ? names.bare.get(name.name) : undefined;
  return names.shown.get(keyOf(name)) ?? bare ?? showName(name, can);
}
