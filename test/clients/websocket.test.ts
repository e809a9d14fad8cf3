/** OpenAI's own SDK over a WebSocket: a tool's loop, lanes at once, and what it makes of refusals. */
import OpenAI from "openai";
import type { ResponsesClientEvent, ResponsesServerEvent } from "openai/resources/responses/responses";
import { ResponsesWS } from "openai/resources/responses/ws";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, start } from "./harness.ts";

let harness: Harness;

beforeAll(async () => {
  harness = await start();
  return () => harness.close();
});

type Create = Extract<ResponsesClientEvent, { type: "response.create" }>;

/** Opens a connection; `ask` resolves with the answer's last event, or rejects with the SDK's own error. */
function dial(apiKey = harness.key) {
  const ws = new ResponsesWS(new OpenAI({ baseURL: harness.base, apiKey }));
  const events: ResponsesServerEvent[] = [];
  ws.on("event", (event) => events.push(event));
  function ask(create: Omit<Create, "type">): Promise<Extract<ResponsesServerEvent, { type: "response.completed" }>> {
    return new Promise((resolve, reject) => {
      ws.on("response.completed", (event) => {
        if (event.stream_id === create.stream_id) resolve(event);
      });
      ws.on("error", reject);
      ws.send({ type: "response.create", ...create });
    });
  }
  return { ws, events, ask };
}

const tools = [
  { type: "function" as const, name: "add", strict: false, parameters: { type: "object", properties: {} } },
];

describe("OpenAI's SDK over a WebSocket", () => {
  it.each(["openai/sdk-ws", "anthropic/sdk-ws", "gemini/sdk-ws", "compatible/sdk-ws"])(
    "runs a tool for %s",
    async (model) => {
      harness.sim.play("sdk-ws", [
        { blocks: [{ call: "add", id: "call_1", arguments: { a: 1 } }] },
        { blocks: [{ text: "Two." }] },
      ]);
      const { ws, ask } = dial();
      const asked = await ask({ model, input: "Add.", tools, store: false });
      const [call] = asked.response.output.filter((item) => item.type === "function_call");
      expect(call).toMatchObject({ name: "add", call_id: expect.any(String) });
      const output = { type: "function_call_output" as const, call_id: call?.call_id ?? "", output: "2" };
      const { response } = await ask({
        model,
        input: [output],
        tools,
        store: false,
        previous_response_id: asked.response.id,
      });
      expect(response.previous_response_id).toBe(asked.response.id);
      expect(JSON.stringify(response.output)).toContain("Two.");
      ws.close();
    },
  );

  it("has several answers at once, each in its lane", async () => {
    harness.sim.play("sdk-lanes", [{ blocks: [{ text: "Same." }] }]);
    const { ws, events, ask } = dial();
    const lanes = ["a", "b", "c"];
    const answers = await Promise.all(
      lanes.map((stream_id) => ask({ model: "openai/sdk-lanes", input: "Hi", stream_id })),
    );
    expect(answers.map(({ stream_id }) => stream_id)).toEqual(lanes);
    expect(new Set(answers.map(({ response }) => response.id)).size).toBe(3);
    expect(new Set(events.map((event) => event.stream_id))).toEqual(new Set(lanes));
    ws.close();
  });

  it("tells a refusal as an error, and goes on", async () => {
    harness.sim.play("sdk-after", [{ blocks: [{ text: "Still here." }] }]);
    const { ws, ask } = dial();
    await expect(ask({ model: "nobody", input: "Hi" })).rejects.toThrow(/nobody/);
    expect((await ask({ model: "openai/sdk-after", input: "Hi" })).response.status).toBe("completed");
    ws.close();
  });
});
