/** Wire events of the Messages protocol, and an answer with one of each block, for its tests. */
import { collect, type Event, type Message } from "../../src/canon/event.ts";
import { isObj, type Json, list, type Obj, obj } from "../../src/canon/json.ts";
import { messages } from "../../src/protocols/messages/index.ts";
import { eventsOf } from "../laws/laws.ts";

export const sse = (...events: Obj[]): string =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");

export const start = (more: Obj = {}): Obj => ({
  type: "message_start",
  message: {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "claude",
    content: [],
    stop_reason: null,
    usage: { input_tokens: 10, output_tokens: 1 },
    ...more,
  },
});
export const begin = (index: number, content_block: Obj): Obj => ({
  type: "content_block_start",
  index,
  content_block,
});
export const delta = (index: number, type: string, more: Obj): Obj => ({
  type: "content_block_delta",
  index,
  delta: { type, ...more },
});
export const stop = (index: number): Obj => ({ type: "content_block_stop", index });
export const close = (stop_reason: string | null, more: Obj = {}, usage: Obj = { output_tokens: 5 }): Obj => ({
  type: "message_delta",
  delta: { stop_reason, stop_sequence: null, ...more },
  usage,
});
export const done: Obj = { type: "message_stop" };
export const said = (index: number, text: string): Obj[] => [
  begin(index, { type: "text", text: "" }),
  delta(index, "text_delta", { text }),
  stop(index),
];

export const told = (...events: Obj[]): Message => collect(eventsOf(messages, sse(...events)));
export const failed = (...events: Obj[]): Event | undefined => eventsOf(messages, sse(...events)).at(-1);

const page = {
  type: "web_search_result_location",
  url: "https://c.example",
  title: "C",
  cited_text: "c",
  encrypted_index: "ei",
};
export const passage = {
  type: "page_location",
  cited_text: "p",
  document_index: 0,
  start_page_number: 1,
  end_page_number: 2,
};

export const whole: Obj = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude",
  content: [
    { type: "thinking", thinking: "let me see", signature: "sig" },
    { type: "thinking", thinking: "", signature: "only" },
    { type: "redacted_thinking", data: "blob" },
    { type: "text", text: "found", citations: [page, passage] },
    { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "q", more: 1 } },
    {
      type: "web_search_tool_result",
      tool_use_id: "srvtoolu_1",
      content: [{ type: "web_search_result", url: "u", encrypted_content: "e" }],
    },
    { type: "server_tool_use", id: "srvtoolu_2", name: "bash_code_execution", input: { command: "ls" } },
    { type: "tool_use", id: "toolu_1", name: "f", input: { a: [1, "ü🙂", null] }, caller: { type: "direct" } },
    { type: "tool_use", id: "toolu_2", name: "g", input: {} },
    { type: "compaction", content: "summary" },
    { type: "fallback", from: { model: "a" }, to: { model: "b" } },
  ],
  stop_reason: "tool_use",
  stop_sequence: null,
  container: { id: "container_1" },
  usage: {
    input_tokens: 10,
    cache_read_input_tokens: 4,
    cache_creation_input_tokens: 3,
    output_tokens: 9,
    service_tier: "standard",
  },
};

/** The same answer as Anthropic would stream it, texts cut in pieces of the given size. */
export function streamOf(
  { content, stop_reason, stop_sequence, container, usage, ...head }: Obj,
  size: number,
): string {
  const blocks = list(content)
    .filter(isObj)
    .flatMap((block, index) => [...parts(block, index, size), stop(index)]);
  const { output_tokens, ...input } = obj(usage);
  return sse(
    {
      type: "message_start",
      message: { ...head, content: [], stop_reason: null, usage: { ...input, output_tokens: 1 } },
    },
    { type: "ping" },
    ...blocks,
    {
      type: "message_delta",
      delta: { stop_reason: stop_reason ?? null, stop_sequence: stop_sequence ?? null, container: container ?? null },
      usage: { output_tokens },
    },
    done,
  );
}

function parts(block: Obj, index: number, size: number): Obj[] {
  const pieces = (text: Json | undefined) => String(text).match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
  switch (block.type) {
    case "text": {
      const cited = list(block.citations).map((citation) => delta(index, "citations_delta", { citation }));
      return [
        begin(index, { type: "text", text: "", citations: [] }),
        ...pieces(block.text).map((text) => delta(index, "text_delta", { text })),
        ...cited,
      ];
    }
    case "thinking":
      return [
        begin(index, { type: "thinking", thinking: "", signature: "" }),
        ...pieces(block.thinking).map((thinking) => delta(index, "thinking_delta", { thinking })),
        delta(index, "signature_delta", { signature: block.signature }),
      ];
    case "tool_use":
    case "server_tool_use": {
      const json = JSON.stringify(block.input) === "{}" ? [] : pieces(JSON.stringify(block.input));
      return [
        begin(index, { ...block, input: {} }),
        ...json.map((partial_json) => delta(index, "input_json_delta", { partial_json })),
      ];
    }
    case "compaction":
      return [
        begin(index, { type: "compaction", content: null }),
        delta(index, "compaction_delta", { content: block.content }),
      ];
    default:
      return [begin(index, block)];
  }
}
