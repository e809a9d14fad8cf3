/**
 * Marks for the provider's prompt cache. They are no part of the prompt: setting or dropping one changes nothing that a
 * model reads or a signature covers.
 */
import type { Obj } from "../canon/json.ts";
import type { Block, CacheMark, CanonRequest, Lose, ProtocolId, Tool, Turn } from "../canon/request.ts";

/** `auto`: Anthropic is asked to cache for a caller who said nothing of caching. `off`: only what the caller marked. */
export type CacheMarks = "auto" | "off";

/** The caller's marks as the target takes them. Where it takes none they are gone: its cache works by itself. */
export function fitMarks(request: CanonRequest, protocol: ProtocolId, lose: Lose): CanonRequest {
  switch (protocol) {
    case "messages":
      return keepLast(request, lose);
    case "chat":
    case "responses":
      return takesBreakpoints(request.model)
        ? { ...request, turns: request.turns.map(breakpoints(protocol)) }
        : request;
    case "gemini":
      return request;
  }
}

/** The encoded request without the mark that its encoder sets for callers who set none, where that is not wanted. */
export function withoutAutomaticMark(body: Obj, marks: CacheMarks): Obj {
  if (marks === "auto" || body.cache_control === undefined) return body;
  const { cache_control: _, ...plain } = body;
  return plain;
}

/** Anthropic refuses more in one request. */
const mostMarks = 4;

/** The last ones cover what the earlier ones do, in the order in which Anthropic reads: tools, system, messages. */
function keepLast(request: CanonRequest, lose: Lose): CanonRequest {
  const { tools = [], instructions = [], turns } = request;
  const all = [...tools.map(hasMark), ...instructions.flatMap(marksIn), ...turns.flatMap(marksOfTurn)];
  const surplus = all.filter(Boolean).length - mostMarks;
  if (surplus <= 0) return request;
  lose("cache_control", `${surplus + mostMarks}>${mostMarks}`);
  let left = surplus;
  const spend = (): boolean => left > 0 && left-- > 0;
  const plainTools = tools.map((tool) => (hasMark(tool) && spend() ? unmarkedTool(tool) : tool));
  const plainInstructions = instructions.map((block) => unmarked(block, spend));
  const plainTurns = turns.map((turn) => ({ ...turn, blocks: turn.blocks.map((block) => unmarked(block, spend)) }));
  return {
    ...request,
    ...(request.tools !== undefined && { tools: plainTools }),
    ...(request.instructions !== undefined && { instructions: plainInstructions }),
    turns: plainTurns,
  };
}

function hasMark(tool: Tool): boolean {
  return "cache" in tool && tool.cache !== undefined;
}

function marksOfTurn({ blocks }: Turn): boolean[] {
  return blocks.flatMap(marksIn);
}

/** The marks of a block's own content stand before its own. */
function marksIn(block: Block): boolean[] {
  if (block.type === "opaque") return [block.value.cache_control !== undefined];
  const own = block.cache !== undefined;
  return block.type === "result" ? [...block.blocks.flatMap(marksIn), own] : [own];
}

function unmarkedTool(tool: Tool): Tool {
  if (!("cache" in tool)) return tool;
  const { cache: _, ...plain } = tool;
  return plain;
}

function unmarked(block: Block, spend: () => boolean): Block {
  if (block.type === "opaque") {
    if (block.value.cache_control === undefined || !spend()) return block;
    const { cache_control: _, ...value } = block.value;
    return { ...block, value };
  }
  const inside =
    block.type === "result" ? { ...block, blocks: block.blocks.map((inner) => unmarked(inner, spend)) } : block;
  if (inside.cache === undefined || !spend()) return inside;
  const { cache: _, ...plain } = inside;
  return plain;
}

/** OpenAI's models from 5.6 on (wire.md B.1.2): the older ones refuse the member. */
function takesBreakpoints(model: string): boolean {
  return /(?:^|\/)gpt-(?:5\.(?:[6-9]|\d\d)|[6-9])(?!\d)/.test(model);
}

/** How long OpenAI keeps what Anthropic keeps so long. */
const ttls = { "5m": "30m", "1h": "12h" } as const satisfies Record<NonNullable<CacheMark["ttl"]>, string>;

/** Only what goes in has room for a breakpoint: neither instructions, tools, calls nor the assistant's words do. */
function breakpoints(protocol: "chat" | "responses"): (turn: Turn) => Turn {
  return (turn) => {
    if (turn.role === "assistant" || turn.role === "tool") return turn;
    return { ...turn, blocks: turn.blocks.map((block) => breakpoint(block, protocol)) };
  };
}

function breakpoint(block: Block, protocol: "chat" | "responses"): Block {
  if (block.type !== "text" && block.type !== "image" && block.type !== "file" && block.type !== "audio") return block;
  const own = block.ext?.[protocol];
  if (block.cache === undefined || own?.prompt_cache_breakpoint !== undefined) return block;
  const { ttl } = block.cache;
  const mark = { mode: "explicit", ...(ttl !== undefined && { ttl: ttls[ttl] }) };
  return { ...block, ext: { ...block.ext, [protocol]: { ...own, prompt_cache_breakpoint: mark } } };
}
