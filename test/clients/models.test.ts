/** What the openai SDK is told of models, and which headers cross the gateway. */
import OpenAI, { AuthenticationError, NotFoundError } from "openai";
import { beforeAll, describe, expect, it } from "vitest";
import { apis, lanes, modelOn } from "./asking.ts";
import { credentials, type Harness, start } from "./harness.ts";

let harness: Harness;
let client: OpenAI;

beforeAll(async () => {
  harness = await start({ ALIASES: JSON.stringify({ house: "anthropic/claude-opus-5-5" }) });
  client = new OpenAI({ apiKey: harness.key, baseURL: harness.base, maxRetries: 0, organization: "org-of-the-caller" });
  return () => harness.close();
});

describe("models", () => {
  it("are listed with the operator's aliases", async () => {
    const listed = await Array.fromAsync(client.models.list());
    expect(listed.map((model) => model.id)).toEqual(expect.arrayContaining(["house", "claude-opus-5-5", "gpt-5.5"]));
    for (const model of listed) expect(model).toMatchObject({ object: "model", owned_by: expect.any(String) });
  });

  it.each(["anthropic/claude-sonnet-5", "claude-opus-5-5", "house", "compatible/org/never-heard-of"])(
    "may be asked for: %s",
    async (id) => {
      expect(await client.models.retrieve(id)).toMatchObject({ id, object: "model" });
    },
  );

  it("that are not here are not found", async () => {
    await expect(client.models.retrieve("nowhere/any")).rejects.toBeInstanceOf(NotFoundError);
  });

  it("are not shown to strangers", async () => {
    const stranger = new OpenAI({ apiKey: "gbx_nonsense", baseURL: harness.base, maxRetries: 0 });
    await expect(stranger.models.retrieve("house")).rejects.toBeInstanceOf(AuthenticationError);
    await expect(Array.fromAsync(stranger.models.list())).rejects.toBeInstanceOf(AuthenticationError);
  });
});

describe.each(apis.flatMap((api) => lanes.map((lane) => ({ api, lane }))))(
  "headers, $api to $lane",
  ({ api, lane }) => {
    it.each([true, false])("cross by a list, stream: %s", async (stream) => {
      const { asked, model } = modelOn(lane, `headers-${api}-${lane}-${stream}`);
      harness.sim.play(model, [{ blocks: [{ text: "Hi." }] }]);
      const answer =
        api === "chat"
          ? await client.chat.completions
              .create({ model: asked, stream, messages: [{ role: "user", content: "Hi" }] })
              .asResponse()
          : await client.responses.create({ model: asked, stream, input: "Hi" }).asResponse();
      await answer.text();
      const kept = [
        "set-cookie",
        "openai-organization",
        "openai-model",
        "x-ratelimit-limit-requests",
        "anthropic-organization-id",
      ];
      expect(kept.filter((name) => answer.headers.has(name))).toEqual([]);
      expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f]{32}$/);
      expect(answer.headers.get("x-gearbox-model")).toBe(model);
      if (stream) expect(answer.headers.get("cache-control")).toContain("no-transform");
    });

    it("never show a provider the caller's key, or the caller the provider's", async () => {
      const { asked, model } = modelOn(lane, `keys-${api}-${lane}`);
      const answer =
        api === "chat"
          ? client.chat.completions.create({ model: asked, messages: [{ role: "user", content: "Hi" }] })
          : client.responses.create({ model: asked, input: "Hi" });
      const { data, response } = await answer.withResponse();
      const [call] = harness.sim.callsFor(model);
      expect(JSON.stringify(call?.headers)).not.toContain(harness.key);
      expect(call?.headers).not.toHaveProperty("openai-organization");
      const told = JSON.stringify([data, [...response.headers]]);
      expect(Object.values(credentials).filter((credential) => told.includes(credential))).toEqual([]);
    });
  },
);

describe("a chat stream", () => {
  it.each(lanes)("of %s has a usage chunk only where the caller asked for it", async (lane) => {
    const { asked: model } = modelOn(lane, "usage");
    for (const wanted of [true, false]) {
      const options = wanted ? { stream_options: { include_usage: true } } : {};
      const stream = await client.chat.completions.create({
        model,
        stream: true,
        messages: [{ role: "user", content: "Hi" }],
        ...options,
      });
      const chunks = await Array.fromAsync(stream);
      expect(chunks.filter((chunk) => chunk.usage !== undefined && chunk.usage !== null)).toHaveLength(wanted ? 1 : 0);
      expect(chunks.filter((chunk) => chunk.choices.length === 0)).toHaveLength(wanted ? 1 : 0);
    }
  });

  it("with tools for a model that refuses them while it reasons goes through Responses (wire.md fact 13)", async () => {
    const model = "gpt-5.5-tools";
    harness.sim.play(model, [{ blocks: [{ call: "look", arguments: { at: 0 } }] }]);
    const parameters = { type: "object", properties: { at: { type: "number" } } };
    const { choices } = await client.chat.completions.create({
      model: `openai/${model}`,
      reasoning_effort: "low",
      messages: [{ role: "user", content: "Look." }],
      tools: [{ type: "function", function: { name: "look", parameters } }],
    });
    expect(choices[0]?.message.tool_calls).toMatchObject([
      { type: "function", function: { name: "look", arguments: '{"at":0}' } },
    ]);
    expect(harness.sim.callsFor(model).map((call) => call.protocol)).toEqual(["responses"]);
  });
});
