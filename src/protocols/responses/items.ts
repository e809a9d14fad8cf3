/** Items that are alike in a request's input and in an answer's output: reasoning and tool calls, both ways. */
import { defined, type Json, list, type Obj, obj, text } from "../../canon/json.ts";
import type { CallKind, Reasoning, ToolCall } from "../../canon/request.ts";
import { toolSearch } from "./tools.ts";
import { extOf, ownOf, spare } from "./wire.ts";

/** The kinds of call, by the type of their item. */
const callKinds: Readonly<Record<string, CallKind>> = {
  function_call: "function",
  custom_tool_call: "custom",
  tool_search_call: "search",
};

/** Which kind of call the caller is to run this item is; a search for tools may also be the provider's own. */
export function callKind(item: Obj): CallKind | undefined {
  const kind = callKinds[text(item.type) ?? ""];
  return kind === "search" && item.execution !== "client" ? undefined : kind;
}

const callMembers = {
  function: new Set(["type", "call_id", "name", "namespace", "arguments"]),
  custom: new Set(["type", "call_id", "name", "namespace", "input"]),
  search: new Set(["type", "call_id", "execution", "arguments"]),
} as const satisfies Record<CallKind, ReadonlySet<string>>;

/** A call as far as the item says it. `dropped`: members of the item that are not kept. */
export function callOf(item: Obj, kind: CallKind, dropped: readonly string[] = []): ToolCall {
  const others = spare(item, new Set([...callMembers[kind], ...dropped]));
  const common = { type: "call" as const, id: text(item.call_id) ?? text(item.id) ?? "", kind };
  if (kind === "search") {
    const spoken = text(item.arguments);
    const own = spoken === undefined ? others : { ...others, arguments: spoken };
    return { ...common, name: toolSearch, input: spoken ?? JSON.stringify(item.arguments ?? {}), ...extOf(own) };
  }
  const input = text(kind === "function" ? item.arguments : item.input) ?? "";
  const { name, namespace } = item;
  return defined({ ...common, name: text(name) ?? "", namespace: text(namespace), input, ...extOf(others) });
}

/** The item of a call, under the id it has on the wire. */
export function encodeCall(call: ToolCall, callId: string): Obj {
  const { name, namespace, input } = call;
  const own = ownOf(call);
  switch (call.kind) {
    case "function":
      return defined({ type: "function_call", call_id: callId, name, namespace, arguments: input, ...own });
    case "custom":
      return defined({ type: "custom_tool_call", call_id: callId, name, namespace, input, ...own });
    case "search":
      return { type: "tool_search_call", execution: "client", call_id: callId, arguments: parsed(input), ...own };
  }
}

/** The arguments of a search are JSON on the wire; what a model wrote may be none. */
function parsed(input: string): Json {
  try {
    return JSON.parse(input) as Json;
  } catch {
    return input;
  }
}

const reasoningMembers = new Set(["type", "summary", "content", "encrypted_content"]);

/** A reasoning item as a block. Parts that are more than their type and text are also kept as they came. */
export function reasoningOf(item: Obj, dropped: readonly string[] = []): Reasoning {
  const cipher = text(item.encrypted_content);
  const content = list(item.content);
  const others = defined({
    ...spare(item, new Set([...reasoningMembers, ...dropped])),
    encrypted_content: item.encrypted_content === null && !dropped.includes("encrypted_content") ? null : undefined,
    summary: odd(item.summary, "summary_text"),
    content: item.content === null ? null : odd(item.content, "reasoning_text"),
  });
  return defined({
    type: "reasoning" as const,
    summary: textsOf(item.summary),
    content: content.length > 0 ? textsOf(content) : undefined,
    native: cipher === undefined || cipher === "" ? undefined : { protocol: "responses" as const, value: cipher },
    ...extOf(Object.keys(others).length > 0 ? others : undefined),
  });
}

function textsOf(parts: Json | undefined): string[] {
  return list(parts).map((part) => text(obj(part).text) ?? "");
}

/** The parts, where one is not simply a text of its type. */
function odd(parts: Json | undefined, type: string): Json | undefined {
  const isPlain = (part: Json): boolean => {
    const { type: given, text: said, ...others } = obj(part);
    return given === type && typeof said === "string" && Object.keys(others).length === 0;
  };
  return list(parts).every(isPlain) ? undefined : parts;
}

/** A reasoning item without its cipher, which is the caller's to add. */
export function encodeReasoning({ summary, content }: Reasoning): { summary: Obj[]; content: Obj[] } {
  return {
    summary: summary.map((part) => ({ type: "summary_text", text: part })),
    content: (content ?? []).map((part) => ({ type: "reasoning_text", text: part })),
  };
}
