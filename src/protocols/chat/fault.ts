/** What went wrong, read from the failed answers of Chat servers and said as OpenAI says it. */
import { defined, isObj, type Json, list, number, type Obj, obj, text } from "../../canon/json.ts";
import { Fault, type FaultKind } from "../../fault.ts";

/** What providers call it, in `code` or `type`; goes before the status, which proxies change. */
const kinds: Readonly<Record<string, FaultKind>> = {
  context_length_exceeded: "context_length",
  too_many_prompt_tokens: "context_length",
  invalid_api_key: "credential",
  authentication_error: "credential",
  insufficient_quota: "quota",
  rate_limit_exceeded: "rate_limit",
  ratelimitreached: "rate_limit",
  rate_limit_error: "rate_limit",
  model_not_found: "no_model",
  server_is_overloaded: "overloaded",
  slow_down: "overloaded",
  overloaded_error: "overloaded",
  content_policy_violation: "bad_request",
  invalid_prompt: "bad_request",
};

const statuses: Readonly<Record<number, FaultKind>> = {
  401: "credential",
  402: "quota",
  403: "credential",
  404: "not_found",
  408: "timeout",
  409: "upstream",
  413: "too_large",
  415: "media_type",
  429: "rate_limit",
  503: "overloaded",
  504: "timeout",
  524: "timeout",
  529: "overloaded",
};

const tooLong =
  /context[ _-]?(length|window|size)|maximum context|(prompt|input|request) (is |was )?too long|too many (prompt |input )?tokens|length of all messages is too long/i;

/** A failed answer as a fault. Whatever is wrong with our credential is not the caller's to mend. */
export function decode(status: number, body: string): Fault {
  const parsed = parse(body);
  const whole = Array.isArray(parsed) ? parsed[0] : parsed;
  if (isObj(whole)) return read(isObj(whole.error) ? whole.error : whole, status);
  const plain = body.trim();
  const isMessage = plain !== "" && plain.length <= 500 && !plain.startsWith("<");
  return made(status, { message: isMessage ? plain : undefined });
}

function parse(body: string): Json | undefined {
  try {
    return JSON.parse(body) as Json;
  } catch {
    return undefined;
  }
}

/** The fault that a chunk of a stream, or an answer with status 200, says it is; `undefined` where it is none. */
export function faultOf(body: Obj, event?: string): Fault | undefined {
  const choice = obj(list(body.choices)[0]);
  const error = [body.error, choice.error].find((value) => isObj(value) || (typeof value === "string" && value !== ""));
  if (isObj(error)) return read(error, 502);
  if (error !== undefined || event === "error" || body.object === "error") return read(body, 502);
  const ending = text(choice.finish_reason)?.toLowerCase() ?? "";
  return failures.has(ending) ? made(502, {}) : undefined;
}

/** Finish reasons of answers that are none: OpenRouter's and Mistral's, DeepSeek's, Z.ai's. */
const failures: ReadonlySet<string> = new Set(["error", "insufficient_system_resource", "network_error"]);

/** `status` goes for one that the error object does not give itself, as a number or in digits. */
function read(error: Obj, status: number): Fault {
  const code = text(error.code) ?? undefined;
  const own =
    number(error.status_code) ?? number(error.code) ?? (/^[45]\d\d$/.test(code ?? "") ? Number(code) : status);
  const first = obj(list(error.detail)[0]);
  const message =
    text(error.message) ??
    text(error.error) ??
    text(error.detail) ??
    text(first.msg) ??
    text(obj(error.message).detail);
  const given = status === 502 && own >= 400 && own <= 599 ? own : status;
  return made(given, { message, code, type: text(error.type), param: text(error.param) });
}

interface Said {
  readonly message?: string | undefined;
  readonly code?: string | undefined;
  readonly type?: string | undefined;
  readonly param?: string | undefined;
}

function made(status: number, { message, code, type, param }: Said): Fault {
  const kind = kindOf(status, message ?? "", [code, type]);
  if (kind === "credential") return new Fault(kind, "The provider refused the gateway's credential.");
  const isWord = code !== undefined && !/^\d*$/.test(code);
  const shown = message === undefined || message === "" ? `The provider answered with status ${status}.` : message;
  return new Fault(kind, withoutKeys(shown), defined({ code: isWord ? code : undefined, param }));
}

function kindOf(status: number, message: string, words: readonly (string | undefined)[]): FaultKind {
  const named = words.map((word) => word?.toLowerCase() ?? "").find((word) => Object.hasOwn(kinds, word));
  const mayBeTooLong = (status >= 400 && status < 500 && status !== 429) || status === 502;
  if (named === undefined && mayBeTooLong && tooLong.test(message)) return "context_length";
  const known = (named === undefined ? undefined : kinds[named]) ?? statuses[status];
  if (known === "not_found" && /\bmodel\b/i.test(message)) return "no_model";
  if (known !== undefined) return known;
  if (words.includes("invalid_request_error")) return "bad_request";
  return status >= 400 && status < 500 ? "bad_request" : "upstream";
}

/** Keys as providers make them, and the names of the operator's own account. */
const secrets = [
  /\b(?:sk|rk|pk|gsk|csk|xai|pplx|hf|r8|tgp|nvapi|gbx|org|proj)[-_][\w*.-]{6,}/gi,
  /\b(?:AIza|AKIA|ya29\.)[\w*-]{10,}/g,
  /\bbearer\s+[\w*.~+/=-]{6,}/gi,
];

function withoutKeys(message: string): string {
  return secrets.reduce((clean, secret) => clean.replace(secret, "[redacted]"), message);
}

/** OpenAI's `type`, and the `code` where the fault brings none of its own (wire.md C.26). */
const words = {
  bad_request: { type: "invalid_request_error" },
  unsupported: { type: "invalid_request_error", code: "unsupported_parameter" },
  context_length: { type: "invalid_request_error", code: "context_length_exceeded" },
  bad_key: { type: "invalid_request_error", code: "invalid_api_key" },
  forbidden: { type: "invalid_request_error" },
  no_model: { type: "invalid_request_error", code: "model_not_found" },
  not_found: { type: "invalid_request_error" },
  method: { type: "invalid_request_error" },
  conflict: { type: "invalid_request_error" },
  too_large: { type: "invalid_request_error" },
  media_type: { type: "invalid_request_error" },
  upgrade: { type: "invalid_request_error" },
  rate_limit: { type: "requests", code: "rate_limit_exceeded" },
  quota: { type: "insufficient_quota", code: "insufficient_quota" },
  internal: { type: "server_error" },
  upstream: { type: "server_error" },
  credential: { type: "server_error" },
  busy: { type: "server_error" },
  config: { type: "server_error" },
  overloaded: { type: "server_error" },
  timeout: { type: "server_error" },
} as const satisfies Record<FaultKind, { type: string; code?: string }>;

/** Kinds whose code clients look for: a provider's own word for it must not hide it. */
const fixed: ReadonlySet<FaultKind> = new Set(["context_length", "bad_key", "no_model", "quota"]);

export function encode(fault: Fault): Obj {
  const { type, ...own }: { type: string; code?: string } = words[fault.kind];
  const code = fixed.has(fault.kind) ? own.code : (fault.code ?? own.code);
  return { error: { message: fault.message, type, param: fault.param ?? null, code: code ?? null, ...fault.extra } };
}
