/** The turns of a conversation as input items, for turns of any protocol. */
import { defined, type Obj } from "../../canon/json.ts";
import type { Block, Lose, Reasoning, Role, ToolResult, Turn } from "../../canon/request.ts";
import { refuseOrphans, turnPath } from "../../canon/turns.ts";
import { unsupported } from "../../fault.ts";
import { callId } from "./call-id.ts";
import { encodeCall, encodeReasoning } from "./items.ts";
import { encodeParts, type Plain } from "./parts.ts";
import { encodeTools } from "./tools.ts";
import { ownOf } from "./wire.ts";

/** `own`: the request came from the Responses API. Each turn's items depend on that turn alone. */
export function encodeInput(turns: readonly Turn[], own: boolean, lose: Lose): Obj[] {
  // A caller of the Responses API may have the call kept at OpenAI; others have it in the request or not at all.
  if (!own) refuseOrphans(turns);
  return turns.flatMap((turn, place) => encodeTurn(turn, turnPath(turn, place), own, lose));
}

/**
 * The items of one turn in their order, but results first: Anthropic has them in the user's message beside text. What
 * stands between two items of other kinds becomes one message.
 */
function encodeTurn(turn: Turn, path: string, own: boolean, lose: Lose): Obj[] {
  const items: Obj[] = [];
  let spoken: Block[] = [];
  const where = (block: Block): string => `${path}.blocks[${turn.blocks.indexOf(block)}]`;
  const flush = (): void => {
    const content = encodeParts(spoken, plainOf(turn.role), where, lose);
    if (content.length > 0) items.push(message(turn, content));
    spoken = [];
  };
  if (turn.name !== undefined) lose(`${path}.name`);
  if (turn.blocks.length === 0 && turn.role !== "tool") items.push(message(turn, []));
  for (const block of [...turn.blocks].sort(resultsFirst)) {
    if (isSpoken(block)) {
      spoken.push(block);
      continue;
    }
    flush();
    const item = encodeItem(block, where(block), own, lose);
    if (item !== undefined) items.push(item);
  }
  flush();
  return items;
}

function resultsFirst(one: Block, other: Block): number {
  return Number(other.type === "result") - Number(one.type === "result");
}

function isSpoken(block: Block): boolean {
  switch (block.type) {
    case "text":
    case "refusal":
    case "image":
    case "file":
    case "audio":
      return true;
    case "opaque":
      return block.protocol !== "responses" || block.value.type === "message";
    default:
      return false;
  }
}

function plainOf(role: Role): Plain {
  return role === "assistant" ? "output_text" : "input_text";
}

function message(turn: Turn, content: readonly Obj[]): Obj {
  return { type: "message", role: turn.role === "tool" ? "user" : turn.role, content, ...ownOf(turn) };
}

function encodeItem(block: Block, path: string, own: boolean, lose: Lose): Obj | undefined {
  switch (block.type) {
    case "reasoning":
      return encodeThought(block);
    case "call":
      return encodeCall(block, callId(block.id));
    case "result":
      return encodeResult(block, path, own, lose);
    case "tools":
      return {
        type: "additional_tools",
        role: "developer",
        tools: encodeTools(block.tools, own, `${path}.tools`),
        ...ownOf(block),
      };
    case "opaque":
      return block.value;
    default:
      // A search that another provider ran has an id that OpenAI would look for in vain.
      lose(path);
      return undefined;
  }
}

/** Without OpenAI's cipher only an item of its own is worth anything to it. What is dropped here was reported before. */
function encodeThought(block: Reasoning): Obj | undefined {
  const native = block.native?.protocol === "responses" ? block.native.value : undefined;
  const isOwn = block.native === undefined && block.ext?.responses !== undefined;
  if (native === undefined && !isOwn) return undefined;
  const { summary, content } = encodeReasoning(block);
  return defined({
    type: "reasoning",
    summary,
    content: content.length > 0 ? content : undefined,
    encrypted_content: native,
    ...ownOf(block),
  });
}

const outputTypes = { function: "function_call_output", custom: "custom_tool_call_output" } as const;

function encodeResult(result: ToolResult, path: string, own: boolean, lose: Lose): Obj {
  if (result.isError !== undefined) lose(`${path}.isError`);
  const call_id = callId(result.callId);
  if (result.kind === "search") {
    const tools = result.blocks.flatMap((block, place) =>
      block.type === "tools" ? encodeTools(block.tools, own, `${path}.blocks[${place}].tools`) : [],
    );
    const said = { type: "tool_search_output", execution: "client", call_id, status: "completed", tools };
    return { ...said, ...ownOf(result) };
  }
  return { type: outputTypes[result.kind], call_id, output: encodeOutput(result, path, lose), ...ownOf(result) };
}

function encodeOutput({ blocks }: ToolResult, path: string, lose: Lose): string | Obj[] {
  const [only, second] = blocks;
  if (only === undefined) return "";
  if (only.type === "text" && second === undefined && only.ext?.responses === undefined) return only.text;
  const where = (block: Block): string => `${path}.blocks[${blocks.indexOf(block)}]`;
  const parts = encodeParts(blocks, "input_text", where, lose);
  if (parts.length === 0) throw unsupported(path, "holds nothing that the Responses API can say.");
  return parts;
}
