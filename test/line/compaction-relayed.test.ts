/** The provider that compacts by itself, and the endpoint for it. */
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import {
  at,
  compact,
  compatible,
  done,
  history,
  modern,
  prefixes,
  providers,
  rows,
  said,
  summary,
  summed,
  type Told,
  told,
  tools,
  trigger,
} from "./compacting.ts";
import { callsFor, gateway, play, teamAt } from "./gateway.ts";

describe("a provider that compacts by itself", () => {
  const asked: { url: string; text: string }[] = [];
  const item = { id: "cmp_1", type: "compaction", encrypted_content: "gAAAAAB-of-openai" };
  const counts = { input_tokens: 30, output_tokens: 7, total_tokens: 37 };
  const relaying = gateway({ PROVIDERS: { compatible, modern } }, async (url, init) => {
    if (!url.includes("/v1/responses")) return fetch(url, init);
    asked.push({ url, text: await new Response(init.body ?? null).text() });
    return answerOf(url.endsWith("/compact") ? "response.compaction" : "response");
  });

  function answerOf(object: string): Response {
    return Response.json({ id: "resp_1", object, status: "completed", output: [item], usage: counts, created_at: 1 });
  }

  it.each(["trigger", "plan", "native"])("is relayed to, byte for byte: %s", async (kind) => {
    const input = [
      ...history,
      ...(kind === "native" ? [item, said("user", "And?")] : kind === "trigger" ? [trigger] : []),
    ];
    const plan = kind === "plan" ? { context_management: [{ type: "compaction", compact_threshold: 1 }] } : {};
    const text = JSON.stringify({
      model: "gpt-5.5",
      input,
      ...plan,
      store: false,
      big: 12345678901234567890n.toString(),
    });
    const answer = await relaying.ask("/v1/responses", { method: "POST", body: text });
    expect(await answer.json()).toMatchObject({ output: [item], usage: counts });
    expect(asked.at(-1)?.text).toBe(text);
  });

  it("has an endpoint for it, which knows no member of ours", async () => {
    const { team, post } = await teamAt(relaying, {});
    const text = { model: "openai/gpt-5.5", input: history, prompt_cache_key: "k" };
    const answer = await post("/v1/responses/compact", text);
    expect(await answer.json()).toMatchObject({ object: "response.compaction", output: [item] });
    expect(asked.at(-1)).toEqual({
      url: expect.stringMatching(/\/v1\/responses\/compact$/),
      text: JSON.stringify({ ...text, model: "gpt-5.5" }),
    });
    expect(await rows(relaying, team)).toMatchObject([{ state: "settled", usage: { input: 30, output: 7 } }]);
  });

  it("is never answered from the cache, where its endpoint would look like any other call", async () => {
    const before = asked.length;
    const headers = { "x-gearbox-cache": "ttl=60" };
    for (const path of ["/v1/responses", "/v1/responses/compact", "/v1/responses/compact"]) {
      const body = { model: "openai/gpt-5.5", input: history, store: false };
      expect((await relaying.post(path, body, headers)).status).toBe(200);
      await relaying.idle();
    }
    expect(asked.length).toBe(before + 3);
  });

  it("is stood in for by one that does not, and the other way round", async () => {
    const model = "qwen-fallback";
    const down = { kind: "status", status: 503 } as const;
    await play(model, summed, { fault: down });
    const ways = gateway(
      {
        ALIASES: { there: ["openai/gpt-5.5", `compatible/${model}`], back: [`compatible/${model}`, "openai/gpt-5.5"] },
      },
      async (url, init) => {
        if (!url.endsWith("/responses")) return fetch(url, init);
        const isFirst = asked.push({ url, text: await new Response(init.body ?? null).text() }) === fallbackAt + 1;
        return isFirst ? Response.json({ error: { message: "down" } }, { status: 503 }) : answerOf("response");
      },
    );
    const fallbackAt = asked.length;
    const input = [...history, trigger];
    const there = await told(await ways.post("/v1/responses", { model: "there", input, store: false }));
    expect(there.items[0]?.encrypted_content).toMatch(/^gbxr1/);
    const back = await told(await ways.post("/v1/responses", { model: "back", input, store: false }));
    expect(back.items).toEqual([item]);
    expect(asked.at(-1)?.text).toContain('{"type":"compaction_trigger"}');
  });

  it("is sent the words of a summary that somebody else wrote", async () => {
    const { items } = await compact("compatible", "to-openai", false, relaying.post);
    await relaying.post("/v1/responses", { model: "gpt-5.5", input: [...history, ...items], store: false });
    const { text = "" } = asked.at(-1) ?? {};
    for (const kept of ["You find things.", "Find it.", summary]) expect(text).toContain(kept);
    for (const gone of ["gbxr1", "nothing-to-see", "compaction"]) expect(text).not.toContain(gone);
  });

  it("answers in plain words where its endpoint would know no bound and not all is paid for", async () => {
    const { post } = await teamAt(relaying, { budgets: [{ usd: 0.5, per: "day" }] });
    const answer = await post("/v1/responses/compact", { model: "openai/gpt-5.5", input: history });
    expect(asked.at(-1)?.url).toMatch(/\/v1\/responses$/);
    expect(JSON.parse(asked.at(-1)?.text ?? "")).toMatchObject({ max_output_tokens: expect.any(Number) });
    // The stub has no text to make a summary of.
    expect(answer.status).toBe(502);
  });
});

