/** Callers that speak Anthropic's and Google's protocols, over each provider's. */
import { describe, expect, it } from "vitest";
import { callsFor, type Gateway, gateway, play } from "./gateway.ts";

const turn = {
  blocks: [{ reasoning: "Let me see." }, { text: "Grüße, 世界 🌍!" }],
  usage: { input: 100, cached: 40, output: 30, reasoning: 10 },
};
const said = "Grüße, 世界 🌍!";
const providers = ["openai", "anthropic", "compatible", "gemini"];
const cases = providers.flatMap((provider) => [true, false].map((stream) => ({ provider, stream })));

const messages = (model: string, more: object = {}) => ({
  model,
  max_tokens: 1000,
  messages: [{ role: "user", content: "Hello?" }],
  ...more,
});
const contents = { contents: [{ role: "user", parts: [{ text: "Hello?" }] }] };

/** The data of a stream's frames. */
function dataOf(stream: string): object[] {
  const lines = stream.split(/\r?\n/).filter((line) => line.startsWith("data: "));
  return lines.map((line) => JSON.parse(line.slice("data: ".length)));
}

function geminiText(chunks: readonly object[]): string {
  const parts = (
    chunks as { candidates?: { content?: { parts?: { text?: string; thought?: boolean }[] } }[] }[]
  ).flatMap(({ candidates }) => candidates?.[0]?.content?.parts ?? []);
  return parts.map(({ text = "", thought }) => (thought === true ? "" : text)).join("");
}

const askGemini = (at: Gateway, model: string, method: string, body: object = contents) =>
  at.post(`/v1beta/models/${encodeURIComponent(model)}:${method}`, body);

describe("a Messages caller", () => {
  it.each(cases)("is answered by $provider, stream: $stream", async ({ provider, stream }) => {
    const { post } = gateway();
    const model = `messages-${provider}-${stream}`;
    await play(model, { ...turn, pace: { chunkBytes: 7 } });
    const answer = await post("/v1/messages?beta=true", messages(`${provider}/${model}`, { stream }));
    const body = await answer.text();
    expect(answer.status, body).toBe(200);
    if (stream) {
      const events = dataOf(body) as {
        type: string;
        delta?: { text?: string; stop_reason?: string };
        usage?: object;
      }[];
      expect(events.map(({ delta }) => delta?.text ?? "").join("")).toBe(said);
      expect(events.at(-1)?.type).toBe("message_stop");
      expect(events.at(-2)).toMatchObject({ delta: { stop_reason: "end_turn" }, usage: { output_tokens: 30 } });
    } else {
      const whole = JSON.parse(body);
      expect(whole.content.filter((block: { type: string }) => block.type === "text")).toMatchObject([{ text: said }]);
      expect(whole.usage).toMatchObject({ input_tokens: 60, cache_read_input_tokens: 40, output_tokens: 30 });
    }
  });

  it("has its betas and version passed on to Anthropic, with both versions and both headers of the key", async () => {
    const { ask, key } = gateway();
    await play("betas", turn);
    for (const version of ["2023-06-01", "2026-10-21"]) {
      const headers = {
        authorization: "",
        "x-api-key": key,
        "anthropic-version": version,
        "anthropic-beta": "a-1,b-2",
      };
      const answer = await ask("/v1/messages", {
        method: "POST",
        body: JSON.stringify(messages("anthropic/betas")),
        headers,
      });
      expect(answer.status, await answer.text()).toBe(200);
    }
    const calls = await callsFor("betas");
    expect(calls.map(({ headers }) => [headers["anthropic-version"], headers["anthropic-beta"]])).toEqual([
      ["2023-06-01", "a-1,b-2"],
      ["2026-10-21", "a-1,b-2"],
    ]);
  });

  it.each([
    [400, { fault: { kind: "status", status: 400 } }, "invalid_request_error"],
    [502, { fault: { kind: "status", status: 401 } }, "api_error"],
    [429, { fault: { kind: "status", status: 429 } }, "rate_limit_error"],
    [529, { fault: { kind: "status", status: 503 } }, "overloaded_error"],
  ] as const)("reads %i in Anthropic's words", async (status, turn, type) => {
    const { post } = gateway();
    await play(`messages-fails-${status}`, turn);
    const answer = await post("/v1/messages", messages(`compatible/messages-fails-${status}`));
    expect(await answer.json()).toMatchObject({ type: "error", error: { type }, request_id: expect.any(String) });
    expect(answer.status).toBe(status);
  });

  it("is refused in Anthropic's words, also where there is nothing", async () => {
    const { ask, post } = gateway();
    const wrong = await ask("/v1/messages", { method: "POST", body: "{", headers: {} });
    expect(await wrong.json()).toMatchObject({ type: "error", error: { type: "invalid_request_error" } });
    const unknown = await post("/v1/messages", messages("nope"));
    expect([unknown.status, await unknown.json()]).toMatchObject([404, { error: { type: "not_found_error" } }]);
    const nothing = await post("/v1/messages/batches", {});
    expect([nothing.status, await nothing.json()]).toMatchObject([404, { type: "error" }]);
  });
});

