// OpenAI Responses: a take as a response object and as its complete event sequence.

import { type Obj, obj, objects, str } from "./json.ts";
import { createdAt, declaredTools, isCustom, openaiError, openaiHeaders } from "./openai.ts";
import { responsesChecks } from "./responses-check.ts";
import { itemEvents, type RenderedItem } from "./responses-events.ts";
import type { Block, CallBlock } from "./script.ts";
import { argumentsText } from "./take.ts";
import type { Entry, Frames, ProviderRequest, Take, Wire } from "./wire.ts";

export const responses: Wire = {
  protocol: "responses",
  checks: responsesChecks,
  entries,
  wantsReasoning: (body) => {
    const { effort, summary } = obj(body.reasoning);
    return (typeof effort === "string" && effort !== "none") || typeof summary === "string";
  },
  json: (take, request) => finished(take, request),
  stream,
  error: openaiError,
  streamError,
  badFrame: 'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":\n\n',
  headers: openaiHeaders,
};

function entries(body: Obj): Entry[] {
  if (typeof body.input === "string") return [{ who: "user", text: body.input }];
  return objects(body.input).flatMap((item): Entry[] => {
    const type = str(item.type) || "message";
    if (type.endsWith("_output")) return [{ who: "tool", text: "" }];
    if (type === "reasoning" || type.endsWith("_call")) return [{ who: "assistant", text: "" }];
    if (type !== "message") return [];
    if (item.role === "assistant") return [{ who: "assistant", text: "" }];
    if (item.role !== "user") return [];
    if (typeof item.content === "string") return [{ who: "user", text: item.content }];
    const texts = objects(item.content).filter((part) => part.type === "input_text");
    return texts.map((part) => ({ who: "user", text: str(part.text) }));
  });
}

function stream(take: Take, request: ProviderRequest): Frames {
  const last = finished(take, request);
  const begun = responseObject(take, request, { status: "in_progress", output: [], usage: null });
  const events: Obj[] = [
    { type: "response.created", response: begun },
    { type: "response.in_progress", response: begun },
    ...items(take, request).flatMap(itemEvents),
    { type: `response.${str(last.status)}`, response: last },
  ];
  return { frames: events.map(frame), tail: 1 };
}

/** As OpenAI does: an `error` event, then `response.failed`. */
function streamError(sent: number, take: Take, request: ProviderRequest): string[] {
  const error = { code: "server_error", message: "[simulated] The server had an error while processing your request." };
  const failed = responseObject(take, request, { status: "failed", error, output: [], usage: null });
  const events: Obj[] = [
    { type: "error", ...error, param: null },
    { type: "response.failed", response: failed },
  ];
  return events.map((event, index) => frame(event, sent + index));
}

function frame(event: Obj, sequence: number): string {
  const { type, ...fields } = event;
  return `event: ${str(type)}\ndata: ${JSON.stringify({ type, sequence_number: sequence, ...fields })}\n\n`;
}

function finished(take: Take, request: ProviderRequest): Obj {
  const reason = incompleteReason(take);
  const { input, cached, cacheWrite, output, reasoning } = take.usage;
  return responseObject(take, request, {
    status: reason === undefined ? "completed" : "incomplete",
    completed_at: reason === undefined ? createdAt + 1 : null,
    incomplete_details: reason === undefined ? null : { reason },
    output: items(take, request).map((rendered) => rendered.item),
    usage: {
      input_tokens: input,
      input_tokens_details: { cached_tokens: cached, cache_write_tokens: cacheWrite },
      output_tokens: output,
      output_tokens_details: { reasoning_tokens: reasoning },
      total_tokens: input + output,
    },
  });
}

function incompleteReason(take: Take): string | undefined {
  if (take.finish === "length") return "max_output_tokens";
  return take.finish === "content_filter" ? "content_filter" : undefined;
}

/** Every member that OpenAI always sends. */
function responseObject(take: Take, { body, model }: ProviderRequest, changes: Obj): Obj {
  return {
    id: take.id("resp"),
    object: "response",
    created_at: createdAt,
    status: "in_progress",
    billing: { payer: "developer" },
    completed_at: null,
    error: null,
    frequency_penalty: 0,
    incomplete_details: null,
    model,
    moderation: null,
    output: [],
    presence_penalty: 0,
    tool_usage: { web_search: { num_requests: 0 } },
    usage: null,
    ...echoed(body),
    ...changes,
  };
}

