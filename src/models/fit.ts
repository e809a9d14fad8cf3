/**
 * A request as one model accepts it. What the model would refuse and can do without is changed and reported; what it
 * cannot do without (a forced call, a prefilled answer) is a Fault. The tools were made flat before.
 */
import { reportSearchOptions } from "../canon/foreign.ts";
import { defined, type Json, list, obj, text } from "../canon/json.ts";
import type { Block, CanonRequest, Lose, ProtocolId, ReasoningOptions, Turn } from "../canon/request.ts";
import { turnPath } from "../canon/turns.ts";
import { dial } from "../effort/dial.ts";
import { unsupported } from "../fault.ts";
import type { ModelFacts } from "./catalog.ts";

/** Throws Fault `unsupported` for what changes the meaning; `lose` hears of the rest, in canon's words. */
export function fitModel(request: CanonRequest, facts: ModelFacts, protocol: ProtocolId, lose: Lose): CanonRequest {
  const model: Model = { facts, protocol, lose };
  const begun = withoutRest(request, model);
  refuse(begun, model);
  refuseTogether(begun, model);
  reportSearchOptions(begun.tools ?? [], protocol, lose);
  return [withoutBilling, openDocuments, askSomething, placeSystem, boundOutput, setReasoning, setSampling].reduce(
    (fitted, step) => step(fitted, model),
    begun,
  );
}

/**
 * Without the thoughts of an answer that broke off behind them: Codex sends back what it has had of one. They begin no
 * answer that could be gone on with, and the model thinks anew.
 */
function withoutRest(request: CanonRequest, { facts, lose }: Model): CanonRequest {
  const { turns } = request;
  const last = turns.at(-1);
  const isRest = last?.role === "assistant" && last.blocks.length > 0 && last.blocks.every(isThought);
  if (last === undefined || !isRest || facts.prefill) return request;
  lose(turnPath(last, turns.length - 1));
  return { ...request, turns: turns.slice(0, -1) };
}

const isThought = ({ type }: Block): boolean => type === "reasoning";

/** The same with answers of so many tokens at the most, thinking included; as it is where no number is given. */
export function heldTo(tokens: number | undefined, request: CanonRequest, facts: ModelFacts, lose: Lose) {
  if (tokens === undefined) return { request, facts };
  const maxOutput = Math.min(tokens, facts.maxOutput ?? tokens);
  if (request.maxOutput !== undefined) return { request, facts: { ...facts, maxOutput } };
  lose("maxOutput", `>${maxOutput}`);
  return { request: { ...request, maxOutput }, facts: { ...facts, maxOutput } };
}

interface Model {
  readonly facts: ModelFacts;
  readonly protocol: ProtocolId;
  readonly lose: Lose;
}

function refuse({ turns, toolChoice }: CanonRequest, { facts }: Model): void {
  if (toolChoice?.mode === "required" && facts.forcedTools === "no") {
    throw unsupported("toolChoice", "cannot demand a call of this model; leave the choice to it with 'auto'.");
  }
  const last = turns.at(-1);
  if (!facts.prefill && last?.role === "assistant" && last.blocks.length > 0 && last.blocks.every(isProse)) {
    throw unsupported("turns", "cannot end with an assistant message: this model continues none.");
  }
}

/** What the model takes alone, but not with something else that was asked for (wire.md C.11, C.12 and C.18). */
function refuseTogether({ model, tools = [], format, stop = [] }: CanonRequest, { facts, protocol }: Model): void {
  if (protocol === "chat" && stop.length > 0 && facts.dial.style === "effort" && !model.includes("o1")) {
    throw unsupported("stop", "cannot be given to this model: it reasons, and such models of OpenAI stop at no text.");
  }
  if (protocol !== "gemini" || !beforeGemini3.test(model) || !tools.some(({ type }) => type === "function")) return;
  if (format?.type === "schema") {
    throw unsupported("format", "cannot stand beside function tools for this model: that came with Gemini 3.");
  }
  const search = tools.findIndex((tool) => tool.type === "web_search" && tool.live);
  if (search >= 0) {
    throw unsupported(
      `tools[${search}]`,
      "cannot stand beside function tools for this model: that came with Gemini 3.",
    );
  }
}

const beforeGemini3 = /gemini-(?:pro|[12])(?:[.-]|$)/i;

