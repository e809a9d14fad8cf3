// What OpenAI refuses on the Responses API.

import {
  efforts,
  first,
  invalid,
  missing,
  notStrict,
  oneOf,
  openaiAuth,
  openaiCallId,
  openaiFunction,
  openaiImageUrl,
  openaiMembers,
  openaiModel,
  openaiName,
  openaiValues,
} from "./check.ts";
import { isBase64, isObj, type Obj, obj, objects, str } from "./json.ts";
import { declaredTools } from "./openai.ts";
import { configurationUpdates } from "./updates-check.ts";
import type { Check, Problem } from "./wire.ts";

/** `client_metadata` is not in the public type but Codex sends it. */
const members =
  "access_programs background client_metadata context_management conversation image include input instructions max_output_tokens max_tool_calls metadata model moderation parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_options prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options temperature text tool_choice tools top_logprobs top_p truncation user".split(
    " ",
  );

const itemTypes =
  "message reasoning function_call function_call_output custom_tool_call custom_tool_call_output item_reference additional_tools configuration_update compaction compaction_trigger tool_search_call tool_search_output web_search_call file_search_call computer_call computer_call_output image_generation_call code_interpreter_call local_shell_call local_shell_call_output shell_call shell_call_output apply_patch_call apply_patch_call_output mcp_list_tools mcp_approval_request mcp_approval_response mcp_call program program_output".split(
    " ",
  );

const toolTypes =
  "function custom namespace tool_search web_search web_search_2025_08_26 web_search_preview web_search_preview_2025_03_11 file_search mcp code_interpreter programmatic_tool_calling image_generation local_shell shell computer computer_use_preview apply_patch".split(
    " ",
  );

const partTypes: Record<string, readonly string[]> = {
  user: ["input_text", "input_image", "input_file", "input_audio"],
  system: ["input_text", "input_image", "input_file"],
  developer: ["input_text", "input_image", "input_file"],
  assistant: ["output_text", "refusal"],
};

const input: Check = ({ body }) => {
  if (typeof body.input === "string") return undefined;
  if (Array.isArray(body.input)) return first(body.input, (item, index) => oneItem(obj(item), `input[${index}]`));
  return [body.previous_response_id, body.conversation, body.prompt].some((other) => other !== undefined)
    ? undefined
    : missing("input");
};

function oneItem(item: Obj, at: string): Problem | undefined {
  const type = item.type ?? "message";
  switch (type) {
    case "message":
      return message(item, at);
    case "reasoning":
      return reasoningItem(item, at);
    case "function_call":
      if (typeof item.arguments !== "string") return missing(`${at}.arguments`);
      return call(item, at);
    case "custom_tool_call":
      return typeof item.input === "string" ? call(item, at) : missing(`${at}.input`);
    case "function_call_output":
    case "custom_tool_call_output":
      return output(item, at);
    default:
      return oneOf(`${at}.type`, type, itemTypes);
  }
}

function message(item: Obj, at: string): Problem | undefined {
  const allowed = partTypes[str(item.role)];
  if (allowed === undefined) return oneOf(`${at}.role`, String(item.role), Object.keys(partTypes));
  if (typeof item.content === "string") return undefined;
  if (!Array.isArray(item.content)) return missing(`${at}.content`);
  return first(objects(item.content), (part, index) => contentPart(part, `${at}.content[${index}]`, allowed));
}

function contentPart(part: Obj, at: string, allowed: readonly string[]): Problem | undefined {
  const wrong = oneOf(`${at}.type`, String(part.type), allowed);
  if (wrong !== undefined) return wrong;
  if (part.type === "input_image" && part.file_id === undefined) {
    return (
      openaiImageUrl(part.image_url, `${at}.image_url`) ??
      oneOf(`${at}.detail`, part.detail, ["low", "high", "auto", "original"])
    );
  }
  const member = part.type === "refusal" ? "refusal" : "text";
  return str(part.type).endsWith("_text") || part.type === "refusal"
    ? typeof part[member] === "string"
      ? undefined
      : missing(`${at}.${member}`)
    : undefined;
}

function reasoningItem(item: Obj, at: string): Problem | undefined {
  if (!Array.isArray(item.summary)) return missing(`${at}.summary`);
  const sealed = item.encrypted_content;
  if (sealed === undefined || sealed === null || isBase64(str(sealed))) return undefined;
  const message = `The encrypted content ${str(sealed).slice(0, 12)}... could not be verified.`;
  return { message, code: "invalid_encrypted_content" };
}

function call(item: Obj, at: string): Problem | undefined {
  if (!openaiName.test(str(item.name))) {
    return invalid(`${at}.name`, `Invalid '${at}.name': string does not match pattern. Expected '^[a-zA-Z0-9_-]+$'.`);
  }
  return openaiCallId(item.call_id, `${at}.call_id`);
}

