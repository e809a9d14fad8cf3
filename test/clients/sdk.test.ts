/** The openai SDK over a real socket: each scenario means the same over both APIs, in each mode, of each provider. */
import OpenAI from "openai";
import { beforeAll, describe, expect, it } from "vitest";
import type { Call } from "../sim/sim.ts";
import { converse as chat } from "./chat-client.ts";
import type { Api, Mode, Scenario } from "./conversation.ts";
import { type Harness, start } from "./harness.ts";
import { converse as responses } from "./responses-client.ts";
import { expected, scenarios } from "./scenarios.ts";

interface Way {
  readonly api: Api;
  readonly mode: Mode;
  readonly egress: keyof typeof providers;
}

const converse = { chat, responses };

/** A provider that speaks this protocol alone, and the kind of model that it has. */
const providers = {
  responses: (name: string) => ["modern", `gpt-5.5-${name}`],
  chat: (name: string) => ["compatible", `qwen-${name}`],
  messages: (name: string) => ["anthropic", `${name}-claude-sonnet-5-5`],
  gemini: (name: string) => ["gemini", `${name}-gemini-3-pro`],
} satisfies Partial<Record<Call["protocol"], (name: string) => readonly string[]>>;

const ways: readonly Way[] = (["responses", "chat"] as const).flatMap((api) =>
  (["create", "raw", "helper", "parse"] as const).flatMap((mode) =>
    (["responses", "chat", "messages", "gemini"] as const).map((egress) => ({ api, mode, egress })),
  ),
);

let harness: Harness;
let client: OpenAI;

beforeAll(async () => {
  harness = await start();
  client = new OpenAI({ apiKey: harness.key, baseURL: harness.base, maxRetries: 0 });
  return () => harness.close();
});

async function play(scenario: Scenario, { api, mode, egress }: Way) {
  const [provider = "", model = ""] = providers[egress](`${scenario.name}-${api}-${mode}`);
  harness.sim.play(model, [...scenario.turns]);
  const answers = await converse[api](client, mode, `${provider}/${model}`, scenario);
  return { answers, calls: harness.sim.callsFor(model) };
}

describe.each(scenarios)("$name", (scenario) => {
  const modes = ways.filter(({ mode }) => mode !== "parse" || scenario.question.schema !== undefined);

  it.each(modes)("$api, $mode, of a provider that speaks $egress", async (way) => {
    const { answers, calls } = await play(scenario, way);
    expect(calls.map((call) => call.protocol)).toEqual(scenario.answers.map(() => way.egress));
    const parses = way.mode === "helper" || way.mode === "parse";
    const wanted = scenario.answers.map((_, at) => {
      const { parsed, ...answer } = expected(scenario, at, way);
      return parses && parsed !== undefined ? { ...answer, parsed } : answer;
    });
    expect(answers).toEqual(wanted);
    scenario.sent?.(calls, way.api);
  });
});
