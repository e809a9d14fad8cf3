/** What Google says when a call fails, and how we say it to Google's own clients. */
import { isObj, type Json, list, number, type Obj, obj, text } from "../../canon/json.ts";
import { Fault, type FaultKind } from "../../fault.ts";

/** By HTTP status, which Google repeats in the body. */
const kinds: Readonly<Record<number, FaultKind>> = {
  400: "bad_request",
  401: "credential",
  402: "quota",
  403: "credential",
  404: "no_model",
  408: "timeout",
  413: "too_large",
  429: "rate_limit",
  503: "overloaded",
  504: "timeout",
  529: "overloaded",
};

/** The fault of a failed answer, whatever its body is. */
export function decodeFault(status: number, body: string): Fault {
  const parsed = parse(body);
  // Streams without `alt=sse` fail with an array of one.
  const { error } = obj(Array.isArray(parsed) ? parsed[0] : parsed);
  return decodeError(obj(error), status, body);
}

function parse(body: string): Json | undefined {
  try {
    // What comes out is JSON by definition.
    return JSON.parse(body) as Json;
  } catch {
    return undefined;
  }
}

/** `error` is the member of that name; `status` counts where it has no code of its own. */
export function decodeError(error: Obj, status: number, cause: unknown = error): Fault {
  const code = number(error.code) ?? status;
  const details = list(error.details).map(obj);
  const said = text(error.message);
  const kind = kindOf(code, said ?? "", details);
  if (kind === "credential") {
    return new Fault(kind, "The provider did not accept the gateway's credential for this call.", { cause });
  }
  const message = said === undefined || said === "" ? `The provider answered with status ${code}.` : redact(said);
  const param = fieldOf(details);
  const retryAfterMs = delayOf(details);
  return new Fault(kind, message, {
    cause,
    ...(param !== undefined && { param }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

function kindOf(code: number, message: string, details: readonly Obj[]): FaultKind {
  if (details.some(({ reason }) => reason === "API_KEY_INVALID" || reason === "API_KEY_EXPIRED")) return "credential";
  if (code === 400 && /API key (not valid|expired)/i.test(message)) return "credential";
  // Where the account is, or that it is not billed, is nothing the caller could change.
  if (code === 400 && /user location is not supported|enable billing/i.test(message)) return "credential";
  if (code === 400 && /token count.*exceeds|exceeds the maximum (number of|token)/i.test(message))
    return "context_length";
  const known = kinds[code];
  return known ?? (code >= 400 && code < 500 && code !== 409 && code !== 499 ? "bad_request" : "upstream");
}

function fieldOf(details: readonly Obj[]): string | undefined {
  const violations = details.flatMap(({ fieldViolations }) => list(fieldViolations));
  return text(obj(violations[0]).field);
}

/** `retryDelay` is "34.4s", or seconds and nanoseconds. */
function delayOf(details: readonly Obj[]): number | undefined {
  const delay = details.find((detail) => detail.retryDelay !== undefined)?.retryDelay;
  const seconds = isObj(delay)
    ? Number(delay.seconds ?? 0) + (number(delay.nanos) ?? 0) / 1e9
    : Number(/^(\d+(?:\.\d+)?)s$/.exec(text(delay) ?? "")?.[1] ?? Number.NaN);
  return Number.isFinite(seconds) ? Math.ceil(seconds * 1000) : undefined;
}

/** A provider may repeat the key in its message. */
function redact(message: string): string {
  return message
    .replace(/\b(AIza|AQ\.|ya29\.|sk-|gbx_)[\w.-]{6,}/g, "[redacted]")
    .replace(/([?&]key=)[^\s&"']+/g, "$1[redacted]")
    .replace(/(Bearer\s+)[\w.~+/=-]+/gi, "$1[redacted]");
}

/** Google's status for each kind (wire.md C.26). */
const statuses = {
  bad_request: "INVALID_ARGUMENT",
  unsupported: "INVALID_ARGUMENT",
  context_length: "INVALID_ARGUMENT",
  bad_key: "UNAUTHENTICATED",
  forbidden: "PERMISSION_DENIED",
  no_model: "NOT_FOUND",
  not_found: "NOT_FOUND",
  method: "INVALID_ARGUMENT",
  conflict: "ABORTED",
  too_large: "INVALID_ARGUMENT",
  media_type: "INVALID_ARGUMENT",
  upgrade: "FAILED_PRECONDITION",
  rate_limit: "RESOURCE_EXHAUSTED",
  quota: "RESOURCE_EXHAUSTED",
  internal: "INTERNAL",
  upstream: "UNAVAILABLE",
  credential: "UNAVAILABLE",
  busy: "UNAVAILABLE",
  config: "UNAVAILABLE",
  overloaded: "UNAVAILABLE",
  timeout: "DEADLINE_EXCEEDED",
} as const satisfies Record<FaultKind, string>;

const rpc = "type.googleapis.com/google.rpc.";

/** The body of a failed answer, or the frame that ends a failed stream (which knows no request id). */
export function encodeFault(fault: Fault, requestId?: string): Obj {
  const details: Obj[] = [];
  if (fault.param !== undefined) {
    const fieldViolations = [{ field: fault.param, description: fault.message }];
    details.push({ "@type": `${rpc}BadRequest`, fieldViolations });
  }
  if (fault.retryAfterMs !== undefined) {
    details.push({ "@type": `${rpc}RetryInfo`, retryDelay: `${fault.retryAfterMs / 1000}s` });
  }
  if (requestId !== undefined) details.push({ "@type": `${rpc}RequestInfo`, requestId });
  if (fault.extra !== undefined) {
    const metadata = Object.fromEntries(Object.entries(fault.extra).map(([name, value]) => [name, String(value)]));
    details.push({ "@type": `${rpc}ErrorInfo`, reason: "GEARBOX", domain: "gearbox", metadata });
  }
  const error = { code: fault.status, message: fault.message, status: statuses[fault.kind] };
  return { error: details.length > 0 ? { ...error, details } : error };
}
