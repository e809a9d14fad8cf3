/** Conversations told once, and written as each of the four protocols writes them. */
import type { Json, Obj } from "../../src/canon/json.ts";
import type { ProtocolId } from "../../src/canon/request.ts";

/** A user speaks, or the model answers with text, or it calls tools and hears what came of them. */
export type Step =
  | { readonly type: "user"; readonly text: string }
  | { readonly type: "answer"; readonly text: string }
  | { readonly type: "tools"; readonly uses: readonly Use[] };

interface Use {
  readonly name: string;
  readonly input: Obj;
  readonly output: string;
}

export const protocols = ["responses", "chat", "messages", "gemini"] as const satisfies readonly ProtocolId[];

export function user(text: string): Step {
  return { type: "user", text };
}

/** One call and its outcome. */
export function use(name: string, input: Obj, output = "ok"): Step {
  return { type: "tools", uses: [{ name, input, output }] };
}

/** A shell command as Claude Code runs it. */
export function shell(command: string, output = "ok"): Step {
  return use("Bash", { command }, output);
}

export const passed = shell("npm test", "Tests: 12 passed");
export const failed = shell("npm test", "Tests: 2 failed, 10 passed");

/** The conversation in a protocol's words. */
export function body(protocol: ProtocolId, steps: readonly Step[]): Obj {
  return writers[protocol](steps);
}

/** The number of entries that it has there. */
export function size(protocol: ProtocolId, steps: readonly Step[]): number {
  const { input, messages, contents } = body(protocol, steps);
  return [input, messages, contents].flatMap((entries) => (Array.isArray(entries) ? entries : [])).length;
}

const writers = {
  responses: (steps) => ({ input: steps.flatMap((step, at) => items(step, at)) }),
  chat: (steps) => ({ messages: steps.flatMap((step, at) => chatMessages(step, at)) }),
  messages: (steps) => ({ messages: steps.flatMap((step, at) => anthropicMessages(step, at)) }),
  gemini: (steps) => ({ contents: steps.flatMap((step, at) => contents(step, at)) }),
} as const satisfies Record<ProtocolId, (steps: readonly Step[]) => Obj>;

function idOf(at: number, index: number): string {
  return `call_${at}_${index}`;
}

function items(step: Step, at: number): Json[] {
  if (step.type === "user")
    return [{ type: "message", role: "user", content: [{ type: "input_text", text: step.text }] }];
  if (step.type === "answer") {
    return [{ type: "message", role: "assistant", content: [{ type: "output_text", text: step.text }] }];
  }
  return [
    ...step.uses.map(({ name, input }, index) => {
      return { type: "function_call", call_id: idOf(at, index), name, arguments: JSON.stringify(input) };
    }),
    ...step.uses.map(({ output }, index) => ({ type: "function_call_output", call_id: idOf(at, index), output })),
  ];
}

function chatMessages(step: Step, at: number): Json[] {
  if (step.type === "user") return [{ role: "user", content: step.text }];
  if (step.type === "answer") return [{ role: "assistant", content: step.text }];
  const calls = step.uses.map(({ name, input }, index) => {
    return { id: idOf(at, index), type: "function", function: { name, arguments: JSON.stringify(input) } };
  });
  return [
    { role: "assistant", content: null, tool_calls: calls },
    ...step.uses.map(({ output }, index) => ({ role: "tool", tool_call_id: idOf(at, index), content: output })),
  ];
}

function anthropicMessages(step: Step, at: number): Json[] {
  if (step.type === "user") return [{ role: "user", content: [{ type: "text", text: step.text }] }];
  if (step.type === "answer") return [{ role: "assistant", content: [{ type: "text", text: step.text }] }];
  const calls = step.uses.map(({ name, input }, index) => ({ type: "tool_use", id: idOf(at, index), name, input }));
  const results = step.uses.map(({ output }, index) => {
    return { type: "tool_result", tool_use_id: idOf(at, index), content: [{ type: "text", text: output }] };
  });
  return [
    { role: "assistant", content: calls },
    { role: "user", content: results },
  ];
}

function contents(step: Step, at: number): Json[] {
  if (step.type === "user") return [{ role: "user", parts: [{ text: step.text }] }];
  if (step.type === "answer") return [{ role: "model", parts: [{ text: step.text }] }];
  const calls = step.uses.map(({ name, input }, index) => ({
    functionCall: { id: idOf(at, index), name, args: input },
  }));
  const results = step.uses.map(({ name, output }, index) => {
    return { functionResponse: { id: idOf(at, index), name, response: { output } } };
  });
  return [
    { role: "model", parts: calls },
    { role: "user", parts: results },
  ];
}
