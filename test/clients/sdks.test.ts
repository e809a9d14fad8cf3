/** The other SDKs over a real socket: each runs an errand with a tool, streamed and not, of each kind of provider. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Turn } from "../sim/sim.ts";
import { aiClients } from "./ai-client.ts";
import { anthropicClients } from "./anthropic-client.ts";
import { sentText, signaturesOf } from "./conversation.ts";
import {
  type Client,
  type Egress,
  expected,
  input,
  type Mode,
  newTool,
  result,
  signature,
  system,
  turns,
} from "./errand.ts";
import { googleClients } from "./google-client.ts";
import { type Harness, start } from "./harness.ts";

/** A provider that speaks this protocol alone, and the kind of model that it has. */
const providers = {
  responses: ["modern", "gpt-5.5"],
  chat: ["compatible", "qwen"],
  messages: ["anthropic", "claude-sonnet-5-5"],
  gemini: ["gemini", "gemini-3-pro"],
} as const;
const egresses = ["responses", "chat", "messages", "gemini"] as const;

interface Way {
  readonly egress: keyof typeof providers;
  readonly mode: Mode;
}

let harness: Harness;

beforeAll(async () => {
  harness = await start();
  return () => harness.close();
});

describe.each([...anthropicClients, ...googleClients, ...aiClients])("$name", (client) => {
  const ways = egresses
    .flatMap((egress) => (["whole", "streamed"] as const).map((mode) => ({ egress, mode })))
    .filter(({ egress, mode }) => !isWithout(client, egress, mode));

  it.each(ways)("has its tool run by a provider that speaks $egress, $mode", (way) => errand(client, way));
});

async function errand(client: Client, { egress, mode }: Way): Promise<void> {
  const [provider, family] = providers[egress];
  const model = `${family}-${client.name.replace(/\W+/g, "-")}-${mode}`;
  const isForgotten = client.forgets === true && mode === "streamed";
  harness.sim.play(model, turns(proofsOf(client, egress, isForgotten)));
  const tool = newTool();
  const answers = await client.converse(harness, mode, `${provider}/${model}`, tool);
  const calls = harness.sim.callsFor(model);
  expect(calls.map((call) => call.protocol)).toEqual([egress, egress]);
  expect(tool.inputs).toEqual([input]);
  expect(answers).toEqual(expected(client.shows(egress)));
  const [first, second] = calls;
  if (first === undefined || second === undefined) throw new Error("no calls");
  expect(sentText(first)).toContain(system);
  expect(sentText(second)).toContain(result);
  if (egress !== "chat" && !isForgotten) expect(signaturesOf(second)).toContain(signature);
}

function isWithout({ without }: Client, egress: Egress, mode: Mode): boolean {
  return without?.egress === egress && (without.mode ?? mode) === mode;
}

/** What is relayed comes back as the caller cut it, which the simulator takes for altered. */
function proofsOf({ speaks }: Client, egress: Egress, isForgotten: boolean): Turn["proofs"] {
  if (speaks === egress) return undefined;
  return isForgotten ? "checked" : "required";
}
