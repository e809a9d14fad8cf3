/**
 * What a conversation shows on the way through it: the state that decisions are made from, and the events that change it.
 * All that counts lies within the last answers, so that a decision costs the same however long the conversation is, and
 * is the same whether it was read from the start or from there.
 */
import type { Json } from "../canon/json.ts";
import { type Act, actOf, isLookUp, isWork } from "./act.ts";
import { lengthOf } from "./content.ts";
import { goesOn, hasFailed, type Output } from "./outcome.ts";
import { isHarness, planMode } from "./words.ts";

/** How many answers back anything counts. */
export const memory = 10;

export interface Trail {
  /** The model's answers so far, and how many there were when a user last spoke. */
  answers: number;
  turnAt: number;
  /** Did a user speak since the last answer? */
  userSpoke: boolean;
  prompt: string;
  /** At which answer the plan mode was begun, or spoken of. */
  planAt: number | undefined;
  /** Characters of reasoning of each answer, as they are carried. */
  readonly reasoning: number[];
  /** Characters that users and tools brought since the last answer. */
  news: number;
  /** The weightiest act of which the outcome came since the last answer. */
  act: Act | undefined;
  lookUpsInRow: number;
  /** One bit for each answer of the turn, the last one lowest: did it look something up? */
  looks: number;
  /** Edits, tests and builds that came to their end. */
  readonly work: Work[];
  /** The arguments of this turn's edits. */
  edits: (Json | undefined)[];
  /** The ids of the tool calls, and what each does. Outcomes come soon, so that no index of them is worth its making. */
  readonly ids: string[];
  readonly acts: Act[];
  /** What the last command does that went on in the background, and at which answer it began. */
  running: { readonly act: Act; readonly at: number } | undefined;
}

interface Work {
  readonly act: Act;
  /** At which answer it began, and after which it ended: not the same where it went on in the background. */
  readonly began: number;
  readonly ended: number;
  readonly output: Output;
  /** Found out once it is asked for: most of what succeeded long ago never is. */
  failed?: boolean;
}

export function startTrail(): Trail {
  return {
    answers: 0,
    turnAt: 0,
    userSpoke: false,
    prompt: "",
    planAt: undefined,
    reasoning: [],
    news: 0,
    act: undefined,
    lookUpsInRow: 0,
    looks: 0,
    work: [],
    edits: [],
    ids: [],
    acts: [],
    running: undefined,
  };
}

/** A text in a user's place. */
export function hear(trail: Trail, said: string): void {
  if (isHarness(said)) {
    setMode(trail, said);
    return;
  }
  trail.userSpoke = true;
  trail.prompt = said;
  trail.news += said.length;
  trail.turnAt = trail.answers;
  trail.lookUpsInRow = 0;
  trail.looks = 0;
  trail.edits = [];
}

/** What a harness says may begin or end the plan mode. */
export function setMode(trail: Trail, said: string): void {
  const isPlan = planMode(said);
  if (isPlan !== undefined) trail.planAt = isPlan ? trail.answers : undefined;
}

/** The model begins an answer. */
export function answer(trail: Trail): void {
  trail.answers++;
  trail.userSpoke = false;
  trail.news = 0;
  trail.act = undefined;
  trail.looks <<= 1;
  trail.reasoning.push(0);
}

/** Reasoning of the answer, in characters. */
export function reason(trail: Trail, length: number): void {
  const last = trail.reasoning.length - 1;
  if (last >= 0) trail.reasoning[last] = (trail.reasoning[last] ?? 0) + length;
}

/** A tool call of the answer. `input`: an object, its JSON text, or the text of a custom tool. */
export function call(trail: Trail, id: string, name: string, input: Json | undefined): void {
  const act = actOf(name, input);
  trail.ids.push(id);
  trail.acts.push(act);
  if (isLookUp(act)) {
    trail.lookUpsInRow++;
    trail.looks |= 1;
  } else if (act !== "wait" && act !== "note") {
    trail.lookUpsInRow = 0;
  }
  if (act === "edit") trail.edits.push(input);
  if (act === "plan") trail.planAt = /^enter/i.test(name) ? trail.answers : undefined;
}

/**
 * What came of a tool call. A command that goes on has nothing to show yet; who waits for it learns at its end what came
 * of it. Only of what changes or tries the code it is asked whether it failed.
 */
export function learn(trail: Trail, id: string, output: Output): void {
  const called = calledAct(trail, id);
  trail.news += lengthOf(output.content);
  if (mayGoOn(called) && goesOn(output.content)) {
    if (called !== "wait") trail.running = { act: called, at: trail.answers };
    take(trail, "wait");
  } else if (called === "wait") {
    const { running, answers } = trail;
    trail.running = undefined;
    if (running !== undefined && isRecent(running.at, answers)) end(trail, running.act, running.at, output);
    else take(trail, "other");
  } else {
    end(trail, called, trail.answers, output);
  }
}

/** Looked for among so many calls, or a conversation of answers to no call would be read for ever. */
const mostAwaited = 128;

function calledAct({ ids, acts }: Trail, id: string): Act {
  const least = Math.max(0, ids.length - mostAwaited);
  for (let at = ids.length - 1; at >= least; at--) if (ids[at] === id) return acts[at] ?? "other";
  return "other";
}

function mayGoOn(act: Act): boolean {
  return act === "test" || act === "build" || act === "wait" || act === "other" || act === "git" || act === "agent";
}

/** An act that began at an answer has come to its end. */
function end(trail: Trail, act: Act, began: number, output: Output): void {
  take(trail, act);
  if (isWork(act)) trail.work.push({ act, began, ended: trail.answers, output });
}

/** Did an edit, a test or a build fail since the last answer? */
export function hasFailure({ work, answers }: Trail): boolean {
  for (let at = work.length - 1; at >= 0; at--) {
    const each = work[at];
    if (each === undefined || each.ended < answers) return false;
    if (failed(each)) return true;
  }
  return false;
}

/** Tests and builds that failed, of those that count. One that passes clears up what began no later than itself. */
export function failuresOf({ work, answers }: Trail): number {
  let count = 0;
  let cleared = answers - memory;
  for (let at = work.length - 1; at >= 0; at--) {
    const each = work[at];
    if (each === undefined || each.ended <= cleared) break;
    if (each.act === "edit" || each.began <= cleared) continue;
    if (failed(each)) count++;
    else cleared = each.began;
  }
  return count;
}

function failed(work: Work): boolean {
  work.failed ??= hasFailed(work.act, work.output);
  return work.failed;
}

function take(trail: Trail, act: Act): void {
  if (trail.act === undefined || weights[act] > weights[trail.act]) trail.act = act;
}

/** Was it at one of the answers that count? */
export function isRecent(at: number | undefined, answers: number): boolean {
  return at !== undefined && at > answers - memory;
}

/** Which of several acts says most of what is to be thought about next. */
const weights = {
  wait: 0,
  note: 1,
  other: 2,
  read: 3,
  search: 4,
  web: 5,
  git: 6,
  agent: 7,
  plan: 8,
  ask: 9,
  edit: 10,
  build: 11,
  test: 12,
} as const satisfies Record<Act, number>;
