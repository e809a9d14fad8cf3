/**
 * What the tools that a provider runs itself may add to a call: fees by the use, and tokens that are read before the
 * answer goes on. A tool whose fee is not known here has no bound. Prices are the vendors' lists, autumn 2026. Pure.
 */
import { isObj, list, number, type Obj, obj, text } from "../canon/json.ts";
import type { ProtocolId } from "../canon/request.ts";

export interface HostedNeed {
  /** Nano-dollars, at the most. */
  readonly fee: number;
  /** Input tokens: a middling high share, as nobody bounds what a search may find. */
  readonly tokens: number;
}

/** Of all tools of a call together; `undefined` where one of them costs what nobody told us. */
export function hostedNeed(provider: string, protocol: ProtocolId, body: Obj): HostedNeed | undefined {
  const needs = needsOf(provider, protocol, body);
  if (needs.includes(undefined)) return undefined;
  const known = needs.filter((need) => need !== undefined);
  return { fee: sum(known.map(({ fee }) => fee)), tokens: sum(known.map(({ tokens }) => tokens)) };
}

function needsOf(provider: string, protocol: ProtocolId, body: Obj): readonly (HostedNeed | undefined)[] {
  const tools = list(body.tools).filter(isObj);
  switch (protocol) {
    case "chat": {
      const searches = isObj(body.web_search_options) ? [searching(provider, usualUses)] : [];
      const plugins = list(body.plugins).length > 0 ? [undefined] : [];
      return [...tools.map((tool) => needOf(provider, tool, body)), ...searches, ...plugins];
    }
    case "responses":
      return tools.map((tool) => needOf(provider, tool, body));
    case "messages":
      return [...tools.map((tool) => needOf(provider, tool, body)), ...list(body.mcp_servers).map(() => undefined)];
    case "gemini":
      return tools.flatMap((tool) => Object.keys(tool).map((name) => ofGoogle[name.replaceAll("_", "").toLowerCase()]));
  }
}

/** A tool by its type, in the words that Chat, Responses and Messages share. */
function needOf(provider: string, tool: Obj, body: Obj): HostedNeed | undefined {
  const type = text(tool.type) ?? "function";
  const uses = number(tool.max_uses) ?? number(body.max_tool_calls) ?? usualUses;
  if (text(obj(tool.environment).type)?.startsWith("container") === true) return sandbox;
  if (callers.test(type)) return type === "function" ? nothing : described;
  if (type.startsWith("web_search")) {
    return tool.external_web_access === false ? cachedSearch(provider, uses) : searching(provider, uses);
  }
  if (type.startsWith("web_fetch")) return { fee: 0, tokens: uses * (number(tool.max_content_tokens) ?? pageTokens) };
  if (/^code_(?:interpreter|execution)/.test(type)) return interpreting(tool);
  return type === "file_search" ? { fee: uses * 2_500_000, tokens: 40_000 } : undefined;
}

/** Where nobody says how often a tool may be used. */
const usualUses = 10;
const pageTokens = 10_000;

const nothing: HostedNeed = { fee: 0, tokens: 0 };

/** The caller runs these, but the provider tells the model about them, which its own tokenizer counts. */
const callers =
  /^(?:function|custom|namespace|local_shell|shell|apply_patch|bash|text_editor|memory|computer|tool_search)/;
const described: HostedNeed = { fee: 0, tokens: 2_000 };

/** A container of the dearest size but those that have to be asked for, and what its runs say. */
const sandbox: HostedNeed = { fee: 50_000_000, tokens: 20_000 };

/** OpenAI's containers by their size, in nano-dollars. */
const containers: Readonly<Record<string, number>> = { "4g": 120_000_000, "16g": 480_000_000, "64g": 1_920_000_000 };

function interpreting({ container }: Obj): HostedNeed {
  return { ...sandbox, fee: containers[text(obj(container).memory_limit) ?? ""] ?? sandbox.fee };
}

/** Nano-dollars a search. OpenAI's older preview costs 25 dollars a thousand, which is the most. */
const searchFees: Readonly<Record<string, number>> = {
  openai: 25_000_000,
  azure: 25_000_000,
  anthropic: 10_000_000,
  "vertex-claude": 10_000_000,
  xai: 5_000_000,
};

function searching(provider: string, uses: number): HostedNeed | undefined {
  const fee = searchFees[provider];
  return fee === undefined ? undefined : { fee: uses * fee, tokens: uses * pageTokens };
}

/** Codex sends it with every call, so that a bound like the one above would hold a budget for nothing. */
function cachedSearch(provider: string, uses: number): HostedNeed | undefined {
  const fee = searchFees[provider];
  return fee === undefined ? undefined : { fee: Math.min(uses, 2) * fee, tokens: 2 * pageTokens };
}

/** Gemini's, by their members without underscores: a search is billed by the prompt or, from 3 on, by the query. */
const ofGoogle: Readonly<Record<string, HostedNeed>> = {
  functiondeclarations: nothing,
  computeruse: described,
  codeexecution: { fee: 0, tokens: 20_000 },
  urlcontext: { fee: 0, tokens: 100_000 },
  googlesearch: { fee: 140_000_000, tokens: 20_000 },
  googlesearchretrieval: { fee: 35_000_000, tokens: 20_000 },
  googlemaps: { fee: 25_000_000, tokens: 20_000 },
};

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, each) => all + each, 0);
}
