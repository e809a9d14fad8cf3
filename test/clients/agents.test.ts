/** Agents that speak each protocol write a file through the gateway, with models of providers that speak another. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Turn } from "../sim/sim.ts";
import { type Agent, agents, work } from "./agents.ts";
import { sentText, signaturesOf, usage } from "./conversation.ts";
import { type Harness, start } from "./harness.ts";

const signature = "c2lnbmF0dXJlIG9mIHRob3VnaHQgKy8=";
const written = "made through the gateway\n";
const command = `printf '${written.trim()}\\n' > made.txt && tr a-z A-Z < made.txt`;

/** The tokens of both answers. */
const twice = { input: 200, cached: 80, output: 60, reasoning: 20 };

/** A provider that speaks this protocol alone, and the kind of model that it has. */
const providers = [
  { protocol: "responses", provider: "modern", family: "gpt-5.5" },
  { protocol: "chat", provider: "compatible", family: "qwen" },
  { protocol: "messages", provider: "anthropic", family: "claude-sonnet-5-5" },
  { protocol: "gemini", provider: "gemini", family: "gemini-3-pro" },
] as const;

const turns = ({ shell, renames }: Agent): Turn[] => [
  {
    blocks: [
      { reasoning: "I should use the shell.", signature },
      { call: shell, id: "call_made_1", arguments: { command, description: "Writes the file" } },
    ],
    usage,
    ...(renames !== true && { proofs: "required" as const }),
  },
  { blocks: [{ text: "The file is made." }], usage },
];

let harness: Harness;

beforeAll(async () => {
  harness = await start();
  return () => harness.close();
});

describe.each(agents)("$name", (agent) => {
  const tried = providers.filter(({ protocol }) => agent.over.includes(protocol));

  it.each(tried)("writes a file with a model of a provider that speaks $protocol", async (way) => {
    const { protocol, provider, family } = way;
    const model = `${family}-${agent.name}`;
    harness.sim.play(model, turns(agent));
    const ran = await work(harness, agent, `${agent.name}-${provider}`, `${provider}/${model}`);
    expect(ran.said).toBe("The file is made.");
    expect(await readFile(join(ran.work, "made.txt"), "utf8")).toBe(written);
    expect(ran.usage).toEqual(twice);
    const calls = harness.sim.callsFor(model);
    expect(calls.map((call) => call.protocol)).toEqual([protocol, protocol]);
    const [, second] = calls;
    if (second === undefined) throw new Error("no second call");
    expect(sentText(second)).toContain(written.trim().toUpperCase());
    if (protocol !== "chat") expect(signaturesOf(second)).toContain(signature);
  });
});
