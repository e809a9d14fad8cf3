/** A request's input: items as turns of canon, one each, and turns as items. */
import { defined, isObj, type Json, list, type Obj, text } from "../../canon/json.ts";
import type { Block, CallKind, Role, ToolResult, Turn } from "../../canon/request.ts";
import { Fault, invalid, unsupported } from "../../fault.ts";
import type { Open } from "../protocol.ts";
import { callKind, callOf, reasoningOf } from "./items.ts";
import { decodeParts, plainPart } from "./parts.ts";
import { decodeTools } from "./tools.ts";
import { at, element, extOf, maybe, missing, need, spare, word } from "./wire.ts";

export function decodeInput(input: Json | undefined, open: Open): Turn[] {
  if (input === undefined || input === null) throw missing("input");
  if (typeof input === "string") return [{ role: "user", blocks: [{ type: "text", text: input }] }];
  if (!Array.isArray(input)) throw invalid("input", "expected a string or an array of items.", "invalid_type");
  return list(input).map((item, place) => {
    const path = `input[${place}]`;
    return decodeItem(element(item, path), path, open);
  });
}

function decodeItem(item: Obj, path: string, open: Open): Turn {
  const type = text(item.type) ?? impliedType(item);
  if (type === undefined) throw missing(at(path, "type"));
  switch (type) {
    case "message":
      return decodeMessage(item, path);
    case "reasoning":
      return { role: "assistant", blocks: [decodeReasoning(item, path, open)] };
    case "function_call":
    case "custom_tool_call":
    case "tool_search_call":
      return { role: "assistant", blocks: [decodeCall(item, path)] };
    case "function_call_output":
      return { role: "tool", blocks: [decodeOutput(item, "function", path)] };
    case "custom_tool_call_output":
      return { role: "tool", blocks: [decodeOutput(item, "custom", path)] };
    case "tool_search_output":
      return { role: "tool", blocks: [decodeSearchOutput(item, path)] };
    case "additional_tools":
      return { role: "developer", blocks: [decodeAdditional(item, path)] };
    case "item_reference":
      throw unknownItem(text(item.id) ?? "");
    default:
      return { role: callerSays(type) ? "user" : "assistant", blocks: [wholeItem(item)] };
  }
}

/** Messages may leave their type away, and so may references, which have nothing else. */
function impliedType(item: Obj): string | undefined {
  if (item.role !== undefined) return "message";
  return text(item.id) === undefined ? undefined : "item_reference";
}

function unknownItem(id: string): Fault {
  const message =
    `Item with id '${id}' not found. Items are not persisted when \`store\` is set to false. ` +
    "Try again with `store` set to true, or remove this item from your input.";
  return new Fault("unsupported", message, { param: "input" });
}

/** Does the caller say an item of this type, or did the provider? */
function callerSays(type: string): boolean {
  return /(_output|_response|_trigger|_update)$/.test(type);
}

function wholeItem(item: Obj): Block {
  return { type: "opaque", protocol: "responses", value: item };
}

const roles = ["user", "assistant", "system", "developer"] as const satisfies readonly Role[];
const messageMembers = new Set(["type", "role", "content"]);

function decodeMessage(item: Obj, path: string): Turn {
  const role = word(item, "role", roles, path);
  if (role === undefined) throw missing(at(path, "role"));
  if (item.content === undefined) throw missing(at(path, "content"));
  const plain = role === "assistant" ? "output_text" : "input_text";
  return { role, blocks: decodeParts(item.content, at(path, "content"), plain), ...extOf(spare(item, messageMembers)) };
}

/** What one of our own tokens holds, or the item itself with its cipher as OpenAI's own. */
function decodeReasoning(item: Obj, path: string, open: Open): Block {
  const cipher = maybe(item, "encrypted_content", "string", path);
  const opened = cipher === undefined ? undefined : open(cipher);
  if (opened !== undefined) return opened;
  checkTexts(item, "summary", path);
  checkTexts(item, "content", path);
  const block = reasoningOf(item);
  return cipher === "" ? { ...block, ext: { responses: { ...block.ext?.responses, encrypted_content: "" } } } : block;
}

function checkTexts(item: Obj, member: string, path: string): void {
  for (const [place, part] of (maybe(item, member, "array", path) ?? []).entries()) {
    const where = `${at(path, member)}[${place}]`;
    need(element(part, where), "text", "string", where);
  }
}

function decodeCall(item: Obj, path: string): Block {
  const kind = callKind(item);
  if (kind === undefined) return wholeItem(item);
  need(item, "call_id", "string", path);
  if (kind !== "search") {
    need(item, "name", "string", path);
    need(item, kind === "function" ? "arguments" : "input", "string", path);
    maybe(item, "namespace", "string", path);
  } else if (item.arguments === undefined) throw missing(at(path, "arguments"));
  return callOf(item, kind);
}

const outputMembers = new Set(["type", "call_id", "output"]);

function decodeOutput(item: Obj, kind: CallKind, path: string): ToolResult {
  const callId = need(item, "call_id", "string", path);
  if (item.output === undefined) throw missing(at(path, "output"));
  const blocks = outputBlocks(item.output, at(path, "output"));
  return { type: "result", callId, kind, blocks, ...extOf(spare(item, outputMembers)) };
}

/**
 * A string and a list of one text part mean the same; the part's empty `ext` remembers that it was a list. An empty
 * list means what the empty string does.
 */
function outputBlocks(output: Json, path: string): Block[] {
  const blocks = decodeParts(output, path, "input_text");
  const [only, second] = blocks;
  if (only === undefined) return [{ type: "text", text: "" }];
  if (typeof output === "string" || second !== undefined || only.type !== "text" || only.ext !== undefined)
    return blocks;
  return [{ ...only, ext: plainPart }];
}

const searchOutputMembers = new Set(["type", "call_id", "execution", "tools"]);

function decodeSearchOutput(item: Obj, path: string): Block {
  if (item.execution !== "client") return wholeItem(item);
  const tools = decodeTools(need(item, "tools", "array", path), at(path, "tools"));
  return {
    type: "result",
    callId: need(item, "call_id", "string", path),
    kind: "search",
    blocks: [{ type: "tools", tools }],
    ...extOf(spare(item, searchOutputMembers)),
  };
}

const additionalMembers = new Set(["type", "tools"]);

function decodeAdditional(item: Obj, path: string): Block {
  const tools = decodeTools(need(item, "tools", "array", path), at(path, "tools"));
  const { role, ...others } = spare(item, additionalMembers) ?? {};
  const own = defined({ ...others, role: role === "developer" ? undefined : role });
  return { type: "tools", tools, ...extOf(Object.keys(own).length > 0 ? own : undefined) };
}

/** Members of a request that ask for what the provider keeps, which we cannot give it. */
export function refuseStored(body: Obj): void {
  const previous = text(body.previous_response_id);
  if (previous !== undefined) {
    throw new Fault("unsupported", `Previous response with id '${previous}' not found.`, {
      param: "previous_response_id",
      code: "previous_response_not_found",
    });
  }
  if (isObj(body.conversation) || typeof body.conversation === "string") {
    throw unsupported("conversation", "is not supported: send the whole conversation as 'input'.");
  }
  if (body.background === true) throw unsupported("background", "is not supported: stream the answer instead.");
  if (isObj(body.prompt)) throw unsupported("prompt", "is not supported: stored prompts stay with their provider.");
}