/** Other blocks at the end are a turn that the provider paused, or calls whose results it will miss itself. */
function isProse({ type }: Block): boolean {
  return type === "text" || type === "refusal" || type === "reasoning";
}

/** Claude Code's first system block: it is for Anthropic, and another one with each release (wire.md C.1). */
const billing = /^x-anthropic-billing-header:.*$/;

function withoutBilling(request: CanonRequest, { protocol }: Model): CanonRequest {
  const { instructions: [first, ...others] = [], ...rest } = request;
  const isForAnthropic = first?.type === "text" && billing.test(first.text.trim());
  if (protocol === "messages" || request.ext?.messages === undefined || !isForAnthropic) return request;
  return { ...rest, ...(others.length > 0 && { instructions: others }) };
}

/** A document that is a list of blocks, which only Anthropic knows, as those blocks; its cuts served its own citations. */
function openDocuments(request: CanonRequest, { protocol, lose }: Model): CanonRequest {
  if (protocol === "messages" || request.ext?.messages === undefined) return request;
  const turns = request.turns.map((turn, index) => ({
    ...turn,
    blocks: turn.blocks.flatMap((block, at) => openDocument(block, `${turnPath(turn, index)}.blocks[${at}]`, lose)),
  }));
  return { ...request, turns };
}

function openDocument(block: Block, field: string, lose: Lose): Block[] {
  if (block.type !== "opaque" || block.protocol !== "messages" || block.value.type !== "document") return [block];
  const content = list(obj(block.value.source).content);
  const opened = content.map(openPart).filter((part) => part !== undefined);
  if (content.length === 0 || opened.length < content.length) return [block];
  lose(field, "document>blocks");
  return opened;
}

function openPart(value: Json): Block | undefined {
  const part = obj(value);
  if (part.type === "text") return { type: "text", text: text(part.text) ?? "" };
  const { type, media_type, data, url } = obj(part.source);
  if (part.type !== "image") return undefined;
  if (type === "url") return { type: "image", source: { type: "url", url: text(url) ?? "" } };
  if (type !== "base64") return undefined;
  return { type: "image", source: { type: "data", mediaType: text(media_type) ?? "", data: text(data) ?? "" } };
}

/** Anthropic and Gemini want a user's turn: instructions alone become one. */
function askSomething(request: CanonRequest, { protocol, lose }: Model): CanonRequest {
  if (protocol !== "messages" && protocol !== "gemini") return request;
  if (!request.turns.every(isSystem)) return request;
  const { instructions, ...rest } = request;
  if (request.turns.length > 0) {
    lose("turns.role", "system>user");
    return { ...request, turns: request.turns.map((turn) => ({ ...turn, role: "user" })) };
  }
  if (instructions === undefined || instructions.length === 0) return request;
  lose("instructions", "system>user");
  return { ...rest, turns: [{ role: "user", blocks: instructions }] };
}

function isSystem({ role }: Turn): boolean {
  return role === "system" || role === "developer";
}

/**
 * System turns amid the conversation, where the model takes none, as a user's: never moved to the front, which would
 * spoil the prompt cache and the signatures of all that follows. Anthropic takes one only behind the user's side.
 */
function placeSystem(request: CanonRequest, { facts, protocol, lose }: Model): CanonRequest {
  const isTaken = facts.midSystem ?? (protocol === "chat" || protocol === "responses");
  let begun = false;
  let calling = false;
  let behindUser = false;
  let reported = false;
  const turns = request.turns.map((turn): Turn => {
    if (!isSystem(turn)) {
      // Results move up to their calls (canon/turns.ts): behind a call the user's side comes first.
      calling = turn.role === "assistant" && (calling || turn.blocks.some(({ type }) => type === "call"));
      begun = true;
      behindUser = turn.role !== "assistant" || calling;
      return turn;
    }
    if (!begun || (isTaken && (behindUser || protocol !== "messages"))) return turn;
    if (!reported) lose("turns.role", `${turn.role}>user`);
    reported = true;
    behindUser = true;
    return { ...turn, role: "user", blocks: turn.blocks.map(remind) };
  });
  return { ...request, turns };
}

function remind(block: Block): Block {
  if (block.type !== "text") return block;
  return { ...block, text: `<system-reminder>\n${block.text}\n</system-reminder>` };
}

