/** OpenAI's other endpoints: passed on to whoever has them, counted, refused with a reason; embeddings also to Gemini. */
import { describe, expect, inject, it } from "vitest";
import { operationNames } from "../../src/operations/operation.ts";
import { dataOf } from "./calls.ts";
import { callsFor, closing, gateway, play, sums } from "./gateway.ts";

const said = { blocks: [{ text: "one two three four five six seven" }], usage: { input: 11, output: 7 } };

function withGemini() {
  const google = { base: inject("sim"), speaks: ["gemini"], auth: "x-goog-api-key", secret: "GOOGLE_KEY" };
  return gateway({ GOOGLE_KEY: "g-secret", PROVIDERS: { google } });
}

/** A body for each endpoint that takes JSON, and what of the answer says that it is the provider's own. */
const whole = [
  {
    path: "/v1/embeddings",
    body: { input: ["a", "b"] },
    answer: { object: "list", data: [{ index: 0 }, { index: 1 }] },
    input: 11,
    output: 0,
  },
  {
    path: "/v1/completions",
    body: { prompt: "Count." },
    answer: { choices: [{ text: said.blocks[0]?.text }] },
    input: 11,
    output: 7,
  },
  {
    path: "/v1/images/generations",
    body: { prompt: "A dot." },
    answer: { data: [{ b64_json: expect.stringMatching(/^iVBOR/) }] },
    input: 11,
    output: 7,
  },
  {
    path: "/v1/images/edits",
    body: { prompt: "A dot.", images: [{ image_url: "data:image/png;base64,AA==" }] },
    answer: { data: [{}] },
    input: 11,
    output: 7,
  },
];

describe("an endpoint", () => {
  it.each(whole)(
    "$path is relayed byte for byte but for the model, and counted",
    async ({ path, body, answer, input, output }) => {
      const { ask, deps, team, idle } = gateway();
      const model = `whole-${path.replaceAll("/", "-")}`;
      await play(model, { ...said, pace: { chunkBytes: 5 } });
      const raw = `{  "model" :"openai/${model}", ${JSON.stringify(body).slice(1)}`;
      const reply = await ask(path, { method: "POST", body: raw });
      const text = await reply.text();
      expect(reply.status, text).toBe(200);
      expect(JSON.parse(text)).toMatchObject(answer);
      expect(reply.headers.get("x-gearbox-provider")).toBe("openai");
      expect(reply.headers.get("x-gearbox-model")).toBe(model);
      expect(reply.headers.get("x-request-id")).toMatch(/^[0-9a-f]{32}$/);
      expect(reply.headers.get("set-cookie")).toBeNull();
      const [call] = await callsFor(model);
      expect(call?.raw).toBe(raw.replace("openai/", ""));
      expect(call?.path).toBe(path);
      expect(call?.headers.authorization).toBe("Bearer sk-openai-secret");
      await idle();
      expect(await sums(deps, team)).toMatchObject([
        { provider: "openai", model, calls: 1, input, output, estimated: 0 },
      ]);
    },
  );

  it("without usage counts as estimated, and may leave the model to the provider", async () => {
    const { post, deps, team, idle } = gateway();
    const reply = await post("/v1/moderations", { input: "violence" });
    expect(await reply.json()).toMatchObject({ model: "omni-moderation-latest", results: [{ flagged: true }] });
    expect(reply.headers.get("x-gearbox-model")).toBe("default");
    await idle();
    expect(await sums(deps, team)).toMatchObject([{ model: "default", calls: 1, estimated: 1 }]);
  });

  it("is found by OpenAI's bare names, and by an alias", async () => {
    const { post } = gateway({ ALIASES: { vectors: ["anthropic/none", "openai/text-embedding-alias"] } });
    const named = await post("/v1/embeddings", { model: "text-embedding-3-small", input: "a" });
    expect([named.status, named.headers.get("x-gearbox-model")]).toEqual([200, "text-embedding-3-small"]);
    const aliased = await post("/v1/embeddings", { model: "vectors", input: "a" });
    expect([aliased.status, aliased.headers.get("x-gearbox-model")]).toEqual([200, "text-embedding-alias"]);
  });

  it("is tried at the next target where the first one fails", async () => {
    const { post } = gateway({ ALIASES: { vectors: ["openai/vectors-fail", "compatible/vectors-work"] } });
    await play("vectors-fail", { fault: { kind: "status", status: 503 } });
    const reply = await post("/v1/embeddings", { model: "vectors", input: "a" });
    expect([reply.status, reply.headers.get("x-gearbox-provider")]).toEqual([200, "compatible"]);
  });
});

