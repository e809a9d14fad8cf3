// What OpenAI's two protocols share: errors, headers, usage and how a tool was declared.

import { type Obj, objects, str } from "./json.ts";
import type { CallBlock } from "./script.ts";
import type { Problem, ProviderRequest, Take } from "./wire.ts";

const errors: Record<number, { type: string; code: string | null }> = {
  400: { type: "invalid_request_error", code: null },
  401: { type: "invalid_request_error", code: "invalid_api_key" },
  402: { type: "insufficient_quota", code: "insufficient_quota" },
  404: { type: "invalid_request_error", code: "model_not_found" },
  429: { type: "tokens", code: "rate_limit_exceeded" },
};

export function openaiError(problem: Problem): Obj {
  const status = problem.status ?? 400;
  const known = errors[status] ?? { type: status >= 500 ? "server_error" : "invalid_request_error", code: null };
  return {
    error: {
      message: problem.message,
      type: known.type,
      param: problem.param ?? null,
      code: problem.code ?? known.code,
    },
  };
}

/** Among them are headers that a gateway must not hand down (cookie, organization, model, rate limits). */
export function openaiHeaders(request: ProviderRequest, take: Pick<Take, "id">): Record<string, string> {
  return {
    "x-request-id": take.id("req"),
    "openai-processing-ms": "7",
    "openai-version": "2020-10-01",
    "openai-organization": "simulated-organization",
    ...(/^[\x20-\x7e]+$/.test(request.model) ? { "openai-model": `${request.model}-2026-01-01` } : {}),
    "x-ratelimit-limit-requests": "5000",
    "x-ratelimit-remaining-requests": "4999",
    "x-ratelimit-reset-requests": "12ms",
    "set-cookie": "__cf_bm=simulated; path=/; HttpOnly",
  };
}

/** Every tool of a request with the namespace it stands in; chat's nesting is taken off. */
export function declaredTools(body: Obj): { type: string; name: string; namespace?: string }[] {
  const added = objects(body.input).filter((item) => item.type === "additional_tools");
  return [body, ...added]
    .flatMap((holder) => objects(holder.tools))
    .flatMap((tool) => {
      const type = str(tool.type);
      if (type !== "namespace") {
        const inner = objects([tool[type]])[0];
        return [{ type, name: str(tool.name) || str(inner?.name) }];
      }
      return objects(tool.tools).map((inner) => ({
        type: str(inner.type),
        name: str(inner.name),
        namespace: str(tool.name),
      }));
    });
}

/** A custom tool that the caller declared as a function (for a provider without custom tools) is called as one. */
export function isCustom(block: CallBlock, body: Obj): boolean {
  if (block.input === undefined) return false;
  return !declaredTools(body).some((tool) => tool.name === block.call && tool.type === "function");
}

/** The name under which a protocol without namespaces knows the tool: `namespace__name` if that was declared. */
export function flatName(block: CallBlock, declared: readonly string[]): string {
  const flat = `${block.namespace ?? ""}__${block.call}`;
  return declared.includes(flat) ? flat : block.call;
}

/** A fixed time, so that answers are byte for byte the same from run to run. */
export const createdAt = 1_790_000_000;
