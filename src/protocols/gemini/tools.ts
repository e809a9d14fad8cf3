/** Tools and the choice among them. */
import { hostedTool } from "../../canon/foreign.ts";
import { defined, type Obj, text } from "../../canon/json.ts";
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
import { ext, merge, under } from "./extras.ts";
import { remainder, spell } from "./fields.ts";
import { maybeList, maybeObj, maybeText, needObj, needText } from "./members.ts";
import { functionName } from "./names.ts";
import { toJsonSchema, withoutConst } from "./schema.ts";

/** Functions first, then what the provider runs itself: so they are sent, whatever order they came in. */
export function decodeTools(value: Obj[string]): Tool[] {
  const functions: FunctionTool[] = [];
  const hosted: Tool[] = [];
  for (const [index, each] of maybeList(value, "tools").entries()) {
    const at = `tools[${index}]`;
    const tool = spell(needObj(each, at), "tool");
    const declarations = maybeList(tool.functionDeclarations, `${at}.functionDeclarations`);
    for (const [n, declaration] of declarations.entries()) {
      functions.push(decodeFunction(declaration, `${at}.functionDeclarations[${n}]`));
    }
    if (tool.googleSearch !== undefined) {
      const settings = maybeObj(tool.googleSearch, `${at}.googleSearch`);
      hosted.push({ type: "web_search", live: true, ...ext(settings) });
    }
    for (const [name, member] of Object.entries(remainder(tool, "tool") ?? {})) {
      hosted.push({ type: "opaque", protocol: "gemini", value: { [name]: member } });
    }
  }
  return [...functions, ...hosted];
}

function decodeFunction(value: Obj[string], at: string): FunctionTool {
  const declaration = spell(needObj(value, at), "functionDeclaration");
  const { parameters, parametersJsonSchema } = declaration;
  if (parameters !== undefined && parametersJsonSchema !== undefined) {
    throw invalid(`${at}.parametersJsonSchema`, "cannot be set together with parameters.");
  }
  return defined({
    type: "function" as const,
    name: needText(declaration.name, `${at}.name`),
    description: maybeText(declaration.description, `${at}.description`),
    schema:
      parameters !== undefined
        ? toJsonSchema(needObj(parameters, `${at}.parameters`))
        : parametersJsonSchema !== undefined
          ? needObj(parametersJsonSchema, `${at}.parametersJsonSchema`)
          : undefined,
    ...ext(remainder(declaration, "functionDeclaration")),
  });
}

/** The tools of a request; `undefined` when there are none to send. */
export function encodeTools({ tools = [], toolChoice }: CanonRequest, lose: Lose): Obj[] | undefined {
  const only = toolChoice === undefined || modeOf(toolChoice) !== "AUTO" ? undefined : toolChoice.only;
  const declarations: Obj[] = [];
  const hosted: Obj[] = [];
  for (const [index, tool] of tools.entries()) {
    const at = `tools[${index}]`;
    switch (tool.type) {
      case "function":
        if (allowed(only, "function", tool.name)) declarations.push(encodeFunction(tool, at, lose));
        break;
      case "web_search":
        if (tool.live && allowed(only, "web_search", "web_search")) hosted.push(encodeSearch(tool, at, lose));
        break;
      case "opaque":
        if (tool.protocol !== "gemini") throw hostedTool(tool, at);
        hosted.push(tool.value);
        break;
      case "custom":
      case "search":
      case "namespace":
        throw unsupported(at, `is a '${tool.type}' tool, which Gemini does not have.`);
    }
  }
  const sent = declarations.length > 0 ? [{ functionDeclarations: declarations }, ...hosted] : hosted;
  return sent.length > 0 ? sent : undefined;
}

/** AUTO cannot narrow the list (wire.md C.7), so what may not be called is not declared. */
function allowed(only: readonly ToolName[] | undefined, kind: ToolName["kind"], name: string): boolean {
  return only === undefined || only.some((each) => each.kind === kind && (kind === "web_search" || each.name === name));
}

