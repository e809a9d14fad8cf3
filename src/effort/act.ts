/**
 * What a tool call does, as far as it bears on the thinking that follows: by the names that Codex, Claude Code, Gemini
 * CLI and opencode give their tools, by the verb in any other name, and by the commands of a shell (command.ts), also
 * where Codex's code mode hides them in JavaScript.
 */
import { type Json, text } from "../canon/json.ts";
import { argument, bound } from "./argument.ts";
import { commandAct } from "./command.ts";

/** `note`: keeping a list of things to do. `agent`: handing work to another agent. `other`: of no known kind. */
export type Act =
  | "read"
  | "search"
  | "web"
  | "edit"
  | "test"
  | "build"
  | "git"
  | "ask"
  | "plan"
  | "agent"
  | "note"
  | "wait"
  | "other";

/** What the call `name(input)` does. `input` is the arguments: an object, its JSON text, or the text of a custom tool. */
export function actOf(name: string, input: Json | undefined): Act {
  const act = named.get(name) ?? byVerb(name);
  if (act !== "shell") return act;
  if (name === "exec" && typeof input === "string") return scriptAct(input);
  const command = argument(input, name === "exec_command" ? members.codex : members.others);
  return commandAct(command ?? text(input)?.slice(0, bound) ?? "");
}

/** Under which name a shell's arguments hold the command, likeliest first. */
const members = { codex: ["cmd", "command"], others: ["command", "cmd"] } as const;

/** Was something only looked at? */
export function isLookUp(act: Act): boolean {
  return act === "read" || act === "search" || act === "web";
}

/** Does it change the code, or try it? */
export function isWork(act: Act | undefined): boolean {
  return act === "edit" || act === "test" || act === "build";
}

/** The path of the file that an edit names. */
export function pathOf(input: Json | undefined): string | undefined {
  return argument(input, ["file_path", "filePath", "path"]) ?? patched.exec(text(input)?.slice(0, bound) ?? "")?.[1];
}

const patched = /\*\*\* (?:Update|Add|Delete) File: (.+?)(?:\\n|\n|$)/;

/** Codex's code mode: one call of `exec` holds JavaScript that calls the tools. The first command stands for the rest. */
function scriptAct(script: string): Act {
  const head = script.slice(0, 4 * bound);
  if (head.includes("tools.apply_patch") || head.includes("*** Begin Patch")) return "edit";
  const tool = /tools\.(\w+)/.exec(head)?.[1];
  if (tool === undefined) return commandAct(argument(script, members.codex) ?? script.slice(0, bound));
  return tool === "exec" ? "other" : actOf(tool, script.slice(script.indexOf(tool) + tool.length));
}

/** Of `mcp__server__get_issue` the verb is `get`. */
function byVerb(name: string): Act {
  const start = name.lastIndexOf("__") + 1;
  const verb = name.slice(start, start + 16);
  if (looks.test(verb)) return "read";
  return seeks.test(verb) ? "search" : "other";
}

const looks = /^_*(?:get|list|read|fetch|view|show|describe|open)(?![a-z])/;
const seeks = /^_*(?:search|find|query|resolve)(?![a-z])/;

const names = {
  shell:
    "Bash bash exec_command shell local_shell run_shell_command exec local_shell_call container.exec execute_command",
  read: "Read read read_file read_many_files list_directory list_dir LS ls list view view_image NotebookRead",
  search:
    "Grep grep Glob glob search_file_content grep_search grep_files codebase_search LSP lsp ToolSearch tool_search_call",
  web: "WebFetch WebSearch webfetch websearch web_fetch google_web_search web_search web_search_call web__run",
  edit: "Edit Write MultiEdit NotebookEdit edit write multiedit patch apply_patch replace write_file",
  wait: "wait write_stdin BashOutput TaskOutput KillShell KillBash TaskStop wait_agent sleep",
  note: "TodoWrite TodoRead TaskCreate TaskUpdate TaskList TaskGet todowrite todoread write_todos update_plan",
  ask: "AskUserQuestion ask_question ask_user request_user_input question",
  plan: "EnterPlanMode ExitPlanMode enter_plan_mode exit_plan_mode",
  agent: "Task Agent task Skill skill activate_skill spawn_agent delegate_to_agent codebase_investigator",
} as const satisfies Partial<Record<Act | "shell", string>>;

const named: ReadonlyMap<string, Act | "shell"> = new Map(
  Object.entries(names).flatMap(([act, list]) =>
    // The cast says what `Object.entries` forgets.
    list.split(" ").map((name) => [name, act as keyof typeof names]),
  ),
);
