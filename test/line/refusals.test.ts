/** Bad input, and providers that refuse: a clear answer in the caller's protocol, never a 500, never a secret. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Fetch } from "../../src/upstream.ts";
import { paths, question } from "./calls.ts";
import { callsFor, gateway, play, sums } from "./gateway.ts";

const ok = question("responses", "openai/x", "Hi");
const chatOk = question("chat", "openai/x", "Hi");

interface Refusal {
  readonly name: string;
  readonly path?: string;
  readonly body: object | string | Uint8Array;
  readonly headers?: Record<string, string>;
  readonly status: number;
  readonly error: Record<string, unknown>;
}

const image = { type: "input_image", image_url: "data:image/png;base64,iVBORw0KGgo=" };

const refusals: Refusal[] = [
  { name: "malformed JSON", body: "{", status: 400, error: { type: "invalid_request_error" } },
  { name: "an empty body", body: "", status: 400, error: { type: "invalid_request_error" } },
  { name: "an array", body: "[]", status: 400, error: {} },
  { name: "a member twice", body: '{"model":"a","input":"x","model":"b"}', status: 400, error: { param: "model" } },
  { name: "no model", body: { input: "x" }, status: 400, error: { param: "model" } },
  {
    name: "an unknown model",
    body: { ...ok, model: "nope" },
    status: 404,
    error: { code: "model_not_found", param: "model" },
  },
  { name: "an unknown provider", body: { ...ok, model: "nope/x" }, status: 404, error: { code: "model_not_found" } },
  { name: "no key", body: ok, headers: { authorization: "" }, status: 401, error: {} },
  {
    name: "a wrong key",
    body: ok,
    headers: { authorization: "Bearer gbx_x" },
    status: 401,
    error: { code: "invalid_api_key" },
  },
  { name: "a wrong content type", body: "x", headers: { "content-type": "text/plain" }, status: 415, error: {} },
  { name: "a body over the limit", body: { ...ok, input: "x".repeat(5000) }, status: 413, error: {} },
  {
    name: "a body over the limit once decoded",
    body: gzipSync(JSON.stringify({ ...ok, input: "x".repeat(5000) })),
    headers: { "content-encoding": "gzip" },
    status: 413,
    error: {},
  },
  ...[
    ["background", { background: true }],
    ["conversation", { conversation: "conv_1" }],
    ["prompt", { prompt: { id: "pmpt_1" } }],
    ["reasoning.effort", { reasoning: { effort: "gigantic" } }],
    ["input", { input: 7 }],
    ["tools", { tools: "all" }],
  ].map(([param, more]) => ({
    name: `${param} to a translated provider: ${JSON.stringify(more)}`,
    body: { ...ok, model: "anthropic/x", ...(more as object) },
    status: 400,
    error: { param: expect.stringMatching(new RegExp(`^${param}`)), type: "invalid_request_error" },
  })),
  ...["anthropic/x", "openai/x"].flatMap((model) => [
    {
      name: `a response that is not there, for ${model}`,
      body: { ...ok, model, previous_response_id: "resp_1" },
      status: 404,
      error: { param: "previous_response_id", code: "previous_response_not_found", type: "invalid_request_error" },
    },
    {
      name: `an item that is not there, for ${model}`,
      body: { ...ok, model, input: [{ type: "item_reference", id: "msg_1" }] },
      status: 404,
      error: { param: "input", type: "invalid_request_error" },
    },
  ]),
  ...["background", "conversation", "prompt"].map((param) => ({
    name: `${param} to a relayed provider`,
    body: { ...ok, [param]: param === "background" ? true : "id_1" },
    status: 400,
    error: { param },
  })),
  {
    name: "a file by id to a relayed provider",
    body: { ...ok, input: [{ role: "user", content: [{ type: "input_file", file_id: "file_1" }] }] },
    status: 400,
    error: { param: "input[0].content[0].file_id" },
  },
  {
    name: "n above one to a translated provider",
    path: paths.chat,
    body: { ...chatOk, model: "anthropic/x", n: 2 },
    status: 400,
    error: { param: "n" },
  },
  {
    name: "audio to Anthropic",
    path: paths.chat,
    body: {
      model: "anthropic/x",
      messages: [{ role: "user", content: [{ type: "input_audio", input_audio: { data: "AA==", format: "wav" } }] }],
    },
    status: 400,
    error: { type: "invalid_request_error" },
  },
  {
    name: "an image type that Anthropic does not take",
    body: {
      model: "anthropic/x",
      input: [{ role: "user", content: [{ ...image, image_url: "data:image/tiff;base64,AA==" }] }],
    },
    status: 400,
    error: { type: "invalid_request_error" },
  },
  { name: "an unknown path", path: "/v1/nothing", body: ok, status: 404, error: {} },
];

describe("is refused in the caller's protocol:", () => {
  const cases = refusals.map((refusal) => [refusal.name, refusal] as const);
  it.each(cases)("%s", async (_, { path = paths.responses, body, headers = {}, status, error }) => {
    const { ask } = gateway({ MAX_BODY_BYTES: "4096" });
    const raw = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
    const answer = await ask(path, { method: "POST", body: raw, headers });
    const told = await answer.text();
    expect({ status: answer.status, told: JSON.parse(told) }).toEqual({
      status,
      told: { error: expect.objectContaining({ message: expect.any(String), ...error }) },
    });
    expect(answer.headers.get("x-request-id")).toMatch(/./);
    expect(told).not.toMatch(/secret|\bat \S+\.ts|node_modules/);
  });

  it("a WebSocket, with the status at which Codex falls back at once", async () => {
    const answer = await gateway({ WEBSOCKETS: "off" }).ask(paths.responses, { headers: { upgrade: "websocket" } });
    expect(answer.status).toBe(426);
  });

  it("another method", async () => {
    expect((await gateway().ask(paths.responses, { method: "PUT" })).status).toBe(405);
    expect((await gateway().ask(paths.responses, { method: "HEAD" })).status).toBe(200);
  });
});

describe("a provider's refusal", () => {
  const callers = ["responses", "chat"] as const;
  const statuses = [
    [400, 400],
    [401, 502],
    [403, 502],
    [404, 404],
    [429, 429],
    [500, 502],
    [503, 503],
  ] as const;
  const cases = callers.flatMap((caller) =>
    ["openai", "anthropic"].flatMap((provider) =>
      statuses.map(([theirs, ours]) => ({ caller, provider, theirs, ours })),
    ),
  );

  it.each(cases)("$theirs of $provider to $caller", async ({ caller, provider, theirs, ours }) => {
    const model = `refuses-${caller}-${provider}-${theirs}`;
    await play(model, { fault: { kind: "status", status: theirs, retryAfter: "7" } });
    const { post } = gateway();
    for (const stream of [true, false]) {
      const answer = await post(paths[caller], question(caller, `${provider}/${model}`, "Hi", { stream }));
      const told = await answer.text();
      // A relayed 5xx keeps the provider's own status; a translated one is told as the gateway's view of it.
      const expected = provider === "openai" && theirs === 500 ? 500 : ours;
      expect(answer.status, told).toBe(expected);
      expect(JSON.parse(told).error.message).toEqual(expect.any(String));
      expect(told).not.toMatch(/sk-(openai|ant)-secret/);
      if (theirs === 429) expect(answer.headers.get("retry-after")).toBe("7");
    }
  });

  it.each(callers)("hidden in a 200 is told as a failure, to %s", async (caller) => {
    const { post } = gateway();
    for (const provider of ["openai", "anthropic", "compatible"]) {
      for (const kind of ["html-200", "error-200"] as const) {
        const model = `${kind}-${caller}-${provider}`;
        await play(model, { fault: { kind } });
        const answer = await post(paths[caller], question(caller, `${provider}/${model}`, "Hi"));
        expect({ model, status: answer.status }).toEqual({ model, status: 502 });
        expect(((await answer.json()) as { error: { message: string } }).error.message).toEqual(expect.any(String));
      }
    }
  });

  it.each(callers)("to stream or not to stream is made up for, to %s", async (caller) => {
    const { post } = gateway();
    const blocks = [{ text: "All the same." }];
    for (const provider of ["openai", "anthropic", "compatible"]) {
      for (const stream of [true, false]) {
        const model = `swapped-${caller}-${provider}-${stream}`;
        await play(model, { blocks, fault: { kind: stream ? "json-for-stream" : "stream-for-json" } });
        const answer = await post(paths[caller], question(caller, `${provider}/${model}`, "Hi", { stream }));
        const body = await answer.text();
        expect({ model, status: answer.status, type: answer.headers.get("content-type") }).toEqual({
          model,
          status: 200,
          type: expect.stringMatching(stream ? /^text\/event-stream/ : /^application\/json/),
        });
        expect(body).toContain(stream ? "same." : "All the same.");
      }
    }
  });
});

describe("with several targets", () => {
  const words = { blocks: [{ text: "From the second." }] };
  const failures = [
    { kind: "status", status: 500 },
    { kind: "status", status: 429 },
    { kind: "status", status: 401 },
    { kind: "reset", afterEvents: 0 },
    { kind: "error-event", afterEvents: 0 },
    { kind: "error-event", afterEvents: 1 },
    { kind: "cut", afterEvents: 1 },
    { kind: "html-200" },
  ] as const;

  it.each(failures.map((fault) => [JSON.stringify(fault), fault] as const))(
    "the next one answers after %s",
    async (name, fault) => {
      for (const stream of [true, false]) {
        const model = `first-${stream}-${name}`;
        await play(model, { ...words, fault });
        await play(`second-${model}`, words);
        const { post } = gateway({ ALIASES: { both: [`openai/${model}`, `anthropic/second-${model}`] } });
        const answer = await post(paths.responses, question("responses", "both", "Hi", { stream }));
        const body = await answer.text();
        expect({ status: answer.status, from: answer.headers.get("x-gearbox-provider") }, body).toEqual({
          status: 200,
          from: "anthropic",
        });
        expect(body.split('"type":"response.created"').length).toBe(stream ? 2 : 1);
      }
    },
  );

  it.each([true, false])("the next one answers where Gemini's could not be read, stream: %s", async (stream) => {
    await play("reads", words);
    const { post } = gateway({ ALIASES: { both: ["gemini/gemini-3-bad", "anthropic/reads"] } }, malformed([]));
    const answer = await post(paths.responses, question("responses", "both", "Hi", { stream }));
    expect([answer.status, answer.headers.get("x-gearbox-provider")]).toEqual([200, "anthropic"]);
    expect(await answer.text()).not.toContain("failed");
  });

  it("a whole answer of Gemini's that cannot be read is its own caller's only where nobody else has a better one", async () => {
    await play("reads-for-gemini", words);
    const body = { contents: [{ role: "user", parts: [{ text: "Hi" }] }] };
    const both = { ALIASES: { both: ["gemini/gemini-3-bad", "anthropic/reads-for-gemini"] } };
    const helped = await gateway(both, malformed([])).post("/v1beta/models/both:generateContent", body);
    expect([helped.status, helped.headers.get("x-gearbox-provider")]).toEqual([200, "anthropic"]);
    const { post, deps, team, idle } = gateway({}, malformed([]));
    const alone = await post("/v1beta/models/gemini/gemini-3-bad:generateContent", body);
    expect([alone.status, alone.headers.get("x-gearbox-attempts")]).toEqual([200, "1"]);
    expect(await alone.text()).toContain("MALFORMED_FUNCTION_CALL");
    await idle();
    expect(await sums(deps, team)).toMatchObject([{ provider: "gemini", calls: 1 }]);
  });

  it.each([
    ["chat", 502, '{"error":'],
    ["responses", 502, "response.failed"],
  ] as const)(
    "%s: an answer of Gemini's that cannot be read is a failure, whole and begun",
    async (caller, status, end) => {
      const { post } = gateway({}, malformed([{ text: "I call " }]));
      const model = "gemini/gemini-3-bad";
      expect((await post(paths[caller], question(caller, model, "Hi"))).status).toBe(status);
      const body = await (await post(paths[caller], question(caller, model, "Hi", { stream: true }))).text();
      expect(body).toContain("I call ");
      expect(body.slice(body.indexOf("I call "))).toContain(end);
    },
  );

  it("none is asked for what the caller did wrong", async () => {
    await play("says-400", { fault: { kind: "status", status: 400 } });
    const { post } = gateway({ ALIASES: { both: ["openai/says-400", "anthropic/not-asked"] } });
    expect((await post(paths.responses, question("responses", "both", "Hi"))).status).toBe(400);
    expect(await callsFor("not-asked")).toEqual([]);
  });

  it("none takes over once the answer has begun", async () => {
    await play("begins", { blocks: [{ text: "one two three four five" }], fault: { kind: "cut", afterEvents: 7 } });
    const { post } = gateway({ ALIASES: { both: ["openai/begins", "anthropic/not-asked-2"] } });
    const body = await (await post(paths.responses, question("responses", "both", "Hi", { stream: true }))).text();
    expect(body).toContain("response.failed");
    expect(await callsFor("not-asked-2")).toEqual([]);
  });
});

describe("headers", () => {
  it("cross by their lists", async () => {
    await play("headers", { blocks: [{ text: "x" }] });
    const { post } = gateway();
    const sent = {
      cookie: "c=1",
      "openai-organization": "org",
      "x-forwarded-for": "1.2.3.4",
      "session-id": "s-1",
      originator: "codex_exec",
    };
    const answer = await post(paths.responses, question("responses", "openai/headers", "Hi"), sent);
    await answer.text();
    for (const name of ["set-cookie", "openai-model", "openai-organization", "x-ratelimit-limit-requests"]) {
      expect(answer.headers.get(name), name).toBeNull();
    }
    const [call] = await callsFor("headers");
    expect(call?.headers).toMatchObject({
      authorization: "Bearer sk-openai-secret",
      "session-id": "s-1",
      originator: "codex_exec",
    });
    for (const name of ["cookie", "openai-organization", "x-forwarded-for"])
      expect(call?.headers[name], name).toBeUndefined();
  });

  it("say what was lost, and strict makes that an error", async () => {
    await play("claude-opus-5-5-lost", { blocks: [{ text: "x" }] });
    const { post } = gateway();
    const body = question("responses", "anthropic/claude-opus-5-5-lost", "Hi", {
      temperature: 0.3,
      text: { verbosity: "low" },
    });
    const answer = await post(paths.responses, body);
    await answer.text();
    expect(answer.headers.get("x-gearbox-lost")).toMatch(/temperature=dropped/);
    const strict = await post(paths.responses, body, { "x-gearbox-strict": "true" });
    expect(strict.status).toBe(400);
    expect(((await strict.json()) as { error: { param: string } }).error.param).toMatch(/temperature|verbosity/);
  });
});

describe("a web search", () => {
  it("is left out, and told, where a provider has none", async () => {
    await play("searches", { blocks: [{ text: "x" }] });
    const { post } = gateway();
    const body = question("responses", "compatible/searches", "Hi", { tools: [{ type: "web_search" }] });
    const answer = await post(paths.responses, body);
    expect(answer.headers.get("x-gearbox-lost")).toBe("tools[0]=dropped");
    const offline = { tools: [{ type: "web_search", external_web_access: false }] };
    const unsaid = await post(paths.responses, question("responses", "compatible/searches", "Hi", offline));
    expect(unsaid.headers.get("x-gearbox-lost")).toBeNull();
    for (const { body } of await callsFor("searches")) expect(body).not.toHaveProperty("web_search_options");
  });
});

/** A Gemini that says this much and then makes a call that nobody can read; the others are simulated as ever. */
function malformed(parts: readonly object[]): Fetch {
  const candidate = { index: 0, content: { role: "model", parts }, finishReason: "MALFORMED_FUNCTION_CALL" };
  const answer = JSON.stringify({ candidates: [candidate], modelVersion: "gemini-3-bad" });
  return async (url, init) => {
    if (url.includes(":generateContent"))
      return new Response(answer, { headers: { "content-type": "application/json" } });
    if (!url.includes(":streamGenerateContent")) return fetch(url, init);
    return new Response(`data: ${answer}\r\n\r\n`, { headers: { "content-type": "text/event-stream" } });
  };
}