function encodeFunction(tool: FunctionTool, at: string, lose: Lose): Obj {
  const name = functionName(tool.name);
  if (name !== tool.name) lose(`${at}.name`, `${tool.name}>${name}`);
  if (tool.strict === true) lose(`${at}.strict`);
  const parametersJsonSchema = tool.schema === undefined ? undefined : withoutConst(tool.schema);
  const declaration = defined({ name, description: tool.description, parametersJsonSchema });
  return merge(declaration, tool.ext?.gemini);
}

function encodeSearch(tool: WebSearchTool, at: string, lose: Lose): Obj {
  if (tool.domains !== undefined && tool.domains.length > 0) {
    throw unsupported(`${at}.domains`, "cannot be kept to by Gemini's search.");
  }
  if (tool.location !== undefined) throw unsupported(`${at}.location`, "cannot be given to Gemini's search.");
  if (tool.contextSize !== undefined) lose(`${at}.contextSize`);
  return { googleSearch: { ...tool.ext?.gemini } };
}

const modes = { AUTO: "auto", VALIDATED: "auto", ANY: "required", NONE: "none" } as const;

/** The choice in a `toolConfig`, and the rest of that. */
export function decodeToolChoice(value: Obj[string]): { toolChoice: ToolChoice | undefined; rest: Obj | undefined } {
  const config = spell(maybeObj(value, "toolConfig"), "toolConfig");
  const at = "toolConfig.functionCallingConfig";
  const calling = spell(maybeObj(config.functionCallingConfig, at), "functionCallingConfig");
  const names = maybeList(calling.allowedFunctionNames, `${at}.allowedFunctionNames`);
  const only = names.map((name, index): ToolName => {
    return { kind: "function", name: needText(name, `${at}.allowedFunctionNames[${index}]`) };
  });
  // Clients send modes in small letters as well, and Google takes them.
  const mode = maybeText(calling.mode, `${at}.mode`)?.toUpperCase() ?? (only.length > 0 ? "AUTO" : undefined);
  const unspecific = mode === "MODE_UNSPECIFIED" ? { mode } : {};
  const own = { ...remainder(calling, "functionCallingConfig"), ...unspecific };
  return {
    toolChoice: mode === undefined || mode === "MODE_UNSPECIFIED" ? undefined : choice(mode, only, at),
    rest: { ...remainder(config, "toolConfig"), ...under("functionCallingConfig", own) },
  };
}

function choice(mode: string, only: readonly ToolName[], at: string): ToolChoice {
  if (mode !== "AUTO" && mode !== "VALIDATED" && mode !== "ANY" && mode !== "NONE") {
    throw invalid(`${at}.mode`, "must be AUTO, ANY, NONE or VALIDATED.");
  }
  if (only.length > 0 && mode !== "ANY" && mode !== "VALIDATED") {
    throw invalid(`${at}.allowedFunctionNames`, "needs the mode ANY or VALIDATED.");
  }
  return {
    mode: modes[mode],
    ...(only.length > 0 && { only }),
    ...(mode === "VALIDATED" && ext({ mode })),
  };
}

const theirModes = { auto: "AUTO", none: "NONE", required: "ANY" } as const;

function modeOf(choice: ToolChoice): string {
  return text(choice.ext?.gemini?.mode) ?? theirModes[choice.mode];
}

export function encodeToolChoice({ toolChoice, tools = [] }: CanonRequest): Obj | undefined {
  if (toolChoice === undefined) return undefined;
  const mode = modeOf(toolChoice);
  // Google refuses a choice among no functions; Codex always sends `auto`, and nothing is lost without it.
  if (mode !== "ANY" && !tools.some(({ type }) => type === "function")) return undefined;
  const functions = toolChoice.only?.filter(({ kind }) => kind !== "web_search");
  if (mode === "ANY" && functions?.length === 0) {
    throw unsupported("toolChoice", "forces a web search, which Gemini's own search cannot be.");
  }
  const names = mode === "ANY" || mode === "VALIDATED" ? functions?.map(({ name }) => functionName(name)) : undefined;
  return { functionCallingConfig: defined({ mode, allowedFunctionNames: names }) };
}
