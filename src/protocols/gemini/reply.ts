/** A whole answer of generateContent as a message, and back. */
import { collect, type Message } from "../../canon/event.ts";
import type { Obj } from "../../canon/json.ts";
import type { Block, Lose, Reasoning } from "../../canon/request.ts";
import type { ReplyContext } from "../protocol.ts";
import { answer } from "./answer.ts";
import { encodeFinish, isCut } from "./finish.ts";
import { type Cited, encodeGrounding } from "./grounding.ts";
import { encodeParts, type Manner, thoughtText } from "./parts.ts";
import { carry } from "./signature.ts";
import { encodeUsage } from "./usage.ts";

/** Throws the fault of a body that is an error, or no answer at all. */
export function decode(body: Obj): Message {
  const reader = answer();
  return collect([...reader.chunk(body), ...reader.end(true)]);
}

export function encode(message: Message, context: ReplyContext): Obj {
  const { finish } = message;
  const blocks = sayable(isCut(finish) ? withoutCutCall(message.blocks) : message.blocks, context.lose);
  const written = blocks.map((block) => (block.type === "text" ? bare(block) : block));
  const parts = encodeParts(written, replyManner(context, message.blocks));
  const grounding = encodeGrounding(citedTexts(blocks, parts));
  if (finish.reason === "pause") context.lose("finish.reason", "pause>stop");
  return {
    candidates: [
      {
        content: { parts: parts.length > 0 ? parts : [{ text: "" }], role: "model" },
        ...encodeFinish(finish),
        index: 0,
        ...(grounding !== undefined && { groundingMetadata: grounding }),
      },
    ],
    usageMetadata: encodeUsage(message.usage),
    modelVersion: context.request.model,
    responseId: context.id,
  };
}

/** A caller sees thoughts who asked for them (`includeThoughts`): the older SDK takes them for the answer's text. */
export function showsThoughts({ request }: ReplyContext): boolean {
  const summary = request.reasoning?.summary;
  return summary !== undefined && summary !== "none";
}

/** How an answer's parts are written: another provider's proofs go into tokens. */
export function replyManner(context: ReplyContext, blocks: readonly Block[]): Manner {
  return {
    lose: context.lose,
    at: (block) => `blocks[${blocks.indexOf(block)}]`,
    sign: (block: Reasoning) => carry(block, context.seal),
    shows: (block) => showsThoughts(context) && thoughtText(block) !== undefined,
    hides: !showsThoughts(context),
    names: new Map(),
    mediaInResults: false,
  };
}

/** An answer that was cut has no use for the call it was writing: it must not be run. */
function withoutCutCall(blocks: readonly Block[]): readonly Block[] {
  const last = blocks.at(-1);
  return last?.type === "call" && isUnfinished(last.input) ? blocks.slice(0, -1) : blocks;
}

/** Is this no complete JSON? */
export function isUnfinished(input: string): boolean {
  try {
    JSON.parse(input);
    return false;
  } catch {
    return true;
  }
}

/** An answer may hold what a request would be refused for: that much of it is lost. */
function sayable(blocks: readonly Block[], lose: Lose): readonly Block[] {
  return blocks.filter((block, index) => {
    const said = isSayable(block);
    if (!said) lose(`blocks[${index}]`);
    return said;
  });
}

/** Can a reply say this block? Images and sounds only with their bytes. */
export function isSayable(block: Block): boolean {
  switch (block.type) {
    case "text":
    case "refusal":
    case "reasoning":
    case "call":
      return true;
    case "image":
    case "file":
    case "audio":
      return block.source.type === "data";
    case "opaque":
      return block.protocol === "gemini";
    case "result":
    case "search":
    case "tools":
      return false;
  }
}

function bare({ annotations: _, ...text }: Extract<Block, { type: "text" }>): Block {
  return text;
}

/** The texts with sources, each with the place of its part. */
function citedTexts(blocks: readonly Block[], parts: readonly Obj[]): Cited[] {
  const cited: Cited[] = [];
  let part = -1;
  for (const block of blocks) {
    if (block.type !== "text") continue;
    part = parts.findIndex((each, index) => index > part && each.thought !== true && each.text === block.text);
    if (block.annotations !== undefined) cited.push({ text: block.text, annotations: block.annotations, part });
  }
  return cited;
}
