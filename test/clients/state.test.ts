/** Conversations kept by the gateway, as the openai SDK and the AI SDK use them, of each kind of provider. */
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, isStepCount, jsonSchema, type ModelMessage, tool } from "ai";
import OpenAI from "openai";
import { beforeAll, describe, expect, it } from "vitest";
import type { Block } from "../sim/script.ts";
import type { Call } from "../sim/sim.ts";
import { type Harness, start } from "./harness.ts";

/** A provider that speaks this protocol alone, and the kind of model that it has. */
const providers = {
  responses: (name: string) => ["modern", `gpt-5.5-${name}`],
  chat: (name: string) => ["compatible", `qwen-${name}`],
  messages: (name: string) => ["anthropic", `${name}-claude-sonnet-5-5`],
  gemini: (name: string) => ["gemini", `${name}-gemini-3-pro`],
} satisfies Partial<Record<Call["protocol"], (name: string) => readonly string[]>>;

type Egress = keyof typeof providers;
const egresses: readonly Egress[] = ["responses", "chat", "messages", "gemini"];

const signature = "c2lnbmF0dXJlIG9mIHRob3VnaHQgKy8=";

const adminKey = "an-admin-key-of-more-than-32-characters";

let harness: Harness;
let client: OpenAI;

beforeAll(async () => {
  harness = await start({ ADMIN_KEY: adminKey });
  client = new OpenAI({ apiKey: harness.key, baseURL: harness.base, maxRetries: 0 });
  return () => harness.close();
});

/** The name by which the model is asked for; it answers with these blocks, one list a call. */
function play(egress: Egress, name: string, answers: readonly (readonly Block[])[]): { asked: string; model: string } {
  const [provider = "", model = ""] = providers[egress](name);
  harness.sim.play(
    model,
    answers.map((blocks) => ({ blocks: [...blocks] })),
  );
  return { asked: `${provider}/${model}`, model };
}

/** What the provider was sent in its n-th call. */
function sent(model: string, at: number): string {
  return JSON.stringify(harness.sim.callsFor(model)[at]?.body ?? null);
}

const missing = (id: string) => ({
  status: 404,
  code: "previous_response_not_found",
  message: expect.stringContaining(id),
});

