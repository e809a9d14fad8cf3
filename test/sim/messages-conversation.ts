// What Anthropic refuses in the messages of a request: roles, blocks, and calls without their results.

import { first } from "./check.ts";
import { isBase64, isObj, type Obj, obj, objects, str } from "./json.ts";
import { isEffortOnly } from "./updates-check.ts";
import type { Check, Problem } from "./wire.ts";

const media = ["image/jpeg", "image/png", "image/gif", "image/webp"];

const blockTypes: Record<string, RegExp> = {
  user: /^(text|image|document|search_result|tool_result|container_upload|mcp_tool_result)$/,
  assistant:
    /^(text|thinking|redacted_thinking|tool_use|server_tool_use|.+_tool_result|mcp_tool_use|compaction|fallback)$/,
  system: /^(text|tool_addition|tool_removal)$/,
};

/** A system message stands between turns: never first, and never between a call and its result. An assistant may begin. */
const roles: Check = ({ body, model }) => {
  const list = objects(body.messages);
  const wrong = first(list, (message, index) => {
    if (blockTypes[str(message.role)] === undefined) {
      return { message: `messages.${index}.role: Input should be 'user', 'assistant' or 'system'` };
    }
    if (message.role !== "system" || isEffortOnly(message) || list[index - 1]?.role === "user") return undefined;
    return { message: `messages.${index}: a system message must follow a user message` };
  });
  if (wrong !== undefined) return wrong;
  if (list.at(-1)?.role !== "assistant" || /claude-3|-4-[015](?!\d)|-4-20/.test(model)) return undefined;
  return {
    message: "This model does not support assistant message prefill. The conversation must end with a user message.",
  };
};

const contents: Check = ({ body }) =>
  first(objects(body.messages), (message, index) => {
    const at = `messages.${index}`;
    const { content } = message;
    if (typeof content === "string") {
      return content.trim() === ""
        ? { message: `${at}: ${str(message.role)} messages must have non-empty content` }
        : undefined;
    }
    if (!Array.isArray(content)) return { message: `${at}.content: Field required` };
    if (isEffortOnly(message)) return undefined;
    if (content.length === 0) return { message: `${at}: ${str(message.role)} messages must have non-empty content` };
    const allowed = blockTypes[str(message.role)] ?? /^$/;
    return first(content, (block, place) => oneBlock(obj(block), `${at}.content.${place}`, allowed));
  });

function oneBlock(block: Obj, at: string, allowed: RegExp): Problem | undefined {
  const type = str(block.type);
  if (!allowed.test(type))
    return { message: `${at}: Input tag '${type}' found using 'type' does not match any of the expected tags` };
  switch (type) {
    case "text":
      if (str(block.text) === "") return { message: "messages: text content blocks must be non-empty" };
      return str(block.text).trim() === "" && allowed === blockTypes.user
        ? { message: "messages: text content blocks must contain non-whitespace text" }
        : undefined;
    case "image":
      return source(obj(block.source), `${at}.image.source`);
    case "thinking":
      if (typeof block.thinking !== "string") return { message: `${at}.thinking.thinking: Field required` };
      return isBase64(str(block.signature))
        ? undefined
        : { message: `${at}: Invalid \`signature\` in \`thinking\` block` };
    case "redacted_thinking":
      return str(block.data) === "" ? { message: `${at}.redacted_thinking.data: Field required` } : undefined;
    case "tool_use":
      return toolUse(block, at);
    case "tool_result":
      return toolResult(block, at);
    default:
      return undefined;
  }
}

function source(value: Obj, at: string): Problem | undefined {
  switch (value.type) {
    case "base64":
      if (!media.includes(str(value.media_type)))
        return { message: `${at}.base64.media_type: Input should be ${media.join(", ")}` };
      return isBase64(str(value.data)) ? undefined : { message: `${at}.base64: invalid base64 data` };
    case "url":
      return /^https?:\/\//.test(str(value.url))
        ? undefined
        : { message: `${at}.url.url: Only HTTP(S) URLs are supported` };
    case "file":
      return str(value.file_id) === "" ? { message: `${at}.file.file_id: Field required` } : undefined;
    default:
      return {
        message: `${at}: Input tag '${String(value.type)}' found using 'type' does not match any of the expected tags: 'base64', 'url', 'file'`,
      };
  }
}

function toolUse(block: Obj, at: string): Problem | undefined {
  if (!/^[a-zA-Z0-9_-]+$/.test(str(block.id))) {
    return { message: `${at}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'` };
  }
  if (!/^[a-zA-Z0-9_-]{1,128}$/.test(str(block.name))) {
    return { message: `${at}.tool_use.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'` };
  }
  return isObj(block.input) ? undefined : { message: `${at}.tool_use.input: Input should be a valid dictionary` };
}

function toolResult(block: Obj, at: string): Problem | undefined {
  if (!/^[a-zA-Z0-9_-]+$/.test(str(block.tool_use_id))) {
    return { message: `${at}.tool_result.tool_use_id: String should match pattern '^[a-zA-Z0-9_-]+$'` };
  }
  const allowed = /^(text|image|search_result|document|tool_reference|browser_state)$/;
  return first(objects(block.content), (part, index) => oneBlock(part, `${at}.tool_result.content.${index}`, allowed));
}

/** All results of a turn stand at the beginning of the one message right after it. Neighbouring assistant messages are one. */
const pairs: Check = ({ body }) => {
  const list = mergeAssistants(objects(body.messages));
  const ids = list.flatMap((message) => idsOf(message, "tool_use", "id"));
  if (new Set(ids).size !== ids.length) return { message: "messages: `tool_use` ids must be unique" };
  return first(list, (message, index) => {
    const previous = index === 0 ? [] : idsOf(list[index - 1] ?? {}, "tool_use", "id");
    const answered = idsOf(message, "tool_result", "tool_use_id");
    return (
      unexpected(answered, previous, index) ??
      unanswered(idsOf(message, "tool_use", "id"), list[index + 1], index) ??
      order(message, index)
    );
  });
};

function mergeAssistants(list: Obj[]): Obj[] {
  const merged: Obj[] = [];
  for (const message of list) {
    const before = merged.at(-1);
    if (message.role !== "assistant" || before?.role !== "assistant") merged.push(message);
    else merged.splice(-1, 1, { ...before, content: [...objects(before.content), ...objects(message.content)] });
  }
  return merged;
}

function unexpected(answered: string[], calls: string[], index: number): Problem | undefined {
  const orphan = answered.find((id) => !calls.includes(id));
  return orphan === undefined
    ? undefined
    : {
        message: `messages.${index}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${orphan}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
      };
}

function unanswered(calls: string[], next: Obj | undefined, index: number): Problem | undefined {
  const answers = next?.role === "user" ? idsOf(next, "tool_result", "tool_use_id") : [];
  const open = calls.filter((id) => !answers.includes(id));
  return open.length === 0
    ? undefined
    : {
        message: `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${open.join(", ")}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
      };
}

function order(message: Obj, index: number): Problem | undefined {
  const types = objects(message.content).map((block) => block.type === "tool_result");
  const late = types.indexOf(true, Math.max(types.indexOf(false), 0));
  if (!types.includes(false) || late < 0) return undefined;
  return { message: `messages.${index}: \`tool_result\` blocks must come first in the message` };
}

function idsOf(message: Obj, type: string, member: string): string[] {
  return objects(message.content)
    .filter((block) => block.type === type)
    .map((block) => str(block[member]));
}

export const conversationChecks: readonly Check[] = [roles, contents, pairs];