function output(item: Obj, at: string): Problem | undefined {
  if (typeof item.output !== "string" && !Array.isArray(item.output)) return missing(`${at}.output`);
  const parts = partTypes.user ?? [];
  return (
    openaiCallId(item.call_id, `${at}.call_id`) ??
    first(objects(item.output), (part, index) => contentPart(part, `${at}.output[${index}]`, parts))
  );
}

/** Every call needs its output and every output its call, unless earlier items are kept by the provider. */
const pairs: Check = ({ body }) => {
  const items = objects(body.input);
  const ids = (types: string[]): string[] =>
    items.filter((item) => types.includes(str(item.type))).map((item) => str(item.call_id));
  const calls = ids(["function_call", "custom_tool_call"]);
  const outputs = ids(["function_call_output", "custom_tool_call_output"]);
  const open = calls.find((id) => !outputs.includes(id));
  if (open !== undefined) return invalid("input", `No tool output found for function call ${open}.`);
  const stored = body.previous_response_id ?? body.conversation ?? items.find((item) => item.type === "item_reference");
  if (stored !== undefined && stored !== null) return undefined;
  const seen = new Set<string>();
  return first(items, (item) => {
    if (str(item.type).endsWith("tool_call") || item.type === "function_call") seen.add(str(item.call_id));
    if (item.type !== "function_call_output" && item.type !== "custom_tool_call_output") return undefined;
    if (seen.has(str(item.call_id))) return undefined;
    return invalid("input", `No tool call found for function call output with call_id ${str(item.call_id)}.`);
  });
};

const tools: Check = ({ body }) => first(objects(body.tools), (tool, index) => oneTool(tool, `tools[${index}]`));

function oneTool(tool: Obj, at: string): Problem | undefined {
  const wrong = tool.type === undefined ? missing(`${at}.type`) : oneOf(`${at}.type`, tool.type, toolTypes);
  if (wrong !== undefined) return wrong;
  if ("function" in tool) return invalid(`${at}.function`, `Unknown parameter: '${at}.function'.`, "unknown_parameter");
  if (tool.type === "function") return openaiFunction(tool, at);
  if (tool.type === "namespace") {
    return first(objects(tool.tools), (inner, index) => oneTool(inner, `${at}.tools[${index}]`));
  }
  if (tool.type !== "custom") return undefined;
  const format = obj(tool.format);
  if (format.grammar !== undefined)
    return invalid(`${at}.format.grammar`, "Unknown parameter: 'grammar'.", "unknown_parameter");
  return openaiName.test(str(tool.name))
    ? oneOf(`${at}.format.type`, format.type, ["text", "grammar"])
    : missing(`${at}.name`);
}

const toolChoice: Check = ({ body }) => {
  const choice = body.tool_choice;
  if (!isObj(choice)) return oneOf("tool_choice", choice, ["none", "auto", "required"]);
  const types = ["function", "custom", "allowed_tools", "mcp", "programmatic", ...toolTypes];
  const wrong = oneOf("tool_choice.type", choice.type ?? "", types);
  if (wrong !== undefined) return wrong;
  if (choice.type === "allowed_tools") {
    return Array.isArray(choice.tools)
      ? oneOf("tool_choice.mode", choice.mode, ["auto", "required"])
      : missing("tool_choice.tools");
  }
  if (choice.type !== "function" && choice.type !== "custom") return undefined;
  if (typeof choice.name !== "string") return missing("tool_choice.name");
  if (declaredTools(body).some((tool) => tool.name === choice.name)) return undefined;
  return invalid("tool_choice", `Tool choice '${choice.name}' not found in 'tools' parameter.`);
};

const settings: Check = ({ body }) => {
  const reasoning = obj(body.reasoning);
  const text = obj(body.text);
  const format = obj(text.format);
  const limit = body.max_output_tokens;
  if (typeof limit === "number" && limit < 16) {
    const message = "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16.";
    return invalid("max_output_tokens", message, "integer_below_min_value");
  }
  return (
    oneOf("reasoning.effort", reasoning.effort, efforts) ??
    oneOf("reasoning.summary", reasoning.summary, ["auto", "concise", "detailed"]) ??
    oneOf("text.verbosity", text.verbosity, ["low", "medium", "high"]) ??
    oneOf("text.format.type", format.type, ["text", "json_schema", "json_object"]) ??
    oneOf("truncation", body.truncation, ["auto", "disabled"]) ??
    (format.type === "json_schema" ? jsonSchema(format) : undefined)
  );
};

function jsonSchema(format: Obj): Problem | undefined {
  if (typeof format.name !== "string") return missing("text.format.name");
  if (!isObj(format.schema)) return missing("text.format.schema");
  const wrong = format.strict === true ? notStrict(format.schema, "()") : undefined;
  return wrong === undefined
    ? undefined
    : invalid("text.format.schema", `Invalid schema for response_format: ${wrong}`, "invalid_json_schema");
}

export const responsesChecks: readonly Check[] = [
  openaiAuth,
  openaiModel,
  openaiMembers(members),
  input,
  configurationUpdates,
  pairs,
  tools,
  toolChoice,
  openaiValues,
  settings,
];