/** The request as OpenAI echoes it, with its defaults. */
function echoed(body: Obj): Obj {
  return {
    background: body.background ?? false,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    max_tool_calls: body.max_tool_calls ?? null,
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: body.previous_response_id ?? null,
    prompt_cache_key: body.prompt_cache_key ?? null,
    prompt_cache_retention: body.prompt_cache_retention ?? null,
    reasoning: { effort: null, summary: null, ...obj(body.reasoning) },
    safety_identifier: body.safety_identifier ?? null,
    service_tier: body.service_tier === undefined || body.service_tier === "auto" ? "default" : body.service_tier,
    store: body.store ?? true,
    temperature: body.temperature ?? 1,
    text: { format: { type: "text" }, verbosity: "medium", ...obj(body.text) },
    tool_choice: body.tool_choice ?? "auto",
    tools: objects(body.tools).map(echoedTool),
    top_logprobs: body.top_logprobs ?? 0,
    top_p: body.top_p ?? 1,
    truncation: body.truncation ?? "disabled",
    access_programs: body.access_programs ?? null,
    user: body.user ?? null,
    metadata: body.metadata ?? {},
  };
}

function echoedTool(tool: Obj): Obj {
  return tool.type === "function" ? { description: null, parameters: null, strict: true, ...tool } : tool;
}

/** Neighbouring text and refusal blocks are the parts of one message; every other block is an item. */
function items(take: Take, request: ProviderRequest): RenderedItem[] {
  const rendered: RenderedItem[] = [];
  let message: Obj[] | undefined;
  for (const [index, block] of take.blocks.entries()) {
    const part = messagePart(block);
    if (part === undefined) {
      message = undefined;
      const item = blockItem(block, index, take, request);
      if (item !== undefined) rendered.push({ index: rendered.length, item });
    } else if (message === undefined) {
      message = [part];
      const id = take.id("msg", index);
      const item = { id, type: "message", status: "completed", role: "assistant", content: message };
      rendered.push({ index: rendered.length, item });
    } else message.push(part);
  }
  const last = rendered.at(-1);
  if (last !== undefined && incompleteReason(take) !== undefined && "status" in last.item)
    last.item.status = "incomplete";
  return rendered;
}

function messagePart(block: Block): Obj | undefined {
  if ("text" in block) return { type: "output_text", annotations: [], logprobs: [], text: block.text };
  return "refusal" in block ? { type: "refusal", refusal: block.refusal } : undefined;
}

function blockItem(block: Block, index: number, take: Take, request: ProviderRequest): Obj | undefined {
  if ("reasoning" in block) {
    return {
      id: take.id("rs", index),
      type: "reasoning",
      encrypted_content: block.signature ?? take.signature(index),
      summary: block.reasoning === "" ? [] : [{ type: "summary_text", text: block.reasoning }],
    };
  }
  if ("call" in block) return callItem(block, index, take, request.body);
  if (!("image" in block)) return undefined;
  return {
    id: take.id("ig", index),
    type: "image_generation_call",
    status: "completed",
    background: "opaque",
    output_format: "png",
    quality: "low",
    result: block.image,
    size: "1024x1024",
  };
}

function callItem(block: CallBlock, index: number, take: Take, body: Obj): Obj {
  const namespace = block.namespace ?? namespaceOf(block.call, body);
  const common = {
    status: "completed",
    call_id: block.id ?? take.id("call", index),
    name: block.call,
    ...(namespace === undefined ? {} : { namespace }),
  };
  return isCustom(block, body)
    ? { id: take.id("ctc", index), type: "custom_tool_call", ...common, input: block.input }
    : { id: take.id("fc", index), type: "function_call", ...common, arguments: argumentsText(block) };
}

/** The namespace in which the tool was declared, unless it was declared at the top as well. */
function namespaceOf(name: string, body: Obj): string | undefined {
  const declared = declaredTools(body).filter((tool) => tool.name === name);
  return declared.some((tool) => tool.namespace === undefined) ? undefined : declared[0]?.namespace;
}
