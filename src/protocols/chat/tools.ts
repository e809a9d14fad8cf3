/** Tool definitions and the choice among them. */
import { hostedTool } from "../../canon/foreign.ts";
import { defined, type Json, type Obj, obj } from "../../canon/json.ts";
import type { CustomTool, Tool, ToolChoice, ToolName, WebSearchTool } from "../../canon/request.ts";
import { invalid, unsupported } from "../../fault.ts";
import { leftover, merge, oneOf, readFlag, readList, readObj, readText, required, type Shape } from "./members.ts";
import { cacheMark } from "./parts.ts";

const shapes = {
  function: { type: true, function: { name: true, description: true, parameters: true, strict: true } },
  custom: {
    type: true,
    custom: {
      name: true,
      description: true,
      format: { type: true, grammar: { syntax: true, definition: true } },
    },
  },
  /** Without a grammar nothing in canon says that there was a format. */
  plain: { type: true, custom: { name: true, description: true } },
  name: { type: true, name: true, function: { name: true }, custom: { name: true } },
  choice: { type: true, function: { name: true }, custom: { name: true }, allowed_tools: { mode: true, tools: true } },
} as const satisfies Record<string, Shape>;

/** `tools`, or the `functions` of old, and the search beside them. An empty list says the same as none: OpenAI refuses it. */
export function decodeTools(body: Obj): Tool[] | undefined {
  const tools = readList(body.tools, "tools");
  const functions = readList(body.functions, "functions");
  if (tools !== undefined && functions !== undefined) throw invalid("functions", "it cannot stand beside tools.");
  const decoded = [
    ...(tools ?? []).map((tool, at) => decodeTool(tool, `tools[${at}]`)),
    ...(functions ?? []).map((tool, at) => decodeFunction({ function: tool }, tool, `functions[${at}]`)),
    ...decodeSearch(readObj(body.web_search_options, "web_search_options")),
  ];
  return decoded.length > 0 ? decoded : undefined;
}

function decodeTool(value: Json, path: string): Tool {
  const tool = required(readObj(value, path), path);
  switch (tool.type) {
    case "function":
      return decodeFunction(tool, tool.function, `${path}.function`);
    case "custom":
      return decodeCustom(tool, `${path}.custom`);
    default:
      required(readText(tool.type, `${path}.type`), `${path}.type`);
      return { type: "opaque", protocol: "chat", value: tool };
  }
}

function decodeFunction(tool: Obj, value: Json | undefined, path: string): Tool {
  const known = required(readObj(value, path), path);
  const left = leftover(tool, shapes.function);
  return defined({
    type: "function" as const,
    name: required(readText(known.name, `${path}.name`), `${path}.name`),
    description: readText(known.description, `${path}.description`),
    schema: readObj(known.parameters, `${path}.parameters`),
    strict: readFlag(known.strict, `${path}.strict`),
    cache: cacheMark(tool),
    ext: left && { chat: left },
  });
}

function decodeCustom(tool: Obj, path: string): CustomTool {
  const custom = required(readObj(tool.custom, path), path);
  const grammar = readObj(obj(custom.format).grammar, `${path}.format.grammar`);
  const left = leftover(tool, grammar === undefined ? shapes.plain : shapes.custom);
  return defined({
    type: "custom" as const,
    name: required(readText(custom.name, `${path}.name`), `${path}.name`),
    description: readText(custom.description, `${path}.description`),
    grammar: grammar && decodeGrammar(grammar, `${path}.format.grammar`),
    cache: cacheMark(tool),
    ext: left && { chat: left },
  });
}

function decodeGrammar(grammar: Obj, path: string): { syntax: string; definition: string } {
  return {
    syntax: required(readText(grammar.syntax, `${path}.syntax`), `${path}.syntax`),
    definition: required(readText(grammar.definition, `${path}.definition`), `${path}.definition`),
  };
}

/** The place of the user is approximate, which Chat says once more in a member of that name. */
function decodeSearch(options: Obj | undefined): WebSearchTool[] {
  if (options === undefined) return [];
  const at = "web_search_options.user_location";
  const approximate = readObj(readObj(options.user_location, at)?.approximate, `${at}.approximate`);
  const search = {
    type: "web_search" as const,
    live: true,
    location: approximate && { type: "approximate", ...approximate },
    contextSize: readText(options.search_context_size, "web_search_options.search_context_size"),
  };
  return [defined(search)];
}

/** The tools as Chat says them, and the search options that stand beside them. */
export function encodeTools(tools: readonly Tool[]): { tools?: Obj[]; web_search_options?: Obj } {
  const encoded = tools.flatMap((tool, at) => encodeTool(tool, `tools[${at}]`));
  const search = tools.find((tool): tool is WebSearchTool => tool.type === "web_search" && tool.live);
  return defined({
    tools: encoded.length > 0 ? encoded : undefined,
    web_search_options: search && encodeSearch(search, `tools[${tools.indexOf(search)}]`),
  });
}

