/** The task of the Codex tests: four turns of a model that writes a file, patches it, fails at a command, and answers. */
import { type Obj, obj, objects, str } from "../sim/json.ts";
import type { Block, Call, Turn } from "../sim/sim.ts";

/** What stands in `out/a.txt` when the task is done. */
export const written = "one\nzwei\n";

/** Signatures in the alphabet of base64, which a provider checks and a gateway must not touch. */
export const signatures = ["c2lnbmF0dXJlIG9uZSAr/w==", "c2lnbmF0dXJlIHR3bw==", "c2lnbmF0dXJlIHRocmVl", "Zm91cg=="];
export const redacted = "cmVkYWN0ZWQgdGhpbmtpbmc=";

const patch = "*** Begin Patch\n*** Update File: out/a.txt\n@@\n one\n-two\n+zwei\n*** End Patch\n";
const commands = { write: "mkdir -p out && printf 'one\\ntwo\\n' > out/a.txt", fail: "echo broken >&2; exit 3" };

/** With the tools that Codex offers for most models. */
export const classic: readonly Turn[] = turns([
  { call: "exec_command", id: "call_1", arguments: { cmd: commands.write } },
  { call: "apply_patch", id: "call_2", input: patch },
  { call: "exec_command", id: "call_3", arguments: { cmd: commands.fail } },
]);

/** With the one tool that Codex offers for OpenAI's newest models: a program in JavaScript. */
export const codeMode: readonly Turn[] = turns([
  program("call_1", `tools.exec_command({ cmd: ${JSON.stringify(commands.write)} })`),
  program("call_2", `tools.apply_patch(${JSON.stringify(patch)})`),
  program("call_3", `tools.exec_command({ cmd: ${JSON.stringify(commands.fail)} })`),
]);

/** The tokens of all turns, in the words of Codex; Google does not tell what it wrote to its cache. */
export function spentOn(protocol: Call["protocol"]): typeof spent {
  return protocol === "gemini" ? { ...spent, cache_write_input_tokens: 0 } : spent;
}

const spent = {
  input_tokens: 4600,
  cached_input_tokens: 1200,
  cache_write_input_tokens: 460,
  output_tokens: 260,
  reasoning_output_tokens: 46,
};

function program(id: string, expression: string): Block {
  return { call: "exec", id, namespace: "functions", input: `text(JSON.stringify(await ${expression}));` };
}

function turns(calls: readonly Block[]): Turn[] {
  const steps = [...calls, { text: "The file is written; the last command failed with 3." }];
  return steps.map((step, at) => ({
    blocks: [
      { reasoning: `Step ${at + 1}.`, signature: signatures[at] ?? "" },
      ...(at === 1 ? [{ redacted }] : []),
      ...(at === 0 ? [{ text: "Let me write the file." }] : []),
      step,
    ],
    usage: {
      input: 1000 + 100 * at,
      cached: 300 * at - (at === 3 ? 600 : 0),
      cacheWrite: 100 + 10 * at,
      output: 50 + 10 * at,
      reasoning: 10 + at,
    },
  }));
}

/** What a provider was told of a call's result, as text. */
export function resultOf(call: Call, id: string): string {
  const body = obj(call.body);
  const blocks = objects(body.messages).flatMap((message) => objects(message.content));
  const parts = objects(body.contents).flatMap((content) => objects(content.parts));
  const responses = parts.map((part) => obj(part.functionResponse)).filter((response) => response.id === id);
  if (responses.length === 1) return str(obj(responses[0]?.response).output);
  const found = [
    ...objects(body.input).filter((item) => item.call_id === id && str(item.type).endsWith("_output")),
    ...objects(body.messages).filter((message) => message.tool_call_id === id),
    ...blocks.filter((block) => block.tool_use_id === id),
  ];
  if (found.length !== 1) throw new Error(`${found.length} results of ${id}`);
  return textOf(found[0]?.output ?? found[0]?.content);
}

function textOf(content: unknown): string {
  return typeof content === "string"
    ? content
    : objects(content)
        .map((part) => str(part.text))
        .join("\n");
}

/** A request's conversation: it may only grow from call to call. */
export function conversation(call: Call): Obj[] {
  const body = obj(call.body);
  return [body.input, body.messages, body.contents].flatMap(objects);
}
