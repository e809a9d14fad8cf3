/** Codex on streams that falter: a provider that is silent for long, and one whose answer breaks off. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Block, Turn } from "../sim/sim.ts";
import { codex } from "./codex.ts";
import { type Harness, start } from "./harness.ts";
import { conversation } from "./task.ts";

const relays = ["gpt-5.5", "gpt-5.5-cut", "gpt-5.5-done"] as const;
const heartbeatMs = 200;
const done: Block = { text: "All done." };
const append: Block = { call: "exec_command", id: "call_1", arguments: { cmd: "echo once >> ran.txt; echo appended" } };

let harness: Harness;

beforeAll(async () => {
  harness = await start({ HEARTBEAT_MS: String(heartbeatMs) });
  return () => harness.close();
});

async function ask(model: string, turns: readonly Turn[], provider: readonly string[] = []) {
  harness.sim.play(model.replace(/^[a-z]+\//, ""), [...turns]);
  const ran = await codex(harness, model.replace("/", "-"), { model, provider });
  const calls = harness.sim.callsFor(model.replace(/^[a-z]+\//, ""));
  const said = ran.events.flatMap(({ item }) => (item?.type === "agent_message" ? [item.text] : []));
  return { ran, calls, said };
}

describe("a provider that is silent", { concurrent: true }, () => {
  it("in the middle of an answer on the relay lane keeps the turn", async () => {
    const { ran, calls, said } = await ask(relays[0], [{ blocks: [done], pace: { eventMs: 2.2 * heartbeatMs } }]);
    expect({ code: ran.code, calls: calls.length, said }).toEqual({ code: 0, calls: 1, said: ["All done."] });
  });

  it("in the middle of an answer on the translate lane keeps the turn", async () => {
    const turn: Turn = { blocks: [done], pace: { firstByteMs: 1000, eventMs: 2.2 * heartbeatMs } };
    const { ran, calls, said } = await ask("anthropic/silent", [turn]);
    expect({ code: ran.code, calls: calls.length, said }).toEqual({ code: 0, calls: 1, said: ["All done."] });
  });

  it("for longer than Codex waits is bridged by heartbeats that Codex counts", async () => {
    const turn: Turn = { blocks: [done], pace: { eventMs: 1000 } };
    const { ran, calls, said } = await ask("anthropic/patient", [turn], ["stream_idle_timeout_ms = 700"]);
    expect({ code: ran.code, calls: calls.length, said }).toEqual({ code: 0, calls: 1, said: ["All done."] });
  });
});

describe("an answer that breaks off", { concurrent: true }, () => {
  it.each([relays[1], "anthropic/cut", "compatible/cut-chat"])("of %s is asked for again", async (model) => {
    const cut: Turn = {
      blocks: [{ text: "Only a part of what I wanted to say." }],
      fault: { kind: "cut", afterEvents: 5 },
    };
    const { ran, calls, said } = await ask(model, [cut, { blocks: [done] }]);
    expect({ code: ran.code, calls: calls.length, last: said.at(-1) }).toEqual({
      code: 0,
      calls: 2,
      last: "All done.",
    });
  });

  it("after a call that Codex has run already goes on from its result", async () => {
    const cut: Turn = { blocks: [append, { text: "more" }], fault: { kind: "cut", afterEvents: 14 } };
    const { ran, calls } = await ask(relays[2], [cut, { blocks: [done] }]);
    expect({ code: ran.code, calls: calls.length }).toEqual({ code: 0, calls: 2 });
    expect(await readFile(join(ran.work, "ran.txt"), "utf8")).toBe("once\n");
    const [, second] = calls;
    expect(
      second &&
        conversation(second)
          .map((item) => item.type)
          .slice(-2),
    ).toEqual(["function_call", "function_call_output"]);
  });

  it.each([
    ["in the middle of a call", 5],
    ["after a call, before the provider said that it meant it,", 9],
  ])("%s never has it run", async (_, afterEvents) => {
    const cut: Turn = { blocks: [append], fault: { kind: "cut", afterEvents } };
    const { ran, calls } = await ask(`anthropic/cut-call-${afterEvents}`, [
      cut,
      { blocks: [append] },
      { blocks: [done] },
    ]);
    expect({ code: ran.code, calls: calls.length }).toEqual({ code: 0, calls: 3 });
    expect(await readFile(join(ran.work, "ran.txt"), "utf8")).toBe("once\n");
  });
});
