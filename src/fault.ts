/**
 * The things that can go wrong, once for all protocols. A codec turns a fault into its own protocol's words
 * (`protocols/<id>/fault.ts`); the kinds and statuses are those of wire.md C.26.
 */
import { defined, type Obj } from "./canon/json.ts";

/** HTTP status of each kind. */
export const faults = {
  bad_request: 400,
  unsupported: 400,
  context_length: 400,
  bad_key: 401,
  forbidden: 403,
  no_model: 404,
  not_found: 404,
  method: 405,
  conflict: 409,
  too_large: 413,
  media_type: 415,
  upgrade: 426,
  rate_limit: 429,
  quota: 429,
  internal: 500,
  upstream: 502,
  credential: 502,
  busy: 503,
  config: 503,
  overloaded: 503,
  timeout: 504,
} as const satisfies Record<string, number>;

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
    return faults[this.kind];
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