/** Tokens, for the one protocol that demands a bound and a model of which none is known. */
const usualMaxOutput = 32_000;

function boundOutput(request: CanonRequest, { facts, protocol, lose }: Model): CanonRequest {
  const most = facts.maxOutput ?? Number.POSITIVE_INFINITY;
  const least = protocol === "responses" ? (facts.minOutput ?? 0) : 0;
  const asked = request.maxOutput;
  if (asked === undefined) {
    return protocol === "messages"
      ? { ...request, maxOutput: Math.min(most, facts.maxOutput ?? usualMaxOutput) }
      : request;
  }
  const maxOutput = Math.min(Math.max(asked, least), most);
  if (maxOutput !== asked) lose("maxOutput", `${asked}>${maxOutput}`);
  return { ...request, maxOutput };
}

function setReasoning(request: CanonRequest, { facts, protocol, lose }: Model): CanonRequest {
  const { reasoning: wanted, ...rest } = request;
  if (wanted === undefined) return request;
  const dialled = dial(facts, protocol, wanted, request.maxOutput);
  if (thinks(dialled.reasoning) && mustNotThink(request, facts, protocol)) {
    lose("reasoning.effort", `${wanted.effort ?? wanted.mode}>none`);
    return { ...request, reasoning: defined({ mode: "off" as const, summary: wanted.summary }) };
  }
  for (const { field, change } of dialled.changes) lose(field, change);
  return { ...rest, ...defined({ reasoning: dialled.reasoning, maxOutput: dialled.maxOutput }) };
}

function thinks(reasoning: ReasoningOptions | undefined): boolean {
  if (reasoning?.mode !== undefined) return reasoning.mode !== "off";
  return reasoning?.effort !== undefined && reasoning.effort !== "none";
}

function mustNotThink(request: CanonRequest, facts: ModelFacts, protocol: ProtocolId): boolean {
  if (protocol !== "messages") return false;
  if (facts.forcedTools === "without_thinking" && request.toolChoice?.mode === "required") return true;
  return facts.dial.style === "budget" && lacksThinking(request.turns);
}

/**
 * Amid a tool loop the older Claude models, when told to think, want the turn with the calls to begin with its signed
 * thinking (wire.md B.3.8): where that was lost on the way, this answer has to do without.
 */
function lacksThinking(turns: readonly Turn[]): boolean {
  const end = turns.findLastIndex(({ role }) => role === "assistant") + 1;
  const answered = turns.slice(end).some(({ blocks }) => blocks.some(({ type }) => type === "result"));
  if (!answered) return false;
  const start = turns.findLastIndex(({ role }, at) => at < end && role !== "assistant") + 1;
  const blocks = turns.slice(start, end).flatMap((turn) => turn.blocks);
  const [first] = blocks.filter((block) => block.type !== "text" || block.text !== "");
  const begins = first?.type === "reasoning" && first.native?.protocol === "messages";
  return !begins && blocks.some(({ type }) => type === "call");
}

/** The value that each has by itself, and that many clients write down all the same: it is dropped in silence. */
const usual = { temperature: 1, topP: 1, topK: undefined, presencePenalty: 0, frequencyPenalty: 0 } as const;

const sampling = ["temperature", "topP", "topK"] as const satisfies (keyof typeof usual)[];
const penalties = ["presencePenalty", "frequencyPenalty"] as const satisfies (keyof typeof usual)[];

function setSampling(request: CanonRequest, { facts, protocol, lose }: Model): CanonRequest {
  const refused = [...(isSampled(request, facts) ? [] : sampling), ...(facts.penalties ? [] : penalties)];
  for (const field of refused) {
    if (request[field] !== undefined && request[field] !== usual[field]) lose(field);
  }
  const kept: CanonRequest = defined({ ...request, ...Object.fromEntries(refused.map((field) => [field, undefined])) });
  if (protocol !== "messages" || kept.temperature === undefined || kept.temperature <= 1) return kept;
  lose("temperature", `${kept.temperature}>1`);
  return { ...kept, temperature: 1 };
}

function isSampled({ reasoning }: CanonRequest, { sampling: rule }: ModelFacts): boolean {
  switch (rule) {
    case "yes":
      return true;
    case "no":
      return false;
    case "at_none":
      return reasoning?.effort === "none";
    case "without_thinking":
      return !thinks(reasoning);
  }
}
