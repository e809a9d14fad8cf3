/**
 * Turns as the messages of a Chat request. What one answer said and called is one message, whatever the number of turns
 * its protocol made of it; the results stand right behind; their images, which a tool message cannot hold, behind all of
 * them in a message of the user's.
 */
import { defined, type Json, type Obj, text } from "../../canon/json.ts";
import type { Block, CanonRequest, Lose, ToolCall, ToolResult, Turn } from "../../canon/request.ts";
import { settle, turnPath } from "../../canon/turns.ts";
import { unsupported } from "../../fault.ts";
import { callId } from "./ids.ts";
import { merge } from "./members.ts";
import { encodePart, wasPart } from "./parts.ts";

/** Names blocks by where the request has them, and reports those that are lost. */
interface Context {
  readonly place: (block: Block) => string;
  readonly lose: Lose;
}

export function encodeMessages(request: CanonRequest, lose: Lose): Obj[] {
  const places = placesOf(request);
  const context: Context = { place: (block) => places.get(block) ?? "turns", lose };
  const instructions = request.instructions ?? [];
  const first = instructions.length > 0 ? [encodeSaid({ role: "developer", blocks: instructions }, context)] : [];
  return [...first.flat(), ...runs(settle(request.turns)).flatMap((run) => encodeRun(run, context))];
}

function placesOf(request: CanonRequest): Map<Block, string> {
  const places = new Map<Block, string>();
  const walk = (blocks: readonly Block[], path: string) => {
    blocks.forEach((block, at) => {
      const place = `${path}[${at}]`;
      places.set(block, place);
      if (block.type === "result") walk(block.blocks, `${place}.blocks`);
    });
  };
  walk(request.instructions ?? [], "instructions");
  request.turns.forEach((turn, at) => {
    walk(turn.blocks, `${turnPath(turn, at)}.blocks`);
  });
  return places;
}

/** Neighbouring turns of the assistant, or of tools, together; a turn that was a Chat message begins its own. */
function runs(turns: readonly Turn[]): Turn[][] {
  const gathered: Turn[][] = [];
  for (const turn of turns) {
    const last = gathered.at(-1);
    const joins = turn.role === "tool" || (turn.role === "assistant" && turn.ext?.chat === undefined);
    if (joins && last?.[0]?.role === turn.role) last.push(turn);
    else gathered.push([turn]);
  }
  return gathered;
}

function encodeRun(run: readonly Turn[], context: Context): Obj[] {
  const [first] = run;
  switch (first?.role) {
    case undefined:
      return [];
    case "assistant":
      return encodeAssistant(run, first, context);
    case "tool":
      return [...run.map((turn) => encodeTool(turn, context)), ...beside(run, context)];
    case "system":
    case "developer":
    case "user":
      return encodeSaid(first, context);
  }
}

/** A message of the system's, the developer's or the user's; none where nothing of the turn can be said. */
function encodeSaid(turn: Turn, context: Context): Obj[] {
  const said = turn.blocks.filter((block) => sayable(block, context));
  if (said.length === 0) return [];
  // Many servers take a list from the user only.
  const content = turn.role === "user" ? partsOrText(said, context) : textsOr(said, "\n\n", context);
  return [merge(defined({ role: turn.role, content, name: turn.name }), turn.ext?.chat)];
}

/** Is it content of a message? What is not, is reported or refused. */
function sayable(block: Block, { place, lose }: Context): boolean {
  switch (block.type) {
    case "text":
    case "refusal":
    case "image":
    case "audio":
    case "file":
      return true;
    case "opaque":
      if (block.protocol !== "chat") lose(place(block));
      return block.protocol === "chat";
    case "search":
      lose(place(block));
      return false;
    case "tools":
      throw unsupported(place(block), "brings tools into the conversation, which Chat Completions cannot say.");
    case "reasoning":
    case "call":
    case "result":
      return false;
  }
}

function partsOrText(blocks: readonly Block[], context: Context): Json {
  const [only, ...others] = blocks;
  if (only?.type === "text" && others.length === 0 && !wasPart(only)) return only.text;
  return parts(blocks, context);
}

function parts(blocks: readonly Block[], { place }: Context): Obj[] {
  return blocks.flatMap((block): readonly Obj[] => {
    const part = encodePart(block, place(block));
    return part === undefined ? [] : [part];
  });
}

