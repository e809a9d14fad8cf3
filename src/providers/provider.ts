/** A provider is data: where it is, how it is paid, which protocols it speaks and where it is odd. */
import type { ProtocolId } from "../canon/request.ts";
import type { Operation } from "../operations/operation.ts";
import type { Timeouts } from "./timeouts.ts";

/**
 * How the credential travels: as `Authorization: Bearer`, or bare in the named header. `aws`: as a signature over the
 * call (SigV4), or as a bearer where it is an API key. `google`: as the token that a service account's key buys.
 */
export type AuthStyle = "bearer" | "x-api-key" | "x-goog-api-key" | "api-key" | "aws" | "google";

/** How a call is put to the provider: by the protocol's own paths, or wrapped as a cloud wants its models called. */
export type EndpointStyle = "plain" | "bedrock" | "vertex";

export interface Provider {
  /** What callers put before the slash: `openai/gpt-5.5`. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  /**
   * In the vendor SDK's own convention: OpenAI's and compatibles' end in the version, Anthropic's and Google's do not.
   * `{NAME}` is the value of one of the `settings`.
   */
  readonly base: string;
  /** Best first. The first one that equals the caller's protocol is relayed, else the first is translated to. */
  readonly speaks: readonly ProtocolId[];
  /** Which of OpenAI's other endpoints it has. Absent: embeddings and completions, which most compatibles share. */
  readonly operations?: readonly Operation[];
  readonly auth: AuthStyle;
  /** The name of the setting that holds the credential; absent where none is needed. */
  readonly secret?: string;
  /** Settings that make up a credential together, for where `secret` is not set. */
  readonly secretParts?: readonly SecretPart[];
  /** What must be known of the account beside its credential. */
  readonly settings?: readonly Setting[];
  /** The settings by name, as read. */
  readonly values?: Readonly<Record<string, string>>;
  /** `plain` where absent. */
  readonly endpoint?: EndpointStyle;
  /** Known by name, but there only once `<ID>_BASE_URL` or an entry of PROVIDERS says where. */
  readonly needsBase?: boolean;
  /**
   * Does it compact conversations itself, over Responses: `compaction_trigger`, `context_management` and
   * `/responses/compact`?
   */
  readonly compacts?: boolean;
  /** Sent with every call. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Beginnings of bare model names that are this provider's. */
  readonly models?: readonly string[];
  readonly quirks?: readonly Quirk[];
  /** Where its answers take longer, or shorter, than is usual. */
  readonly timeouts?: Partial<Timeouts>;
  /** Is the `cost` in its usage what it takes? Then it goes before any list of prices. */
  readonly reportsCost?: boolean;
  /** Did the operator write the base URL? Only then may it lie in a private network. */
  readonly isPrivate?: boolean;
}

export interface SecretPart {
  readonly name: string;
  readonly optional?: true;
}

export interface Setting {
  readonly name: string;
  /** A value of its kind, for whoever has to write one. */
  readonly like: string;
  /** What holds where nothing is set. Without it, the base needs one along with the credential. */
  readonly unset?: string;
  /** Values at which the base is another one. */
  readonly bases?: Readonly<Record<string, string>>;
}

/** Named departures from a protocol; `quirks.ts` says what each one does. */
export type Quirk =
  /** Chat: knows `system` but no `developer` role. */
  | "system-role-only"
  /** Chat: knows functions but no custom (freeform) tools. */
  | "functions-only"
  /** Chat: the output bound is called `max_tokens`. */
  | "max-tokens"
  /** Chat: refuses a request with members that only OpenAI has, where others overlook them. */
  | "no-openai-members"
  /** Chat: refuses every member it does not know, and calls the seed `random_seed`. */
  | "mistral-members"
  /** Chat: sends usage unasked, and refuses to be asked. */
  | "usage-unasked"
  /** Chat: function tools are refused while the model reasons; such calls go through Responses. */
  | "reasoning-tools-through-responses"
  /** The answers are simulated. */
  | "simulated";
