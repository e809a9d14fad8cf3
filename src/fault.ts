/**
 * The things that can go wrong, once for all protocols. A codec turns a fault into its own protocol's words
 * (`protocols/<id>/fault.ts`); the kinds and statuses are those of wire.md C.26.
 */
import { defined, type Obj } from "./canon/json.ts";

/** HTTP status of each kind, and whether the same call may succeed elsewhere or later. */
export const faults = {
  bad_request: { status: 400, retriable: false },
  unsupported: { status: 400, retriable: false },
  context_length: { status: 400, retriable: false },
  bad_key: { status: 401, retriable: false },
  forbidden: { status: 403, retriable: false },
  no_model: { status: 404, retriable: false },
  not_found: { status: 404, retriable: false },
  method: { status: 405, retriable: false },
  conflict: { status: 409, retriable: false },
  too_large: { status: 413, retriable: false },
  media_type: { status: 415, retriable: false },
  upgrade: { status: 426, retriable: false },
  rate_limit: { status: 429, retriable: true },
  quota: { status: 429, retriable: false },
  internal: { status: 500, retriable: false },
  upstream: { status: 502, retriable: true },
  credential: { status: 502, retriable: true },
  busy: { status: 503, retriable: true },
  config: { status: 503, retriable: false },
  overloaded: { status: 503, retriable: true },
  timeout: { status: 504, retriable: true },
} as const satisfies Record<string, { status: number; retriable: boolean }>;

export type FaultKind = keyof typeof faults;

export interface FaultDetails {
  /** The member of the request that is to blame, as a path in the caller's body. */
  readonly param?: string;
  /** The provider's own code, where it has one that callers know. */
  readonly code?: string;
  readonly retryAfterMs?: number;
  /** Further members of the error object, for callers that look for them. */
  readonly extra?: Obj;
  /** Of the answer, beside those that its kind asks for. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What really happened: for the log, never for the caller. */
  readonly cause?: unknown;
  /** The provider's own refusal in the caller's own protocol: it is passed on as it came. */
  readonly relayed?: { readonly status: number; readonly body: string };
}

/** A failure with a message that may be shown to the caller. Anything private belongs into `cause`. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly kind: FaultKind;
  readonly param: string | undefined;
  readonly code: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly extra: Obj | undefined;
  readonly headers: FaultDetails["headers"];
  readonly relayed: FaultDetails["relayed"];

  constructor(kind: FaultKind, message: string, details: FaultDetails = {}) {
    super(message, { cause: details.cause });
    this.kind = kind;
    this.param = details.param;
    this.code = details.code;
    this.retryAfterMs = details.retryAfterMs;
    this.extra = details.extra;
    this.headers = details.headers;
    this.relayed = details.relayed;
  }

  /** The same with other details. */
  with(details: FaultDetails): Fault {
    const { param, code, retryAfterMs, extra, headers, relayed, cause } = this;
    return new Fault(
      this.kind,
      this.message,
      defined({ param, code, retryAfterMs, extra, headers, relayed, cause, ...details }),
    );
  }

  get status(): number {
    return faults[this.kind].status;
  }

  get retriable(): boolean {
    return faults[this.kind].retriable;
  }
}

/** The fault for a field that cannot cross: naming it, the provider and the model (wire.md C). */
export function unsupported(param: string, why: string): Fault {
  return new Fault("unsupported", `'${param}' ${why}`, { param, code: "unsupported_parameter" });
}

/** The fault for a member of the wrong type or value. */
export function invalid(param: string, why: string, code = "invalid_value"): Fault {
  return new Fault("bad_request", `Invalid '${param}': ${why}`, { param, code });
}

/** Any thrown value as a fault: what is not ours is told without its text, which may hold anything. */
export function asFault(thrown: unknown): Fault {
  return thrown instanceof Fault
    ? thrown
    : new Fault("internal", "The gateway failed on this call.", { cause: thrown });
}