describe.each(egresses)("the openai SDK at a provider that speaks %s", (egress) => {
  it("goes on from a response, in two branches, and from a streamed one", async () => {
    const texts = ["Blue.", "As the sky.", "As the sea.", "Both."];
    const { asked, model } = play(
      egress,
      "chain",
      texts.map((text) => [{ text }]),
    );
    const first = await client.responses.create({ model: asked, input: "Which colour?", instructions: "Be brief." });
    expect(first).toMatchObject({ output_text: "Blue.", store: true });
    const goOn = { model: asked, previous_response_id: first.id };
    const sky = await client.responses.create({ ...goOn, input: "Like what?" });
    expect(sky.previous_response_id).toBe(first.id);
    const stream = client.responses.stream({ ...goOn, input: "What else?" });
    const sea = await stream.finalResponse();
    expect([sea.output_text, sea.previous_response_id]).toEqual(["As the sea.", first.id]);
    await client.responses.create({ model: asked, previous_response_id: sea.id, input: "Which?" });
    expect(sent(model, 0)).toContain("Be brief.");
    expect(sent(model, 1)).not.toContain("Be brief.");
    for (const said of ["Which colour?", "Blue.", "Like what?"]) expect(sent(model, 1)).toContain(said);
    expect(sent(model, 2)).not.toContain("Like what?");
    for (const said of ["Which colour?", "Blue.", "What else?", "As the sea.", "Which?"])
      expect(sent(model, 3)).toContain(said);
  });

  it("retrieves, lists, streams again from where it broke off, and deletes", async () => {
    const { asked } = play(egress, "stored", [[{ text: "One, two, three, four, five." }], [{ text: "Six." }]]);
    const live: OpenAI.Responses.ResponseStreamEvent[] = [];
    for await (const event of await client.responses.create({ model: asked, input: "Count.", stream: true }))
      live.push(event);
    const end = live.at(-1);
    if (end?.type !== "response.completed") throw new Error("the answer did not complete");
    const { id } = end.response;
    const { output_text: _, ...found } = await client.responses.retrieve(id);
    expect(found).toEqual(end.response);
    const after = 4;
    const again: OpenAI.Responses.ResponseStreamEvent[] = [];
    const resumed = await client.responses.retrieve(id, { stream: true, starting_after: after });
    for await (const event of resumed) again.push(event);
    const numbered = live.filter((event) => "sequence_number" in event && event.sequence_number > after);
    expect(again).toEqual(numbered);
    const next = await client.responses.create({ model: asked, previous_response_id: id, input: "And?" });
    const listed: string[] = [];
    for await (const item of client.responses.inputItems.list(next.id, { order: "asc", limit: 2 }))
      listed.push(item.type ?? "");
    expect(listed).toEqual(["message", "message", "message"]);
    await client.responses.delete(id);
    await expect(client.responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
    await expect(
      client.responses.create({ model: asked, previous_response_id: id, input: "And?" }),
    ).rejects.toMatchObject(missing(id));
    await expect(client.responses.cancel(next.id)).rejects.toMatchObject({ status: 400 });
  });

  it("keeps nothing with store: false", async () => {
    const { asked } = play(egress, "unstored", [[{ text: "Gone." }]]);
    const unstored = await client.responses.create({ model: asked, input: "Hi", store: false });
    expect(unstored).toMatchObject({ store: false });
    await expect(client.responses.retrieve(unstored.id)).rejects.toMatchObject({ status: 404 });
  });
});

describe.each(egresses)("the AI SDK with its defaults at a provider that speaks %s", (egress) => {
  it("refers to what was said by its ids through three turns with tools", async () => {
    const calls = (city: string): Block[] => [
      { reasoning: `Thinking of ${city}.`, signature },
      { call: "weather", id: `call_${city}`, arguments: { city } },
    ];
    const answers = ["Bern", "Lima", "Oslo"].flatMap((city) => [
      calls(city),
      // Without a thought before it the SDK sends the text again.
      [{ reasoning: `Sure of ${city}.`, signature }, { text: `Sunny in ${city}.` }],
    ]);
    const { asked, model } = play(egress, "ai", answers);
    const messages: ModelMessage[] = [];
    const bodies: string[] = [];
    const watched: typeof fetch = (url, init) => {
      bodies.push(String(init?.body));
      return fetch(url, init);
    };
    const openai = createOpenAI({ apiKey: harness.key, baseURL: harness.base, fetch: watched });
    const tools = {
      weather: tool({
        description: "The weather of a city.",
        inputSchema: jsonSchema<{ city: string }>({ type: "object", properties: { city: { type: "string" } } }),
        execute: ({ city }) => `sun over ${city}`,
      }),
    };
    for (const city of ["Bern", "Lima", "Oslo"]) {
      messages.push({ role: "user", content: `How is ${city}?` });
      const answer = await generateText({
        model: openai.responses(asked),
        providerOptions: { openai: { forceReasoning: true, reasoningEffort: "medium", reasoningSummary: "auto" } },
        ...{ messages, tools, maxRetries: 0, stopWhen: isStepCount(4) },
      });
      expect(answer.text).toBe(`Sunny in ${city}.`);
      messages.push(...answer.responseMessages);
    }
    expect(bodies.at(-1)).toMatch(/"item_reference","id":"rs_.*"item_reference","id":"msg_/);
    expect(bodies.at(-1)).not.toContain("Sunny in Bern.");
    const last = sent(model, 5);
    for (const said of ["How is Bern?", "sun over Bern", "Sunny in Bern.", "How is Oslo?", "sun over Oslo"]) {
      expect(last).toContain(said);
    }
    expect(last).not.toContain("item_reference");
    if (egress === "responses" || egress === "messages") expect(last).toContain(signature);
  });
});

it("does not know what another team has stored", async () => {
  const { asked } = play("responses", "whose", [[{ text: "Mine." }], [{ text: "Never said." }]]);
  const { id, output } = await client.responses.create({ model: asked, input: "Whose?" });
  const other = new OpenAI({ apiKey: await otherKey(), baseURL: harness.base, maxRetries: 0 });
  await expect(other.responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
  await expect(other.responses.delete(id)).rejects.toMatchObject({ status: 404 });
  await expect(other.responses.inputItems.list(id)).rejects.toMatchObject({ status: 404 });
  const goOn = other.responses.create({ model: asked, previous_response_id: id, input: "And?" });
  await expect(goOn).rejects.toMatchObject(missing(id));
  const named = [{ type: "item_reference" as const, id: output[0]?.id ?? "" }];
  await expect(other.responses.create({ model: asked, input: named })).rejects.toMatchObject({ status: 404 });
  expect((await client.responses.retrieve(id)).output_text).toBe("Mine.");
});

/** The key of a team made for this. */
async function otherKey(): Promise<string> {
  const make = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const headers = { authorization: `Bearer ${adminKey}`, "content-type": "application/json" };
    const made = await fetch(`${harness.origin}/admin${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    return (await made.json()) as Record<string, unknown>;
  };
  const { id } = await make("/teams", { name: "other" });
  const { key } = await make(`/teams/${id}/keys`, { name: "theirs" });
  return String(key);
}
