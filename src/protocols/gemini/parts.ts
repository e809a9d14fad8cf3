/** Blocks as parts: the side of a request, or a whole answer. */
import { defined, isObj, type Json, type Obj } from "../../canon/json.ts";
import type { Block, Lose, Reasoning, ToolCall, ToolResult } from "../../canon/request.ts";
import { merge } from "./extras.ts";
import { encodeMedia, isMedia } from "./media.ts";
import { functionName } from "./names.ts";
import { encodeResult } from "./results.ts";
import type { Signature } from "./signature.ts";

/** How the parts of one content are to be written. */
export interface Manner {
  readonly lose: Lose;
  /** A block's path in canon, for losses and faults. */
  at(block: Block): string;
  /** What goes on the wire for a reasoning block; nothing for one that is not Gemini's to read. */
  sign(block: Reasoning): Signature | undefined;
  /** Is a thought shown that has no signature to go with it? */
  shows(block: Reasoning): boolean;
  /** Does a signed thought go without its text? */
  readonly hides: boolean;
  /** What the functions of the calls written so far were called, by the calls' ids: the last one of an id counts. */
  readonly names: Map<string, string>;
  /** May images stand inside a result (Gemini 3)? Else they follow the results. */
  readonly mediaInResults: boolean;
}

interface Writing {
  readonly parts: Obj[];
  /** The signature for the next part. */
  next: string | undefined;
  /** Images of results, which follow the last of these. */
  media: Obj[];
}

export function encodeParts(blocks: readonly Block[], manner: Manner): Obj[] {
  const writing: Writing = { parts: [], next: undefined, media: [] };
  for (const block of blocks) {
    if (block.type !== "result") writing.parts.push(...writing.media.splice(0));
    encodeBlock(block, writing, manner);
  }
  writing.parts.push(...writing.media);
  if (writing.next !== undefined) writing.parts.push({ text: "", thoughtSignature: writing.next });
  return writing.parts;
}

function encodeBlock(block: Block, writing: Writing, manner: Manner): void {
  switch (block.type) {
    case "text":
      if (block.annotations !== undefined && block.annotations.length > 0)
        manner.lose(`${manner.at(block)}.annotations`);
      put(writing, { text: block.text }, block.ext?.gemini);
      break;
    case "refusal":
      put(writing, { text: block.text });
      break;
    case "image":
    case "file":
    case "audio":
      encodeMediaBlock(block, writing, manner);
      break;
    case "reasoning":
      encodeReasoning(block, writing, manner);
      break;
    case "call":
      manner.names.set(block.id, block.name);
      put(writing, { functionCall: encodeCall(block) }, block.ext?.gemini);
      break;
    case "result":
      putResult(block, writing, manner);
      break;
    case "opaque":
      if (block.protocol === "gemini") writing.parts.push(block.value);
      else manner.lose(manner.at(block));
      break;
    case "search":
    case "tools":
      manner.lose(manner.at(block));
  }
}

/** Writes the part, signed if a signature waits for it. */
function put(writing: Writing, part: Obj, extra?: Obj): void {
  const signed = writing.next === undefined ? part : { ...part, thoughtSignature: writing.next };
  writing.parts.push(merge(signed, extra));
  writing.next = undefined;
}

function encodeMediaBlock(block: Block, writing: Writing, { at, lose }: Manner): void {
  if (!isMedia(block)) return;
  if (block.type === "image" && block.detail !== undefined && block.detail !== "auto") lose(`${at(block)}.detail`);
  if (block.type === "file" && block.name !== undefined) lose(`${at(block)}.name`);
  put(writing, encodeMedia(block, at(block)), block.ext?.gemini);
}

function encodeReasoning(block: Reasoning, writing: Writing, manner: Manner): void {
  const signature = manner.sign(block);
  // Of two signatures for one part, the first goes on a thought of its own.
  if (writing.next !== undefined) writing.parts.push({ text: "", thought: true, thoughtSignature: writing.next });
  writing.next = undefined;
  if (signature?.place !== "own" && manner.shows(block)) writing.parts.push(thoughtPart(block));
  if (signature === undefined) return;
  const { value, place } = signature;
  const last = writing.parts.at(-1);
  if (place === "own") {
    writing.parts.push(thoughtPart(block, value, manner.hides));
  } else if (place === "end") {
    writing.parts.push(merge({ text: "", thoughtSignature: value }, block.ext?.gemini));
  } else if (place === "previous" && typeof last?.text === "string" && last.thoughtSignature === undefined) {
    writing.parts[writing.parts.length - 1] = { ...last, thoughtSignature: value };
  } else {
    writing.next = value;
  }
}

/** The text of a thought; raw reasoning only where there is no summary of it. */
export function thoughtText({ summary, content = [] }: Reasoning): string | undefined {
  const shown = summary.length > 0 ? summary : content;
  return shown.length > 0 ? shown.join("\n\n") : undefined;
}

function thoughtPart(block: Reasoning, thoughtSignature?: string, hidden = false): Obj {
  const text = hidden ? undefined : thoughtText(block);
  return merge(defined({ text, thought: true, thoughtSignature }), block.ext?.gemini);
}

/** A text that is no JSON by design goes as the arguments of the function that stands in for its tool. */
function encodeCall({ id, kind, name, input }: ToolCall): Obj {
  return { id, name: functionName(name), args: kind === "custom" ? { input } : encodeArguments(input) };
}

/** Models do write arguments that are no JSON object: they are sent back as what they are (wire.md C.8). */
function encodeArguments(input: string): Obj {
  if (input.trim() === "") return {};
  try {
    const parsed: Json = JSON.parse(input);
    if (isObj(parsed)) return parsed;
  } catch {
    return { _raw: input };
  }
  return { _raw: input };
}

function putResult(block: ToolResult, writing: Writing, manner: Manner): void {
  const at = manner.at(block);
  const name = manner.names.get(block.callId) ?? block.callId;
  const { part, media } = encodeResult(block, functionName(name), at, manner.lose);
  if (media.length > 0 && manner.mediaInResults) {
    writing.parts.push(merge(merge(part, { functionResponse: { parts: media } }), block.ext?.gemini));
  } else {
    writing.parts.push(merge(part, block.ext?.gemini));
    writing.media.push(...media);
  }
}
