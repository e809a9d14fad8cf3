/**
 * What callers send as `contents`, as turns. Neighbours of one role are one turn, each result is a turn of its own
 * behind its call (canon/turns.ts): as `conversation.ts` sends them. Calls without an id get one made of their place, so
 * that results without ids find them by name and order.
 */
import { defined, type Obj, text } from "../../canon/json.ts";
import type { Block, Reasoning, ToolCall, Turn } from "../../canon/request.ts";
import { settle } from "../../canon/turns.ts";
import { invalid } from "../../fault.ts";
import type { Open } from "../protocol.ts";
import { ext, under } from "./extras.ts";
import { remainder, spell } from "./fields.ts";
import { decodeMedia } from "./media.ts";
import { maybeObj, maybeText, needList, needObj, needText } from "./members.ts";
import { wantsSignatures } from "./model.ts";
import { thoughtText } from "./parts.ts";
import { decodeResult } from "./results.ts";
import { made, nativeOf, openToken, type Place, sentinel } from "./signature.ts";

/** What the parts before one have told. */
interface Reader {
  readonly open: Open;
  /** Does the model want signatures, so that the sentinel says nothing? */
  readonly wantsSignatures: boolean;
  readonly calls: Asked[];
}

interface Asked {
  readonly call: ToolCall;
  readonly wireId: string | undefined;
  answered: boolean;
}

interface At {
  readonly path: string;
  readonly content: number;
  readonly part: number;
  readonly last: boolean;
  /** Has the same content a call before this part? */
  readonly afterCall: boolean;
}

export function decodeContents(value: Obj[string], model: string, open: Open): Turn[] {
  const reader: Reader = { open, wantsSignatures: wantsSignatures(model), calls: [] };
  const contents = needList(value, "contents");
  if (contents.length === 0) throw invalid("contents", "must hold at least one content.");
  const turns: Turn[] = [];
  for (const [index, each] of contents.entries()) {
    const turn = decodeContent(each, index, reader);
    const last = turns.at(-1);
    const joins = last?.role === turn.role && last.ext === undefined && turn.ext === undefined;
    if (joins && last !== undefined) turns[turns.length - 1] = { ...last, blocks: [...last.blocks, ...turn.blocks] };
    else turns.push(turn);
  }
  return settle(turns.map(inOnePiece));
}

/** A streamed answer comes back in as many contents and parts as it came: what another provider signed goes to it in one. */
function inOnePiece(turn: Turn): Turn {
  return turn.blocks.some(isForeign) ? { ...turn, blocks: joinTexts(turn.blocks) } : turn;
}

/** Roles: a content without one is the user's, and so are results under the role `function` of older clients. */
const roles: Readonly<Record<string, "user" | "assistant">> = { user: "user", function: "user", model: "assistant" };

function decodeContent(value: Obj[string], index: number, reader: Reader): Turn {
  const at = `contents[${index}]`;
  const content = spell(needObj(value, at), "content");
  const wireRole = maybeText(content.role, `${at}.role`) ?? "user";
  const role = Object.hasOwn(roles, wireRole) ? roles[wireRole] : undefined;
  if (role === undefined) throw invalid(`${at}.role`, "must be user or model.");
  const blocks = decodeParts(content.parts, index, reader);
  return defined({ role, blocks, ...ext(remainder(content, "content")) });
}

function decodeParts(value: Obj[string], content: number, reader: Reader): Block[] {
  const path = `contents[${content}].parts`;
  const parts = needList(value, path);
  const blocks: Block[] = [];
  for (const [part, each] of parts.entries()) {
    const at = {
      path: `${path}[${part}]`,
      content,
      part,
      last: part === parts.length - 1,
      afterCall: blocks.some(({ type }) => type === "call"),
    };
    for (const block of decodePart(spell(needObj(each, at.path), "part"), at, reader)) {
      if (block.type === "reasoning") blocks.length -= repeated(block, blocks);
      blocks.push(block);
    }
  }
  return blocks;
}

/** Was it made by a provider of another protocol, whose block a token of ours brought back? */
function isForeign(block: Block): boolean {
  return block.type === "reasoning" && block.native !== undefined && block.native.protocol !== "gemini";
}

function joinTexts(blocks: readonly Block[]): Block[] {
  const joined: Block[] = [];
  for (const block of blocks) {
    const last = joined.at(-1);
    if (block.type === "text" && last?.type === "text" && block.ext === undefined && last.ext === undefined) {
      joined[joined.length - 1] = { ...last, text: last.text + block.text };
    } else {
      joined.push(block);
    }
  }
  return joined;
}

/**
 * How many of the last blocks are the thought in this one over again: a caller sends back what was shown, in as many
 * pieces as it came, and then the token with the same thought in it.
 */
function repeated(thought: Reasoning, blocks: readonly Block[]): number {
  const whole = thoughtText(thought) ?? "";
  if (thought.native === undefined || whole === "") return 0;
  let shown = "";
  for (let count = 1; count <= blocks.length; count++) {
    const before = blocks.at(-count);
    if (before?.type !== "reasoning" || before.native !== undefined) return 0;
    shown = before.summary.join("\n\n") + shown;
    if (shown === whole) return count;
  }
  return 0;
}

