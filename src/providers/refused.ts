/** A cloud's refusal in the protocol that its model speaks: its own envelope is no business of the caller's. */
import { isObj, list, obj, text } from "../canon/json.ts";
import type { Place } from "./endpoint.ts";

/**
 * The failed answer with its body in Anthropic's words, where a cloud refused in its own: Amazon says `{"message"}`,
 * Google `{"error":{"code","message","status"}}` or a list of one. What the model itself said passes as it is.
 */
export async function unwrapRefusal(answer: Response, { provider, protocol }: Place): Promise<Response> {
  if (answer.ok || protocol !== "messages" || (provider.endpoint ?? "plain") === "plain") return answer;
  const said = await answer.text();
  const body = bodyOf(said);
  const isAnthropics = body !== undefined && body.type === "error";
  const own = text(body?.message) ?? text(obj(body?.error).message) ?? "";
  // Claude Code knows a conversation that is too long by Anthropic's words for it; Amazon has words of its own.
  const message = /input is too long/i.test(own) ? `prompt is too long: ${own}` : own;
  const told = { type: "error", error: { type: types.get(answer.status) ?? fallback(answer.status), message } };
  return new Response(isAnthropics ? said : JSON.stringify(told), { status: answer.status, headers: answer.headers });
}

function bodyOf(said: string) {
  try {
    const value: unknown = JSON.parse(said);
    const whole = Array.isArray(value) ? list(value)[0] : value;
    return isObj(whole) ? whole : undefined;
  } catch {
    return undefined;
  }
}

function fallback(status: number): string {
  return status < 500 ? "invalid_request_error" : "api_error";
}

const types: ReadonlyMap<number, string> = new Map([
  [401, "authentication_error"],
  [403, "permission_error"],
  [404, "not_found_error"],
  [408, "timeout_error"],
  [413, "request_too_large"],
  [429, "rate_limit_error"],
  [503, "overloaded_error"],
  [504, "timeout_error"],
]);