describe("a Gemini caller", () => {
  it.each(cases)("is answered by $provider, stream: $stream", async ({ provider, stream }) => {
    const at = gateway();
    const model = `gemini-${provider}-${stream}`;
    await play(model, { ...turn, pace: { chunkBytes: 7 } });
    const answer = await askGemini(
      at,
      `${provider}/${model}`,
      stream ? "streamGenerateContent?alt=sse" : "generateContent",
    );
    const body = await answer.text();
    expect(answer.status, body).toBe(200);
    const chunks = stream ? dataOf(body) : [JSON.parse(body)];
    expect(geminiText(chunks)).toBe(said);
    expect(chunks.at(-1)).toMatchObject({
      candidates: [{ finishReason: "STOP" }],
      usageMetadata: {
        promptTokenCount: 100,
        cachedContentTokenCount: 40,
        candidatesTokenCount: 20,
        thoughtsTokenCount: 10,
      },
    });
  });

  it.each(["gemini", "anthropic"])("that asks for no events gets one array, of %s", async (provider) => {
    const at = gateway();
    await play(`array-${provider}`, turn);
    const answer = await askGemini(at, `${provider}/array-${provider}`, "streamGenerateContent");
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(geminiText((await answer.json()) as object[])).toBe(said);
  });

  it("may write the colon encoded, the model with slashes, and either version", async () => {
    const { post, key, ask } = gateway();
    await play("deep/model", turn);
    for (const path of [
      "/v1/models/compatible/deep/model:generateContent",
      "/v1beta/models/compatible%2Fdeep%2Fmodel%3AgenerateContent",
    ]) {
      const answer = await post(path, contents);
      expect(geminiText([(await answer.json()) as object])).toBe(said);
    }
    const body = JSON.stringify(contents);
    const keyed = await ask(`/v1beta/models/compatible%2Fdeep%2Fmodel:generateContent?key=${key}`, {
      method: "POST",
      body,
      headers: { authorization: "" },
    });
    expect(keyed.status).toBe(200);
  });

  it("is refused in Google's words", async () => {
    const at = gateway();
    const unknown = await askGemini(at, "nope", "generateContent");
    expect([unknown.status, await unknown.json()]).toMatchObject([404, { error: { code: 404, status: "NOT_FOUND" } }]);
    const nothing = await askGemini(at, "gemini/x", "batchGenerate");
    expect([nothing.status, await nothing.json()]).toMatchObject([404, { error: { status: "NOT_FOUND" } }]);
    const both = { ...contents, generationConfig: { thinkingConfig: { thinkingBudget: 1, thinkingLevel: "LOW" } } };
    const refused = await askGemini(at, "openai/x", "generateContent", both);
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: { status: "INVALID_ARGUMENT" } }]);
  });
});