function encodeTool(tool: Tool, place: string): Obj[] {
  switch (tool.type) {
    case "function": {
      const { name, description, schema: parameters, strict } = tool;
      const known = defined({ name, description, parameters, strict });
      return [merge({ type: "function", function: known }, tool.ext?.chat)];
    }
    case "custom": {
      const { name, description, grammar } = tool;
      const format = grammar && { type: "grammar", grammar: { ...grammar } };
      return [merge({ type: "custom", custom: defined({ name, description, format }) }, tool.ext?.chat)];
    }
    case "opaque":
      if (tool.protocol === "chat") return [tool.value];
      throw hostedTool(tool, place);
    case "web_search":
      return [];
    case "search":
    case "namespace":
      throw unsupported(place, `is a tool of the kind ${tool.type}, which Chat Completions does not know.`);
  }
}

function encodeSearch(tool: WebSearchTool, place: string): Obj {
  if (tool.domains !== undefined && tool.domains.length > 0) {
    throw unsupported(`${place}.domains`, "cannot be said in Chat Completions: its web search has no filter.");
  }
  const { type: _, ...approximate } = tool.location ?? {};
  return defined({
    search_context_size: tool.contextSize,
    user_location: tool.location && { type: "approximate", approximate },
  });
}

const modes = ["none", "auto", "required"] as const;

/** `tool_choice`, or the `function_call` of old. */
export function decodeToolChoice(body: Obj): ToolChoice | undefined {
  const { tool_choice: choice, function_call: old } = body;
  if (isGiven(choice) && isGiven(old)) throw invalid("function_call", "it cannot stand beside tool_choice.");
  if (isGiven(old)) {
    if (typeof old === "string") return { mode: oneOf(modes, old, "function_call") };
    const name = required(readText(obj(old).name, "function_call.name"), "function_call.name");
    return { mode: "required", only: [{ kind: "function", name }] };
  }
  if (!isGiven(choice)) return undefined;
  if (typeof choice === "string") return { mode: oneOf(modes, choice, "tool_choice") };
  return decodeNamed(required(readObj(choice, "tool_choice"), "tool_choice"));
}

function isGiven(value: Json | undefined): value is Json {
  return value !== undefined && value !== null;
}

function decodeNamed(choice: Obj): ToolChoice {
  const left = leftover(choice, shapes.choice);
  if (choice.type !== "allowed_tools") {
    const only = [decodeName(choice, "tool_choice")];
    return defined({ mode: "required" as const, only, ext: left && { chat: left } });
  }
  const path = "tool_choice.allowed_tools";
  const allowed = required(readObj(choice.allowed_tools, path), path);
  const tools = required(readList(allowed.tools, `${path}.tools`), `${path}.tools`);
  const mode = required(readText(allowed.mode, `${path}.mode`), `${path}.mode`);
  // The ext says that it was a list, and keeps it where its entries hold more than names: one of a single tool would come back as a forced call.
  const more = tools.some((tool) => leftover(obj(tool), shapes.name) !== undefined) ? { tools } : {};
  return {
    mode: oneOf(modes, mode, `${path}.mode`),
    only: tools.map((tool, at) => decodeName(tool, `${path}.tools[${at}]`)),
    ext: { chat: { ...left, allowed_tools: { ...obj(left?.allowed_tools), ...more } } },
  };
}

function decodeName(value: Json, path: string): ToolName {
  const named = required(readObj(value, path), path);
  const kind = oneOf(["function", "custom"], required(readText(named.type, `${path}.type`), `${path}.type`), path);
  const inner = readObj(named[kind], `${path}.${kind}`);
  // Some write it flat, as on Responses.
  const where = inner === undefined && named.name !== undefined ? path : `${path}.${kind}`;
  return { kind, name: required(readText((inner ?? named).name, `${where}.name`), `${where}.name`) };
}

export function encodeToolChoice({ mode, only, ext }: ToolChoice): Json {
  if (only === undefined) return mode;
  const [first, ...others] = only.map(encodeName);
  const isForced = mode === "required" && others.length === 0 && ext?.chat?.allowed_tools === undefined;
  if (isForced && first !== undefined) return merge(first, ext?.chat);
  const tools = obj(ext?.chat?.allowed_tools).tools ?? only.map(encodeName);
  return merge({ type: "allowed_tools", allowed_tools: { mode, tools } }, ext?.chat);
}

function encodeName({ kind, name }: ToolName): Obj {
  switch (kind) {
    case "function":
      return { type: "function", function: { name } };
    case "custom":
      return { type: "custom", custom: { name } };
    case "search":
    case "web_search":
      throw unsupported("toolChoice", `names the tool ${name}, which Chat Completions cannot force.`);
  }
}