describe("POST /v1/responses/compact", () => {
  it.each(providers)("lists the user's messages and a summary by %s", async (provider) => {
    const model = `${prefixes[provider]}-object`;
    await play(model, summed, done);
    const answer = await at.post("/v1/responses/compact", { model: `${provider}/${model}`, input: history, tools });
    const { output, ...object } = (await answer.json()) as Told;
    expect(object).toEqual({
      ...{ id: expect.stringMatching(/^resp_/), object: "response.compaction", created_at: expect.any(Number) },
      usage: expect.objectContaining({ input_tokens: 400, output_tokens: 50, total_tokens: 450 }),
    });
    expect(output).toEqual([
      { ...said("user", "Find it."), id: expect.stringMatching(/^msg_/), status: "completed" },
      { type: "compaction", id: expect.stringMatching(/^cmp_/), encrypted_content: expect.any(String) },
    ]);
    const next = await at.post("/v1/responses", { model: `${provider}/${model}`, input: output, store: false });
    expect((await told(next)).response.status).toBe("completed");
    expect((await callsFor(model)).at(-1)?.raw).toContain(summary);
  });

  it("is what OpenAI's SDK asks for and reads, and so is the count", async () => {
    const model = "qwen-sdk";
    await play(model, summed);
    const sdk = new OpenAI({
      ...{ apiKey: at.key, baseURL: "http://gearbox.test/v1", maxRetries: 0 },
      fetch: async (url, init) => at.ask(new URL(String(url)).pathname, init as RequestInit),
    });
    const asked = { model: `compatible/${model}`, input: "Find it." };
    const compacted = await sdk.responses.compact(asked);
    expect(compacted.output.map(({ type }) => type)).toEqual(["message", "compaction"]);
    expect((await sdk.responses.inputTokens.count(asked)).input_tokens).toBeGreaterThan(0);
  });

  it("goes on from a stored response, and needs something to compact", async () => {
    const model = "qwen-object-stored";
    await play(model, done, summed);
    const first = await at.post("/v1/responses", { model: `compatible/${model}`, input: "Find it." });
    const { id } = (await told(first)).response;
    const body = { model: `compatible/${model}`, previous_response_id: id };
    const answer = (await (await at.post("/v1/responses/compact", body)).json()) as Told;
    expect(answer.output.map(({ type }) => type)).toEqual(["message", "compaction"]);
    expect(answer).not.toHaveProperty("previous_response_id");
    expect((await callsFor(model)).at(-1)?.raw).toContain("Found.");
    const refused = await at.post("/v1/responses/compact", { model: "compatible/x" });
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: { param: "input" } }]);
    expect((await at.ask("/v1/responses/compact", { headers: { authorization: "" } })).status).toBe(401);
  });
});