describe("speech", () => {
  it("comes back as the bytes it is, and counts as estimated", async () => {
    const { post, deps, team, idle } = gateway();
    await play("voice", { pace: { chunkBytes: 33 } });
    const reply = await post("/v1/audio/speech", { model: "openai/voice", input: "Grüße", voice: "alloy" });
    expect(reply.headers.get("content-type")).toBe("audio/mpeg");
    const bytes = new Uint8Array(await reply.arrayBuffer());
    expect([...bytes.subarray(0, 256)]).toEqual(Array.from({ length: 256 }, (_, byte) => byte));
    expect(new TextDecoder().decode(bytes.subarray(256))).toBe("Grüße");
    await idle();
    expect(await sums(deps, team)).toMatchObject([{ model: "voice", calls: 1, estimated: 1 }]);
    expect(deps.flight.bytes).toBe(0);
  });

  it("that breaks off breaks off for the caller too", async () => {
    const { post } = gateway();
    await play("voice-cut", { fault: { kind: "reset", afterEvents: 1 } });
    const reply = await post("/v1/audio/speech", {
      model: "openai/voice-cut",
      input: "x".repeat(5000),
      voice: "alloy",
    });
    await expect(reply.arrayBuffer()).rejects.toThrow();
  });
});

const streams = [
  { path: "/v1/completions", body: { prompt: "Count." }, last: "[DONE]" },
  { path: "/v1/images/generations", body: { prompt: "A dot." }, last: { type: "image_generation.completed" } },
  {
    path: "/v1/audio/speech",
    body: { input: "Hi", voice: "alloy", stream_format: "sse" },
    last: { type: "speech.audio.done" },
  },
];

describe("a stream", () => {
  it.each(streams)("of $path passes, and is counted", async ({ path, body, last }) => {
    const { post, deps, team, idle } = gateway();
    const model = `stream-${path.replaceAll("/", "-")}`;
    await play(model, { ...said, pace: { chunkBytes: 7 } });
    const reply = await post(path, { model: `openai/${model}`, stream: true, ...body });
    expect(reply.headers.get("content-type")).toMatch(/^text\/event-stream/);
    const frames = dataOf(await reply.text());
    expect(frames.at(-1)).toEqual(typeof last === "string" ? last : expect.objectContaining(last));
    await idle();
    expect(await sums(deps, team)).toMatchObject([{ model, calls: 1, input: 11, output: 7, estimated: 0 }]);
  });

  it("of completions hides the usage frame that we asked for and the caller did not", async () => {
    const { post } = gateway();
    await play("completions-usage", said);
    const ask = async (more: object): Promise<string> =>
      (await post("/v1/completions", { model: "openai/completions-usage", prompt: "x", stream: true, ...more })).text();
    expect(await ask({})).not.toContain('"choices":[]');
    expect(await ask({ stream_options: { include_usage: true } })).toContain('"choices":[]');
    const asked = (await callsFor("completions-usage")).map(({ body }) => body.stream_options);
    expect(asked).toEqual([{ include_usage: true }, { include_usage: true }]);
  });

  it.each(streams)("of $path that breaks off ends in an error", async ({ path, body }) => {
    const { post, deps, team, idle } = gateway();
    const model = `broken-${path.replaceAll("/", "-")}`;
    await play(model, { ...said, fault: { kind: "cut", afterEvents: 1 } });
    const frames = dataOf(await (await post(path, { model: `openai/${model}`, stream: true, ...body })).text());
    expect(frames.at(-1)).toMatchObject({ error: { message: expect.any(String), type: "server_error" } });
    await idle();
    expect(await sums(deps, team)).toMatchObject([{ calls: 1, estimated: 1 }]);
  });

  it("whose caller leaves is closed", async () => {
    const { post, idle } = gateway({ HEARTBEAT_MS: "100" });
    await play("images-leave", { ...said, fault: { kind: "stall", afterEvents: 1 } });
    const reply = await post("/v1/images/generations", { model: "openai/images-leave", prompt: "x", stream: true });
    const reader = reply.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    const [call] = await callsFor("images-leave");
    if (call === undefined) throw new Error("the simulator was not asked");
    expect(await closing(call)).toBe("client-left");
    await idle();
  });
});

