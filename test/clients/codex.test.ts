/** Codex does real work through the gateway: over each protocol, with its classic tools and in code mode. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { obj, objects, str } from "../sim/json.ts";
import type { CallBlock } from "../sim/script.ts";
import type { Call, Turn } from "../sim/sim.ts";
import { codex, type Ran } from "./codex.ts";
import { type Harness, start } from "./harness.ts";
import { classic, codeMode, conversation, redacted, resultOf, signatures, spentOn, written } from "./task.ts";

/** The models as providers know them; a date makes a script's name its own without making the model unknown. */
const models = {
  opus: "claude-opus-5-5",
  dated: "claude-opus-5-5-20260101",
  local: "qwen-coder",
  localExec: "qwen-coder-exec",
  gemini: "gemini-3-pro",
  geminiExec: "gemini-3-pro-exec",
};

const aliases = {
  coder: `compatible/${models.local}`,
  "gpt-6-sol": `anthropic/${models.dated}`,
  "gpt-6-luna": `compatible/${models.localExec}`,
  "gpt-5.6-sol": `gemini/${models.geminiExec}`,
};

interface Run {
  readonly name: string;
  /** For Codex. */
  readonly slug: string;
  /** For the provider. */
  readonly model: string;
  readonly protocol: Call["protocol"];
  readonly turns: readonly Turn[];
  readonly catalog: boolean;
}

const runs: readonly Run[] = [
  { name: "relay", slug: "gpt-5.5", model: "gpt-5.5", protocol: "responses", turns: classic, catalog: false },
  { name: "messages", slug: models.opus, model: models.opus, protocol: "messages", turns: classic, catalog: true },
  { name: "gemini", slug: models.gemini, model: models.gemini, protocol: "gemini", turns: classic, catalog: true },
  { name: "chat", slug: "coder", model: models.local, protocol: "chat", turns: classic, catalog: true },
  {
    name: "code-relay",
    slug: "gpt-6.1-sol",
    model: "gpt-6.1-sol",
    protocol: "responses",
    turns: codeMode,
    catalog: false,
  },
  {
    name: "code-messages",
    slug: "gpt-6-sol",
    model: models.dated,
    protocol: "messages",
    turns: codeMode,
    catalog: false,
  },
  {
    name: "code-gemini",
    slug: "gpt-5.6-sol",
    model: models.geminiExec,
    protocol: "gemini",
    turns: codeMode,
    catalog: false,
  },
  { name: "code-chat", slug: "gpt-6-luna", model: models.localExec, protocol: "chat", turns: codeMode, catalog: false },
];

let harness: Harness;

beforeAll(async () => {
  harness = await start({ ALIASES: JSON.stringify(aliases) });
  return () => harness.close();
});

