/** A Messages request -> canon. */
import { defined, list, number, type Obj, obj, text } from "../../canon/json.ts";
import {
  type CanonRequest,
  type Effort,
  efforts,
  type Format,
  type ReasoningOptions,
  type Turn,
} from "../../canon/request.ts";
import { invalid } from "../../fault.ts";
import type { Open } from "../protocol.ts";
import { decodeContent } from "./blocks-decode.ts";
import { check, element, extra, type Shape } from "./members.ts";
import { decodeToolChoice, decodeTools } from "./tools.ts";

/**
 * Its `ext.messages` is always there, be it empty: that is how the encoder knows a request that speaks for itself, to
 * which it adds nothing of its own.
 */
export function decodeRequest(body: Obj, open: Open): CanonRequest {
  check(body, shape, "");
  const tools = decodeTools(body.tools);
  return defined({
    model: text(body.model) ?? "",
    stream: body.stream === true,
    instructions:
      body.system === undefined || body.system === null ? undefined : decodeContent(body.system, "system", open),
    turns: list(body.messages).map((message, index) => decodeTurn(element(message, `messages[${index}]`), index, open)),
    tools,
    ...decodeToolChoice(body.tool_choice, tools),
    reasoning: decodeReasoning(body),
    format: decodeFormat(body),
    maxOutput: number(body.max_tokens),
    stop: body.stop_sequences === undefined || body.stop_sequences === null ? undefined : decodeStop(body),
    temperature: number(body.temperature),
    topP: number(body.top_p),
    topK: number(body.top_k),
    tier: decodeTier(body),
    user: text(obj(body.metadata).user_id),
    ext: { messages: ownMembers(body) },
  });
}

const shape: Shape = {
  model: "string",
  max_tokens: "number",
  messages: "array",
  stream: "boolean?",
  tools: "array?",
  tool_choice: "object?",
  thinking: "object?",
  output_config: "object?",
  output_format: "object?",
  stop_sequences: "array?",
  temperature: "number?",
  top_p: "number?",
  top_k: "number?",
  service_tier: "string?",
  metadata: "object?",
};

const mapped: ReadonlySet<string> = new Set([...Object.keys(shape), "system"]);
const inThinking: ReadonlySet<string> = new Set(["type", "budget_tokens", "display"]);
const inOutputConfig: ReadonlySet<string> = new Set(["effort", "format"]);
const inFormat: ReadonlySet<string> = new Set(["type", "schema"]);
const inMetadata: ReadonlySet<string> = new Set(["user_id"]);

/** Unknown members, those of known objects under the name of the object. */
function ownMembers(body: Obj): Obj {
  const config = obj(body.output_config);
  const format = extra(obj(config.format ?? body.output_format), inFormat);
  const output = extra(config, inOutputConfig);
  const display = obj(body.thinking).display;
  // A word for `display` that canon has none for (`updates`, a beta) goes back as it came.
  const known =
    display === undefined || displays.has(String(display)) ? inThinking : new Set(["type", "budget_tokens"]);
  return {
    ...extra(body, mapped),
    ...defined({
      thinking: extra(obj(body.thinking), known),
      output_config: format === undefined ? output : { ...output, format },
      metadata: extra(obj(body.metadata), inMetadata),
    }),
  };
}

function decodeTurn(message: Obj, index: number, open: Open): Turn {
  const path = `messages[${index}]`;
  const { role } = message;
  if (role !== "user" && role !== "assistant" && role !== "system") {
    throw invalid(`${path}.role`, "it is none of user, assistant, system.");
  }
  const own = extra(message, new Set(["role", "content"]));
  const blocks = decodeContent(message.content, `${path}.content`, open);
  return { role, blocks, ...(own !== undefined && { ext: { messages: own } }) };
}

const modes = {
  adaptive: "adaptive",
  enabled: "budget",
  between_tools: "between_tools",
  disabled: "off",
} as const satisfies Record<string, NonNullable<ReasoningOptions["mode"]>>;

const displays: ReadonlyMap<string, NonNullable<ReasoningOptions["summary"]>> = new Map([
  ["summarized", "auto"],
  ["omitted", "none"],
]);

function decodeReasoning(body: Obj): ReasoningOptions | undefined {
  const thinking = obj(body.thinking);
  const effort = decodeEffort(body);
  if (body.thinking === undefined || body.thinking === null) return effort === undefined ? undefined : { effort };
  const type = text(thinking.type) ?? "";
  if (!isMode(type)) throw invalid("thinking.type", `'${type}' is none of ${Object.keys(modes).join(", ")}.`);
  check(thinking, { budget_tokens: type === "enabled" ? "number" : "number?", display: "string?" }, "thinking");
  return defined({
    effort,
    summary: displays.get(text(thinking.display) ?? ""),
    mode: modes[type],
    budget: number(thinking.budget_tokens),
  });
}

function isMode(type: string): type is keyof typeof modes {
  return Object.hasOwn(modes, type);
}

function decodeEffort(body: Obj): Effort | undefined {
  const config = obj(body.output_config);
  check(config, { effort: "string?", format: "object?" }, "output_config");
  const word = text(config.effort);
  if (word === undefined) return undefined;
  const effort = efforts.find((each) => each === word);
  if (effort === undefined) throw invalid("output_config.effort", `'${word}' is none of ${efforts.join(", ")}.`);
  return effort;
}

/** `output_format` is the older word for `output_config.format`. */
function decodeFormat(body: Obj): Format | undefined {
  const now = obj(body.output_config).format ?? undefined;
  const old = body.output_format ?? undefined;
  if (now !== undefined && old !== undefined) throw invalid("output_format", "output_config.format is there as well.");
  if (now === undefined && old === undefined) return undefined;
  const path = now === undefined ? "output_format" : "output_config.format";
  const format = obj(now ?? old);
  if (format.type !== "json_schema") throw invalid(`${path}.type`, "'json_schema' is expected.");
  check(format, { schema: "object" }, path);
  return { type: "schema", schema: obj(format.schema) };
}

function decodeStop(body: Obj): string[] {
  return list(body.stop_sequences).map((sequence, index) => {
    if (typeof sequence === "string") return sequence;
    throw invalid(`stop_sequences[${index}]`, "a string is expected.", "invalid_type");
  });
}

function decodeTier(body: Obj): string | undefined {
  const tier = text(body.service_tier);
  if (tier === undefined || tier === "auto") return tier;
  if (tier === "standard_only") return "default";
  throw invalid("service_tier", `'${tier}' is none of auto, standard_only.`);
}
