/**
 * Reasoning that another protocol's provider signed, on its way through a Chat caller. Chat has no place for it, so its
 * token rides on the tool call that follows: in `extra_content.gearbox.reasoning` for clients that send it back (AI SDK),
 * and in the call's id, which every client sends back (wire.md C.10): `<provider's id>_<token>`, several one after the
 * other, only `[A-Za-z0-9_-]`. A token too long for an id is kept by the gateway, and the id carries its name.
 *
 * Reasoning that no call follows is not carried: no provider needs it again.
 */
import { defined, list, type Obj, obj, text } from "../../canon/json.ts";
import type { Block, Reasoning, ToolCall } from "../../canon/request.ts";
import type { Open, ReplyContext } from "../protocol.ts";
import { merge } from "./members.ts";

/** The longest id that we make; ids of 2,009 characters came back from all clients that were tried. */
const longest = 1500;

/** Where a token, or the name of one, begins behind an id. By chance, ciphertext says this once in 10^8 tokens. */
const seam = /_(?=gbx(?:r1|k))/;

/** Loads the calls of one answer with the reasoning that stands before them. */
export interface Carrier {
  /** A whole block, with so much of the answer's text before it. */
  note(block: Reasoning, textBefore: number): void;
  /** The call as the caller gets it. */
  load(call: ToolCall): ToolCall;
}

export function carrier({ seal, keep }: Pick<ReplyContext, "seal" | "keep">): Carrier {
  let waiting: string[] = [];
  return {
    note(block, textBefore) {
      if (block.native === undefined || block.native.protocol === "chat") return;
      waiting.push(seal({ ...block, ext: { ...block.ext, chat: { textBefore } } }));
    },
    load(call) {
      const tokens = waiting;
      waiting = [];
      if (tokens.length === 0) return call;
      const chat = merge({ extra_content: { gearbox: { reasoning: tokens } } }, call.ext?.chat);
      return { ...call, id: packId(call.id, tokens, keep), ext: { ...call.ext, chat } };
    },
  };
}

function packId(id: string, tokens: readonly string[], keep: ReplyContext["keep"]): string {
  const whole = [id, ...tokens].join("_");
  if (whole.length <= longest) return whole;
  return keep === undefined ? id : [id, ...tokens.map(keep)].join("_");
}

/** The provider's own id in one of ours, and the tokens or names that ride in it. */
export function unpackId(packed: string): { readonly id: string; readonly tokens: readonly string[] } {
  const [id = "", ...tokens] = packed.split(seam);
  return id === "" ? { id: packed, tokens: [] } : { id, tokens };
}

/** Everything that rides in the ids of these messages, in their order. */
export function tokensIn(messages: unknown): string[] {
  const calls = list(messages).flatMap((message) => list(obj(message).tool_calls));
  return calls.flatMap((call) => unpackId(text(obj(call).id) ?? "").tokens);
}

/** Reasoning that stands before a call again, with its place in the message's text. */
export interface Carried {
  readonly block: Reasoning;
  readonly textBefore: number;
}

/**
 * What a call of a caller's brings back. Of what does not open, or only in part, one block tells: it names this protocol
 * as its maker, who never made one, and so it is dropped and reported wherever it is to go.
 */
export function carriedBy(call: Obj, open: Open): Carried[] {
  const whole = list(obj(obj(call.extra_content).gearbox).reasoning).map((token) => text(token) ?? "");
  const ways = [whole, unpackId(text(call.id) ?? "").tokens].filter((tokens) => tokens.length > 0);
  for (const tokens of ways) {
    const blocks = tokens.map(open).filter((block) => block !== undefined);
    if (blocks.length === tokens.length) return blocks.map(placed);
  }
  return ways.length === 0 ? [] : [{ block: lost, textBefore: Number.POSITIVE_INFINITY }];
}

const lost: Reasoning = { type: "reasoning", summary: [], native: { protocol: "chat", value: "lost" } };

function placed({ ext = {}, ...block }: Reasoning): Carried {
  const { chat, ...others } = ext;
  const before = obj(chat).textBefore;
  return {
    block: defined({ ...block, ext: Object.keys(others).length > 0 ? others : undefined }),
    textBefore: typeof before === "number" ? before : Number.POSITIVE_INFINITY,
  };
}

export interface LoadedCall {
  readonly call: ToolCall;
  readonly carried: readonly Carried[];
}

/**
 * The blocks of one message in the order in which they were said: reasoning where it stood in the text, else right
 * before its call. The text is one on Chat, and is cut where reasoning stood amid it. An empty one is only there because
 * clients that collect a stream write it: no text stood before that reasoning.
 */
export function weave(said: readonly Block[], calls: readonly LoadedCall[]): Block[] {
  const isCarrying = calls.some(({ carried }) => carried.length > 0);
  const content = isCarrying ? said.filter((block) => block.type !== "text" || block.text !== "") : said;
  const length = content.reduce((sum, block) => sum + (block.type === "text" ? block.text.length : 0), 0);
  const inText = calls.flatMap(({ carried }) => carried.filter(({ textBefore }) => textBefore < length));
  const behind = calls.flatMap(({ call, carried }): Block[] => {
    return [...carried.filter(({ textBefore }) => textBefore >= length).map(({ block }) => block), call];
  });
  return [...cutText(content, inText), ...behind];
}

function cutText(content: readonly Block[], carried: readonly Carried[]): Block[] {
  const waiting = [...carried];
  let said = 0;
  return content.flatMap((block): Block[] => {
    if (block.type !== "text") return [block];
    const pieces: Block[] = [];
    let rest = block.text;
    for (let next = waiting[0]; next !== undefined && next.textBefore < said + rest.length; next = waiting[0]) {
      const at = Math.max(0, next.textBefore - said);
      if (at > 0) pieces.push({ type: "text", text: rest.slice(0, at) });
      pieces.push(next.block);
      rest = rest.slice(at);
      said += at;
      waiting.shift();
    }
    said += rest.length;
    return [...pieces, { ...block, text: rest }];
  });
}
