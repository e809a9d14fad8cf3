/**
 * What the conversation shows before a call, read straight off the four wire shapes: where the loop stands, not what the
 * task is called. Each set of signals is a pure function of the entries before its place, so that it can be read again,
 * the same, from any later request that continues the conversation.
 */
import { type Json, type Obj, obj } from "../canon/json.ts";
import type { ProtocolId } from "../canon/request.ts";
import type { Act } from "./act.ts";
import { answer, failuresOf, hasFailure, isRecent, memory, startTrail, type Trail } from "./trail.ts";
import { type Wire, wires } from "./wires.ts";

export interface Signals {
  /** The index of the entry (input item, message, content) before which the answer is to stand. */
  readonly at: number;
  /** Did a user speak since the last answer? Else the agent is within its loop. */
  readonly isTurnStart: boolean;
  /** Answers so far; those since a user spoke. */
  readonly answers: number;
  readonly answersInTurn: number;
  /** What the user last said. */
  readonly prompt: string;
  readonly isPlanning: boolean;
  /** The weightiest thing that came to its end since the last answer (`wait`: none has), and whether it failed. */
  readonly act: Act | undefined;
  readonly hasFailed: boolean;
  /** Test and build runs that failed since one passed, of the last answers. */
  readonly failures: number;
  readonly lookUpsInRow: number;
  /** The share of look-ups among the answers of the turn, of the last ones; 0 at its start. */
  readonly lookShare: number;
  /** Characters that came since the last answer, without the harness's own words. */
  readonly news: number;
  /** Characters of reasoning the conversation carries: a running mean over answers, and the mean of this turn. */
  readonly meanReasoning: number;
  readonly turnReasoning: number;
  /** The arguments of the edits that this turn made. */
  readonly edits: readonly (Json | undefined)[];
}

/** The signals before the answer that this request asks for; undefined where there is no conversation. */
export function signalsOf(protocol: ProtocolId, body: Obj): Signals | undefined {
  const wire = wires[protocol];
  const entries = wire.entries(body);
  return entries.length === 0 ? undefined : signalsAt(wire, entries, entries.length);
}

/** The signals at the conversation's start: before its first answer. */
export function startSignals(protocol: ProtocolId, body: Obj): Signals | undefined {
  const wire = wires[protocol];
  const entries = wire.entries(body);
  return entries.length === 0 ? undefined : signalsAt(wire, entries, nextAnswer(wire, entries, 0));
}

/** The signals at the start of the turn that runs: before the first answer since a user last spoke. */
export function turnSignals(protocol: ProtocolId, body: Obj): Signals | undefined {
  const wire = wires[protocol];
  const entries = wire.entries(body);
  for (let at = entries.length - 1; at >= 0; at--) {
    if (speaks(wire, obj(entries[at]))) return signalsAt(wire, entries, nextAnswer(wire, entries, at));
  }
  return startSignals(protocol, body);
}

/** What the model is told to be: the head of its instructions. */
export function instructionsOf(protocol: ProtocolId, body: Obj): string {
  return wires[protocol].instructions(body);
}

function nextAnswer(wire: Wire, entries: readonly unknown[], from: number): number {
  let at = from;
  while (at < entries.length && !isAnswer(wire, entries[at])) at++;
  return at;
}

function isAnswer(wire: Wire, entry: unknown): boolean {
  return wire.isAnswer(wire.kindOf(obj(entry)));
}

/** Are there words of a user in it, and not of the harness alone? */
function speaks(wire: Wire, entry: Obj): boolean {
  const kind = wire.kindOf(entry);
  if (kind !== "user") return false;
  const trail = startTrail();
  wire.tell(trail, entry, kind);
  return trail.userSpoke;
}

/** The signals before the answer that stands, or would stand, at an entry. */
function signalsAt(wire: Wire, entries: readonly unknown[], end: number): Signals {
  const trail = startTrail();
  walk(wire, trail, entries, memoryStart(wire, entries, end), end, () => undefined);
  return show(trail, end);
}

/** Tells the entries from one place to another, and calls `before` at each where an answer begins. Is the last one's? */
function walk(
  wire: Wire,
  trail: Trail,
  entries: readonly unknown[],
  start: number,
  end: number,
  before: (at: number) => void,
): boolean {
  let inAnswer = false;
  for (let at = start; at < end; at++) {
    const entry = obj(entries[at]);
    const kind = wire.kindOf(entry);
    const isAnswer = wire.isAnswer(kind);
    if (isAnswer && !inAnswer) {
      before(at);
      answer(trail);
    }
    wire.tell(trail, entry, kind);
    inAnswer = isAnswer;
  }
  return inAnswer;
}

/** Where the first of the answers begins that still count. What a user said before it counts for nothing more. */
function memoryStart(wire: Wire, entries: readonly unknown[], end: number): number {
  let answers = 0;
  let inAnswer = false;
  for (let at = end - 1; at >= 0; at--) {
    const isOne = isAnswer(wire, entries[at]);
    if (inAnswer && !isOne && ++answers === memory) return at + 1;
    inAnswer = isOne;
  }
  return 0;
}

/** The signals before each answer of the conversation, and before the one that is asked for. One pass. */
export function eachSignals(protocol: ProtocolId, body: Obj): Signals[] {
  const wire = wires[protocol];
  const entries = wire.entries(body);
  const trail = startTrail();
  const found: Signals[] = [];
  const inAnswer = walk(wire, trail, entries, 0, entries.length, (at) => found.push(show(trail, at)));
  if (!inAnswer && entries.length > 0) found.push(show(trail, entries.length));
  return found;
}

function show(trail: Trail, at: number): Signals {
  const { answers } = trail;
  const answersInTurn = Math.min(answers - trail.turnAt, memory);
  return {
    at,
    isTurnStart: trail.userSpoke,
    answers: Math.min(answers, memory),
    answersInTurn,
    prompt: trail.prompt,
    isPlanning: isRecent(trail.planAt, answers),
    act: trail.act,
    hasFailed: hasFailure(trail),
    failures: failuresOf(trail),
    lookUpsInRow: trail.lookUpsInRow,
    lookShare: ones(trail.looks & memoryBits) / (answersInTurn + 1),
    news: trail.news,
    meanReasoning: fadingMean(trail.reasoning),
    turnReasoning: meanOfLast(trail.reasoning, answersInTurn),
    edits: trail.edits,
  };
}

/** Each answer leaves four fifths of the mean before it. */
function fadingMean(lengths: readonly number[]): number {
  let mean = 0;
  for (let at = Math.max(0, lengths.length - memory); at < lengths.length; at++) {
    mean = kept * mean + (1 - kept) * (lengths[at] ?? 0);
  }
  return mean;
}

const kept = 0.8;

function meanOfLast(lengths: readonly number[], count: number): number {
  let sum = 0;
  for (let at = lengths.length - count; at < lengths.length; at++) sum += lengths[at] ?? 0;
  return count === 0 ? 0 : sum / count;
}

const memoryBits = (1 << memory) - 1;

function ones(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}
