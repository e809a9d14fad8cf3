/**
 * Has what a tool call began come to its end, and did it succeed? Anthropic's blocks may say so; elsewhere only the text
 * tells: the exit code at its head, the words of test runners and compilers at its head and end.
 */
import type { Json } from "../canon/json.ts";
import type { Act } from "./act.ts";
import { headOf, tailOf } from "./content.ts";

/** A text or a list of parts, and the wire's own word of failure, where it has one. */
export interface Output {
  readonly content: Json | undefined;
  readonly isError: boolean;
}

/** Read at its head and its end only. */
export function hasFailed(act: Act, { content, isError }: Output): boolean {
  if (isError) return true;
  const head = headOf(content, endLength);
  if (exitsBadly(head.slice(0, preamble))) return true;
  if (act !== "test" && act !== "build") return refuses.test(head);
  const tail = tailOf(content, endLength);
  return speaksOfFailure(tail) || (speaksOfFailure(head) && !passes.test(tail));
}

function exitsBadly(head: string): boolean {
  return head.includes("xit") && exit.test(head);
}

/**
 * Does the command go on in the background? Codex names the session or cell to ask again, Claude Code the shell; a script
 * of the code mode may hand the session's number on at its end.
 */
export function goesOn(content: Json | undefined): boolean {
  return runs(headOf(content, preamble)) || runs(tailOf(content, lastWords));
}

function runs(text: string): boolean {
  return (text.includes("running") || text.includes("session_id") || text.includes("SESSION_ID")) && running.test(text);
}

const running = /\b(?:session|cell)[_ ]id"?[ :=]+\d|running in (?:the )?background|<status>running/i;

/** Most texts hold none of these, which is found in a fifth of the time that the whole pattern takes. */
function speaksOfFailure(text: string): boolean {
  for (const sign of signs) if (text.includes(sign)) return fails.test(text);
  return false;
}

const signs = ["FAIL", "fail", "rror", "panic", "Traceback", "ERR!", "✗", "✘"] as const;

/** Enough for Codex's preamble, and for the last lines of a test run. */
const endLength = 400;

/** Where an exit code is told, it is told at once. */
const preamble = 160;
const exit = /[Ee]xit(?:ed with)?[ _]code"?:? ?[1-9]/;
/** Enough for the last line of a script. */
const lastWords = 60;
const fails =
  /\bFAIL(?:ED|URES?)?\b|\b[1-9]\d* (?:fail|failed|failing|failures|errors?)\b|\berror(?:\[\w+\]|:| TS)|panicked at|panic:|Traceback \(|npm ERR!|✗|✘|Build failed|Error:|--- FAIL/;
/** The last word of a run whose log may well speak of failures. */
const passes = /\bPASS\b|^ok\s|\b\d+ (?:passed|passing|pass)\b|test result: ok|\b0 (?:failed|failures|errors)\b/m;
const refuses =
  /^(?:<tool_use_error>|Error\b|error:|apply_patch verification failed|Script (?:failed|error)|failed to|unsupported call|aborted|File has not been read|String to replace not found|The user doesn't want)/;
