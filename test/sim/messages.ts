// Anthropic Messages: a take as a message and as its event sequence.

import { type Obj, obj, objects, str } from "./json.ts";
import { messagesChecks } from "./messages-check.ts";
import { flatName } from "./openai.ts";
import type { Block, Finish } from "./script.ts";
import { argumentsText, argumentsValue, chop, words } from "./take.ts";
import type { Entry, Frames, Problem, ProviderRequest, Take, Wire } from "./wire.ts";

export const messages: Wire = {
  protocol: "messages",
  checks: messagesChecks,
  entries,
  wantsReasoning: (body) => ["adaptive", "enabled", "between_tools"].includes(str(obj(body.thinking).type)),
  json: (take, request) => ({
    ...opening(take, request),
    ...ending(take, request.body),
    content: content(take, request.body),
    usage: wholeUsage(take),
  }),
  stream,
  error,
  streamError: (_sent, take) => [
    frame("error", {
      error: { details: null, type: "overloaded_error", message: "[simulated] Overloaded" },
      request_id: take.id("req"),
    }),
  ],
  badFrame: 'event: content_block_delta\ndata: {"type":"content_block_delta","index":\n\n',
  headers: (_request, take) => ({
    "request-id": take.id("req"),
    "anthropic-organization-id": "00000000-0000-4000-8000-000000000000",
    "anthropic-ratelimit-requests-limit": "4000",
    "anthropic-ratelimit-requests-remaining": "3999",
    "anthropic-ratelimit-requests-reset": "2026-01-01T00:00:00Z",
    "set-cookie": "_cfuvid=simulated; path=/; HttpOnly",
  }),
};

const stopReasons: Record<Finish, string> = {
  stop: "end_turn",
  length: "max_tokens",
  tool_calls: "tool_use",
  refusal: "refusal",
  content_filter: "refusal",
  stop_sequence: "stop_sequence",
};

const errorTypes: Record<number, string> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  409: "conflict_error",
  413: "request_too_large",
  429: "rate_limit_error",
  504: "timeout_error",
  529: "overloaded_error",
};

function error(problem: Problem, take: Pick<Take, "id">): Obj {
  const status = problem.status ?? 400;
  const type = errorTypes[status] ?? (status < 500 ? "invalid_request_error" : "api_error");
  return { type: "error", error: { type, message: problem.message }, request_id: take.id("req") };
}

function entries(body: Obj): Entry[] {
  return objects(body.messages).flatMap((message): Entry[] => {
    if (message.role === "assistant") return [{ who: "assistant", text: "" }];
    if (message.role !== "user") return [];
    if (typeof message.content === "string") return [{ who: "user", text: message.content }];
    const blocks = objects(message.content);
    if (blocks.some((block) => block.type === "tool_result")) return [{ who: "tool", text: "" }];
    return blocks.filter((block) => block.type === "text").map((block) => ({ who: "user", text: str(block.text) }));
  });
}

function opening(take: Take, { model }: ProviderRequest): Obj {
  return {
    id: take.id("msg"),
    type: "message",
    role: "assistant",
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    container: null,
    diagnostics: null,
    usage: { ...wholeUsage(take), output_tokens: 1, output_tokens_details: { thinking_tokens: 0 } },
  };
}

function ending(take: Take, body: Obj): Obj {
  const reason = stopReasons[take.finish];
  const refusal = take.blocks.flatMap((block) => ("refusal" in block ? [block.refusal] : []))[0];
  const sequences = Array.isArray(body.stop_sequences) ? body.stop_sequences : [];
  return {
    stop_reason: reason,
    stop_sequence: reason === "stop_sequence" ? (sequences[0] ?? null) : null,
    stop_details: reason === "refusal" ? { type: "refusal", category: null, explanation: refusal ?? null } : null,
  };
}

/** As it stands in a message; a stream's message_delta has only the counts. */
function wholeUsage(take: Take): Obj {
  const written = { ephemeral_5m_input_tokens: take.usage.cacheWrite, ephemeral_1h_input_tokens: 0 };
  return { ...usage(take), cache_creation: written, service_tier: "standard", inference_geo: "global" };
}

/** `input_tokens` is what was neither read from nor written to the cache. */
function usage({ usage: { input, cached, cacheWrite, output, reasoning } }: Take): Obj {
  return {
    input_tokens: input - cached - cacheWrite,
    cache_creation_input_tokens: cacheWrite,
    cache_read_input_tokens: cached,
    output_tokens: output,
    output_tokens_details: { thinking_tokens: reasoning },
    server_tool_use: null,
  };
}

function content(take: Take, body: Obj): Obj[] {
  return take.blocks.flatMap((block, index) => {
    const whole = contentBlock(block, index, take, body);
    return whole === undefined ? [] : [whole];
  });
}

/** The whole block, or nothing where the protocol has none. `display: "omitted"` leaves only the signature. */
function contentBlock(block: Block, index: number, take: Take, body: Obj): Obj | undefined {
  if ("text" in block) return { type: "text", text: block.text };
  if ("refusal" in block) return { type: "text", text: block.refusal };
  if ("redacted" in block) return { type: "redacted_thinking", data: block.redacted };
  if ("reasoning" in block) {
    const thinking = obj(body.thinking).display === "omitted" ? "" : block.reasoning;
    return { type: "thinking", thinking, signature: block.signature ?? take.signature(index) };
  }
  if (!("call" in block)) return undefined;
  const declared = objects(body.tools).map((tool) => str(tool.name));
  const id = block.id ?? take.id("toolu", index);
  return { type: "tool_use", id, name: flatName(block, declared), input: argumentsValue(block) };
}

function stream(take: Take, request: ProviderRequest): Frames {
  let started = 0;
  const frames = [
    frame("message_start", { message: opening(take, request) }),
    frame("ping", {}),
    ...take.blocks.flatMap((block, index) => {
      const whole = contentBlock(block, index, take, request.body);
      return whole === undefined ? [] : blockFrames(whole, block, started++);
    }),
    frame("message_delta", {
      delta: { ...ending(take, request.body), container: null },
      usage: usage(take),
    }),
    frame("message_stop", {}),
  ];
  return { frames, tail: 1 };
}

function blockFrames(whole: Obj, block: Block, index: number): string[] {
  const delta = (fields: Obj): string => frame("content_block_delta", { index, delta: fields });
  const start = (fields: Obj): string =>
    frame("content_block_start", { index, content_block: { ...whole, ...fields } });
  const stop = frame("content_block_stop", { index });
  switch (whole.type) {
    case "text":
      return [start({ text: "" }), ...words(str(whole.text)).map((text) => delta({ type: "text_delta", text })), stop];
    case "thinking":
      return [
        start({ thinking: "", signature: "" }),
        ...words(str(whole.thinking)).map((thinking) => delta({ type: "thinking_delta", thinking })),
        delta({ type: "signature_delta", signature: whole.signature }),
        stop,
      ];
    case "tool_use":
      return [
        start({ input: {} }),
        ...inputPieces(block).map((partial) => delta({ type: "input_json_delta", partial_json: partial })),
        stop,
      ];
    default:
      return [start({}), stop];
  }
}

/** An empty input streams no delta at all; any other begins with an empty one. */
function inputPieces(block: Block): string[] {
  const text = "call" in block ? argumentsText(block) : "{}";
  return text === "{}" || text === "" ? [] : ["", ...chop(text, 12)];
}

function frame(type: string, fields: Obj): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}
