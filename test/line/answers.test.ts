/** Each caller's protocol over each provider's, whole and streamed: the same answer, counted once. */
import { describe, expect, it } from "vitest";
import { type Caller, dataOf, paths, question, textOf } from "./calls.ts";
import { callsFor, gateway, play, sums } from "./gateway.ts";

const turn = {
  blocks: [{ reasoning: "Let me see." }, { text: "Grüße, 世界 🌍!" }],
  usage: { input: 100, cached: 40, output: 30, reasoning: 10 },
};
const callers: Caller[] = ["responses", "chat"];
const providers = ["openai", "anthropic", "compatible", "gemini"];
const cases = callers.flatMap((caller) =>
  providers.flatMap((provider) => [true, false].map((stream) => ({ caller, provider, stream }))),
);

describe("an answer", () => {
  it.each(cases)("of $provider to a $caller caller, stream: $stream", async ({ caller, provider, stream }) => {
    const { post, deps, team, idle } = gateway();
    const model = `answers-${caller}-${provider}-${stream}`;
    await play(model, { ...turn, pace: { chunkBytes: 7 } });
    const answer = await post(paths[caller], question(caller, `${provider}/${model}`, "Hello?", { stream }));
    const body = await answer.text();
    expect({ status: answer.status, text: answer.status === 200 ? textOf(caller, body) : body }).toEqual({
      status: 200,
      text: "Grüße, 世界 🌍!",
    });
    expect(answer.headers.get("x-gearbox-provider")).toBe(provider);
    expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f]{32}$/);
    await idle();
    const [sum] = await sums(deps, team);
    expect(sum).toMatchObject({ provider, model, calls: 1, input: 100, cacheRead: 40, output: 30, estimated: 0 });
    expect(sum?.reasoning).toBe(10);
    expect(await callsFor(model)).toHaveLength(1);
  });

  it("has the caller's own bytes sent on the relay lane, but for the model", async () => {
    const { ask } = gateway();
    await play("relayed-bytes", turn);
    const sent =
      '{ "model" : "openai/relayed-bytes", "input":"x", "temperature":1.0 , "store":false, "metadata":{"n":"12345678901234567890"}}';
    await (await ask("/v1/responses", { method: "POST", body: sent })).text();
    const [call] = await callsFor("relayed-bytes");
    expect(call?.raw).toBe(sent.replace("openai/relayed-bytes", "relayed-bytes"));
  });

  it("keeps those bytes where only the models to fall back on go", async () => {
    const { ask } = gateway();
    await play("fallen-back", turn);
    const rest = '"input":"x", "temperature":1.0 , "store":false, "metadata":{"n":12345678901234567890}';
    for (const sent of [
      `{ "model" : "openai/fallen-back", "models":["openai/other"],${rest}}`,
      `{"models":["openai/other"], "model" : "openai/fallen-back",${rest}}`,
    ]) {
      await (await ask("/v1/responses", { method: "POST", body: sent })).text();
    }
    for (const { raw } of await callsFor("fallen-back")) {
      expect(raw).toContain(rest);
      expect(JSON.parse(raw)).not.toHaveProperty("models");
    }
  });

  it("hides the usage frame that we asked for and the caller did not", async () => {
    const { post } = gateway();
    await play("hidden-usage", turn);
    const ask = async (more: object): Promise<string> => {
      const body = question("chat", "openai/hidden-usage", "Hello?", { stream: true, ...more });
      return (await post(paths.chat, body)).text();
    };
    const without = await ask({});
    const asked = await ask({ stream_options: { include_usage: true } });
    expect(without).not.toContain('"choices":[]');
    expect(without.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(asked).toContain('"choices":[]');
    const calls = await callsFor("hidden-usage");
    expect(calls.map(({ body }) => body.stream_options)).toEqual([{ include_usage: true }, { include_usage: true }]);
  });

  it("brings an Anthropic model's signed thinking back to it through a Responses caller, byte for byte", async () => {
    const { post } = gateway();
    const call = { call: "look", id: "toolu_1", arguments: { at: "x" } };
    await play(
      "thinking",
      { blocks: [{ reasoning: "Hm.", signature: "c2lnbmF0dXJl" }, call] },
      { blocks: [{ text: "Done." }] },
    );
    const tools = [{ type: "function", name: "look", parameters: { type: "object", properties: {} } }];
    const first = { model: "anthropic/thinking", input: [{ role: "user", content: "Look." }], tools, store: false };
    const answer = (await (await post(paths.responses, first)).json()) as {
      output: { type: string; call_id?: string }[];
    };
    const output = { type: "function_call_output", call_id: "toolu_1", output: "seen" };
    const second = await post(paths.responses, { ...first, input: [...first.input, ...answer.output, output] });
    expect(second.status, await second.clone().text()).toBe(200);
    const [, call2] = await callsFor("thinking");
    const messages = call2?.body.messages as { role: string; content: unknown }[];
    expect(messages[1]).toMatchObject({
      role: "assistant",
      content: [
        { type: "thinking", thinking: "Hm.", signature: "c2lnbmF0dXJl" },
        { type: "tool_use", id: "toolu_1", name: "look", input: { at: "x" } },
      ],
    });
  });

  it("brings a Gemini model's signed call back to it through a Responses caller, byte for byte", async () => {
    const { post } = gateway();
    const call = { call: "look", arguments: { at: "x" } };
    const tools = [{ type: "function", name: "look", parameters: { type: "object", properties: {} } }];
    for (const stream of [false, true]) {
      const first = { model: "gemini/signed", input: [{ role: "user", content: "Look." }], tools, store: false };
      await play("signed", { blocks: [{ reasoning: "Hm.", signature: "c2lnbmF0dXJl" }, call] }, { blocks: [] });
      const output = outputOf(await (await post(paths.responses, { ...first, stream })).text());
      const id = output.find((item) => item.type === "function_call")?.call_id;
      const result = { type: "function_call_output", call_id: id, output: "seen" };
      const second = await post(paths.responses, { ...first, input: [...first.input, ...output, result] });
      expect(second.status, await second.clone().text()).toBe(200);
      const contents = (await callsFor("signed")).at(-1)?.body.contents as { role: string; parts: object[] }[];
      expect({ stream, model: contents[1] }).toMatchObject({
        model: {
          role: "model",
          parts: [{ functionCall: { name: "look", args: { at: "x" } }, thoughtSignature: "c2lnbmF0dXJl" }],
        },
      });
      expect(contents[2]).toMatchObject({ parts: [{ functionResponse: { name: "look" } }] });
    }
  });

  it("goes without what another account made, and says so", async () => {
    const { post } = gateway();
    await play("elsewhere", { blocks: [{ reasoning: "Hm.", signature: "c2lnbmF0dXJl" }, { text: "A" }] });
    const question1 = { model: "anthropic/elsewhere", input: [{ role: "user", content: "1" }] };
    const made = (await (await post(paths.responses, question1)).json()) as { output: object[] };
    const input = [...question1.input, ...made.output, { role: "user", content: "2" }];
    const relayed = await post(paths.responses, { model: "openai/elsewhere", input });
    expect(relayed.status, await relayed.clone().text()).toBe(200);
    expect(JSON.stringify((await callsFor("elsewhere"))[1]?.body)).not.toContain("gbxr1");
    await play("elsewhere-2", { blocks: [{ text: "B" }] });
    const other = await post(paths.responses, { model: "anthropic/elsewhere-2", input });
    expect(other.headers.get("x-gearbox-lost")).toContain("input.encrypted_content");
    expect(JSON.stringify((await callsFor("elsewhere-2"))[0]?.body)).not.toContain("c2lnbmF0dXJl");
  });
});

/** The output items of a whole or streamed Responses answer. */
function outputOf(answer: string): { type: string; call_id?: string }[] {
  if (answer.startsWith("{")) return JSON.parse(answer).output;
  const last = dataOf(answer).at(-1);
  const { response } = last as { response: { output: { type: string; call_id?: string }[] } };
  return response.output;
}
