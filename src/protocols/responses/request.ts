/** Requests of the Responses API as canon, and canon as such a request. */
import { reportForeign } from "../../canon/foreign.ts";
import { defined, list, type Obj } from "../../canon/json.ts";
import type { Block, CanonRequest, Lose, Tool } from "../../canon/request.ts";
import { unsupported } from "../../fault.ts";
import type { Open } from "../protocol.ts";
import { hash } from "./call-id.ts";
import { mapped } from "./fields.ts";
import { encodeInput } from "./history.ts";
import { decodeInput, refuseStored } from "./input.ts";
import { decodeReasoningOptions, decodeText, encodeReasoningOptions, encodeText, loseHints } from "./options.ts";
import { decodeChoice, decodeTools, encodeChoice, encodeTools } from "./tools.ts";
import { maybe, need, spare, word } from "./wire.ts";

/** What OpenAI calls the tiers of its service. */
const tiers = ["auto", "default", "flex", "scale", "priority", "fast", "ultrafast"] as const;

export function decode(body: Obj, open: Open): CanonRequest {
  refuseStored(body);
  const instructions = maybe(body, "instructions", "string");
  const tools = maybe(body, "tools", "array");
  const choice = body.tool_choice;
  const { options: reasoning, others: spareReasoning } = decodeReasoningOptions(body);
  const { format, verbosity, others: spareText } = decodeText(body);
  const others = { ...(spareReasoning && { reasoning: spareReasoning }), ...(spareText && { text: spareText }) };
  const user = maybe(body, "user", "string");
  const safety = maybe(body, "safety_identifier", "string");
  return defined({
    model: need(body, "model", "string"),
    stream: maybe(body, "stream", "boolean") ?? false,
    instructions: instructions === undefined ? undefined : [{ type: "text" as const, text: instructions }],
    turns: decodeInput(body.input, open),
    tools: tools && decodeTools(tools, "tools"),
    toolChoice: choice === undefined || choice === null ? undefined : decodeChoice(choice, "tool_choice"),
    parallel: maybe(body, "parallel_tool_calls", "boolean"),
    reasoning,
    format,
    verbosity,
    maxOutput: maybe(body, "max_output_tokens", "number"),
    temperature: maybe(body, "temperature", "number"),
    topP: maybe(body, "top_p", "number"),
    tier: word(body, "service_tier", tiers),
    cacheKey: maybe(body, "prompt_cache_key", "string"),
    // `user` is the older name of the same thing; beside the newer one it stays what it is.
    user: safety ?? user,
    metadata: maybe(body, "metadata", "object"),
    // Even when empty: it says that the request came from this API, whose defaults are not the others'.
    ext: {
      responses: defined({
        ...spare(body, mapped),
        ...(safety !== undefined && user !== undefined && { user }),
        ...others,
      }),
    },
  });
}

export function encode(request: CanonRequest, lose: Lose): Obj {
  if (list(request.stop).length > 0) throw unsupported("stop", "is unknown to the Responses API.");
  loseHints(request, lose);
  reportForeign(request.ext, "responses", lose, ofChat);
  const isOwn = request.ext?.responses !== undefined;
  const { reasoning, text, ...own } = request.ext?.responses ?? {};
  return defined({
    model: request.model,
    instructions: encodeInstructions(request.instructions, lose),
    input: encodeInput(request.turns, isOwn, lose),
    tools: encodeToolList(request.tools, isOwn),
    tool_choice: request.toolChoice && encodeChoice(request.toolChoice),
    parallel_tool_calls: request.parallel,
    reasoning: encodeReasoningOptions(request.reasoning, reasoning) ?? (reasoning === null ? null : undefined),
    text: encodeText(request, text) ?? (text === null ? null : undefined),
    max_output_tokens: request.maxOutput,
    temperature: request.temperature,
    top_p: request.topP,
    service_tier: request.tier,
    prompt_cache_key: request.cacheKey,
    safety_identifier: encodeUser(request.user, lose),
    metadata: request.metadata,
    stream: request.stream,
    ...(isOwn ? own : stateless),
    ...defined(Object.fromEntries(ofChat.map((member) => [member, request.ext?.chat?.[member] ?? undefined]))),
  });
}

/** Chat Completions is of the same house: these mean the same there. */
const ofChat = ["moderation", "prompt_cache_options", "prompt_cache_retention"] as const;

/** What callers of other protocols expect: nothing is kept at the provider, and reasoning comes back to them. */
const stateless = { store: false, include: ["reasoning.encrypted_content"] } as const;

function encodeInstructions(blocks: readonly Block[] | undefined, lose: Lose): string | undefined {
  if (blocks === undefined) return undefined;
  const texts = blocks.flatMap((block, place) => {
    if (block.type === "text") return [block.text];
    lose(`instructions[${place}]`);
    return [];
  });
  return texts.join("\n\n");
}

function encodeToolList(tools: readonly Tool[] | undefined, isOwn: boolean): Obj[] | undefined {
  return tools && encodeTools(tools, isOwn, "tools");
}

const longestUser = 128;

/** OpenAI takes 128 characters; Claude Code's id is longer and tells of the device, so a hash stands for it. */
function encodeUser(user: string | undefined, lose: Lose): string | undefined {
  if (user === undefined || user.length <= longestUser) return user;
  lose("user", "text>hash");
  return `user_${hash(user)}`;
}
