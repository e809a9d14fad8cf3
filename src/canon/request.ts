/**
 * What a caller asks for, in shapes of our own: the bridge between two protocols, never published, never stored.
 * A codec says here all that another protocol could understand. What only its own protocol has (unknown members
 * included) rides in `ext` under that protocol's name, so that it comes back there and nowhere else.
 */
import type { Obj } from "./json.ts";

/** A public wire grammar: Chat Completions, Responses, Anthropic Messages, Gemini generateContent. */
export type ProtocolId = "chat" | "responses" | "messages" | "gemini";

/** Members that only their own protocol understands, by protocol. */
export type Ext = { readonly [id in ProtocolId]?: Obj };

export const efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const;

/** How hard to think. `max` is accepted and never chosen by us. */
export type Effort = (typeof efforts)[number];

export interface CanonRequest {
  /** As the caller wrote it; the lane puts the target's own name in its place before encoding. */
  readonly model: string;
  readonly stream: boolean;
  /** The protocol's own slot for instructions (Responses `instructions`, Anthropic `system`); messages of a
   * system or developer role stay where they stand in `turns`. */
  readonly instructions?: readonly Block[];
  readonly turns: readonly Turn[];
  readonly tools?: readonly Tool[];
  readonly toolChoice?: ToolChoice;
  /** May the model make several calls in one answer? */
  readonly parallel?: boolean;
  readonly reasoning?: ReasoningOptions;
  readonly format?: Format;
  readonly verbosity?: string;
  /** Tokens, reasoning included. */
  readonly maxOutput?: number;
  readonly stop?: readonly string[];
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly seed?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  /** OpenAI's word: auto, default, flex, priority, fast, scale, ultrafast. */
  readonly tier?: string;
  /** The caller's hint which calls share a prompt prefix. */
  readonly cacheKey?: string;
  /** A stable pseudonym of the end user, for the provider's abuse checks. */
  readonly user?: string;
  readonly metadata?: Obj;
  /** Does a streaming chat caller want the usage chunk? Other protocols always carry usage. */
  readonly streamUsage?: boolean;
  readonly ext?: Ext;
}

export interface ReasoningOptions {
  readonly effort?: Effort;
  /** Shall the answer show a summary of the reasoning, and how long a one? */
  readonly summary?: "auto" | "concise" | "detailed" | "none";
  /** How thinking is switched where the protocol has a switch beside the effort. */
  readonly mode?: "adaptive" | "budget" | "between_tools" | "off";
  /** Tokens, with mode `budget`. */
  readonly budget?: number;
}

export type Format =
  | { readonly type: "text" }
  | { readonly type: "json" }
  | {
      readonly type: "schema";
      readonly schema: Obj;
      readonly name?: string;
      readonly description?: string;
      readonly strict?: boolean;
    };

export type Role = "system" | "developer" | "user" | "assistant" | "tool";

/** One entry of the conversation as its protocol cut it: a message, or an item of the Responses API. */
export interface Turn {
  readonly role: Role;
  readonly blocks: readonly Block[];
  readonly name?: string;
  /** Which of the request's turns it was when it was read, for reports: absent where it is that still. */
  readonly place?: number;
  readonly ext?: Ext;
}

/** Content whose bytes are elsewhere or here. `data` is base64. An `id` names a file kept by one protocol's provider. */
export type Source =
  | { readonly type: "data"; readonly mediaType: string; readonly data: string }
  | { readonly type: "url"; readonly url: string; readonly mediaType?: string }
  | { readonly type: "id"; readonly protocol: ProtocolId; readonly id: string };

/** A provider's opaque proof or cipher of its own reasoning. It is worth something only to the account that made it. */
export interface Native {
  readonly protocol: ProtocolId;
  readonly value: string;
  /** The codec's own word for what the value is (Anthropic: `signature` or `redacted`). */
  readonly kind?: string;
  /** Who made it, where one of our own tokens said so: `provider/model/credential`. */
  readonly origin?: string;
}

/** A place in the text that something is cited for. Offsets are UTF-16 indices into the block's text. */
export interface Annotation {
  readonly type: "url";
  readonly url: string;
  readonly title?: string;
  readonly start?: number;
  readonly end?: number;
  readonly ext?: Ext;
}

/** A cache breakpoint after this block. */
export interface CacheMark {
  readonly ttl?: "5m" | "1h";
}

