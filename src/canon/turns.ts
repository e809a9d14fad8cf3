/**
 * What the protocols disagree about in the shape of a conversation, settled once. Append-only: what a turn becomes
 * never depends on a later one, so a provider's prompt cache and signatures keep their prefix. The one exception is a
 * tool result that something was put in front of: it moves up to its call.
 */
import { invalid } from "../fault.ts";
import type { Block, ToolCall, ToolResult, Turn } from "./request.ts";

/** Turns that stand side by side on the same side of the conversation. */
export interface Side {
  readonly role: "system" | "user" | "assistant";
  readonly turns: readonly Turn[];
}

const sides = { system: "system", developer: "system", user: "user", tool: "user", assistant: "assistant" } as const;

/** Neighbours of one side gathered: Anthropic and Gemini want one message for each. */
export function gather(turns: readonly Turn[]): Side[] {
  const gathered: { role: Side["role"]; turns: Turn[] }[] = [];
  for (const turn of turns) {
    const role = sides[turn.role];
    const last = gathered.at(-1);
    if (last?.role === role) last.turns.push(turn);
    else gathered.push({ role, turns: [turn] });
  }
  return gathered;
}

/**
 * The same turns with each tool result directly behind the assistant's turns that called for it, in the order of the
 * calls, each in a turn of its own with role `tool`. Agents put other turns between the two (Codex does after
 * `apply_patch`), which only OpenAI takes. A result without a call before it is refused; a call without a result stays:
 * whether that is an error is the provider's to say.
 */
export function settle(turns: readonly Turn[]): Turn[] {
  const results = resultsByCall(turns);
  const settled: Turn[] = [];
  let owed: Turn[] = [];
  for (const turn of turns) {
    if (turn.role !== "assistant") {
      settled.push(...owed);
      owed = [];
    }
    const others = turn.blocks.filter((block) => block.type !== "result");
    if (others.length > 0 || turn.blocks.length === 0) settled.push({ ...turn, blocks: others });
    for (const call of calls(turn.blocks)) owed.push(...(results.get(call) ?? []));
  }
  return [...settled, ...owed];
}

/** The turn's path in canon, by the place that it was read at. `at`: where it stands by now. */
export function turnPath({ place }: Turn, at: number): string {
  return `turns[${place ?? at}]`;
}

/** Throws the fault of a tool result without a call before it (wire.md C.8). */
export function refuseOrphans(turns: readonly Turn[]): void {
  resultsByCall(turns);
}

/** Some servers count their ids from zero in each answer: a result belongs to the last call of its id before it. */
function resultsByCall(turns: readonly Turn[]): Map<ToolCall, Turn[]> {
  const results = new Map<ToolCall, Turn[]>();
  const latest = new Map<string, ToolCall>();
  for (const [at, turn] of turns.entries()) {
    for (const call of calls(turn.blocks)) latest.set(call.id, call);
    for (const block of turn.blocks) {
      if (block.type !== "result") continue;
      const call = latest.get(block.callId);
      if (call === undefined) throw orphan(block, turnPath(turn, at));
      results.set(call, [...(results.get(call) ?? []), { ...turn, role: "tool", blocks: [block] }]);
    }
  }
  return results;
}

function calls(blocks: readonly Block[]): ToolCall[] {
  return blocks.filter((block): block is ToolCall => block.type === "call");
}

function orphan(result: ToolResult, path: string): Error {
  return invalid(path, `there is no tool call before the result for '${result.callId}'.`);
}