type Payload = "text" | "inlineData" | "fileData" | "functionCall" | "functionResponse";

const payloads: readonly Payload[] = ["text", "inlineData", "fileData", "functionCall", "functionResponse"];

function decodePart(part: Obj, at: At, reader: Reader): Block[] {
  const given = payloads.filter((name) => part[name] !== undefined);
  if (given.length > 1) throw invalid(at.path, `holds both ${given[0]} and ${given[1]}.`);
  const signature = maybeText(part.thoughtSignature, `${at.path}.thoughtSignature`);
  const payload: Payload | undefined = given[0];
  switch (payload) {
    case "functionCall":
      return decodeCall(part, signature, at, reader);
    case "functionResponse":
      return [decodeResult(part, at.path, answeredBy(part, at.path, reader))];
    case "inlineData":
    case "fileData": {
      const { thoughtSignature: _, ...unsigned } = part;
      const media = decodeMedia(unsigned, at.path);
      return media === undefined ? [opaque(part)] : [...signed(signature, "next", reader.open), media];
    }
    case "text":
      return decodeText(part, needText(part.text, `${at.path}.text`), signature, at, reader);
    case undefined:
      return decodeBare(part, signature, reader);
  }
}

function opaque(value: Obj): Block {
  return { type: "opaque", protocol: "gemini", value };
}

function signed(signature: string | undefined, kind: Place, open: Open): Reasoning[] {
  return signature === undefined ? [] : [openToken(signature, open) ?? made(signature, kind)];
}

function decodeText(part: Obj, said: string, signature: string | undefined, at: At, reader: Reader): Block[] {
  if (part.thought === true) return [decodeThought(part, [said], signature, reader.open)];
  const { text: _, thoughtSignature: __, ...others } = part;
  const block: Block = { type: "text", text: said, ...ext(others) };
  if (signature === undefined) return [block];
  // An empty text that is signed has no other use than to be.
  const token = openToken(signature, reader.open);
  const bare = said === "" && Object.keys(others).length === 0 && (at.last || token !== undefined);
  const reasoning = token ?? made(signature, bare ? "end" : "next");
  return bare ? [reasoning] : [reasoning, block];
}

/** An unsigned thought says in `ext` that it was one of Gemini's: nothing else does. */
function decodeThought(part: Obj, summary: string[], signature: string | undefined, open: Open): Reasoning {
  const { text: _, thought, thoughtSignature: __, ...others } = part;
  if (signature === undefined) return { type: "reasoning", summary, ...ext({ thought, ...others }) };
  const token = openToken(signature, open);
  return token ?? { type: "reasoning", summary, native: nativeOf(signature, "own"), ...ext(others) };
}

/** A part without any of the payloads we know: a thought without text, a bare signature, or something of Gemini's. */
function decodeBare(part: Obj, signature: string | undefined, reader: Reader): Block[] {
  const { thought, thoughtSignature: _, ...others } = part;
  if (Object.keys(others).length > 0 || signature === undefined) return [opaque(part)];
  if (thought === true) return [decodeThought(part, [], signature, reader.open)];
  return thought === undefined ? signed(signature, "end", reader.open) : [opaque(part)];
}

function decodeCall(part: Obj, signature: string | undefined, at: At, reader: Reader): Block[] {
  const path = `${at.path}.functionCall`;
  const wire = spell(needObj(part.functionCall, path), "functionCall");
  const name = needText(wire.name, `${path}.name`);
  const wireId = maybeText(wire.id, `${path}.id`) || undefined;
  const taken = reader.calls.some(({ call }) => call.id === wireId);
  const id = wireId === undefined || taken ? `call_${at.content}_${at.part}` : wireId;
  const { functionCall: _, thoughtSignature: __, ...others } = part;
  const own = { ...remainder(wire, "functionCall"), ...(wireId !== undefined && wireId !== id && { id: wireId }) };
  const call: ToolCall = {
    type: "call",
    id,
    kind: "function",
    name,
    input: JSON.stringify(maybeObj(wire.args, `${path}.args`)),
    ...ext({ ...others, ...under("functionCall", own) }),
  };
  reader.calls.push({ call, wireId, answered: false });
  // The sentinel stands for no signature, and is put there again when the call goes out.
  const stands = signature === sentinel && reader.wantsSignatures && !at.afterCall;
  return [...(stands ? [] : signed(signature, "next", reader.open)), call];
}

/** The call that a result answers: by its id, else the first of its name without an answer. */
function answeredBy(part: Obj, path: string, { calls }: Reader): ToolCall {
  const wire = spell(needObj(part.functionResponse, `${path}.functionResponse`), "functionResponse");
  const name = maybeText(wire.name, `${path}.functionResponse.name`);
  const id = maybeText(wire.id, `${path}.functionResponse.id`) || undefined;
  const waiting = calls.filter(({ answered }) => !answered);
  const asked =
    (id === undefined ? undefined : waiting.find((each) => each.wireId === id || each.call.id === id)) ??
    waiting.find((each) => (id === undefined || each.wireId === undefined) && each.call.name === name);
  if (asked === undefined) {
    throw invalid(`${path}.functionResponse`, `there is no functionCall before it for '${text(name) ?? id ?? ""}'.`);
  }
  asked.answered = true;
  return asked.call;
}
