/** Tools and the choice among them, both ways. Hosted tools that canon does not know stay as they are. */
import { hostedTool } from "../../canon/foreign.ts";
import { defined, type Json, type Obj, obj, text } from "../../canon/json.ts";
import type {
  CustomTool,
  FunctionTool,
  SearchTool,
  Tool,
  ToolChoice,
  ToolName,
  WebSearchTool,
} from "../../canon/request.ts";
import { invalid } from "../../fault.ts";
import { at, element, extOf, maybe, missing, need, ownOf, spare } from "./wire.ts";

/** The name canon gives to the search for tools, which has none on the wire. */
export const toolSearch = "tool_search";

export function decodeTools(tools: readonly Json[], path: string): Tool[] {
  return tools.map((tool, place) => {
    const where = `${path}[${place}]`;
    return decodeTool(element(tool, where), where);
  });
}

const webSearches = new Set([
  "web_search",
  "web_search_2025_08_26",
  "web_search_preview",
  "web_search_preview_2025_03_11",
]);

function decodeTool(tool: Obj, path: string): Tool {
  const type = text(tool.type);
  if (type === undefined) throw missing(at(path, "type"));
  if (webSearches.has(type)) return decodeWebSearch(tool, path);
  if (type === "function") return decodeFunction(tool, path);
  if (type === "custom") return decodeCustom(tool, path);
  if (type === "namespace") {
    return defined({
      type: "namespace" as const,
      name: need(tool, "name", "string", path),
      description: maybe(tool, "description", "string", path),
      tools: decodeTools(need(tool, "tools", "array", path), at(path, "tools")),
      ...extOf(spare(tool, namespaceMembers)),
    });
  }
  if (type === "tool_search" && tool.execution === "client") return decodeSearch(tool, path);
  return { type: "opaque", protocol: "responses", value: tool };
}

const namespaceMembers = new Set(["type", "name", "description", "tools"]);
const functionMembers = new Set(["type", "name", "description", "parameters", "strict"]);

function decodeFunction(tool: Obj, path: string): FunctionTool {
  return defined({
    type: "function" as const,
    name: need(tool, "name", "string", path),
    description: maybe(tool, "description", "string", path),
    schema: maybe(tool, "parameters", "object", path),
    strict: maybe(tool, "strict", "boolean", path),
    ...extOf(spare(tool, functionMembers)),
  });
}

const customMembers = new Set(["type", "name", "description", "format"]);
const grammarMembers = new Set(["type", "syntax", "definition"]);

function decodeCustom(tool: Obj, path: string): CustomTool {
  const format = maybe(tool, "format", "object", path);
  const isGrammar = format?.type === "grammar";
  const where = at(path, "format");
  const formatRest = isGrammar ? spare(format, grammarMembers) : format;
  const others = spare(tool, customMembers);
  return defined({
    type: "custom" as const,
    name: need(tool, "name", "string", path),
    description: maybe(tool, "description", "string", path),
    grammar: isGrammar
      ? { syntax: need(format, "syntax", "string", where), definition: need(format, "definition", "string", where) }
      : undefined,
    ...extOf(formatRest === undefined ? others : { ...others, format: formatRest }),
  });
}

const searchMembers = new Set(["type", "execution", "description", "parameters"]);

function decodeSearch(tool: Obj, path: string): SearchTool {
  return defined({
    type: "search" as const,
    name: toolSearch,
    description: maybe(tool, "description", "string", path),
    schema: maybe(tool, "parameters", "object", path),
    ...extOf(spare(tool, searchMembers)),
  });
}

const webMembers = new Set(["type", "external_web_access", "filters", "search_context_size", "user_location"]);
const filterMembers = new Set(["allowed_domains"]);

function decodeWebSearch(tool: Obj, path: string): WebSearchTool {
  const filters = maybe(tool, "filters", "object", path);
  const domains = filters && maybe(filters, "allowed_domains", "array", at(path, "filters"));
  const others = defined({
    ...spare(tool, webMembers),
    type: tool.type === "web_search" ? undefined : tool.type,
    external_web_access: tool.external_web_access === true ? true : undefined,
    filters: filters && spare(filters, filterMembers),
  });
  return defined({
    type: "web_search" as const,
    live: maybe(tool, "external_web_access", "boolean", path) !== false,
    domains: domains?.map((domain, place) => {
      const name = text(domain);
      if (name === undefined) throw invalid(`${at(path, "filters.allowed_domains")}[${place}]`, "expected a string.");
      return name;
    }),
    location: maybe(tool, "user_location", "object", path),
    contextSize: maybe(tool, "search_context_size", "string", path),
    ...extOf(Object.keys(others).length > 0 ? others : undefined),
  });
}

