/**
 * The four protocols' conversations as one trail. Entries (input items, messages, contents) are told over in order, each
 * where it lies: nothing of the body is copied.
 */
import { isObj, type Json, list, type Obj, obj, text } from "../canon/json.ts";
import type { ProtocolId } from "../canon/request.ts";
import { headOf, lengthOf } from "./content.ts";
import { call, hear, learn, reason, setMode, type Trail } from "./trail.ts";

/** How one protocol carries a conversation. */
export interface Wire {
  entries(body: Obj): readonly Json[];
  /** What an entry is: its role, or the type of an item that has none. */
  kindOf(entry: Obj): string;
  /** The model's own: such entries that stand together are one answer. */
  isAnswer(kind: string): boolean;
  tell(trail: Trail, entry: Obj, kind: string): void;
  /** The head of what the model is told to be, outside the conversation or before it. */
  instructions(body: Obj): string;
}

const responses: Wire = {
  entries: ({ input }) => (typeof input === "string" ? [{ role: "user", content: input }] : list(input)),
  kindOf(item) {
    const { type } = item;
    return typeof type === "string" && type !== "message" ? type : roleOf(item);
  },
  isAnswer: (kind) => kind === "assistant" || kind === "reasoning" || isCall(kind),
  tell(trail, item, kind) {
    if (kind === "reasoning") {
      const sealed = text(item.encrypted_content);
      reason(trail, sealed === undefined ? lengthOf(item.content) : within(sealed));
    } else if (isCall(kind)) {
      tellCall(trail, item.call_id, item.name ?? kind, item.arguments ?? item.input ?? item.action);
    } else if (isOutput(kind)) {
      learn(trail, text(item.call_id) ?? "", { content: item.output, isError: false });
    } else {
      hearAll(trail, kind, item.content);
    }
  },
  instructions: (body) => text(body.instructions)?.slice(0, headLength) ?? headOfFirst(list(body.input)),
};

/** Nearly all items are functions' calls and their outputs, which are told from others before the end of a word is read. */
function isCall(kind: string): boolean {
  return kind === "function_call" || (kind !== "function_call_output" && kind !== "user" && kind.endsWith("_call"));
}

function isOutput(kind: string): boolean {
  return kind === "function_call_output" || (kind !== "user" && kind.endsWith("_output"));
}

const chat: Wire = {
  entries: ({ messages }) => list(messages),
  kindOf: roleOf,
  isAnswer: (kind) => kind === "assistant",
  tell(trail, message, kind) {
    if (kind === "assistant") tellAnswer(trail, message);
    else if (kind !== "tool") hearAll(trail, kind, message.content);
    else learn(trail, text(message.tool_call_id) ?? "", { content: message.content, isError: false });
  },
  instructions: ({ messages }) => headOfFirst(list(messages)),
};

function tellAnswer(trail: Trail, message: Obj): void {
  reason(trail, (text(message.reasoning_content) ?? text(message.reasoning) ?? "").length);
  for (const each of list(message.tool_calls)) {
    const { id, function: called, custom } = obj(each);
    const { name, arguments: json, input } = obj(called ?? custom);
    tellCall(trail, id, name, json ?? input);
  }
}

const messages: Wire = {
  entries: (body) => list(body.messages),
  kindOf: roleOf,
  isAnswer: (kind) => kind === "assistant",
  tell(trail, { content }, kind) {
    if (kind === "system" || typeof content === "string") hearAll(trail, kind, content);
    else for (const each of list(content)) tellBlock(trail, obj(each), kind);
  },
  instructions: ({ system }) => headOf(system, headLength),
};

function tellBlock(trail: Trail, block: Obj, kind: string): void {
  switch (block.type) {
    case "text":
      hearAs(trail, kind, block.text);
      break;
    case "thinking":
    case "redacted_thinking":
      reason(trail, thoughtLength(block));
      break;
    case "tool_use":
    case "server_tool_use":
      tellCall(trail, block.id, block.name, block.input);
      break;
    case "tool_result":
      learn(trail, text(block.tool_use_id) ?? "", { content: block.content, isError: block.is_error === true });
  }
}

/** A thought that is carried sealed may have no text, or a summary. */
function thoughtLength({ signature, data, thinking }: Obj): number {
  const sealed = text(signature) || text(data);
  return sealed ? within(sealed) : (text(thinking)?.length ?? 0);
}

const gemini: Wire = {
  entries: ({ contents }) => list(contents),
  kindOf: roleOf,
  isAnswer: (kind) => kind === "model",
  tell(trail, { parts }, kind) {
    for (const part of list(parts)) tellPart(trail, obj(part), kind);
  },
  instructions: (body) => headOf(obj(body.systemInstruction ?? body.system_instruction).parts, headLength),
};

function tellPart(trail: Trail, part: Obj, kind: string): void {
  const { functionCall, functionResponse, thoughtSignature } = part;
  if (typeof thoughtSignature === "string") reason(trail, within(thoughtSignature));
  hearAs(trail, kind, part.text);
  if (isObj(functionCall)) {
    tellCall(trail, functionCall.id ?? functionCall.name, functionCall.name, functionCall.args);
  }
  if (!isObj(functionResponse)) return;
  const { id, name, response } = functionResponse;
  const { error, output, result, content } = obj(response);
  const told = { content: error ?? output ?? result ?? content, isError: error !== undefined };
  learn(trail, text(id) ?? text(name) ?? "", told);
}

export const wires = { responses, chat, messages, gemini } as const satisfies Record<ProtocolId, Wire>;

/** Characters of reasoning within a cipher. GPT-5.5 and Claude seal a few tokens in some 230, each more in five. */
function within(sealed: string): number {
  return Math.max(0, sealed.length - emptyCipher);
}

const emptyCipher = 200;

/** Characters of the instructions that are read. */
const headLength = 400;

function roleOf({ role }: Obj): string {
  return typeof role === "string" ? role : "user";
}

function tellCall(trail: Trail, id: Json | undefined, name: Json | undefined, input: Json | undefined): void {
  call(trail, text(id) ?? "", text(name) ?? "", input);
}

function hearAll(trail: Trail, kind: string, content: Json | undefined): void {
  if (typeof content === "string") hearAs(trail, kind, content);
  else for (const part of list(content)) hearAs(trail, kind, obj(part).text);
}

/** What a system or developer message says never starts a turn; it may switch the mode. */
function hearAs(trail: Trail, kind: string, said: Json | undefined): void {
  if (typeof said !== "string" || kind === "assistant" || kind === "model") return;
  if (kind === "user") hear(trail, said);
  else setMode(trail, said);
}

/** The first entry's, where it is not the conversation's own. */
function headOfFirst(entries: readonly Json[]): string {
  const { role, content } = obj(entries[0]);
  return role === "system" || role === "developer" ? headOf(content, headLength) : "";
}
