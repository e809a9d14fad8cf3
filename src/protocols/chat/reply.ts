/** A whole Chat answer, read and said. */
import { collect, type Finish, type Message } from "../../canon/event.ts";
import { defined, type Json, list, type Obj, obj } from "../../canon/json.ts";
import type { Block, Lose, ToolCall } from "../../canon/request.ts";
import type { ReplyContext } from "../protocol.ts";
import { encodeAnnotations } from "./annotations.ts";
import { answer, keptMembers } from "./answer.ts";
import { carrier } from "./carrier.ts";
import { blurred, finishWords } from "./finish.ts";
import { merge } from "./members.ts";
import { writeUsage } from "./usage.ts";

export function decode(body: Obj): Message {
  const machine = answer();
  const events = machine.chunk({ ...body, choices: list(body.choices).map(asChunk) });
  return collect([...events, ...machine.done()]);
}

/** The calls of a whole answer are each for themselves, with or without an index. */
function asChunk(choice: Json): Json {
  const { message: value, delta: _, ...others } = obj(choice);
  const message = obj(value);
  const calls = list(message.tool_calls).map((call, index): Json => ({ ...obj(call), index }));
  return { ...others, delta: { ...message, tool_calls: calls } };
}

export function encode(message: Message, context: ReplyContext): Obj {
  const { id, createdAt: created, request } = context;
  const finish_reason = finishWord(message.finish, declines(message), context.lose);
  const said = { index: 0, message: encodeSaid(message, context), logprobs: null, finish_reason };
  const envelope = { id: `chatcmpl-${id}`, object: "chat.completion", created, model: request.model };
  return defined({ ...envelope, choices: [said], usage: writeUsage(message.usage), ...keptOf(message.ext?.chat) });
}

/** What of another Chat server's answer goes along. */
export function keptOf(ext: Obj = {}): Obj {
  return defined(Object.fromEntries(keptMembers.map((member) => [member, ext[member]])));
}

/**
 * The finish reason in Chat's words. `declines`: the model said its refusal itself, which is no filter's work (wire.md
 * C.23).
 */
export function finishWord({ reason }: Finish, declines: boolean, lose: Lose): string {
  const word = reason === "refusal" && declines ? finishWords.stop : finishWords[reason];
  if (blurred.has(reason)) lose("finish.reason", `${reason}>${word}`);
  return word;
}

function encodeSaid(message: Message, context: ReplyContext): Obj {
  let content: string | null = null;
  const annotations: Obj[] = [];
  const calls: ToolCall[] = [];
  const carried = carrier(context);
  for (const block of message.blocks) {
    const before = content?.length ?? 0;
    if (block.type === "reasoning") carried.note(block, before);
    if (block.type === "call") calls.push(carried.load(block));
    if (block.type !== "text") continue;
    annotations.push(...encodeAnnotations(block.annotations ?? [], before, block.text.length));
    content = (content ?? "") + block.text;
  }
  const reasoning = message.blocks.flatMap(shownParts).join("\n\n");
  message.blocks.forEach((block, at) => {
    if (!hasPlace(block)) context.lose(`blocks[${at}]`);
  });
  return defined({
    role: "assistant",
    content,
    refusal: refusalOf(message) ?? null,
    reasoning_content: reasoning === "" ? undefined : reasoning,
    annotations: annotations.length > 0 ? annotations : undefined,
    tool_calls: calls.length > 0 ? calls.map(encodeCall) : undefined,
  });
}

/** Can a Chat answer say this block? */
export function hasPlace(block: Block): boolean {
  return block.type === "text" || block.type === "refusal" || block.type === "reasoning" || block.type === "call";
}

function shownParts(block: Block): readonly string[] {
  if (block.type !== "reasoning") return [];
  const parts = block.summary.length > 0 ? block.summary : (block.content ?? []);
  return parts.filter((part) => part !== "");
}

function declines({ blocks }: Message): boolean {
  return blocks.some((block) => block.type === "refusal" && block.text !== "");
}

function refusalOf({ blocks, finish }: Message): string | undefined {
  const refused = blocks.flatMap((block) => (block.type === "refusal" ? [block.text] : []));
  if (refused.length > 0) return refused.join("");
  return finish.reason === "refusal" ? finish.explanation : undefined;
}

function encodeCall(call: ToolCall): Obj {
  const { id, name, input, ext } = call;
  if (call.kind === "custom") return merge({ id, type: "custom", custom: { name, input } }, ext?.chat);
  return merge({ id, type: "function", function: { name, arguments: input === "" ? "{}" : input } }, ext?.chat);
}