describe.each(runs)("Codex, $name: $slug over $protocol", ({ name, slug, model, protocol, turns, catalog }) => {
  let ran: Ran;
  let calls: readonly Call[];

  beforeAll(async () => {
    // Of a relayed call the simulator does not know which proof belongs to which custom call.
    const judged = turns.map((turn): Turn => ({ ...turn, proofs: "required" }));
    harness.sim.play(model, [...(protocol === "responses" ? turns : judged)]);
    ran = await codex(harness, name, { model: slug, catalog });
    calls = harness.sim.callsFor(model);
  });

  it("finishes the task", async () => {
    expect({ code: ran.code, complaints: complaints(ran) }).toEqual({ code: 0, complaints: [] });
    expect(await readFile(join(ran.work, "out/a.txt"), "utf8")).toBe(written);
    expect(calls.map((call) => call.protocol)).toEqual([protocol, protocol, protocol, protocol]);
    const said = ran.events.flatMap(({ item }) => (item?.type === "agent_message" ? [item.text] : []));
    expect(said.at(-1)).toBe("The file is written; the last command failed with 3.");
  });

  it("tells the model how each step went", () => {
    const [, , third, fourth] = calls;
    if (third === undefined || fourth === undefined) throw new Error(`only ${calls.length} calls`);
    expect(resultOf(third, "call_2")).toMatch(/Success|Script completed/);
    expect(resultOf(fourth, "call_3")).toContain("broken");
    expect(resultOf(fourth, "call_3")).toMatch(/exited with code 3|"exit_code":3/);
  });

  it("adds up the usage of all turns", () => {
    expect(ran.events.find((event) => event.type === "turn.completed")?.usage).toEqual(spentOn(protocol));
  });

  it("only ever appends", () => {
    for (const [at, call] of calls.slice(1).entries()) {
      const before = calls[at];
      if (before === undefined) throw new Error("no call before");
      expect(JSON.stringify(obj(call.body).tools)).toBe(JSON.stringify(obj(before.body).tools));
      for (const system of ["system", "systemInstruction"])
        expect(JSON.stringify(obj(call.body)[system])).toBe(JSON.stringify(obj(before.body)[system]));
      const kept = conversation(call).slice(0, conversation(before).length);
      expect(kept.map((message) => JSON.stringify(message))).toEqual(
        conversation(before).map((message) => JSON.stringify(message)),
      );
    }
  });

  it.runIf(protocol !== "chat")("brings the model's own reasoning back, byte for byte and in its place", () => {
    const last = calls.at(-1);
    if (last === undefined) throw new Error("no call");
    if (protocol === "responses") expect(sealedItems(last)).toEqual(signatures.slice(0, 3));
    else if (protocol === "gemini") expect(modelParts(last)).toEqual(expectedParts(turns));
    else expect(assistants(last)).toEqual(expectedAssistants(turns));
  });

  it.runIf(protocol === "messages")("answers each call right behind it", () => {
    const messages = objects(obj(calls.at(-1)?.body).messages);
    for (const [at, message] of messages.entries()) {
      const used = objects(message.content).filter((block) => block.type === "tool_use");
      const [first, ...others] = objects(messages[at + 1]?.content);
      if (used.length === 0) continue;
      expect([first?.type, first?.tool_use_id]).toEqual(["tool_result", used[0]?.id]);
      expect(others.filter((block) => block.type === "tool_result")).toEqual([]);
    }
  });

  it("offers the tools of its kind", () => {
    const names = toolNames(calls[0]);
    const shell =
      turns === classic ? ["exec_command", "apply_patch"] : [protocol === "responses" ? "exec" : "functions__exec"];
    expect(names).toEqual(expect.arrayContaining(shell));
    // Codex always names a web search that is not to be live: only OpenAI knows what that means.
    if (protocol !== "responses")
      expect(JSON.stringify(calls[0]?.body)).not.toMatch(/"web_search(_\w+)?":|"type":"web_search/);
  });
});

/** Codex's errors and warnings, such as that of an answer by another model than was asked. */
function complaints({ events }: Ran): readonly unknown[] {
  return events.filter(({ type, item }) => type === "error" || type === "turn.failed" || item?.type === "error");
}

function sealedItems(call: Call): readonly unknown[] {
  return conversation(call).flatMap((item) => (item.type === "reasoning" ? [item.encrypted_content] : []));
}

function assistants(call: Call): readonly unknown[] {
  return conversation(call).flatMap((message) => (message.role === "assistant" ? [message.content] : []));
}

function expectedAssistants(turns: readonly Turn[]): readonly unknown[] {
  return turns.slice(0, 3).map(({ blocks = [] }) =>
    blocks.map((block) => {
      if ("reasoning" in block) return { type: "thinking", thinking: block.reasoning, signature: block.signature };
      if ("redacted" in block) return { type: "redacted_thinking", data: redacted };
      if ("text" in block) return { type: "text", text: block.text };
      if (!("call" in block)) throw new Error("no such block in the task");
      const { args, ...call } = callOf(block);
      return { type: "tool_use", ...call, input: args };
    }),
  );
}

/** As a provider knows it that has neither namespaces nor free-form tools. */
function callOf({ call, id, namespace, arguments: args, input }: CallBlock): {
  id?: string;
  name: string;
  args: unknown;
} {
  const name = namespace === undefined ? call : `${namespace}__${call}`;
  return { ...(id !== undefined && { id }), name, args: args ?? { input } };
}

/** Google's parts but the thoughts, which need not come back. */
function modelParts(call: Call): readonly unknown[] {
  return conversation(call).flatMap(({ role, parts }) =>
    role === "model" ? [objects(parts).filter((part) => part.thought !== true)] : [],
  );
}

/** A text in pieces has its signature behind it; the call then has one of the simulator's making, which it looks at. */
function expectedParts(turns: readonly Turn[]): readonly unknown[] {
  const ofSimulator = expect.stringMatching(/^c2ltdWxhdGVkIHNpZ25hdHVyZS/);
  return turns.slice(0, 3).map(({ blocks = [] }, at) => {
    const signed = { thoughtSignature: signatures[at] };
    const text = blocks.flatMap((block) => ("text" in block ? [{ text: block.text }, { text: "", ...signed }] : []));
    const calls = blocks.flatMap((block) => ("call" in block ? [{ functionCall: callOf(block) }] : []));
    return [
      ...text,
      ...calls.map((call) => ({ ...call, ...(text.length === 0 ? signed : { thoughtSignature: ofSimulator }) })),
    ];
  });
}

function toolNames(call: Call | undefined): readonly string[] {
  const body = obj(call?.body);
  const added = objects(body.input).flatMap((item) => objects(item.tools));
  const inner = added.flatMap((tool) => objects(tool.tools));
  const declared = objects(body.tools).flatMap((tool) => objects(tool.functionDeclarations));
  return [...objects(body.tools), ...added, ...inner, ...declared].map(
    (tool) => str(tool.name) || str(obj(tool.function).name),
  );
}