interface Common {
  readonly cache?: CacheMark;
  readonly ext?: Ext;
}

export interface Text extends Common {
  readonly type: "text";
  readonly text: string;
  readonly annotations?: readonly Annotation[];
}

export interface Refusal extends Common {
  readonly type: "refusal";
  readonly text: string;
}

export interface Image extends Common {
  readonly type: "image";
  readonly source: Source;
  readonly detail?: string;
}

export interface File extends Common {
  readonly type: "file";
  readonly source: Source;
  readonly name?: string;
}

export interface Audio extends Common {
  readonly type: "audio";
  readonly source: Source;
}

/** One stretch of reasoning. `summary` is what may be shown, `content` the raw text where a provider gives it. */
export interface Reasoning extends Common {
  readonly type: "reasoning";
  readonly summary: readonly string[];
  readonly content?: readonly string[];
  readonly native?: Native;
}

/** `function`: `input` is a JSON text. `custom`: any text. `search`: a client-side search for more tools, JSON. */
export type CallKind = "function" | "custom" | "search";

export interface ToolCall extends Common {
  readonly type: "call";
  readonly id: string;
  readonly kind: CallKind;
  readonly name: string;
  readonly namespace?: string;
  readonly input: string;
}

export interface ToolResult extends Common {
  readonly type: "result";
  readonly callId: string;
  readonly kind: CallKind;
  readonly blocks: readonly Block[];
  readonly isError?: boolean;
}

/** Tools that the conversation itself brings from here on (`additional_tools`, the outcome of a tool search). */
interface ToolList extends Common {
  readonly type: "tools";
  readonly tools: readonly Tool[];
}

/** A web search that the provider ran. */
export interface Search extends Common {
  readonly type: "search";
  readonly id: string;
  readonly query: string;
}

/** A block that only its own protocol can say: kept as it came, dropped (and reported) elsewhere. */
export interface Opaque {
  readonly type: "opaque";
  readonly protocol: ProtocolId;
  readonly value: Obj;
}

export type Block =
  | Text
  | Refusal
  | Image
  | File
  | Audio
  | Reasoning
  | ToolCall
  | ToolResult
  | ToolList
  | Search
  | Opaque;

interface Named {
  readonly name: string;
  readonly namespace?: string;
  readonly description?: string;
  readonly cache?: CacheMark;
  readonly ext?: Ext;
}

export interface FunctionTool extends Named {
  readonly type: "function";
  /** JSON Schema of the arguments; absent where the function takes none. */
  readonly schema?: Obj;
  /** As the caller wrote it: absent is not false (Responses takes absent as true, the others as false). */
  readonly strict?: boolean;
}

export interface CustomTool extends Named {
  readonly type: "custom";
  readonly grammar?: { readonly syntax: string; readonly definition: string };
}

/** A search for more tools that the caller runs itself. */
export interface SearchTool extends Named {
  readonly type: "search";
  readonly schema?: Obj;
}

interface NamespaceTool {
  readonly type: "namespace";
  readonly name: string;
  readonly description?: string;
  readonly tools: readonly Tool[];
  readonly ext?: Ext;
}

export interface WebSearchTool {
  readonly type: "web_search";
  /** May the provider reach the live web? Codex always sends a web search that may not: nothing is lost without it. */
  readonly live: boolean;
  readonly domains?: readonly string[];
  readonly location?: Obj;
  readonly contextSize?: string;
  readonly ext?: Ext;
}

export type Tool = FunctionTool | CustomTool | SearchTool | NamespaceTool | WebSearchTool | Opaque;

/** Which tools may be called: `only` narrows the list; one name with `required` is a forced call. */
export interface ToolChoice {
  readonly mode: "auto" | "none" | "required";
  readonly only?: readonly ToolName[];
  readonly ext?: Ext;
}

export interface ToolName {
  readonly kind: CallKind | "web_search";
  readonly name: string;
  readonly namespace?: string;
}

/**
 * A field of the caller's that did not reach the provider as it was. `field` is a path in canon's words, dots between
 * members; `change` is `dropped` or `from>to`.
 */
export interface Loss {
  readonly field: string;
  readonly change: string;
}

/** Reports a loss; where it must not happen it throws. */
export type Lose = (field: string, change?: string) => void;
