/** Failures in OpenAI's words, both ways: as the body of a failed answer and inside a stream. */
import { isObj, type Json, list, type Obj, obj, text } from "../../canon/json.ts";
import { Fault, type FaultDetails, type FaultKind } from "../../fault.ts";

interface Words {
  readonly type: string;
  /** Where absent: the provider's own, or null. */
  readonly code?: string;
  /** What `response.failed` says: Codex tries again after `server_error`, and gives up after the others. */
  readonly failed: string;
}

const request = { type: "invalid_request_error", failed: "invalid_prompt" } as const;
const server = { type: "server_error", failed: "server_error" } as const;

const words = {
  bad_request: request,
  unsupported: request,
  context_length: { ...request, code: "context_length_exceeded", failed: "context_length_exceeded" },
  bad_key: { ...request, code: "invalid_api_key" },
  forbidden: request,
  no_model: { ...request, code: "model_not_found" },
  not_found: request,
  method: request,
  conflict: request,
  too_large: request,
  media_type: request,
  upgrade: request,
  rate_limit: { type: "requests", code: "rate_limit_exceeded", failed: "rate_limit_exceeded" },
  quota: { type: "insufficient_quota", code: "insufficient_quota", failed: "insufficient_quota" },
  internal: server,
  upstream: server,
  credential: server,
  busy: server,
  config: server,
  overloaded: server,
  timeout: server,
} as const satisfies Record<FaultKind, Words>;

/** The body of a failed answer. */
export function encode(fault: Fault): Obj {
  const said: Words = words[fault.kind];
  // A provider that says it is overloaded must not make Codex stop with "at capacity" (wire.md C.26).
  const own = said.type === server.type ? undefined : fault.code;
  const code = said.code ?? own ?? null;
  return { error: { message: fault.message, type: said.type, param: fault.param ?? null, code, ...fault.extra } };
}

/** The `error` of a response that failed. */
export function encodeFailure(fault: Fault): Obj {
  return { code: words[fault.kind].failed, message: fault.message };
}

/** OpenAI's codes and types; what is not here is told by the status. */
const kinds: Readonly<Record<string, FaultKind>> = {
  context_length_exceeded: "context_length",
  insufficient_quota: "quota",
  usage_limit_reached: "quota",
  billing_hard_limit_reached: "quota",
  rate_limit_exceeded: "rate_limit",
  rate_limit_error: "rate_limit",
  server_is_overloaded: "overloaded",
  overloaded_error: "overloaded",
  slow_down: "overloaded",
  model_not_found: "no_model",
  invalid_api_key: "credential",
  authentication_error: "credential",
  permission_error: "credential",
  server_error: "upstream",
  vector_store_timeout: "upstream",
  invalid_prompt: "bad_request",
  content_policy_violation: "bad_request",
  invalid_request_error: "bad_request",
};

const statuses: Readonly<Record<number, FaultKind>> = {
  401: "credential",
  402: "quota",
  403: "credential",
  404: "not_found",
  408: "timeout",
  409: "upstream",
  413: "too_large",
  429: "rate_limit",
  503: "overloaded",
  504: "timeout",
  529: "overloaded",
};

/** The fault in the body of a failed answer, whatever that body is. */
export function decode(status: number, body: string): Fault {
  const error = errorIn(parse(body));
  return error === undefined
    ? faultOf(kindOf(status, {}), `The provider answered with status ${status}.`, body)
    : decodeError(error, status);
}

/** The fault in an error object of a body (with its status) or of a stream (without). */
export function decodeError(error: Obj, status?: number): Fault {
  const message = text(error.message) ?? "The provider failed without saying why.";
  const kind = kindOf(status, error);
  const code = text(error.code);
  const param = text(error.param);
  return faultOf(kind, message, message, {
    ...(code !== undefined && { code }),
    ...(param !== undefined && { param }),
    ...retryAfter(message),
  });
}

function parse(body: string): Json | undefined {
  try {
    return JSON.parse(body) as Json;
  } catch {
    return undefined;
  }
}

/** Where the body keeps its error: under `error` as an object or a text, bare, or in an array. */
function errorIn(body: Json | undefined): Obj | undefined {
  if (Array.isArray(body)) return errorIn(list(body)[0]);
  if (!isObj(body)) return undefined;
  if (isObj(body.error)) return body.error;
  if (typeof body.error === "string") return { message: body.error };
  const response = obj(body.response);
  if (isObj(response.error)) return response.error;
  const message = text(body.message) ?? text(body.detail);
  return message === undefined ? undefined : { ...body, message };
}

const tooLong = /context (window|length)|maximum context|prompt is too long|too many (input )?tokens/i;

function kindOf(status: number | undefined, error: Obj): FaultKind {
  if (status === 401 || status === 403) return "credential";
  const said = kinds[text(error.code) ?? ""] ?? kinds[text(error.type) ?? ""];
  if ((said === undefined || said === "bad_request") && tooLong.test(text(error.message) ?? ""))
    return "context_length";
  if (status === undefined) return said ?? inStream(error);
  // A general word says less than a status that is not as general.
  if (said !== undefined && said !== "bad_request" && said !== "upstream") return said;
  const known = statuses[status];
  if (known !== undefined) return known;
  if (said !== undefined) return said;
  return status >= 400 && status < 500 ? "bad_request" : "upstream";
}

/** OpenAI has many codes for what is wrong with a prompt or an image, and few for itself. */
function inStream(error: Obj): FaultKind {
  return /^(invalid_|image_|empty_image|unsupported_|bio_policy|misalignment|data_residency|failed_to_download)/.test(
    text(error.code) ?? "",
  )
    ? "bad_request"
    : "upstream";
}

const ourKey = "The provider refused the gateway's credential.";

function faultOf(kind: FaultKind, message: string, cause: string, details: FaultDetails = {}): Fault {
  if (kind === "credential") return new Fault(kind, ourKey, { cause: redact(cause) });
  return new Fault(kind, redact(message), { ...details, cause: redact(cause.slice(0, 2000)) });
}

/** What looks like a key, or names the operator's account, is not for callers. */
function redact(message: string): string {
  return message.replace(/\b(?:Bearer\s+\S+|(?:sk|pk|rk|key|org|proj|gbx|xai|gsk|AIza)[-_*A-Za-z0-9]{7,})/g, secret);
}

function secret(found: string): string {
  return /[-_*\s]|^AIza|\d/.test(found) ? "[redacted]" : found;
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** OpenAI says in the sentence how long to wait. */
function retryAfter(message: string): { retryAfterMs?: number } {
  const found = /try again in (\d+(?:\.\d+)?)\s*(ms|s|m)\b/i.exec(message);
  const unit = units[found?.[2]?.toLowerCase() ?? ""];
  return unit === undefined ? {} : { retryAfterMs: Math.ceil(Number(found?.[1]) * unit) };
}
