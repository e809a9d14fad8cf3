// What OpenAI refuses on Chat Completions.

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
import { isObj, type Obj, obj, objects, str } from "./json.ts";
import { declaredTools } from "./openai.ts";
import type { Check, Problem } from "./wire.ts";

const members =
  "messages model audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens metadata modalities moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_options prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier stop store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity web_search_options".split(
    " ",
  );

const partTypes: Record<string, readonly string[]> = {
  system: ["text"],
  developer: ["text"],
  user: ["text", "image_url", "input_audio", "file"],
  assistant: ["text", "refusal"],
  tool: ["text"],
  function: [],
};

const messages: Check = ({ body }) => {
  if (!Array.isArray(body.messages)) return missing("messages");
  if (body.messages.length === 0) {
    const text =
      "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.";
    return invalid("messages", text, "empty_array");
  }
  return first(body.messages, (message, index) => oneMessage(obj(message), `messages[${index}]`));
};

function oneMessage(message: Obj, at: string): Problem | undefined {
  const allowed = partTypes[str(message.role)];
  if (allowed === undefined) return oneOf(`${at}.role`, String(message.role), Object.keys(partTypes));
  const { content } = message;
  if (Array.isArray(content)) {
    const wrong = first(objects(content), (part, index) => contentPart(part, `${at}.content[${index}]`, allowed));
    if (wrong !== undefined) return wrong;
  } else if (typeof content !== "string" && !mayBeEmpty(message)) {
    return invalid(`${at}.content`, `Invalid value for 'content': expected a string, got ${String(content)}.`);
  }
  if (message.role === "tool") return openaiCallId(message.tool_call_id, `${at}.tool_call_id`);
  if (message.role !== "assistant") return undefined;
  if (Array.isArray(message.tool_calls) && message.tool_calls.length === 0) {
    return invalid(`${at}.tool_calls`, `Invalid '${at}.tool_calls': empty array.`, "empty_array");
  }
  return first(objects(message.tool_calls), (call, index) => toolCall(call, `${at}.tool_calls[${index}]`));
}

function mayBeEmpty(message: Obj): boolean {
  const others = [message.tool_calls, message.function_call, message.refusal, message.audio];
  return message.role === "assistant" && others.some((value) => value !== undefined && value !== null);
}

function contentPart(part: Obj, at: string, allowed: readonly string[]): Problem | undefined {
  const wrong = oneOf(`${at}.type`, String(part.type), allowed);
  if (wrong !== undefined) return wrong;
  if (part.type === "text") return typeof part.text === "string" ? undefined : missing(`${at}.text`);
  if (part.type !== "image_url") return undefined;
  const image = obj(part.image_url);
  return (
    openaiImageUrl(image.url, `${at}.image_url.url`) ??
    oneOf(`${at}.image_url.detail`, image.detail, ["low", "high", "auto", "original"])
  );
}

function toolCall(call: Obj, at: string): Problem | undefined {
  const wrong = openaiCallId(call.id, `${at}.id`) ?? oneOf(`${at}.type`, String(call.type), ["function", "custom"]);
  if (wrong !== undefined) return wrong;
  const whole = obj(call[str(call.type)]);
  if (!openaiName.test(str(whole.name))) {
    return invalid(`${at}.function.name`, "Invalid name: string does not match pattern. Expected '^[a-zA-Z0-9_-]+$'.");
  }
  const member = call.type === "custom" ? "input" : "arguments";
  return typeof whole[member] === "string" ? undefined : missing(`${at}.${str(call.type)}.${member}`);
}

/** Tool messages stand right after the assistant message whose calls they answer, and answer all of them. */
const pairs: Check = ({ body }) => {
  const list = objects(body.messages);
  let open: string[] = [];
  const unanswered = (): Problem =>
    invalid(
      "messages",
      `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${open.join(", ")}`,
    );
  const wrong = first(list, (message, index) => {
    if (message.role === "tool") {
      if (!open.includes(str(message.tool_call_id))) {
        const text = "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.";
        return invalid(`messages[${index}].role`, text);
      }
      open = open.filter((id) => id !== message.tool_call_id);
      return undefined;
    }
    if (open.length > 0) return unanswered();
    open = objects(message.tool_calls).map((call) => str(call.id));
    return undefined;
  });
  return wrong ?? (open.length > 0 ? unanswered() : undefined);
};