/**
 * The tools as this API says them. `own`: the request came from it, where an absent `strict` means true; elsewhere it
 * means false, which must then be said. `path`: where canon has the list.
 */
export function encodeTools(tools: readonly Tool[], own: boolean, path: string): Obj[] {
  return tools.map((tool, place) => encodeTool(tool, own, `${path}[${place}]`));
}

function encodeTool(tool: Tool, own: boolean, path: string): Obj {
  switch (tool.type) {
    case "function": {
      const { name, description, schema } = tool;
      const strict = tool.strict ?? (own ? undefined : false);
      return defined({ type: "function", name, description, parameters: schema, strict, ...ownOf(tool) });
    }
    case "custom":
      return encodeCustom(tool);
    case "namespace": {
      const { name, description } = tool;
      const tools = encodeTools(tool.tools, own, `${path}.tools`);
      return defined({ type: "namespace", name, description, tools, ...ownOf(tool) });
    }
    case "search": {
      const { description, schema } = tool;
      return defined({ type: toolSearch, execution: "client", description, parameters: schema, ...ownOf(tool) });
    }
    case "web_search":
      return encodeWebSearch(tool);
    case "opaque":
      if (tool.protocol === "responses") return tool.value;
      throw hostedTool(tool, path);
  }
}

function encodeCustom(tool: CustomTool): Obj {
  const { name, description, grammar } = tool;
  const { format, ...own } = ownOf(tool);
  const said = grammar === undefined ? format : { type: "grammar", ...grammar, ...obj(format) };
  return defined({ type: "custom", name, description, format: said, ...own });
}

function encodeWebSearch(tool: WebSearchTool): Obj {
  const { filters, ...own } = ownOf(tool);
  const allowed = defined({ allowed_domains: tool.domains, ...obj(filters) });
  return defined({
    type: "web_search",
    external_web_access: tool.live ? undefined : false,
    filters: Object.keys(allowed).length > 0 ? allowed : filters,
    search_context_size: tool.contextSize,
    user_location: tool.location,
    ...own,
  });
}

const modes = ["auto", "none", "required"] as const;
const choiceMembers = new Set(["type", "name", "namespace"]);

export function decodeChoice(choice: Json, path: string): ToolChoice {
  if (typeof choice === "string") {
    const mode = modes.find((each) => each === choice);
    if (mode === undefined) throw invalid(path, `'${choice}' is none of ${modes.join(", ")}.`);
    return { mode };
  }
  const forced = element(choice, path);
  if (text(forced.type) === undefined) throw missing(at(path, "type"));
  if (forced.type === "allowed_tools") {
    const named = need(forced, "tools", "array", path).map((tool) => nameOf(obj(tool)));
    const only = named.filter((name) => name !== undefined);
    const mode = forced.mode === "required" ? ("required" as const) : ("auto" as const);
    // The whole is kept beside what canon understands of it: a hosted tool in the list has no name in canon.
    return { mode, only, ...extOf(forced) };
  }
  const name = nameOf(forced);
  const plain = name !== undefined && spare(forced, choiceMembers) === undefined;
  return defined({ mode: "required" as const, only: name && [name], ...extOf(plain ? undefined : forced) });
}

function nameOf(tool: Obj): ToolName | undefined {
  const type = text(tool.type) ?? "";
  if (webSearches.has(type)) return type === "web_search" ? { kind: "web_search", name: "web_search" } : undefined;
  if (type === toolSearch) return { kind: "search", name: toolSearch };
  const name = text(tool.name);
  if (name === undefined || (type !== "function" && type !== "custom")) return undefined;
  return defined({ kind: type, name, namespace: text(tool.namespace) });
}

export function encodeChoice(choice: ToolChoice): Json {
  if (choice.ext?.responses !== undefined) return choice.ext.responses;
  if (choice.only === undefined || choice.mode === "none") return choice.mode;
  const [name, second] = choice.only;
  if (name !== undefined && second === undefined && choice.mode === "required") return encodeName(name);
  return { type: "allowed_tools", mode: choice.mode, tools: choice.only.map(encodeName) };
}

function encodeName({ kind, name, namespace }: ToolName): Obj {
  if (kind === "web_search") return { type: "web_search" };
  if (kind === "search") return { type: toolSearch };
  return defined({ type: kind, name, namespace });
}