describe("a JSON answer", () => {
  it("that breaks off breaks off for the caller too", async () => {
    const { post, deps, team, idle } = gateway();
    await play("json-reset", { ...said, fault: { kind: "reset", afterEvents: 1 } });
    const reply = await post("/v1/embeddings", { model: "openai/json-reset", input: "x" });
    await expect(reply.text()).rejects.toThrow(/broke off/);
    await idle();
    expect(await sums(deps, team)).toMatchObject([{ calls: 1, estimated: 1 }]);
  });

  it("of any size is not gathered, and its usage is found in its end", async () => {
    const before = `{"data":[{"b64_json":"${"A".repeat(300_000)}"}],"text":"\\"usage\\":{\\"input_tokens\\":9}",`;
    const json = `${before}"usage":{"input_tokens":3,"output_tokens":4,"input_tokens_details":{"text_tokens":3}}}`;
    const headers = { "content-type": "application/json" };
    const { post, deps, team, idle } = gateway({}, async () => new Response(json, { headers }));
    const reply = await post("/v1/images/generations", { model: "openai/large", prompt: "x" });
    expect(await reply.text()).toBe(json);
    await idle();
    expect(await sums(deps, team)).toMatchObject([{ input: 3, output: 4, estimated: 0 }]);
  });
});

describe("embeddings of Gemini's", () => {
  const openai = async (model: string, more: object): Promise<{ data: { embedding: unknown }[] }> =>
    (await gateway().post("/v1/embeddings", { model: `openai/${model}`, ...more })).json();

  it.each([
    ["a text", { input: "Grüße" }],
    ["texts", { input: ["a", "b", ""] }],
    ["dimensions", { input: "a", dimensions: 3 }],
    ["base64", { input: ["a", "b"], encoding_format: "base64" }],
    ["floats", { input: "a", encoding_format: "float", dimensions: null }],
  ])("are what OpenAI would answer for %s", async (name, asked) => {
    const { post, deps, team, idle } = withGemini();
    const model = `vectors-${name.replace(" ", "-")}`;
    await play(model, said);
    const reply = await post("/v1/embeddings", { model: `google/${model}`, ...asked });
    const body = (await reply.json()) as { data: unknown };
    expect(body).toMatchObject({ object: "list", model, usage: { prompt_tokens: 11, total_tokens: 11 } });
    expect(body.data).toEqual((await openai(`${model}-openai`, asked)).data);
    expect((await callsFor(model))[0]?.path).toBe(`/v1beta/models/${model}:batchEmbedContents`);
    await idle();
    expect(await sums(deps, team)).toMatchObject([{ provider: "google", input: 11, output: 0, estimated: 0 }]);
  });

  it("are estimated where the model does not count", async () => {
    const { post, deps, team, idle } = withGemini();
    const reply = await post("/v1/embeddings", { model: "google/uncounted", input: "12345678" });
    expect(await reply.json()).toMatchObject({ usage: { prompt_tokens: 2 } });
    await idle();
    expect(await sums(deps, team)).toMatchObject([{ input: 2, estimated: 1 }]);
  });

  it("tell what did not cross, or refuse it if asked to", async () => {
    const { post } = withGemini();
    const asked = { model: "google/lossy", input: "a", user: "me" };
    expect((await post("/v1/embeddings", asked)).headers.get("x-gearbox-lost")).toBe("user=dropped");
    const strict = await post("/v1/embeddings", asked, { "x-gearbox-strict": "true" });
    expect([strict.status, await strict.json()]).toEqual([400, { error: expect.objectContaining({ param: "user" }) }]);
  });

  it.each([
    ["tokens", { input: [1, 2, 3] }, "input"],
    ["lists of tokens", { input: [[1], [2]] }, "input"],
    ["nothing", { input: [] }, "input"],
    ["no input", {}, "input"],
    ["another format", { input: "a", encoding_format: "int8" }, "encoding_format"],
    ["no dimensions", { input: "a", dimensions: 0 }, "dimensions"],
  ])("of %s are refused", async (_, asked, param) => {
    const reply = await withGemini().post("/v1/embeddings", { model: "google/refused", ...asked });
    expect([reply.status, await reply.json()]).toEqual([400, { error: expect.objectContaining({ param }) }]);
    expect(await callsFor("refused")).toEqual([]);
  });

  it("tell Gemini's refusal in OpenAI's words", async () => {
    await play("gemini-refuses", { fault: { kind: "status", status: 429, retryAfter: "3" } });
    const reply = await withGemini().post("/v1/embeddings", { model: "google/gemini-refuses", input: "a" });
    expect([reply.status, await reply.json()]).toEqual([
      429,
      { error: expect.objectContaining({ code: "rate_limit_exceeded" }) },
    ]);
  });
});

