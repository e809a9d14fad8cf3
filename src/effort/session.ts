/**
 * The level of a conversation at a model where a change costs its prompt cache: chosen at the start and held, until the
 * cache is known to be cold, or a failing loop is worth the price of one change. Derived anew from the prefix by each
 * call, so that all of a conversation's calls say the same without any of them remembering.
 */
import { isObj, type Json, list, type Obj, obj } from "../canon/json.ts";
import { type Choice, chooseForSession } from "./choice.ts";
import { headOf, lengthOf } from "./content.ts";
import type { EffortPolicy, EffortRequest } from "./policy.ts";
import { eachSignals, type Signals, startSignals } from "./signals.ts";
import { wires } from "./wires.ts";

/** What tokens cost at the model, in nano-dollars each: of the prompt read anew, of the prompt kept, of the answer. */
export interface CachePrices {
  readonly fresh: number;
  readonly kept: number;
  readonly output: number;
}

/** Without prices nothing says what a change is worth, and the level of the start holds to the end. */
export function sessionChoice(request: EffortRequest, policy: EffortPolicy): Choice | undefined {
  const start = startSignals(request.protocol, request.body);
  if (start === undefined) return undefined;
  const first = chooseForSession(request, policy, start);
  const { prices } = request;
  if (prices === undefined) return first;
  const unkept = unkeptUntil(request);
  const entries = wires[request.protocol].entries(request.body);
  // The walk is for the few conversations that have a place where the level might move.
  if (!isLow(first) && unkept <= start.at && !entries.some(isCold)) return first;
  let choice = first;
  let before = start.at;
  for (const signals of eachSignals(request.protocol, request.body)) {
    if (signals.at <= start.at) continue;
    const why = signals.at <= unkept ? "nothing is cached yet" : coldness(request, before, signals.at);
    if (why !== undefined) choice = rechosen(request, policy, signals, why);
    else if (isStuck(choice, signals) && isWorth(request, policy, prices, signals))
      choice = escalated(signals, entries.length);
    before = signals.at;
  }
  return choice;
}

function rechosen(request: EffortRequest, policy: EffortPolicy, signals: Signals, reason: string): Choice {
  const choice = chooseForSession(request, policy, signals);
  return { ...choice, why: () => [...choice.why(), reason] };
}

function escalated({ at, failures }: Signals, end: number): Choice {
  const failed = `${failures} failed test or build runs in a row`;
  const reasons = at === end ? [failed, "worth reading the prompt again"] : ["held for its cache", `since ${failed}`];
  return { level: "high", by: "rule", score: 0, why: () => reasons };
}

/** Only up, and so once in a conversation: each effort keeps a cache of its own, but none of what came since. */
function isStuck(choice: Choice, { failures }: Signals): boolean {
  return failures >= 2 && isLow(choice);
}

function isLow({ level }: Choice): boolean {
  return level === "low" || level === "medium";
}

/**
 * Is a change worth its price? The price: the whole prefix, read at the price of fresh tokens where kept ones would do.
 * The worth: what the failed rounds cost that are still to be expected, each an edit and a run, or what the team says.
 */
function isWorth(
  request: EffortRequest,
  policy: EffortPolicy,
  prices: CachePrices,
  { at, failures }: Signals,
): boolean {
  const tokens = prefixLength(request, at) / charactersPerToken;
  const price = tokens * (prices.fresh - prices.kept);
  const call = tokens * prices.kept + visibleTokens * prices.output;
  const failing = failures >= 4 ? stuck.four : failures === 3 ? stuck.three : stuck.two;
  const rounds = failing / (1 - failing);
  return Math.max(policy.escalationNano ?? 0, rounds * callsPerRound * call) >= price;
}

/** How often the next run fails too, after so many that did, as measured with coding agents. */
const stuck = { two: 0.42, three: 0.39, four: 0.58 } as const;
const callsPerRound = 2;

/** What a call of an agent says beside its reasoning. */
const visibleTokens = 240;
const charactersPerToken = 4;

/** Why nothing of the prefix can still be kept when the answer at `to` is asked for; undefined where it may well be. */
function coldness(request: EffortRequest, from: number, to: number): string | undefined {
  const news = wires[request.protocol].entries(request.body).slice(from, to).map(obj);
  if (news.some(isCompaction)) return "the history was compacted";
  return news.some(tookAnHour) ? "the cache has run out" : undefined;
}

function isCold(entry: Json): boolean {
  return isCompaction(obj(entry)) || tookAnHour(obj(entry));
}

/** OpenAI's item, and the block of Anthropic's answers. What stood before it is read no more. */
function isCompaction({ type, content }: Obj): boolean {
  return type === "compaction" || list(content).some((block) => obj(block).type === "compaction");
}

/** The longest that a prompt is kept unused, unless the caller pays for more. Codex tells how long a command ran. */
const lifeSeconds = 3600;
const wallTime = /^(?:[^\n]*\n){0,4}?Wall time:? ([\d.]+) sec/;

function tookAnHour({ output, content }: Obj): boolean {
  const told = output ?? content;
  return Number(wallTime.exec(headOf(told, 200))?.[1] ?? 0) >= lifeSeconds;
}

/** No provider keeps a prompt of fewer tokens. */
const leastKept = 1024 * charactersPerToken;

/** How many entries there may be before an answer for which nothing is kept yet; -1 where there is too much without any. */
function unkeptUntil({ protocol, body }: EffortRequest): number {
  let length = instructionsLength(body);
  if (length < leastKept) length += lengthIn(body.tools);
  const entries = wires[protocol].entries(body);
  let at = -1;
  while (length < leastKept && at < entries.length) length += lengthIn(entries[++at]);
  return at;
}

function prefixLength({ protocol, body }: EffortRequest, at: number): number {
  const entries = wires[protocol].entries(body).slice(0, at);
  return entries.reduce<number>((sum, entry) => sum + lengthIn(entry), instructionsLength(body) + lengthIn(body.tools));
}

function instructionsLength({ instructions, system, systemInstruction }: Obj): number {
  return lengthOf(instructions ?? system ?? obj(systemInstruction).parts);
}

/** Characters of all texts in it. */
function lengthIn(value: Json | undefined): number {
  if (typeof value === "string") return value.length;
  if (isObj(value)) return Object.values(value).reduce<number>((sum, each) => sum + lengthIn(each), 0);
  return list(value).reduce<number>((sum, each) => sum + lengthIn(each), 0);
}
