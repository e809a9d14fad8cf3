/** Tools and the choice among them, both ways. Anthropic's own tools other than web search stay opaque. */
import { hostedTool } from "../../canon/foreign.ts";
import { defined, flag, type Json, list, type Obj, obj, text } from "../../canon/json.ts";
import type {
  CanonRequest,
  FunctionTool,
  Lose,
  Tool,
  ToolChoice,
  ToolName,
  WebSearchTool,
} from "../../canon/request.ts";
import { invalid, unsupported } from "../../fault.ts";
import { decodeCache } from "./blocks-decode.ts";
import { encodeCache } from "./blocks-encode.ts";
import { isToolName } from "./ids.ts";
import { check, element, extra } from "./members.ts";

export function decodeTools(value: Json | undefined): Tool[] | undefined {
  if (value === undefined || value === null) return undefined;
  return list(value).map((tool, index) => decodeTool(element(tool, `tools[${index}]`), `tools[${index}]`));
}

/** The choice, and whether several calls in one answer are welcome, which Anthropic says in the same place. */
export function decodeToolChoice(
  value: Json | undefined,
  tools: readonly Tool[] | undefined,
): Pick<CanonRequest, "toolChoice" | "parallel"> {
  if (value === undefined || value === null) return {};
  const choice = obj(value);
  check(choice, { type: "string", disable_parallel_tool_use: "boolean?" }, "tool_choice");
  const type = text(choice.type) ?? "";
  const mode = isMode(type) ? modes[type] : undefined;
  if (mode === undefined) throw invalid("tool_choice.type", `'${type}' is none of ${Object.keys(modes).join(", ")}.`);
  if (type === "tool") check(choice, { name: "string" }, "tool_choice");
  const name = type === "tool" ? text(choice.name) : undefined;
  const own = extra(choice, new Set(["type", "disable_parallel_tool_use", ...(name === undefined ? [] : ["name"])]));
  const disabled = flag(choice.disable_parallel_tool_use);
  return defined({
    toolChoice: defined({
      mode,
      only: name === undefined ? undefined : [decodeName(name, tools)],
      ext: own === undefined ? undefined : { messages: own },
    }),
    parallel: disabled === undefined ? undefined : !disabled,
  });
}

/** The tools that may be called: where the choice names several, Anthropic has no word for it but a shorter list. */
export function encodeTools({ tools, toolChoice }: CanonRequest, lose: Lose): Obj[] | undefined {
  if (tools === undefined) return undefined;
  const only = toolChoice?.mode === "none" || forced(toolChoice) !== undefined ? undefined : toolChoice?.only;
  const encoded = tools.flatMap((tool, index) => (allows(only, tool) ? encodeTool(tool, index, lose) : []));
  return encoded.length > 0 || tools.length === 0 ? encoded : undefined;
}

/** `undefined` where there is nothing to choose from: Anthropic refuses a choice without tools. */
export function encodeToolChoice(request: CanonRequest, tools: readonly Obj[] | undefined): Obj | undefined {
  const { toolChoice, parallel } = request;
  const own = request.ext?.messages !== undefined;
  const mode = toolChoice?.mode ?? "auto";
  if ((tools ?? []).length === 0 && mode !== "required" && !(own && toolChoice !== undefined)) return undefined;
  // `false` is what Anthropic assumes anyway: it is written only for a caller who wrote it.
  const serial = parallel === false ? true : own && parallel === true ? false : undefined;
  if (toolChoice === undefined && serial === undefined) return undefined;
  const name = forced(toolChoice);
  const type = name !== undefined ? "tool" : mode === "required" ? "any" : mode;
  return {
    type,
    ...toolChoice?.ext?.messages,
    ...defined({ name, disable_parallel_tool_use: mode === "none" && !own ? undefined : serial }),
  };
}

const modes = {
  auto: "auto",
  any: "required",
  tool: "required",
  none: "none",
} as const satisfies Record<string, ToolChoice["mode"]>;

function isMode(type: string): type is keyof typeof modes {
  return Object.hasOwn(modes, type);
}

