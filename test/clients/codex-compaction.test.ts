/** Codex compacts its conversation at providers that cannot do it themselves, and goes on from the summary (wire.md A.12). */
import { beforeAll, describe, expect, it } from "vitest";
import { obj, objects } from "../sim/json.ts";
import type { Call, Turn } from "../sim/sim.ts";
import { codex, type Ran } from "./codex.ts";
import { type Harness, start } from "./harness.ts";

const limit = 100_000;
const summary = "The marker was printed; what is left is to say so.";
/** Only a provider called OpenAI is asked to compact; any other conversation Codex sums up by itself. */
const compacting = [
  ...["-c", 'model_providers.gearbox.name="OpenAI"'],
  ...["-c", `model_auto_compact_token_limit=${limit}`],
];

/** A step that fills the conversation, its summary (which reads all of it once more), and the end. */
const turns: Turn[] = [
  {
    blocks: [{ call: "exec_command", id: "call_1", arguments: { cmd: "echo the-marker" } }],
    usage: { input: 2 * limit, output: 20 },
  },
  {
    blocks: [{ reasoning: "What matters?", signature: "c2ln" }, { text: summary }],
    usage: { input: 2 * limit, output: 30 },
  },
  { blocks: [{ text: "It was printed." }], usage: { input: 900, output: 10 } },
];

const runs = [
  { protocol: "messages", slug: "anthropic/claude-opus-5-5" },
  { protocol: "gemini", slug: "gemini/gemini-3-pro" },
  { protocol: "chat", slug: "compatible/qwen-coder" },
  { protocol: "responses", slug: "modern/m" },
] as const;

let harness: Harness;

beforeAll(async () => {
  harness = await start();
  return () => harness.close();
});

describe.each(runs)("Codex over $protocol", ({ protocol, slug }) => {
  let ran: Ran;
  let calls: readonly Call[];

  beforeAll(async () => {
    const model = slug.slice(slug.indexOf("/") + 1);
    harness.sim.play(model, [...turns]);
    ran = await codex(harness, protocol, { model: slug, args: () => compacting });
    calls = harness.sim.callsFor(model);
  });

  it("finishes its task", () => {
    const failures = ran.events.filter(({ type }) => type === "error" || type === "turn.failed");
    expect({ code: ran.code, failures }).toEqual({ code: 0, failures: [] });
    const said = ran.events.flatMap(({ item }) => (item?.type === "agent_message" ? [item.text] : []));
    expect(said.at(-1)).toBe("It was printed.");
  });

  it("asks for one summary, with all that was done before the model's eyes", () => {
    expect(calls.map((call) => call.protocol)).toEqual([protocol, protocol, protocol]);
    const asked = calls[1]?.raw ?? "";
    for (const seen of ["Do the task.", "the-marker", "Write that summary now"]) expect(asked).toContain(seen);
  });

  it("goes on from the summary alone", () => {
    const last = calls[2]?.raw ?? "";
    for (const kept of ["Do the task.", summary]) expect(last).toContain(kept);
    for (const gone of ["the-marker", "gbxr1", "compaction"]) expect(last).not.toContain(gone);
    expect(objects(obj(calls[2]?.body).tools).length).toBeGreaterThan(0);
  });
});
