/** A provider is data: where it is, how it is paid, which protocols it speaks and where it is odd. */
import type { ProtocolId } from "../canon/request.ts";

/** How the credential travels: as `Authorization: Bearer`, or bare in the named header. */
export type AuthStyle = "bearer" | "x-api-key" | "x-goog-api-key" | "api-key";

export interface Provider {
  /** What callers put before the slash: `openai/gpt-5.5`. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** In the vendor SDK's own convention: OpenAI's and compatibles' end in the version, Anthropic's and Google's do not. */
  readonly base: string;
  /** Best first. The first one that equals the caller's protocol is relayed, else the first is translated to. */
  readonly speaks: readonly ProtocolId[];
  readonly auth: AuthStyle;
  /** The name of the setting that holds the credential; absent where none is needed. */
  readonly secret?: string;
  /** Sent with every call. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Beginnings of bare model names that are this provider's. */
  readonly models?: readonly string[];
  readonly quirks?: readonly Quirk[];
  /** Did the operator write the base URL? Only then may it lie in a private network. */
  readonly isPrivate?: boolean;
}

/** Named departures from a protocol; `quirks.ts` says what each one does. */
export type Quirk =
  /** Chat: knows `system` but no `developer` role. */
  | "system-role-only"
  /** Chat: knows functions but no custom (freeform) tools. */
  | "functions-only"
  /** Chat: the output bound is called `max_tokens`. */
  | "max-tokens"
  /** Chat: function tools are refused while the model reasons; such calls go through Responses. */
  | "reasoning-tools-through-responses"
  /** The answers are simulated. */
  | "simulated";
