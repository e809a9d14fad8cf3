/** Codex over a WebSocket: the same task on a relayed and on a translated provider, through broken sockets, and without. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { obj, objects } from "../sim/json.ts";
import type { Call, Turn } from "../sim/sim.ts";
import { type Between, between, type Cut } from "./between.ts";
import { codex, type Ran } from "./codex.ts";
import { type Harness, start } from "./harness.ts";
import { classic, conversation, resultOf, spentOn, written } from "./task.ts";

interface Run {
  readonly name: string;
  readonly model: string;
  readonly protocol: Call["protocol"];
  /** A step that is asked for twice, as its first answer is lost. */
  readonly lost?: number;
  readonly cut?: Cut;
  /** How Codex comes to the gateway. */
  readonly seen: readonly string[];
}

const provider = ["supports_websockets = true"];

const runs: readonly Run[] = [
  { name: "relayed", model: "gpt-5.5", protocol: "responses", seen: ["socket 101"] },
  { name: "to Messages", model: "claude-opus-5-5", protocol: "messages", seen: ["socket 101"] },
  { name: "to Gemini", model: "gemini-3-pro", protocol: "gemini", seen: ["socket 101"] },
  { name: "to Chat", model: "coder", protocol: "chat", seen: ["socket 101"] },
  {
    name: "relayed, cut between two answers",
    model: "gpt-5.5",
    protocol: "responses",
    cut: { event: "response.completed", at: 2 },
    seen: ["socket 101", "socket 101"],
  },
  {
    name: "to Messages, cut within an answer",
    model: "claude-opus-5-5",
    protocol: "messages",
    lost: 1,
    cut: { event: "response.created", at: 3 },
    seen: ["socket 101", "socket 101"],
  },
];

async function work(to: Harness, name: string, { model, protocol, lost, cut }: Omit<Run, "name" | "seen">) {
  const wire = await between(to.origin, cut);
  const turns =
    lost === undefined ? classic : [...classic.slice(0, lost), classic[lost] as Turn, ...classic.slice(lost)];
  const before = to.sim.calls.length;
  to.sim.play(model, [...turns]);
  const ran = await codex({ ...to, base: wire.base }, name, { model, catalog: protocol !== "responses", provider });
  return { wire, ran, calls: to.sim.calls.slice(before) };
}

describe("Codex over a WebSocket", () => {
  let harness: Harness;

  beforeAll(async () => {
    harness = await start({ ALIASES: JSON.stringify({ coder: "compatible/coder" }) });
    return () => harness.close();
  });

  describe.each(runs)("$name", ({ name, protocol, seen, ...run }) => {
    let wire: Between;
    let ran: Ran;
    let calls: readonly Call[];

    beforeAll(async () => {
      ({ wire, ran, calls } = await work(harness, name.replaceAll(/\W/g, "-"), { protocol, ...run }));
      return () => wire.close();
    });

    it("finishes the task, and comes as it should", async () => {
      expect({ code: ran.code, errors: ran.errors }).toMatchObject({ code: 0 });
      expect(await readFile(join(ran.work, "out/a.txt"), "utf8")).toBe(written);
      expect(wire.seen.filter((each) => !each.startsWith("GET /v1/models"))).toEqual(seen);
      expect(calls).toHaveLength(classic.length + (run.lost === undefined ? 0 : 1));
      expect(new Set(calls.map((call) => call.protocol))).toEqual(new Set([protocol]));
    });

    it("tells the provider the whole conversation each time", () => {
      const last = calls.at(-1);
      if (last === undefined) throw new Error("no call");
      for (const call of ["call_1", "call_2", "call_3"]) expect(resultOf(last, call)).not.toBe("");
      for (const [at, call] of calls.slice(1).entries()) {
        const before = conversation(calls[at] as Call).map((item) => JSON.stringify(item));
        expect(
          conversation(call)
            .slice(0, before.length)
            .map((item) => JSON.stringify(item)),
        ).toEqual(before);
      }
      expect(objects(obj(last.body).tools).length).toBeGreaterThan(0);
    });

    it.runIf(run.lost === undefined)("adds up the usage of all turns", () => {
      expect(ran.events.find((event) => event.type === "turn.completed")?.usage).toEqual(spentOn(protocol));
    });
  });
});

describe("Codex at a gateway without WebSockets", () => {
  it("goes on by POST at once", async () => {
    const harness = await start({ WEBSOCKETS: "off" });
    const { wire, ran, calls } = await work(harness, "home", { model: "gpt-5.5", protocol: "responses" });
    expect(ran.code).toBe(0);
    expect(await readFile(join(ran.work, "out/a.txt"), "utf8")).toBe(written);
    const ways = wire.seen.filter((each) => !each.startsWith("GET /v1/models"));
    expect(ways).toEqual(["socket 426", ...classic.map(() => "POST /v1/responses")]);
    expect(calls).toHaveLength(classic.length);
    await wire.close();
    await harness.close();
  });
});
