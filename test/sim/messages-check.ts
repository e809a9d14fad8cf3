// What Anthropic refuses on the Messages API.

import { first, unknownMember } from "./check.ts";
import { isObj, type Obj, obj, objects, str } from "./json.ts";
import { conversationChecks } from "./messages-conversation.ts";
import { blockBinding, effortMessages } from "./updates-check.ts";
import type { Check, Problem } from "./wire.ts";

const sampling = ["temperature", "top_p", "top_k"];

/** GA and beta members; the version of 2026-10-21 has no sampling parameters any more. */
const members =
  "model max_tokens messages system thinking output_config tools tool_choice stop_sequences stream metadata service_tier speed inference_geo container diagnostics cache_control user_profile_id workspace_id compaction context_management fallbacks fallback_credit_token mcp_servers thread billing_policy output_format".split(
    " ",
  );

const auth: Check = ({ headers }) =>
  (headers["x-api-key"] ?? "") !== "" || /^Bearer \S+$/i.test(headers.authorization ?? "")
    ? undefined
    : { status: 401, message: "x-api-key header is required" };

const version: Check = ({ headers }) => {
  const given = headers["anthropic-version"];
  if (given === undefined) return { message: "anthropic-version: header is required" };
  const known = ["2023-01-01", "2023-06-01", "2026-10-21"].includes(given);
  return known ? undefined : { message: `anthropic-version: "${given}" is not a valid version.` };
};

const required: Check = ({ body, model }) => {
  if (model === "") return { message: "model: Field required" };
  if (body.max_tokens === undefined) return { message: "max_tokens: Field required" };
  if (!Number.isInteger(body.max_tokens) || Number(body.max_tokens) < 0)
    return { message: "max_tokens: Input should be a valid integer" };
  if (!Array.isArray(body.messages)) return { message: "messages: Field required" };
  return body.messages.length === 0 ? { message: "messages: at least one message is required" } : undefined;
};

const known: Check = ({ body, headers }) => {
  const allowed = headers["anthropic-version"] === "2026-10-21" ? members : [...members, ...sampling];
  const extra = unknownMember(body, allowed);
  if (extra !== undefined) return { message: `${extra}: Extra inputs are not permitted` };
  const { temperature } = body;
  const outside = typeof temperature === "number" && (temperature < 0 || temperature > 1);
  return outside ? { message: "temperature: range: 0..1" } : undefined;
};

const system: Check = ({ body }) => {
  if (body.system === undefined || typeof body.system === "string") return undefined;
  if (!Array.isArray(body.system)) return { message: "system: Input should be a valid list" };
  return first(objects(body.system), (block, index) => {
    if (block.type !== "text") return { message: `system.${index}.type: Input should be 'text'` };
    return str(block.text) === "" ? { message: "system: text content blocks must be non-empty" } : undefined;
  });
};

const tools: Check = ({ body }) => {
  const list = objects(body.tools);
  const names = list.map((tool) => tool.name);
  return first(list, (tool, index) => {
    const at = `tools.${index}`;
    if (typeof tool.type === "string" && tool.type !== "custom") return serverTool(tool, at);
    if (!/^[a-zA-Z0-9_-]{1,128}$/.test(str(tool.name))) {
      return { message: `${at}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'` };
    }
    if (names.indexOf(tool.name) !== index) return { message: "tools: Tool names must be unique." };
    return definition(tool, at);
  });
};

function serverTool(tool: Obj, at: string): Problem | undefined {
  const families =
    /^(bash|text_editor|memory|computer|browser|code_execution|web_search|web_fetch|advisor|tool_search_tool|mcp_toolset)/;
  return families.test(str(tool.type))
    ? undefined
    : { message: `${at}: Input tag '${str(tool.type)}' found using 'type' does not match any of the expected tags` };
}

function definition(tool: Obj, at: string): Problem | undefined {
  const allowed =
    "type name description input_schema strict cache_control defer_loading eager_input_streaming input_examples allowed_callers";
  const extra = unknownMember(tool, allowed.split(" "));
  if (extra !== undefined) return { message: `${at}.custom.${extra}: Extra inputs are not permitted` };
  if (!isObj(tool.input_schema)) return { message: `${at}.custom.input_schema: Field required` };
  return tool.input_schema.type === "object"
    ? undefined
    : { message: `${at}.custom.input_schema.type: Input should be 'object'` };
}

const toolChoice: Check = ({ body, model }) => {
  if (body.tool_choice === undefined) return undefined;
  const choice = obj(body.tool_choice);
  const type = str(choice.type);
  if (!["auto", "any", "tool", "none"].includes(type)) {
    return {
      message: `tool_choice: Input tag '${type}' found using 'type' does not match any of the expected tags: 'auto', 'any', 'tool', 'none'`,
    };
  }
  const list = objects(body.tools);
  if (list.length === 0 && type !== "none")
    return { message: "tool_choice: tool_choice may only be specified while providing tools" };
  if (type === "auto" || type === "none") return undefined;
  if (/sonnet-5-5|opus-5-5|fable-5|mythos-5/.test(model))
    return { message: "tool_choice forces tool use is not compatible with this model" };
  if (obj(body.thinking).type === "enabled")
    return { message: "Thinking may not be enabled when tool_choice forces tool use." };
  if (type === "any" || list.some((tool) => tool.name === choice.name)) return undefined;
  return { message: `Tool '${str(choice.name)}' not found in provided tools` };
};

const thinking: Check = ({ body, model }) => {
  if (body.thinking === undefined) return undefined;
  const { type, budget_tokens: budget } = obj(body.thinking);
  if (!["adaptive", "enabled", "between_tools", "disabled"].includes(str(type))) {
    return {
      message: `thinking: Input tag '${String(type)}' found using 'type' does not match any of the expected tags`,
    };
  }
  if (type === "disabled" && /sonnet-5-5|opus-5-5|fable-5|mythos-5/.test(model)) {
    return { message: "thinking: 'disabled' is not supported by this model" };
  }
  if (type !== "enabled") return undefined;
  if (typeof budget !== "number") return { message: "thinking.enabled.budget_tokens: Field required" };
  if (budget < 1024)
    return { message: "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024" };
  return budget < Number(body.max_tokens)
    ? undefined
    : { message: "`max_tokens` must be greater than `thinking.budget_tokens`." };
};

const settings: Check = ({ body }) => {
  const { effort, format } = obj(body.output_config);
  if (effort !== undefined && !["low", "medium", "high", "xhigh", "max"].includes(str(effort))) {
    return { message: "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'" };
  }
  if (isObj(format) && (format.type !== "json_schema" || !isObj(format.schema))) {
    return { message: "output_config.format.schema: Field required" };
  }
  const sequences = Array.isArray(body.stop_sequences) ? body.stop_sequences : [];
  if (sequences.some((sequence) => str(sequence).trim() === "")) {
    return { message: "stop_sequences: each stop sequence must contain non-whitespace" };
  }
  const tier = body.service_tier;
  if (tier !== undefined && tier !== "auto" && tier !== "standard_only") {
    return { message: "service_tier: Input should be 'auto' or 'standard_only'" };
  }
  const extra = unknownMember(obj(body.metadata), ["user_id"]);
  return extra === undefined ? undefined : { message: `metadata.${extra}: Extra inputs are not permitted` };
};

export const messagesChecks: readonly Check[] = [
  auth,
  version,
  required,
  known,
  system,
  ...conversationChecks,
  tools,
  toolChoice,
  thinking,
  effortMessages,
  blockBinding,
  settings,
];
