/** Canon turns -> `system` and `messages`. What a turn becomes never depends on a later one. */
import type { Obj } from "../../canon/json.ts";
import type { Block, CanonRequest, Lose, Turn } from "../../canon/request.ts";
import { gather, type Side, settle, turnPath } from "../../canon/turns.ts";
import { invalid, unsupported } from "../../fault.ts";
import { encodeBlocks, type Writing } from "./blocks-encode.ts";

export interface Conversation {
  readonly system?: readonly Obj[];
  readonly messages: readonly Obj[];
}

/**
 * Instructions and the system turns before the first other turn become `system`; later ones stay where they are. Turns
 * of one side share a message, tool results first. A conversation of system turns only has its last one asked by the
 * user, because Anthropic answers nobody else.
 */
export function encodeConversation(request: CanonRequest, lose: Lose): Conversation {
  const writing: Writing = { lose, path: (block) => pathOf(block, request.turns) };
  const first = request.turns.findIndex(({ role }) => role !== "system" && role !== "developer");
  const leading = request.turns.slice(0, first < 0 ? request.turns.length : first);
  const messages = transcript(settle(request.turns.slice(leading.length)), writing);
  const asked = messages.length === 0 ? leading.pop() : undefined;
  if (asked !== undefined) {
    lose(`${turnPath(asked, leading.length)}.role`, `${asked.role}>user`);
    messages.push({ role: "user", content: encodeBlocks(asked.blocks, writing), own: undefined });
  }
  if (!messages.some(({ content }) => content.length > 0)) {
    throw invalid("turns", "there is nothing to answer: at least one message with content is needed.");
  }
  const instructions = [...(request.instructions ?? []), ...leading.flatMap(({ blocks }) => blocks)];
  const system = encodeBlocks(
    instructions.map((block) => onlyText(block, writing)),
    writing,
  );
  return {
    ...(system.length > 0 && { system }),
    messages: messages.map(({ role, content, own }) => ({ role, content, ...own })),
  };
}

interface Entry {
  readonly role: Side["role"];
  readonly content: Obj[];
  /** Members of the message that only Anthropic understands. */
  own: Obj | undefined;
}

/** Stands in for a user turn whose blocks were all blank, where two turns of the assistant would meet. */
const placeholder = "(no content)";

function transcript(turns: readonly Turn[], writing: Writing): Entry[] {
  const entries: Entry[] = [];
  for (const side of gather(turns)) {
    for (const turn of side.turns) {
      if (turn.name !== undefined) writing.lose(`${pathOfTurn(turn, writing)}.name`);
      const blocks = side.role === "system" ? turn.blocks.map((block) => onlyText(block, writing)) : turn.blocks;
      const content = encodeBlocks(blocks, writing);
      if (side.role === "system") addSystem(entries, turn, content, writing);
      else if (content.length > 0) add(entries, side.role, content, turn);
      else if (side.role === "user" && mustSpeak(entries)) {
        add(entries, side.role, [{ type: "text", text: placeholder }], turn);
      }
    }
  }
  return entries;
}

/** The block, unless it is one that a system prompt cannot hold. */
function onlyText(block: Block, writing: Writing): Block {
  if (block.type === "text" || block.type === "refusal" || block.type === "opaque") return block;
  throw unsupported(writing.path(block), `is of type '${block.type}': Anthropic's system prompt is text only.`);
}

function mustSpeak(entries: readonly Entry[]): boolean {
  return entries.at(-1) === undefined || entries.at(-1)?.role === "assistant";
}

/** A turn with members of its own keeps its message; tool results always share one. */
function add(entries: Entry[], role: Side["role"], content: readonly Obj[], turn: Turn): void {
  const own = turn.ext?.messages;
  const last = entries.at(-1);
  if (last?.role !== role || (own !== last.own && turn.role !== "tool")) {
    entries.push({ role, content: [...content], own });
    return;
  }
  last.content.push(...content);
  if (own !== last.own) last.own = { ...last.own, ...own };
}

/**
 * A system message may stand only behind the user's: elsewhere its text goes into a message of the user's, in the tag
 * that Anthropic's own agent uses for what the user did not write.
 */
function addSystem(entries: Entry[], turn: Turn, content: readonly Obj[], writing: Writing): void {
  if (content.length === 0) return;
  const role = entries.at(-1)?.role;
  const plain = content.every((block) => block.type === "text");
  if (role === "user" || role === "system" || !plain) {
    add(entries, "system", content, turn);
    return;
  }
  writing.lose(`${pathOfTurn(turn, writing)}.role`, `${turn.role}>user`);
  const reminders = content.map((block) => ({
    ...block,
    text: `<system-reminder>\n${block.text}\n</system-reminder>`,
  }));
  add(entries, "user", reminders, turn);
}

function pathOfTurn({ blocks }: Turn, writing: Writing): string {
  const [block] = blocks;
  return block === undefined ? "turns" : writing.path(block).replace(/\.blocks\[\d+\]$/, "");
}

/** Looked up only when there is something to say about the block: settled turns no longer know their place. */
function pathOf(block: Block, turns: readonly Turn[]): string {
  for (const [index, turn] of turns.entries()) {
    const path = pathIn(block, turn.blocks, `${turnPath(turn, index)}.blocks`);
    if (path !== undefined) return path;
  }
  return "instructions";
}

function pathIn(block: Block, blocks: readonly Block[], path: string): string | undefined {
  for (const [index, candidate] of blocks.entries()) {
    if (candidate === block) return `${path}[${index}]`;
    const inside =
      candidate.type === "result" ? pathIn(block, candidate.blocks, `${path}[${index}].blocks`) : undefined;
    if (inside !== undefined) return inside;
  }
  return undefined;
}