/** One text where all of it is text and nothing asks for parts. */
function textsOr(blocks: readonly Block[], between: string, context: Context): Json {
  const texts = blocks.flatMap((block) => (block.type === "text" && !wasPart(block) ? [block.text] : []));
  if (texts.length === blocks.length) return texts.join(between);
  return parts(blocks, context);
}

function encodeAssistant(run: readonly Turn[], first: Turn, context: Context): Obj[] {
  const blocks = run.flatMap((turn) => turn.blocks);
  const content = run.map((turn) => contentOf(turn, context)).filter((said) => said.length > 0);
  const calls = blocks.filter((block): block is ToolCall => block.type === "call");
  const refused = blocks.flatMap((block) => (block.type === "refusal" && !wasPart(block) ? [block.text] : []));
  const shown = blocks.flatMap(shownReasoning);
  const isNothing = content.length + calls.length + refused.length + shown.length === 0;
  if (isNothing && blocks.length > 0) return [];
  const message = defined({
    role: "assistant",
    content: content.length > 0 ? joined(content, context) : null,
    refusal: refused.length > 0 ? refused.join("\n\n") : undefined,
    name: first.name,
    ...Object.fromEntries(shown),
    tool_calls: calls.length > 0 ? calls.map((call) => encodeCall(call, context)) : undefined,
  });
  return [merge(message, first.ext?.chat)];
}

/** What a turn of the assistant's says in its content. */
function contentOf(turn: Turn, context: Context): Block[] {
  const { place } = context;
  return turn.blocks.filter((block) => {
    if (!sayable(block, context)) return false;
    if (block.type === "image" || block.type === "audio" || block.type === "file") {
      throw unsupported(place(block), `is of the kind ${block.type} and the assistant's: Chat Completions has none.`);
    }
    return block.type !== "refusal" || wasPart(block);
  });
}

/** Texts of one turn were one text cut in pieces; those of several turns were several. */
function joined(content: readonly (readonly Block[])[], context: Context): Json {
  const texts = content.map((blocks) => textsOr(blocks, "", context));
  if (texts.every((said) => typeof said === "string")) return texts.join("\n\n");
  return parts(content.flat(), context);
}

/** Reasoning goes back only as what a Chat message of the caller's showed, under the name it had there. */
function shownReasoning(block: Block): [string, string][] {
  const member = block.type === "reasoning" ? text(block.ext?.chat?.member) : undefined;
  return block.type === "reasoning" && member !== undefined ? [[member, block.summary.join("\n\n")]] : [];
}

function encodeCall(call: ToolCall, { place }: Context): Obj {
  const id = callId(call.id);
  const { kind, name, input } = call;
  switch (kind) {
    case "function": {
      // Responses callers may send a call without arguments as "", which is no JSON.
      const known = { name, arguments: input === "" ? "{}" : input };
      return merge({ id, type: "function", function: known }, call.ext?.chat);
    }
    case "custom":
      return merge({ id, type: "custom", custom: { name, input } }, call.ext?.chat);
    case "search":
      throw unsupported(place(call), "is a search for tools, which Chat Completions does not know.");
  }
}

function encodeTool(turn: Turn, context: Context): Obj {
  const [result] = results([turn]);
  const blocks = result?.blocks ?? [];
  if (result?.isError === true) context.lose(`${context.place(result)}.isError`);
  const said = blocks.filter((block) => sayable(block, context) && !isBeside(block));
  const content = said.length > 0 ? textsOr(said, "\n\n", context) : "";
  const message = { role: "tool", tool_call_id: callId(result?.callId ?? ""), content, name: turn.name };
  return merge(defined(message), turn.ext?.chat);
}

function results(run: readonly Turn[]): ToolResult[] {
  return run.flatMap((turn) => turn.blocks.filter((block): block is ToolResult => block.type === "result"));
}

/** Content that only a message of the user's can hold. What a Chat caller put into a tool message stays there. */
function isBeside(block: Block): boolean {
  return (block.type === "image" || block.type === "audio" || block.type === "file") && !wasPart(block);
}

function beside(run: readonly Turn[], context: Context): Obj[] {
  const content = results(run).flatMap(({ callId: id, blocks }): Obj[] => {
    const moved = parts(blocks.filter(isBeside), context);
    return moved.length > 0 ? [{ type: "text", text: `Output of the call ${callId(id)}:` }, ...moved] : [];
  });
  return content.length > 0 ? [{ role: "user", content }] : [];
}
