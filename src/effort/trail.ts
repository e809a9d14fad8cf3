/**
 * What a conversation shows on the way through it: the state that decisions are made from, and the events that change it.
 * All that counts lies within the last answers, so that a decision costs the same however long the conversation is, and
 * is the same whether it was read from the start or from there.
 */
import type { Json } from "../canon/json.ts";
import { type Act, actOf, isLookUp, isWork } from "./act.ts";
import { lengthOf } from "./content.ts";
import { hasFailed, type Output } from "./outcome.ts";
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
  /** Did an edit, a test or a build fail since the last answer? */
  hasFailed: boolean;
  lookUpsInRow: number;
  /** One bit for each answer of the turn, the last one lowest: did it look something up? */
  looks: number;
  /** At which answer each test or build failed, since one passed. */
  failures: number[];
  /** The arguments of this turn's edits. */
  edits: (Json | undefined)[];
  /** The acts whose outcome is awaited, by the call's id. */
  readonly calls: Map<string, Act>;
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
    hasFailed: false,
    lookUpsInRow: 0,
    looks: 0,
    failures: [],
    edits: [],
    calls: new Map(),
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
  trail.hasFailed = false;
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
  trail.calls.set(id, act);
  if (isLookUp(act)) {
    trail.lookUpsInRow++;
    trail.looks |= 1;
  } else if (act !== "wait" && act !== "note") {
    trail.lookUpsInRow = 0;
  }
  if (act === "edit") trail.edits.push(input);
  if (act === "plan") trail.planAt = /^enter/i.test(name) ? trail.answers : undefined;
}

/** What came of a tool call. Only of what changes or tries the code it is asked whether it failed. */
export function learn(trail: Trail, id: string, output: Output): void {
  const act = trail.calls.get(id) ?? "other";
  trail.calls.delete(id);
  trail.news += lengthOf(output.content);
  if (trail.act === undefined || weights[act] > weights[trail.act]) trail.act = act;
  if (!isWork(act)) return;
  const failed = hasFailed(act, output);
  if (failed) trail.hasFailed = true;
  if (act === "edit") return;
  if (failed) trail.failures.push(trail.answers);
  else if (trail.failures.length > 0) trail.failures = [];
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
