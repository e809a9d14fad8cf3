/** Codex where a model refuses, a provider is busy, a picture goes along, or the answer must fit a schema. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Block, Fault, Turn } from "../sim/sim.ts";
import { type Asked, codex } from "./codex.ts";
import { mediaOf, schemaOf } from "./conversation.ts";
import { type Harness, start } from "./harness.ts";
import { png } from "./scenarios.ts";

const done: Block = { text: "All done." };

let harness: Harness;

beforeAll(async () => {
  harness = await start();
  return () => harness.close();
});

async function ask(model: string, turns: readonly Turn[], asked: Partial<Asked> = {}) {
  const own = model.slice(model.indexOf("/") + 1);
  harness.sim.play(own, [...turns]);
  const ran = await codex(harness, own, { ...asked, model });
  const said = ran.events.flatMap(({ item }) => (item?.type === "agent_message" ? [item.text] : []));
  return { code: ran.code, said, calls: harness.sim.callsFor(own) };
}

describe("Codex", { concurrent: true }, () => {
  it.each(["compatible/refusing", "anthropic/refusing-too"])("shows why %s refuses", async (model) => {
    const { code, said } = await ask(model, [{ blocks: [{ refusal: "I cannot help with that." }] }]);
    expect({ code, said: said.join() }).toEqual({ code: 0, said: expect.stringContaining("I cannot help with that.") });
  });

  const busy: readonly (readonly [string, Fault])[] = [
    ["anthropic/limited", { kind: "status", status: 429, retryAfter: "1" }],
    ["gpt-5.5-limited", { kind: "status", status: 429, retryAfter: "1" }],
    ["anthropic/unsaid", { kind: "status", status: 429 }],
    ["compatible/unsaid-too", { kind: "status", status: 429, retryAfter: "0.5" }],
    ["anthropic/overloaded", { kind: "status", status: 529 }],
    ["gpt-5.5-down", { kind: "status", status: 503 }],
    ["anthropic/failing", { kind: "error-event", afterEvents: 4 }],
  ];
  it.each(busy)("comes back to %s after %j", async (model, fault) => {
    const { code, said, calls } = await ask(model, [{ fault, blocks: [{ text: "half" }] }, { blocks: [done] }]);
    expect({ code, last: said.at(-1), calls: calls.length }).toEqual({ code: 0, last: "All done.", calls: 2 });
  });

  it.each(["anthropic/wrong", "gpt-5.5-wrong"])("gives %s up at once where the call is wrong", async (model) => {
    const { code, calls } = await ask(model, [{ fault: { kind: "status", status: 400 } }]);
    expect({ code, calls: calls.length }).toEqual({ code: 1, calls: 1 });
  });

  it("gives a model up at once that does not exist", async () => {
    const { code, calls } = await ask("nowhere/any", []);
    expect({ code, calls: calls.length }).toEqual({ code: 1, calls: 0 });
  });

  it.each(["anthropic/seeing", "compatible/seeing-too"])("sends its pictures to %s as they are", async (model) => {
    const args = (home: string): readonly string[] => {
      const path = join(home, "red.png");
      writeFileSync(path, Buffer.from(png, "base64"));
      return ["-i", path];
    };
    const view: Block = { call: "view_image", id: "call_1", arguments: { path: "../red.png" } };
    const { code, said, calls } = await ask(model, [{ blocks: [view] }, { blocks: [done] }], { args });
    expect({ code, said }).toEqual({ code: 0, said: ["All done."] });
    const image = { kind: "image", data: png };
    expect(calls.map(mediaOf)).toEqual([[image], [image, image]]);
  });

  it("has its answers fit a schema", async () => {
    const schema = {
      type: "object",
      properties: { done: { type: "boolean" } },
      required: ["done"],
      additionalProperties: false,
    };
    const args = (home: string): readonly string[] => {
      const path = join(home, "schema.json");
      writeFileSync(path, JSON.stringify(schema));
      return ["--output-schema", path];
    };
    const { code, said, calls } = await ask("anthropic/shaped", [{ blocks: [{ text: '{"done":false}' }] }], { args });
    expect({ code, said }).toEqual({ code: 0, said: ['{"done":false}'] });
    expect(calls.map(schemaOf)).toEqual([schema]);
  });
});
