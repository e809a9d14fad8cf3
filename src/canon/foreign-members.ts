/**
 * What a request holds inside its conversation and tools that only its own protocol understands, on the way to a target
 * of another one: it is dropped there, and told here, in the order and under the indices that the caller gave.
 */
import { isObj, type Json, list, type Obj, obj, rest, text } from "./json.ts";
import type { Block, CanonRequest, Ext, Lose, ProtocolId, Tool, Turn } from "./request.ts";

export function reportMembers(request: CanonRequest, target: ProtocolId, lose: Lose): void {
  const walk: Walk = { target, lose };
  blocksIn(request.instructions ?? [], "instructions", walk);
  request.turns.forEach((turn, at) => {
    turnIn(turn, `turns[${at}]`, walk);
  });
  toolsIn(request.tools ?? [], "tools", walk);
  extIn(withoutNotes(request.toolChoice?.ext), "toolChoice", walk);
}

interface Walk {
  readonly target: ProtocolId;
  readonly lose: Lose;
}

function turnIn(turn: Turn, path: string, walk: Walk): void {
  extIn(turn.ext, path, walk);
  const shown = turn.blocks.find((block) => block.type === "reasoning" && member(block) !== undefined);
  if (shown !== undefined && walk.target !== "chat") walk.lose(`${path}.${member(shown)}`);
  blocksIn(turn.blocks, `${path}.blocks`, walk);
}

/** The member of a Chat message that showed the reasoning in this block. */
function member(block: Block): string | undefined {
  return block.type === "reasoning" ? text(block.ext?.chat?.member) : undefined;
}

function blocksIn(blocks: readonly Block[], path: string, walk: Walk): void {
  blocks.forEach((block, at) => {
    blockIn(block, `${path}[${at}]`, walk);
  });
}

function blockIn(block: Block, path: string, walk: Walk): void {
  switch (block.type) {
    case "opaque":
      return;
    case "reasoning":
      // Without a proof no other protocol has a use for it; one with a proof that is not the target's is told as such.
      if (block.native === undefined && member(block) === undefined && block.ext?.[walk.target] === undefined) {
        walk.lose(path);
      }
      return;
    case "result":
      blocksIn(block.blocks, `${path}.blocks`, walk);
      break;
    case "tools":
      toolsIn(block.tools, `${path}.tools`, walk);
      break;
    case "text":
      block.annotations?.forEach((annotation, at) => {
        extIn(annotation.ext, `${path}.annotations[${at}]`, walk);
      });
      break;
    default:
  }
  extIn(block.ext, path, walk);
}

function toolsIn(tools: readonly Tool[], path: string, walk: Walk): void {
  tools.forEach((tool, at) => {
    // A tool that is refused or searches the web is spoken of where it is (canon/foreign.ts).
    if (tool.type === "opaque" || tool.type === "web_search") return;
    extIn(tool.ext, `${path}[${at}]`, walk);
    if (tool.type === "namespace") toolsIn(tool.tools, `${path}[${at}].tools`, walk);
  });
}

/** Responses keeps a choice among tools whole, beside what canon says of it. */
function withoutNotes(ext: Ext | undefined): Ext {
  const { mode: _, tools, ...responses } = ext?.responses ?? {};
  const named = new Set(["type", "name", "namespace"]);
  const isSaid = list(tools).every((tool) => rest(obj(tool), named) === undefined);
  return { ...ext, responses: isSaid ? responses : { ...responses, tools } };
}

/** Names and states of what was once said, cache marks (models/cache.ts has them), and notes of the codecs' own. */
const bookkeeping: ReadonlySet<string> = new Set([
  "cache_control.ttl",
  "id",
  "index",
  "logprobs",
  "name",
  "object",
  "phase",
  "prompt_cache_breakpoint.mode",
  "prompt_cache_breakpoint.ttl",
  "role",
  "status",
  "type",
]);

function extIn(ext: Ext | undefined, path: string, { target, lose }: Walk): void {
  for (const [protocol, members] of Object.entries(ext ?? {})) {
    if (protocol === target) continue;
    for (const place of places(members, path)) lose(place);
  }
}

/** The members that say something; those of an object are told one by one, for the rest of it may have crossed. */
function places(members: Obj, path: string): string[] {
  return Object.entries(members).flatMap(([name, value]) => {
    const place = `${path}.${name}`;
    const isBookkeeping = bookkeeping.has(name) || bookkeeping.has(place.split(".").slice(-2).join("."));
    if (isBookkeeping || name.startsWith("internal_") || isNothing(value)) return [];
    return isObj(value) ? places(value, place) : [place];
  });
}

function isNothing(value: Json | undefined): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}
