/**
 * Turns as `contents` and `systemInstruction`, in the shape Gemini wants: results behind their calls, neighbours of one
 * side in one content. What a turn becomes never depends on a later one.
 */
import type { Obj } from "../../canon/json.ts";
import type { Block, CanonRequest, Lose, Turn } from "../../canon/request.ts";
import { gather, settle, turnPath } from "../../canon/turns.ts";
import { Fault, unsupported } from "../../fault.ts";
import { excuse } from "./excuse.ts";
import { merge } from "./extras.ts";
import { takesMediaInResults, wantsSignatures } from "./model.ts";
import { encodeParts, type Manner } from "./parts.ts";
import { ownSignature } from "./signature.ts";

export interface Conversation {
  readonly systemInstruction: Obj | undefined;
  readonly contents: readonly Obj[];
}

export function encodeConversation(request: CanonRequest, lose: Lose): Conversation {
  const manner = mannerOf(request, lose);
  const first = request.turns.findIndex(({ role }) => role !== "system" && role !== "developer");
  const leading = first < 0 ? request.turns : request.turns.slice(0, first);
  const following = first < 0 ? [] : request.turns.slice(first);
  request.turns.forEach((turn, index) => {
    if (turn.name !== undefined) lose(`${turnPath(turn, index)}.name`);
  });
  const instructions = [...(request.instructions ?? []), ...leading.flatMap(({ blocks }) => blocks)];
  const contents = encodeContents(following, wantsSignatures(request.model), manner);
  if (contents.length === 0) throw new Fault("bad_request", "Gemini needs at least one message of the user's.");
  return {
    systemInstruction: instructions.length > 0 ? { parts: encodeInstructions(instructions, manner) } : undefined,
    contents,
  };
}

function mannerOf(request: CanonRequest, lose: Lose): Manner {
  for (const block of request.turns.flatMap(({ blocks }) => blocks)) {
    if (block.type !== "call" || block.kind === "function") continue;
    throw unsupported(locate(block, request), `is a '${block.kind}' call, which Gemini does not have.`);
  }
  return {
    lose,
    at: (block) => locate(block, request),
    sign: ownSignature,
    shows: (block) => block.ext?.gemini?.thought === true,
    hides: false,
    names: new Map(),
    mediaInResults: takesMediaInResults(request.model),
  };
}

/** Looked for only when there is something to say of it. */
function locate(block: Block, { turns, instructions = [] }: CanonRequest): string {
  for (const [index, turn] of turns.entries()) {
    const place = turn.blocks.indexOf(block);
    if (place >= 0) return `${turnPath(turn, index)}.blocks[${place}]`;
  }
  const place = instructions.indexOf(block);
  return place >= 0 ? `instructions[${place}]` : "turns";
}

function encodeInstructions(blocks: readonly Block[], manner: Manner): Obj[] {
  const strange = blocks.find(({ type }) => type !== "text" && type !== "opaque");
  if (strange !== undefined) throw unsupported(manner.at(strange), "cannot stand among Gemini's instructions.");
  return encodeParts(blocks, manner);
}

function encodeContents(turns: readonly Turn[], needSignatures: boolean, manner: Manner): Obj[] {
  const contents: Obj[] = [];
  for (const { role, turns: side } of gather(settle(turns).map(remind))) {
    for (const together of split(side)) {
      const parts = encodeParts(
        together.flatMap(({ blocks }) => blocks),
        manner,
      );
      if (parts.length === 0) continue;
      const wireRole = role === "assistant" ? "model" : "user";
      const content = { role: wireRole, parts: wireRole === "model" && needSignatures ? excuse(parts) : parts };
      contents.push(merge(content, together[0]?.ext?.gemini));
    }
  }
  return contents;
}

/** Gemini has no instructions inside a conversation: they are the user's words, in a frame that says what they are. */
function remind(turn: Turn): Turn {
  if (turn.role !== "system" && turn.role !== "developer") return turn;
  const blocks = turn.blocks.map((block): Block => {
    if (block.type !== "text") return block;
    return { ...block, text: `<system-reminder>\n${block.text}\n</system-reminder>` };
  });
  return { ...turn, role: "user", blocks };
}

/** A content with members of its own stays one: the turns it was cut into share them. */
function split(turns: readonly Turn[]): Turn[][] {
  const groups: Turn[][] = [];
  for (const turn of turns) {
    const last = groups.at(-1);
    if (last !== undefined && last[0]?.ext?.gemini === turn.ext?.gemini) last.push(turn);
    else groups.push([turn]);
  }
  return groups;
}