describe("tokens are counted", () => {
  const counts = {
    "/messages/count_tokens": { input_tokens: 11 },
    "/responses/input_tokens": { object: "response.input_tokens", input_tokens: 12 },
    ":countTokens": { totalTokens: 13 },
  };
  const asked: { url: string; body: Record<string, unknown> }[] = [];
  const counting = gateway({}, async (url, init) => {
    asked.push({ url, body: JSON.parse(await new Response(init.body ?? null).text()) });
    const [, answer] = Object.entries(counts).find(([end]) => url.endsWith(end)) ?? [];
    return answer === undefined ? new Response("{}", { status: 404 }) : Response.json(answer);
  });

  it.each([
    ["anthropic", 11, null],
    ["openai", 12, null],
    ["gemini", 13, null],
    ["compatible", expect.any(Number), "upper-bound"],
  ])("by %s's own counter, or bounded where there is none", async (provider, tokens, kind) => {
    const { max_tokens: _, ...body } = messages(`${provider}/m`);
    const anthropic = await counting.post("/v1/messages/count_tokens", body);
    expect(await anthropic.json()).toEqual({ input_tokens: tokens });
    expect(anthropic.headers.get("x-gearbox-count")).toBe(kind);
    const google = await askGemini(counting, `${provider}/m`, "countTokens");
    expect(await google.json()).toEqual({ totalTokens: tokens });
    const wrapped = { generateContentRequest: { model: "models/x", ...contents } };
    expect(await (await askGemini(counting, `${provider}/m`, "countTokens", wrapped)).json()).toEqual({
      totalTokens: tokens,
    });
    for (const { body } of asked) expect(body).not.toHaveProperty("max_tokens");
  });
});

describe("the list of models", () => {
  it("is in the words of whoever asks", async () => {
    const { ask, key } = gateway({ ALIASES: { fast: "anthropic/claude-opus-5-5" } });
    const read = async (path: string, headers: Record<string, string> = {}) => (await ask(path, { headers })).json();
    const list = (await read("/v1/models")) as { object: string; data: object[] };
    expect(list.object).toBe("list");
    expect(list.data[0]).toMatchObject({ id: "fast", object: "model", reasoning_efforts: expect.any(Array) });
    expect(await read("/v1/models", { "anthropic-version": "2023-06-01" })).toMatchObject({
      data: expect.any(Array),
      has_more: false,
      first_id: "fast",
    });
    expect(await read("/v1beta/models")).toMatchObject({ models: expect.any(Array) });
    expect(await read(`/v1/models?key=${key}`, { authorization: "" })).toMatchObject({ models: expect.any(Array) });
    expect(await read("/v1/models/fast", { "anthropic-version": "x" })).toMatchObject({
      type: "model",
      id: "fast",
      capabilities: { effort: { max: true } },
    });
    expect(await read("/v1beta/models/fast")).toMatchObject({ name: "models/fast" });
  });
});

describe("an embedding in Gemini's words", () => {
  it("is passed on to Gemini, and said to others as OpenAI's", async () => {
    const asked: { url: string; body: object }[] = [];
    const at = gateway({}, async (url, init) => {
      asked.push({ url, body: JSON.parse(await new Response(init.body ?? null).text()) });
      return Response.json(
        url.endsWith(":embedContent")
          ? { embedding: { values: [1, 2] } }
          : { object: "list", data: [{ embedding: [3, 4] }], usage: { prompt_tokens: 5, total_tokens: 5 } },
      );
    });
    const body = {
      model: "models/gemini-embedding-1",
      content: { parts: [{ text: "a" }, { text: "b" }] },
      outputDimensionality: 2,
    };
    const own = await askGemini(at, "gemini/gemini-embedding-1", "embedContent", body);
    expect(await own.json()).toEqual({ embedding: { values: [1, 2] } });
    const other = await askGemini(at, "compatible/e", "embedContent", body);
    expect(await other.json()).toEqual({ embedding: { values: [3, 4] } });
    expect(asked.map(({ body }) => body)).toEqual([body, { model: "e", input: "a\nb", dimensions: 2 }]);
    const batch = { requests: [body, { ...body, content: { parts: [{ text: "c" }] } }] };
    const several = await askGemini(at, "compatible/e", "batchEmbedContents", batch);
    expect(await several.json()).toEqual({ embeddings: [{ values: [3, 4] }] });
    expect(asked.at(-1)?.body).toEqual({ model: "e", input: ["a\nb", "c"], dimensions: 2 });
    await askGemini(at, "gemini/renamed", "batchEmbedContents", batch);
    expect(asked.at(-1)?.body).toMatchObject({ requests: [{ model: "models/renamed" }, { model: "models/renamed" }] });
    const image = await askGemini(at, "compatible/e", "embedContent", { content: { parts: [{ inlineData: {} }] } });
    expect([image.status, await image.json()]).toMatchObject([400, { error: { status: "INVALID_ARGUMENT" } }]);
  });
});
