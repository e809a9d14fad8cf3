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
    service_tier: tier ?? context.request.tier ?? null,
    usage: usage === undefined ? null : encodeUsage(usage),
    ...(usage?.searches === undefined ? {} : { tool_usage: { web_search: { num_requests: usage.searches } } }),
  });
}

function echoOf(request: CanonRequest): Obj {
  const own = request.ext?.responses ?? {};
  const instructions = request.instructions?.flatMap((block) => (block.type === "text" ? [block.text] : []));
  return {
    access_programs: own.access_programs ?? null,
    instructions: instructions === undefined ? null : instructions.join("\n\n"),
    max_output_tokens: request.maxOutput ?? null,
    max_tool_calls: own.max_tool_calls ?? null,
    metadata: request.metadata ?? {},
    model: request.model,
    parallel_tool_calls: request.parallel ?? true,
    previous_response_id: null,
    prompt_cache_key: request.cacheKey ?? null,
    reasoning: { effort: null, summary: null, ...encodeReasoningOptions(request.reasoning, own.reasoning) },
    safety_identifier: request.user ?? null,
    store: own.store ?? true,
    temperature: request.temperature ?? null,
    text: { format: { type: "text" }, ...encodeText(request, own.text) },
    tool_choice: request.toolChoice === undefined ? "auto" : encodeChoice(request.toolChoice),
    tools: encodeTools(request.tools ?? [], true, "tools"),
    top_logprobs: own.top_logprobs ?? 0,
    top_p: request.topP ?? null,
    truncation: own.truncation ?? "disabled",
  };
}