function decodeTool(tool: Obj, path: string): Tool {
  const type = text(tool.type);
  if (type?.startsWith("web_search_") === true) return decodeWebSearch(tool, path);
  if (type !== undefined && type !== "custom") return { type: "opaque", protocol: "messages", value: tool };
  check(
    tool,
    { name: "string", description: "string?", input_schema: "object", strict: "boolean?", cache_control: "object?" },
    path,
  );
  const cache = decodeCache(tool.cache_control);
  const own = extra(tool, new Set([...functionMembers, ...(cache === undefined ? [] : ["cache_control"])]));
  return defined({
    type: "function" as const,
    name: text(tool.name) ?? "",
    description: text(tool.description),
    schema: obj(tool.input_schema),
    strict: flag(tool.strict),
    cache,
    ext: own === undefined ? undefined : { messages: own },
  });
}

const functionMembers = ["name", "description", "input_schema", "strict"] as const;
const searchMembers: ReadonlySet<string> = new Set(["allowed_domains", "user_location"]);

function decodeWebSearch(tool: Obj, path: string): WebSearchTool {
  check(tool, { name: "string", allowed_domains: "array?", user_location: "object?" }, path);
  const domains = Array.isArray(tool.allowed_domains) ? list(tool.allowed_domains).map(String) : undefined;
  const location = tool.user_location === null ? undefined : tool.user_location;
  return {
    type: "web_search",
    live: true,
    ...defined({ domains, location: location === undefined ? undefined : obj(location) }),
    ext: { messages: extra(tool, searchMembers) ?? {} },
  };
}

function decodeName(name: string, tools: readonly Tool[] | undefined): ToolName {
  const search = tools?.some((tool) => tool.type === "web_search" && toolName(tool) === name) === true;
  return { kind: search ? "web_search" : "function", name };
}

function toolName(tool: WebSearchTool): string {
  return text(tool.ext?.messages?.name) ?? "web_search";
}

function encodeTool(tool: Tool, index: number, lose: Lose): Obj[] {
  const field = `tools[${index}]`;
  switch (tool.type) {
    case "function":
      return [encodeFunction(tool, field)];
    case "web_search":
      return encodeWebSearch(tool, field, lose);
    case "opaque":
      if (tool.protocol === "messages") return [tool.value];
      throw hostedTool(tool, field);
    case "custom":
    case "search":
    case "namespace":
      throw unsupported(field, `is of type '${tool.type}', which Anthropic does not know.`);
  }
}

function encodeFunction(tool: FunctionTool, field: string): Obj {
  if (tool.namespace !== undefined || !isToolName(tool.name)) {
    throw unsupported(`${field}.name`, "is no name that Anthropic takes: 1 to 128 letters, digits, '_' and '-'.");
  }
  const own = tool.ext?.messages;
  return {
    ...own,
    name: tool.name,
    ...defined({ description: tool.description }),
    input_schema: tool.schema ?? { type: "object", properties: {} },
    // Off is what Anthropic assumes anyway: it is written only for a caller who wrote it in these words.
    ...(tool.strict === true && { strict: true }),
    ...encodeCache(tool.cache),
  };
}

/** A search that may not reach the live web is one that the caller can do without. */
function encodeWebSearch(tool: WebSearchTool, field: string, lose: Lose): Obj[] {
  if (!tool.live) return [];
  if (tool.contextSize !== undefined) lose(`${field}.contextSize`);
  const { domains, location } = tool;
  return [
    {
      type: "web_search_20250305",
      name: "web_search",
      ...tool.ext?.messages,
      ...defined({ allowed_domains: domains, user_location: location }),
    },
  ];
}

function forced(choice: ToolChoice | undefined): string | undefined {
  return choice?.mode === "required" && choice.only?.length === 1 ? choice.only[0]?.name : undefined;
}

function allows(only: readonly ToolName[] | undefined, tool: Tool): boolean {
  if (only === undefined || tool.type === "opaque") return true;
  return only.some(({ kind, name }) =>
    tool.type === "web_search" ? kind === "web_search" : kind === "function" && name === tool.name,
  );
}
