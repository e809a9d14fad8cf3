/**
 * The messages of a Chat request as turns: one turn for each. An assistant's message gives the reasoning it shows first,
 * then what it says, then its calls; reasoning that a call carries (`carrier.ts`) takes the place of the shown.
 */
import { defined, isObj, type Json, type Obj, text } from "../../canon/json.ts";
import type { Block, CallKind, Reasoning, Role, ToolCall, Turn } from "../../canon/request.ts";
import { invalid } from "../../fault.ts";
import type { Open } from "../protocol.ts";
import { carriedBy, type LoadedCall, unpackId, weave } from "./carrier.ts";
import { leftover, oneOf, readList, readObj, readText, required, type Shape } from "./members.ts";
import { decodeContent } from "./parts.ts";

const roles = ["developer", "system", "user", "assistant", "tool", "function"] as const;

const plain = { role: true, content: true, name: true } as const satisfies Shape;
const shapes = {
  plain,
  assistant: { ...plain, refusal: true, tool_calls: true, function_call: true },
  tool: { ...plain, tool_call_id: true },
  function: { type: true, function: { name: true, arguments: true }, extra_content: { gearbox: true } },
  custom: { type: true, custom: { name: true, input: true }, extra_content: { gearbox: true } },
} as const satisfies Record<string, Shape>;

/** Where clients put the reasoning they were shown; the first of them that is there is what we show others. */
const reasoningMembers = ["reasoning_content", "reasoning"] as const;

export function decodeTurns(value: Json | undefined, open: Open): Turn[] {
  const messages = required(readList(value, "messages"), "messages");
  if (messages.length === 0) throw invalid("messages", "it must not be empty.");
  const calls = new Map<string, CallKind>();
  let oldCalls = 0;
  let before: string | undefined;
  return messages.map((value, at) => {
    const path = `messages[${at}]`;
    const message = required(readObj(value, path), path);
    const role = oneOf(roles, required(readText(message.role, `${path}.role`), `${path}.role`), `${path}.role`);
    if (role === "assistant" && isObj(message.function_call)) oldCalls += 1;
    const turn = decodeTurn(message, role, path, { open, calls, oldId: `call_function_${oldCalls}` });
    for (const block of turn.blocks) if (block.type === "call") calls.set(block.id, block.kind);
    const follows = role === "assistant" && before === "assistant";
    before = role;
    // An empty ext says that the message stood alone: those of other protocols' neighbours are put together.
    return follows ? { ...turn, ext: { chat: turn.ext?.chat ?? {} } } : turn;
  });
}

/** What a message needs of those before it. */
interface Before {
  readonly open: Open;
  readonly calls: ReadonlyMap<string, CallKind>;
  /** Stands in for the id of the one call of old. */
  readonly oldId: string;
}

function decodeTurn(message: Obj, role: (typeof roles)[number], path: string, before: Before): Turn {
  switch (role) {
    case "assistant":
      return decodeAssistant(message, path, before);
    case "tool": {
      const packed = required(readText(message.tool_call_id, `${path}.tool_call_id`), `${path}.tool_call_id`);
      const { id } = unpackId(packed);
      return decodeResult(message, path, id, before.calls.get(id) ?? "function");
    }
    case "function":
      return decodeResult(message, path, before.oldId, "function");
    case "developer":
    case "system":
    case "user":
      return said(message, role, decodeContent(message.content, `${path}.content`), shapes.plain, path);
  }
}

function said(message: Obj, role: Role, blocks: Block[], shape: Shape, path: string): Turn {
  const { content: _, ...others } = message;
  const left = leftover(others, shape);
  return defined({ role, blocks, name: readText(message.name, `${path}.name`), ext: left && { chat: left } });
}

function decodeResult(message: Obj, path: string, callId: string, kind: CallKind): Turn {
  const blocks = decodeContent(message.content, `${path}.content`);
  return said(message, "tool", [{ type: "result", callId, kind, blocks }], shapes.tool, path);
}

function decodeAssistant(message: Obj, path: string, { open, oldId }: Before): Turn {
  const member = reasoningMembers.find((name) => text(message[name]));
  const refusal = readText(message.refusal, `${path}.refusal`);
  const calls = (readList(message.tool_calls, `${path}.tool_calls`) ?? []).map((call, at) =>
    decodeCall(call, `${path}.tool_calls[${at}]`, open),
  );
  const isCarried = calls.some(({ carried }) => carried.length > 0);
  const old = readObj(message.function_call, `${path}.function_call`);
  const isEmpty = Array.isArray(message.content) && message.content.length === 0;
  const content: Block[] = [
    ...(isEmpty ? [] : decodeContent(message.content, `${path}.content`)),
    ...(refusal === undefined ? [] : [{ type: "refusal" as const, text: refusal }]),
  ];
  const blocks: Block[] = [
    ...(member === undefined || isCarried ? [] : [shown(member, text(message[member]) ?? "")]),
    ...weave(content, calls),
    ...(old === undefined ? [] : [decodeOldCall(old, `${path}.function_call`, oldId)]),
  ];
  const shape = member === undefined ? shapes.assistant : { ...shapes.assistant, [member]: true as const };
  return said(message, "assistant", blocks, shape, path);
}

/** What an assistant's message shows of its reasoning proves nothing; the ext says under which name it came. */
function shown(member: string, summary: string): Reasoning {
  return { type: "reasoning", summary: [summary], ext: { chat: { member } } };
}

function decodeCall(value: Json, path: string, open: Open): LoadedCall {
  const call = required(readObj(value, path), path);
  const { id } = unpackId(required(readText(call.id, `${path}.id`), `${path}.id`));
  const kind = call.type === undefined ? "function" : oneOf(["function", "custom"], `${call.type}`, `${path}.type`);
  const known = required(readObj(call[kind], `${path}.${kind}`), `${path}.${kind}`);
  const name = required(readText(known.name, `${path}.${kind}.name`), `${path}.${kind}.name`);
  const { id: _, ...others } = call;
  const left = leftover(others, shapes[kind]);
  const input =
    kind === "custom"
      ? required(readText(known.input, `${path}.custom.input`), `${path}.custom.input`)
      : argumentsText(readText(known.arguments, `${path}.function.arguments`));
  const block = defined({ type: "call" as const, id, kind, name, input, ext: left && { chat: left } });
  return { call: block, carried: carriedBy(call, open) };
}

function decodeOldCall(old: Obj, path: string, id: string): ToolCall {
  const name = required(readText(old.name, `${path}.name`), `${path}.name`);
  const left = leftover(old, shapes.function.function);
  const input = argumentsText(readText(old.arguments, `${path}.arguments`));
  return defined({
    type: "call" as const,
    id,
    kind: "function" as const,
    name,
    input,
    ext: left && { chat: { function: left } },
  });
}

/** A call without arguments is told as "" by some, which is no JSON. */
function argumentsText(value: string | undefined): string {
  return value === undefined || value === "" ? "{}" : value;
}
