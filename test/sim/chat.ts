// OpenAI Chat Completions: a take as a completion and as its chunks.

import { chatChecks } from "./chat-check.ts";
import { type Obj, obj, objects, str } from "./json.ts";
import { createdAt, declaredTools, flatName, isCustom, openaiError, openaiHeaders } from "./openai.ts";
import type { CallBlock, Finish } from "./script.ts";
import { argumentsText, chop, words } from "./take.ts";
import type { Entry, Frames, ProviderRequest, Take, Wire } from "./wire.ts";

export const chat: Wire = {
  protocol: "chat",
  checks: chatChecks,
  entries,
  wantsReasoning: (body) => typeof body.reasoning_effort === "string" && body.reasoning_effort !== "none",
  json,
  stream,
  error: openaiError,
  streamError: () => {
    const error = { message: "[simulated] The server had an error.", type: "server_error", param: null, code: null };
    return [frame({ error })];
  },
  badFrame: 'data: {"id":"chatcmpl-broken","choices":[\n\n',
  headers: openaiHeaders,
};

const finishReasons: Record<Finish, string> = {
  stop: "stop",
  length: "length",
  tool_calls: "tool_calls",
  refusal: "stop",
  content_filter: "content_filter",
  stop_sequence: "stop",
};

function entries(body: Obj): Entry[] {
  return objects(body.messages).flatMap((message): Entry[] => {
    if (message.role === "tool" || message.role === "function") return [{ who: "tool", text: "" }];
    if (message.role === "assistant") return [{ who: "assistant", text: "" }];
    if (message.role !== "user") return [];
    if (typeof message.content === "string") return [{ who: "user", text: message.content }];
    const texts = objects(message.content).filter((part) => part.type === "text");
    return texts.map((part) => ({ who: "user", text: str(part.text) }));
  });
}

function json(take: Take, request: ProviderRequest): Obj {
  const message = wholeMessage(take, request.body);
  return {
    ...envelope(take, request, "chat.completion"),
    choices: choiceIndexes(request.body).map((index) => ({
      index,
      message,
      logprobs: null,
      finish_reason: finishReasons[take.finish],
    })),
    usage: usage(take),
  };
}

function wholeMessage(take: Take, body: Obj): Obj {
  const joined = (kind: "text" | "refusal" | "reasoning"): string | null => {
    const found = take.blocks.flatMap((block) => (kind in block ? [str(obj(block)[kind])] : []));
    return found.length === 0 ? null : found.join("");
  };
  const reasoning = joined("reasoning");
  const calls = take.blocks.flatMap((block, index) => ("call" in block ? [toolCall(block, index, take, body)] : []));
  return {
    role: "assistant",
    content: joined("text"),
    refusal: joined("refusal"),
    ...(reasoning === null ? {} : { reasoning_content: reasoning }),
    annotations: [],
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

function toolCall(block: CallBlock, index: number, take: Take, body: Obj): Obj {
  const id = block.id ?? take.id("call", index);
  if (isCustom(block, body)) return { id, type: "custom", custom: { name: block.call, input: block.input } };
  const declared = declaredTools(body).map((tool) => tool.name);
  return { id, type: "function", function: { name: flatName(block, declared), arguments: argumentsText(block) } };
}

function stream(take: Take, request: ProviderRequest): Frames {
  const wantsUsage = obj(request.body.stream_options).include_usage === true;
  const head = envelope(take, request, "chat.completion.chunk");
  const chunk = (choices: Obj[], extra: Obj): string => frame({ ...head, choices, ...extra });
  const silent = wantsUsage ? { usage: null } : {};
  const frames = choiceIndexes(request.body).flatMap((index) => [
    ...deltas(take, request.body).map((delta) =>
      chunk([{ index, delta, logprobs: null, finish_reason: null }], silent),
    ),
    chunk([{ index, delta: {}, logprobs: null, finish_reason: finishReasons[take.finish] }], silent),
  ]);
  if (wantsUsage) frames.push(chunk([], { usage: usage(take) }));
  return { frames: [...frames, "data: [DONE]\n\n"], tail: 1 };
}

function deltas(take: Take, body: Obj): Obj[] {
  const hasText = take.blocks.some((block) => "text" in block);
  let calls = 0;
  return [
    { role: "assistant", content: hasText ? "" : null, refusal: null },
    ...take.blocks.flatMap((block, index): Obj[] => {
      if ("text" in block) return words(block.text).map((content) => ({ content }));
      if ("refusal" in block) return words(block.refusal).map((refusal) => ({ refusal }));
      if ("reasoning" in block) return words(block.reasoning).map((text) => ({ reasoning_content: text }));
      if ("call" in block) return callDeltas(toolCall(block, index, take, body), calls++);
      return [];
    }),
  ];
}

/** The first delta of a call has id, type and name; the others only the index and a piece. */
function callDeltas(call: Obj, index: number): Obj[] {
  const type = str(call.type);
  const member = type === "custom" ? "input" : "arguments";
  const whole = obj(call[type]);
  const first = { tool_calls: [{ index, ...call, [type]: { ...whole, [member]: "" } }] };
  const pieces = chop(str(whole[member]), 12);
  return [first, ...pieces.map((piece) => ({ tool_calls: [{ index, [type]: { [member]: piece } }] }))];
}

function choiceIndexes(body: Obj): number[] {
  return Array.from({ length: typeof body.n === "number" ? body.n : 1 }, (_, index) => index);
}

function envelope(take: Take, { body, model }: ProviderRequest, object: string): Obj {
  return {
    id: take.id("chatcmpl").replace("_", "-"),
    object,
    created: createdAt,
    model,
    service_tier: body.service_tier === undefined || body.service_tier === "auto" ? "default" : body.service_tier,
    system_fingerprint: "fp_simulated",
  };
}

function usage({ usage: { input, cached, cacheWrite, output, reasoning } }: Take): Obj {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached, cache_write_tokens: cacheWrite, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

function frame(data: Obj): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
