/**
 * Did what a tool call did succeed? Anthropic's blocks may say so; elsewhere only the text tells: the exit code at its
 * head, the words of test runners and compilers at its head and end.
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
  const code = exit.exec(head.slice(0, preamble))?.[1];
  if (code !== undefined && code !== "0") return true;
  if (act !== "test" && act !== "build") return refuses.test(head);
  const tail = tailOf(content, endLength);
  return fails.test(tail) || (!passes.test(tail) && fails.test(head));
}

/** Enough for Codex's preamble, and for the last lines of a test run. */
const endLength = 400;

/** Where an exit code is told, it is told at once. */
const preamble = 120;
const exit = /[Ee]xit(?:ed with)? code:? (\d+)/;
const fails =
  /\bFAIL(?:ED|URES?)?\b|\b[1-9]\d* (?:fail|failed|failing|failures|errors?)\b|\berror(?:\[\w+\]|:| TS)|panicked at|panic:|Traceback \(|npm ERR!|✗|✘|Build failed|Error:|--- FAIL/;
/** The last word of a run whose log may well speak of failures. */
const passes = /\bPASS\b|^ok\s|\b\d+ (?:passed|passing|pass)\b|test result: ok|\b0 (?:failed|failures|errors)\b/m;
const refuses =
  /^(?:<tool_use_error>|Error\b|error:|apply_patch verification failed|Script (?:failed|error)|failed to|unsupported call|aborted|File has not been read|String to replace not found|The user doesn't want)/;
