// From a turn to a take: which turn a request gets, and every default filled in.

import { createHash } from "node:crypto";
import { parse } from "./json.ts";
import { type Block, type CallBlock, type Finish, readTurns, type Turn, type Usage } from "./script.ts";
import type { Entry, ProviderRequest, Take } from "./wire.ts";

/**
 * The turn of a model without a script. `[[sim {..}]]` in the last user text is played, the n-th turn of a list
 * after n assistant turns; otherwise the answer says what it heard. Answers a text when the instruction is wrong.
 */
export function defaultTurn(model: string, entries: readonly Entry[], wantsReasoning: boolean): Turn | string {
  const { said, last, rounds } = lastUser(entries);
  const asked = instruction(said);
  if (typeof asked === "string") return asked;
  if (asked !== undefined) return asked[Math.min(rounds, asked.length - 1)] ?? {};
  const heard = Array.from(last.slice(0, 400)).slice(0, 200).join("");
  const answer: Block = { text: `[simulated] ${model} heard: "${heard}"` };
  return { blocks: wantsReasoning ? [{ reasoning: "[simulated] Thinking about the request." }, answer] : [answer] };
}

/** Fills in what the turn leaves open. `ordinal` is the number of earlier calls for this model. */
export function resolve(turn: Turn, request: ProviderRequest, ordinal: number): Take {
  const blocks = turn.blocks ?? [];
  return {
    blocks,
    finish: turn.finish ?? defaultFinish(blocks),
    usage: turn.usage === undefined ? countUsage(blocks, request.raw) : { ...noDetails, ...turn.usage },
    ...identity(request, ordinal),
  };
}

/** The ids and signatures of one answer: a function of the model, its call number and the request body. */
export function identity(request: ProviderRequest, ordinal: number): Pick<Take, "id" | "signature"> {
  const seed = digest(`${request.model}\n${ordinal}\n${request.raw}`);
  return {
    id: (prefix, index = 0) => `${prefix}_${digest(`${seed}${prefix}${index}`).slice(0, 24)}`,
    signature: (index) => Buffer.from(`simulated signature ${index} of ${seed.slice(0, 24)}`).toString("base64"),
  };
}

/** Cuts a text at word boundaries into the pieces in which it is streamed. */
export function words(text: string): string[] {
  const pieces: string[] = [];
  let piece = "";
  for (const word of text.match(/\s*\S+|\s+$/g) ?? []) {
    piece += word;
    if (piece.length < 8) continue;
    pieces.push(...chop(piece, 32));
    piece = "";
  }
  return piece === "" ? pieces : [...pieces, piece];
}

/** Cuts a text into pieces of so many characters, never inside one. */
export function chop(text: string, size: number): string[] {
  const characters = Array.from(text);
  const count = Math.ceil(characters.length / size);
  return Array.from({ length: count }, (_, index) => characters.slice(index * size, (index + 1) * size).join(""));
}

/** A call's arguments as the text that OpenAI puts on the wire. */
export function argumentsText(block: CallBlock): string {
  if (block.input !== undefined) return JSON.stringify({ input: block.input });
  return typeof block.arguments === "string" ? block.arguments : JSON.stringify(block.arguments ?? {});
}

/** A call's arguments as the object that Anthropic and Gemini put on the wire; raw text that is not JSON becomes `{}`. */
export function argumentsValue(block: CallBlock): unknown {
  return parse(argumentsText(block)) ?? {};
}

const noDetails = { cached: 0, cacheWrite: 0, reasoning: 0 };

function defaultFinish(blocks: readonly Block[]): Finish {
  if (blocks.some((block) => "call" in block)) return "tool_calls";
  return blocks.some((block) => "refusal" in block) ? "refusal" : "stop";
}

function countUsage(blocks: readonly Block[], raw: string): Required<Usage> {
  const reasoning = blocks.reduce((sum, block) => sum + ("reasoning" in block ? tokens(block.reasoning) : 0), 0);
  const visible = blocks.reduce((sum, block) => sum + ("reasoning" in block ? 0 : tokens(shown(block))), 0);
  return { ...noDetails, input: tokens(raw), output: visible + reasoning, reasoning };
}

function shown(block: Block): string {
  if ("text" in block) return block.text;
  if ("refusal" in block) return block.refusal;
  if ("call" in block) return block.call + argumentsText(block);
  return "";
}

function tokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** User text beside or right after tool results belongs to the tool round: agents add reminders there. */
function lastUser(entries: readonly Entry[]): { said: string; last: string; rounds: number } {
  let said = "";
  let last = "";
  let rounds = 0;
  let previous: Entry["who"] | undefined;
  for (const entry of entries) {
    const who = entry.who === "user" && previous === "tool" ? "tool" : entry.who;
    if (who === "user") {
      said = previous === "user" ? `${said}\n${entry.text}` : entry.text;
      last = entry.text;
      rounds = 0;
    }
    if (who === "assistant" && previous !== "assistant") rounds += 1;
    previous = who;
  }
  return { said, last, rounds };
}

/** The JSON may itself contain `]]`, so the instruction ends at the first one that leaves valid JSON. */
function instruction(text: string): Turn[] | string | undefined {
  const start = text.lastIndexOf("[[sim ");
  if (start < 0) return undefined;
  const from = start + "[[sim ".length;
  for (let end = text.indexOf("]]", from); end >= 0; end = text.indexOf("]]", end + 1)) {
    const value = parse(text.slice(from, end));
    if (value === undefined) continue;
    const turns = readTurns(value);
    return typeof turns === "string" ? `the [[sim ..]] instruction is wrong: ${turns}` : turns;
  }
  return "the [[sim ..]] instruction is not JSON";
}
