/**
 * What is asked and what is answered in the benchmark: a request of about 1 KB, JSON answers of about 1 KB, and streams of
 * about 200 events of 150 to 180 bytes, in each protocol. The mock provider sends them as they stand here.
 */
import type { ProtocolId } from "../../src/canon/request.ts";

/** A protocol's answers: a JSON body, and the body of an event stream. */
export interface Canned {
  readonly json: string;
  readonly stream: string;
}

/** Protocols in which the gateway is called. */
export type CallerId = "chat" | "responses";

/** The beginning of the first content of every stream; its first character stands in it once. */
export const mark = "~first";

const deltas = 196;
const created = 1_780_000_000;
const words = "the quick brown fox jumps over the lazy dog and then rests a while in the shade of an old tree ";

/** The answers of each protocol. */
export function canned(): Readonly<Record<ProtocolId, Canned>> {
  return {
    chat: { json: chatJson(), stream: chatStream() },
    responses: { json: responsesJson(), stream: responsesStream() },
    messages: { json: messagesJson(), stream: messagesStream() },
    gemini: { json: geminiJson(), stream: geminiStream() },
  };
}

export const paths = {
  chat: "/v1/chat/completions",
  responses: "/v1/responses",
} as const satisfies Record<CallerId, string>;

/** The body of a call: some instructions and a question, as a client's SDK prints it. */
export function question(caller: CallerId, model: string, stream: boolean): string {
  const [instructions, input] = [prose(600), prose(300)];
  switch (caller) {
    case "chat": {
      const messages = [
        { role: "system", content: instructions },
        { role: "user", content: input },
      ];
      return JSON.stringify({ model, messages, stream });
    }
    case "responses":
      return JSON.stringify({ model, instructions, input, stream, store: false });
  }
}

function prose(length: number): string {
  return words.repeat(Math.ceil(length / words.length)).slice(0, length);
}

/** The text of each delta, of such a length that the events have the size they should have. */
function texts(length: number): readonly string[] {
  const cut = (index: number): string =>
    prose(length + words.length).slice(index % words.length, (index % words.length) + length);
  return Array.from({ length: deltas }, (_, index) => (index === 0 ? `${mark} ` : cut(index)));
}

function print(events: readonly object[], named: boolean, newline = "\n"): string {
  const name = (event: object): string => (named && "type" in event ? `event: ${event.type}${newline}` : "");
  return events.map((event) => `${name(event)}data: ${JSON.stringify(event)}${newline}${newline}`).join("");
}

function chatJson(): string {
  const message = { role: "assistant", content: prose(700), refusal: null, annotations: [] };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: "stop" }];
  return JSON.stringify({
    id: "chatcmpl-bench",
    object: "chat.completion",
    created,
    model: "bench",
    choices,
    usage: chatUsage,
  });
}

const chatUsage = {
  prompt_tokens: 200,
  completion_tokens: 200,
  total_tokens: 400,
  prompt_tokens_details: { cached_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0 },
};

function chatStream(): string {
  const chunk = (choices: readonly object[]): object => {
    return { id: "chatcmpl-bench", object: "chat.completion.chunk", created, model: "bench", choices };
  };
  const delta = (delta: object, reason: string | null = null): object =>
    chunk([{ index: 0, delta, finish_reason: reason }]);
  const events = [
    delta({ role: "assistant", content: "" }),
    ...texts(10).map((content) => delta({ content })),
    delta({}, "stop"),
    { ...chunk([]), usage: chatUsage },
  ];
  return `${print(events, false)}data: [DONE]\n\n`;
}

const responsesUsage = {
  input_tokens: 200,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 200,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 400,
};

function responsesMessage(text: string): object {
  const content = [{ type: "output_text", text, annotations: [] }];
  return { id: "msg_bench", type: "message", status: "completed", role: "assistant", content };
}

function response(status: string, output: readonly object[], usage: object | null): object {
  return { id: "resp_bench", object: "response", created_at: created, status, model: "bench", output, usage };
}

function responsesJson(): string {
  return JSON.stringify(response("completed", [responsesMessage(prose(700))], responsesUsage));
}

function responsesStream(): string {
  const all = texts(8);
  const text = all.join("");
  const place = { item_id: "msg_bench", output_index: 0, content_index: 0 };
  const started = { id: "msg_bench", type: "message", status: "in_progress", role: "assistant", content: [] };
  const part = { type: "output_text", text: "", annotations: [] };
  const events = [
    { type: "response.created", response: response("in_progress", [], null) },
    { type: "response.in_progress", response: response("in_progress", [], null) },
    { type: "response.output_item.added", output_index: 0, item: started },
    { type: "response.content_part.added", ...place, part },
    ...all.map((delta) => ({ type: "response.output_text.delta", ...place, delta })),
    { type: "response.output_text.done", ...place, text },
    { type: "response.content_part.done", ...place, part: { ...part, text } },
    { type: "response.output_item.done", output_index: 0, item: responsesMessage(text) },
    { type: "response.completed", response: response("completed", [responsesMessage(text)], responsesUsage) },
  ];
  return print(
    events.map((event, index) => ({ ...event, sequence_number: index })),
    true,
  );
}

function messagesJson(): string {
  const content = [{ type: "text", text: prose(750) }];
  return JSON.stringify({
    ...assistant,
    content,
    stop_reason: "end_turn",
    usage: { input_tokens: 200, output_tokens: 200 },
  });
}

const assistant = { id: "msg_bench", type: "message", role: "assistant", model: "bench", stop_sequence: null };

function messagesStream(): string {
  const message = { ...assistant, content: [], stop_reason: null, usage: { input_tokens: 200, output_tokens: 1 } };
  const stop = { stop_reason: "end_turn", stop_sequence: null };
  const events = [
    { type: "message_start", message },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    ...texts(48).map((text) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } })),
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: stop, usage: { output_tokens: 200 } },
    { type: "message_stop" },
  ];
  return print(events, true);
}

const geminiUsage = { promptTokenCount: 200, candidatesTokenCount: 200, totalTokenCount: 400 };

function geminiPart(text: string, end?: "STOP"): object {
  const candidate = { content: { parts: [{ text }], role: "model" }, index: 0, ...(end && { finishReason: end }) };
  return {
    candidates: [candidate],
    ...(end && { usageMetadata: geminiUsage }),
    modelVersion: "bench",
    responseId: "bench",
  };
}

function geminiJson(): string {
  return JSON.stringify(geminiPart(prose(750), "STOP"));
}

function geminiStream(): string {
  const events = [...texts(36).map((text) => geminiPart(text)), geminiPart("", "STOP")];
  return print(events, false, "\r\n");
}