interface Refusal {
  readonly name: string;
  readonly path?: string;
  readonly body: object | string;
  readonly headers?: Record<string, string>;
  readonly status: number;
  readonly error: Record<string, unknown>;
}

const refusals: Refusal[] = [
  { name: "no key", body: { input: "a" }, headers: { authorization: "" }, status: 401, error: {} },
  { name: "malformed JSON", body: "{", status: 400, error: { code: "invalid_json" } },
  {
    name: "a member twice",
    body: '{"model":"openai/a","model":"openai/b","input":"x"}',
    status: 400,
    error: { param: "model" },
  },
  {
    name: "no model",
    body: { input: "a" },
    status: 400,
    error: { param: "model", code: "missing_required_parameter" },
  },
  {
    name: "a model that is no text",
    path: "/v1/moderations",
    body: { model: 7, input: "a" },
    status: 400,
    error: { param: "model" },
  },
  { name: "an unknown model", body: { model: "nope", input: "a" }, status: 404, error: { code: "model_not_found" } },
  { name: "too much", body: { model: "openai/x", input: "x".repeat(5000) }, status: 413, error: {} },
  { name: "a wrong content type", body: "x", headers: { "content-type": "text/plain" }, status: 415, error: {} },
  {
    name: "JSON where only a form will do",
    path: "/v1/audio/transcriptions",
    body: {},
    status: 415,
    error: { message: expect.stringContaining("multipart") },
  },
  {
    name: "a form where only JSON will do",
    body: "--a--",
    headers: { "content-type": "multipart/form-data; boundary=a" },
    status: 415,
    error: {},
  },
  {
    name: "a provider without the endpoint",
    path: "/v1/images/generations",
    body: { model: "compatible/x", prompt: "x" },
    status: 400,
    error: { message: "The provider 'compatible' has no endpoint /v1/images/generations here.", param: "model" },
  },
  {
    name: "a provider of another protocol",
    body: { model: "anthropic/x", input: "a" },
    status: 400,
    error: { message: expect.stringContaining("'anthropic' has no endpoint /v1/embeddings") },
  },
  {
    name: "a file by its id",
    path: "/v1/images/edits",
    body: { prompt: "x", images: [{ image_url: "data:," }, { file_id: "file_1" }] },
    status: 400,
    error: { param: "images[1].file_id" },
  },
  {
    name: "a voice by its id",
    path: "/v1/audio/speech",
    body: { model: "tts-1", input: "x", voice: { id: "voice_1" } },
    status: 400,
    error: { param: "voice.id" },
  },
];

describe("is refused in OpenAI's form:", () => {
  it.each(refusals)("$name", async ({ path = "/v1/embeddings", body, headers = {}, status, error }) => {
    const { ask, deps } = gateway({ MAX_BODY_BYTES: "4096" });
    const reply = await ask(path, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers,
    });
    const told = await reply.json();
    expect({ status: reply.status, told }).toEqual({
      status,
      told: { error: expect.objectContaining({ message: expect.any(String), ...error }) },
    });
    expect(reply.headers.get("x-request-id")).toMatch(/./);
    expect(deps.flight.bytes).toBe(0);
  });

  it("a call without a model that more than one provider could take", async () => {
    const { post } = gateway({ PROVIDERS: { other: { base: inject("sim"), speaks: ["chat"] } } });
    const reply = await post("/v1/embeddings", { model: null, input: "a" });
    expect(reply.status).toBe(400);
  });

  it("an endpoint that nobody has", async () => {
    const { post } = gateway({ OPENAI_API_KEY: "" });
    const reply = await post("/v1/moderations", { input: "a" });
    expect([reply.status, await reply.json()]).toEqual([
      404,
      { error: expect.objectContaining({ message: "No provider here has the endpoint /v1/moderations." }) },
    ]);
  });

  it("what the provider refuses, in its own words", async () => {
    const body = '{"error":{"message":"no such thing","type":"invalid_request_error","param":"input","code":"odd"}}';
    await play("provider-refuses", { fault: { kind: "status", status: 400, body } });
    const reply = await gateway().post("/v1/embeddings", { model: "openai/provider-refuses", input: "a" });
    expect([reply.status, await reply.text()]).toEqual([400, body]);
  });

  it.each(operationNames)("another method on %s", async (operation) => {
    expect((await gateway().ask(`/v1/${operation}`)).status).toBe(405);
  });
});
