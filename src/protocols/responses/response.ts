/** The response object: what was asked, echoed, around what was answered. */
import type { Json, Obj } from "../../canon/json.ts";
import type { CanonRequest } from "../../canon/request.ts";
import type { Usage } from "../../canon/usage.ts";
import type { ReplyContext } from "../protocol.ts";
import { encodeReasoningOptions, encodeText } from "./options.ts";
import { encodeChoice, encodeTools } from "./tools.ts";
import { encodeUsage } from "./usage.ts";

/** The part of a response object that the answer decides. */
export interface Told {
  readonly status: "in_progress" | "completed" | "incomplete" | "failed";
  readonly output: readonly Obj[];
  readonly usage?: Usage;
  readonly error?: Obj;
  readonly incomplete?: Json;
  readonly tier?: Json;
}

/** The response object at each moment of one answer. All its always-present members are there from the start. */
export function responseObject(context: ReplyContext): (told: Told) => Obj {
  const echo = echoOf(context.request);
  return ({ status, output, usage, error, incomplete, tier }) => ({
    id: `resp_${context.id}`,
    object: "response",
    created_at: context.createdAt,
    status,
    background: false,
    completed_at: status === "completed" ? context.createdAt : null,
    error: error ?? null,
    incomplete_details: incomplete ?? null,
    output,
    ...echo,
    service_tier: tier ?? context.request.tier ?? "auto",
    usage: usage === undefined ? null : encodeUsage(usage),
    ...(usage?.searches === undefined ? {} : { tool_usage: toolUsage(usage.searches) }),
  });
}

/** What hosted tools counted. The one that draws pictures is never run for another API. */
function toolUsage(searches: number): Obj {
  const none = { image_tokens: 0, text_tokens: 0 };
  const image_gen = { input_tokens: 0, input_tokens_details: none, output_tokens: 0, output_tokens_details: none };
  return { image_gen: { ...image_gen, total_tokens: 0 }, web_search: { num_requests: searches } };
}

/** The request as this API tells it back: with its own defaults, as OpenAI does, where nothing else was asked for. */
function echoOf(request: CanonRequest): Obj {
  const own = request.ext?.responses ?? {};
  const instructions = request.instructions?.flatMap((block) => (block.type === "text" ? [block.text] : []));
  return {
    access_programs: own.access_programs ?? null,
    frequency_penalty: request.frequencyPenalty ?? 0,
    instructions: instructions === undefined ? null : instructions.join("\n\n"),
    max_output_tokens: request.maxOutput ?? null,
    max_tool_calls: own.max_tool_calls ?? null,
    metadata: request.metadata ?? {},
    model: request.model,
    parallel_tool_calls: request.parallel ?? true,
    presence_penalty: request.presencePenalty ?? 0,
    previous_response_id: null,
    prompt_cache_key: request.cacheKey ?? null,
    reasoning: { effort: null, summary: null, ...encodeReasoningOptions(request.reasoning, own.reasoning) },
    safety_identifier: request.user ?? null,
    store: own.store ?? true,
    temperature: request.temperature ?? 1,
    text: { format: { type: "text" }, ...encodeText(request, own.text) },
    tool_choice: request.toolChoice === undefined ? "auto" : encodeChoice(request.toolChoice),
    tools: encodeTools(request.tools ?? [], true, "tools"),
    top_logprobs: own.top_logprobs ?? 0,
    top_p: request.topP ?? 1,
    truncation: own.truncation ?? "disabled",
  };
}