const tools: Check = ({ body }) => {
  if (Array.isArray(body.tools) && body.tools.length === 0)
    return invalid("tools", "Invalid 'tools': empty array.", "empty_array");
  return first(objects(body.tools), (tool, index) => {
    const at = `tools[${index}]`;
    if (tool.type === "function") {
      return isObj(tool.function) ? openaiFunction(tool.function, `${at}.function`) : missing(`${at}.function`);
    }
    if (tool.type !== "custom") return oneOf(`${at}.type`, String(tool.type), ["function", "custom"]);
    const custom = obj(tool.custom);
    const format = obj(custom.format);
    if (format.type === "grammar" && !isObj(format.grammar)) return missing(`${at}.custom.format.grammar`);
    return openaiName.test(str(custom.name)) ? undefined : missing(`${at}.custom.name`);
  });
};

const toolChoice: Check = ({ body }) => {
  const choice = body.tool_choice;
  for (const member of ["tool_choice", "parallel_tool_calls"]) {
    if (body[member] !== undefined && body.tools === undefined && body[member] !== "none") {
      return invalid(member, `'${member}' is only allowed when 'tools' are specified.`);
    }
  }
  if (!isObj(choice)) return oneOf("tool_choice", choice, ["none", "auto", "required"]);
  const wrong = oneOf("tool_choice.type", choice.type ?? "", ["function", "custom", "allowed_tools"]);
  if (wrong !== undefined) return wrong;
  const type = str(choice.type);
  if (!isObj(choice[type])) return missing(`tool_choice.${type}`);
  if (type === "allowed_tools") return undefined;
  const name = str(obj(choice[type]).name);
  if (declaredTools(body).some((tool) => tool.name === name)) return undefined;
  return invalid("tool_choice", `Tool choice '${name}' not found in 'tools' parameter.`);
};

const settings: Check = ({ body }) => {
  const format = obj(body.response_format);
  if (body.max_tokens !== undefined && body.max_completion_tokens !== undefined) {
    return invalid("max_tokens", "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.");
  }
  if (Array.isArray(body.stop) && body.stop.length > 4) {
    return invalid(
      "stop",
      "Invalid 'stop': array too long. Expected an array with maximum length 4.",
      "array_above_max_length",
    );
  }
  return (
    oneOf("reasoning_effort", body.reasoning_effort, efforts) ??
    oneOf("verbosity", body.verbosity, ["low", "medium", "high"]) ??
    oneOf("response_format.type", format.type, ["text", "json_schema", "json_object"]) ??
    (format.type === "json_schema" ? jsonSchema(obj(format.json_schema)) : undefined)
  );
};

function jsonSchema(format: Obj): Problem | undefined {
  if (typeof format.name !== "string") return missing("response_format.json_schema.name");
  const wrong = format.strict === true ? notStrict(format.schema, "()") : undefined;
  return wrong === undefined
    ? undefined
    : invalid(
        "response_format.json_schema.schema",
        `Invalid schema for response_format: ${wrong}`,
        "invalid_json_schema",
      );
}

/** Reasoning models know only max_completion_tokens, and from gpt-5.4 on no function tools while they reason. */
const reasoningModels: Check = ({ body, model }) => {
  if (body.max_tokens !== undefined && /^(o\d|gpt-[5-9])/.test(model)) {
    const message =
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
    return invalid("max_tokens", message, "unsupported_parameter");
  }
  const reasons = typeof body.reasoning_effort === "string" && body.reasoning_effort !== "none";
  if (!reasons || body.tools === undefined || !/^gpt-(5\.[4-9]|[6-9])/.test(model)) return undefined;
  const message = `Function tools with reasoning_effort are not supported for ${model} in /v1/chat/completions. Please use /v1/responses instead.`;
  return invalid("reasoning_effort", message, "unsupported_parameter");
};

export const chatChecks: readonly Check[] = [
  openaiAuth,
  openaiModel,
  openaiMembers(members),
  messages,
  pairs,
  tools,
  toolChoice,
  openaiValues,
  settings,
  reasoningModels,
];
