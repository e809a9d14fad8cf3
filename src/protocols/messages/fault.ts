/** Failed answers of Anthropic -> faults, and our faults in its words. */
import { isObj, type Obj, obj, text } from "../../canon/json.ts";
import { Fault, type FaultKind } from "../../fault.ts";

/** A failed answer, whatever its body is: JSON, a page of some proxy, or nothing. */
export function decodeFault(status: number, body: string): Fault {
  const error = obj(parse(body).error);
  const kind = kindOf(error, status);
  return new Fault(kind, messageOf(kind, error), { ...codeOf(error), cause: { status, body: body.slice(0, 2000) } });
}

/** The error object inside a stream or a body that came with status 200. */
export function decodeError(error: Obj): Fault {
  const kind = kindOf(error, undefined);
  return new Fault(kind, messageOf(kind, error), { ...codeOf(error), cause: error });
}

export function encodeFault(fault: Fault, requestId: string): Obj {
  // Claude Code knows a conversation that is too long by these words.
  const tooLong = fault.kind === "context_length" && !/prompt is too long/i.test(fault.message);
  const message = tooLong ? `prompt is too long: ${fault.message}` : fault.message;
  const error = { type: types[fault.kind], message, ...detailsOf(fault), ...fault.extra };
  return { type: "error", error, request_id: requestId };
}

/** Of the conversation that it wanted to leave with Anthropic, the SDK's tool runner sends all if it hears this. */
function detailsOf({ kind, param }: Fault): Obj {
  if (kind !== "unsupported" || param !== "thread") return {};
  return { details: { error_code: "thread_unsupported_request", unsupported: [param] } };
}

const types = {
  bad_request: "invalid_request_error",
  unsupported: "invalid_request_error",
  context_length: "invalid_request_error",
  bad_key: "authentication_error",
  forbidden: "permission_error",
  no_model: "not_found_error",
  not_found: "not_found_error",
  method: "invalid_request_error",
  conflict: "invalid_request_error",
  too_large: "request_too_large",
  media_type: "invalid_request_error",
  upgrade: "invalid_request_error",
  rate_limit: "rate_limit_error",
  quota: "billing_error",
  internal: "api_error",
  upstream: "api_error",
  credential: "api_error",
  busy: "overloaded_error",
  config: "api_error",
  overloaded: "overloaded_error",
  timeout: "timeout_error",
} as const satisfies Record<FaultKind, string>;

const kinds: ReadonlyMap<string, FaultKind> = new Map([
  ["invalid_request_error", "bad_request"],
  ["authentication_error", "credential"],
  ["permission_error", "credential"],
  ["billing_error", "quota"],
  ["not_found_error", "not_found"],
  ["conflict_error", "upstream"],
  ["request_too_large", "too_large"],
  ["rate_limit_error", "rate_limit"],
  ["overloaded_error", "overloaded"],
  ["timeout_error", "timeout"],
]);

const byStatus: ReadonlyMap<number, FaultKind> = new Map([
  [401, "credential"],
  [402, "quota"],
  [403, "credential"],
  [404, "not_found"],
  [408, "timeout"],
  [409, "upstream"],
  [413, "too_large"],
  [429, "rate_limit"],
  [503, "overloaded"],
  [504, "timeout"],
  [529, "overloaded"],
]);

/** What is said where the provider said nothing, or nothing that concerns the caller. */
const messages: Readonly<Partial<Record<FaultKind, string>>> = {
  credential: "The provider does not accept the gateway's credential for this call.",
  quota: "The gateway's account with the provider has no credit left.",
  rate_limit: "The provider limits the rate of calls.",
  overloaded: "The provider is overloaded.",
  timeout: "The provider took too long.",
  too_large: "The request is too large for the provider.",
  not_found: "The provider does not know what was asked for.",
  bad_request: "The provider refused the request.",
};

/** By Anthropic's word for it, or by the status where a proxy answered; then by what the message is known to mean. */
function kindOf(error: Obj, status: number | undefined): FaultKind {
  const message = text(error.message) ?? "";
  const said = kinds.get(text(error.type) ?? "");
  // A general word says less than a status that is not as general.
  const kind = said === undefined || said === "bad_request" ? kindOfStatus(status, said) : said;
  if (kind === "bad_request" && isTooLong(message)) return "context_length";
  if (kind === "bad_request" && /credit balance is too low/i.test(message)) return "quota";
  if (kind === "rate_limit" && /spend_limit|ramp_limit/.test(text(codeOf(error).code) ?? "")) return "quota";
  if (kind === "not_found" && /^model\b/i.test(message)) return "no_model";
  return kind;
}

function kindOfStatus(status: number | undefined, said?: FaultKind): FaultKind {
  if (status === undefined || status < 400) return said ?? "upstream";
  return byStatus.get(status) ?? said ?? (status < 500 ? "bad_request" : "upstream");
}

function isTooLong(message: string): boolean {
  return /prompt is too long|exceed\w* (the )?(model'?s )?(maximum )?context|context (window|limit|length)/i.test(
    message,
  );
}

function codeOf(error: Obj): { code?: string } {
  const code = text(obj(error.details).error_code);
  return code === undefined ? {} : { code };
}

function messageOf(kind: FaultKind, error: Obj): string {
  const own = text(error.message)?.trim() ?? "";
  if (kind === "credential" || own === "") return messages[kind] ?? "The provider failed.";
  return withoutKeys(own).slice(0, 2000);
}

/** Long runs without a space are keys, tokens or signatures; no word, model or id in a message is as long. */
function withoutKeys(message: string): string {
  return message
    .replace(/\b(sk|pk|gbx|key|AIza|xai|gsk)[-_]?[A-Za-z0-9_*-]{8,}/g, "[redacted]")
    .replace(/\bBearer\s+\S+/gi, "Bearer [redacted]")
    .replace(/[A-Za-z0-9_+=*-]{48,}/g, "[redacted]");
}

function parse(body: string): Obj {
  try {
    const value: unknown = JSON.parse(body);
    return isObj(value) ? value : {};
  } catch {
    return {};
  }
}
