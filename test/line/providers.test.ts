/** Providers that are not one of the four originals: clouds that wrap the protocols, entries of a user's own. */
import { beforeAll, describe, expect, inject, it } from "vitest";
import type { ProtocolId } from "../../src/canon/request.ts";
import { serve } from "../../src/pipeline.ts";
import { type Caller, dataOf, paths, question, textOf } from "./calls.ts";
import { clouds } from "./clouds.ts";
import { callsFor, type Gateway, gateway, play, sums } from "./gateway.ts";

const callers: Caller[] = ["responses", "chat"];
const aws = {
  AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
  AWS_SECRET_ACCESS_KEY: "never-on-the-wire",
  AWS_REGION: "eu-central-1",
};
const turn = {
  blocks: [{ reasoning: "Let me see." }, { text: "Grüße, 世界 🌍!" }],
  usage: { input: 100, cached: 40, output: 30, reasoning: 10 },
};
let settings: Record<string, string> = {};

beforeAll(async () => {
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048 };
  const pair = await crypto.subtle.generateKey({ ...algorithm, publicExponent: new Uint8Array([1, 0, 1]) }, true, [
    "sign",
    "verify",
  ]);
  if (!("privateKey" in pair)) throw new Error("no pair of keys");
  const key = Buffer.from((await crypto.subtle.exportKey("pkcs8", pair.privateKey)) as ArrayBuffer).toString("base64");
  const pem = `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`;
  const account = { project_id: "my-project", client_email: "me@my-project.test", private_key: pem };
  settings = { ...aws, VERTEX_CREDENTIALS: JSON.stringify(account), VERTEX_LOCATION: "global" };
});

describe("a cloud", () => {
  const providers = ["bedrock", "vertex-claude", "vertex"];
  const cases = callers.flatMap((caller) =>
    providers.flatMap((provider) => [true, false].map((stream) => ({ caller, provider, stream }))),
  );

  it.each(cases)("$provider answers a $caller caller, stream: $stream", async ({ caller, provider, stream }) => {
    const { post, deps, team, idle } = gateway(settings, clouds().fetch);
    const model = `cloud-${caller}-${provider}-${stream}-v1:0`;
    await play(model, turn);
    const answer = await post(paths[caller], question(caller, `${provider}/${model}`, "Hello?", { stream }));
    const body = await answer.text();
    expect({ status: answer.status, text: answer.status === 200 ? textOf(caller, body) : body }).toEqual({
      status: 200,
      text: "Grüße, 世界 🌍!",
    });
    await idle();
    const [sum] = await sums(deps, team);
    expect(sum).toMatchObject({ provider, model, calls: 1, input: 100, cacheRead: 40, output: 30, estimated: 0 });
  });

  it("signs what it sends to Amazon, and keeps the key to itself", async () => {
    const { fetch, calls } = clouds();
    await play("signed-call", turn);
    const { post } = gateway({ ...settings, AWS_SESSION_TOKEN: "session" }, fetch);
    await (await post(paths.chat, question("chat", "bedrock/signed-call", "Hi"))).text();
    const [call] = calls;
    expect(JSON.stringify([...(call?.headers ?? []), call?.raw])).not.toContain(aws.AWS_SECRET_ACCESS_KEY);
    const digest = await crypto.subtle.digest("SHA-256", Buffer.from(call?.raw ?? ""));
    expect(call?.url).toBe("https://bedrock-runtime.eu-central-1.amazonaws.com/model/signed-call/invoke");
    expect(call?.headers.get("x-amz-content-sha256")).toBe(Buffer.from(digest).toString("hex"));
    expect(call?.headers.get("x-amz-security-token")).toBe("session");
    expect(call?.headers.get("authorization")).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/bedrock\/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=[0-9a-f]{64}$/,
    );
  });

  it("is given an API key of Bedrock's as it is, before an access key", async () => {
    const { fetch, calls } = clouds();
    await play("keyed-call", turn);
    const { post } = gateway({ ...settings, AWS_BEARER_TOKEN_BEDROCK: "bedrock-key" }, fetch);
    expect((await post(paths.chat, question("chat", "bedrock/keyed-call", "Hi"))).status).toBe(200);
    expect(calls[0]?.headers.get("authorization")).toBe("Bearer bedrock-key");
  });

  it.each(callers)("that breaks off within its stream is told as a failure to a %s caller", async (caller) => {
    const { post } = gateway(settings, clouds("throttlingException").fetch);
    await play(`throttled-${caller}`, turn);
    const body = question(caller, `bedrock/throttled-${caller}`, "Hi", { stream: true });
    const answer = await (await post(paths[caller], body)).text();
    expect(textOf(caller, answer)).toBe("Grüße, 世界 🌍!");
    const last = dataOf(answer)
      .filter((data) => data !== "[DONE]")
      .at(-1);
    expect(JSON.stringify(last)).toContain("It is too much.");
    expect(JSON.stringify(last)).toMatch(/rate_limit/);
  });

  it.each(["bedrock", "vertex-claude"])(
    "%s refuses in its own words, and the caller reads its protocol's",
    async (provider) => {
      const sent = clouds();
      await play("cloud-refuses", { fault: { kind: "status", status: 400 } });
      const relayed = await native("messages", `${provider}/cloud-refuses`, gateway(settings, sent.fetch));
      expect({ status: relayed.status, body: await relayed.json() }).toEqual({
        status: 400,
        body: {
          type: "error",
          error: { type: "invalid_request_error", message: expect.stringMatching(/refused|says no/) },
        },
      });
      const { post } = gateway(settings, sent.fetch);
      const translated = await post(paths.chat, question("chat", `${provider}/cloud-refuses`, "Hi"));
      expect(translated.status).toBe(400);
      expect(await translated.json()).toMatchObject({ error: { message: expect.stringMatching(/refused|says no/) } });
    },
  );
});

describe("on the relay lane", () => {
  const sent = `{ "model" : "PROVIDER/relayed" , "max_tokens":16,"temperature":1.0,"tools":[{"name":"f","input_schema":{"type":"object","maxProperties":12345678901234567890}}],
  "messages":[{"role":"user","content":"h\\u0069"}] ,"stream":false }`;
  const cases = [
    [
      "bedrock",
      `{"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["a-1","b-2"], "max_tokens":16,"temperature":1.0,"tools":[{"name":"f","input_schema":{"type":"object","maxProperties":12345678901234567890}}],
  "messages":[{"role":"user","content":"h\\u0069"}] }`,
    ],
    [
      "vertex-claude",
      `{"anthropic_version":"vertex-2023-10-16", "max_tokens":16,"temperature":1.0,"tools":[{"name":"f","input_schema":{"type":"object","maxProperties":12345678901234567890}}],
  "messages":[{"role":"user","content":"h\\u0069"}] ,"stream":false }`,
    ],
  ] as const;

  it.each(cases)("%s gets the caller's own bytes but for what must go and come", async (provider, expected) => {
    const { fetch, calls } = clouds();
    await play("relayed", turn);
    const answer = await native(
      "messages",
      `${provider}/relayed`,
      gateway(settings, fetch),
      sent.replace("PROVIDER", provider),
      {
        "anthropic-beta": "a-1, b-2",
      },
    );
    expect(answer.status, await answer.clone().text()).toBe(200);
    expect(calls[0]?.raw).toBe(expected);
  });

  it.each(["bedrock", "vertex-claude"])("%s streams Anthropic's own events", async (provider) => {
    await play("relayed-stream", turn);
    const answer = await native(
      "messages",
      `${provider}/relayed-stream`,
      gateway(settings, clouds().fetch),
      undefined,
      {},
      true,
    );
    const types = dataOf(await answer.text()).map((data) => (data === "[DONE]" ? data : data.type));
    expect(types[0]).toBe("message_start");
    expect(types.at(-1)).toBe("message_stop");
  });
});

describe("a provider of a user's own", () => {
  const protocols: ProtocolId[] = ["chat", "responses", "messages", "gemini"];
  const cases = protocols.flatMap((protocol) => callers.map((caller) => ({ protocol, caller })));

  it.each(cases)("that speaks $protocol answers a $caller caller after one entry", async ({ protocol, caller }) => {
    const auth = { chat: "bearer", responses: "bearer", messages: "x-api-key", gemini: "x-goog-api-key" } as const;
    const base = inject("sim");
    const entry = { base, speaks: [protocol], auth: auth[protocol], secret: "MINE_KEY" };
    const version = protocol === "messages" && { headers: { "anthropic-version": "2023-06-01" } };
    const root = protocol === "chat" || protocol === "responses" ? { base: `${base}/v1` } : {};
    const PROVIDERS = { mine: { ...entry, ...version, ...root } };
    const { post } = gateway({ PROVIDERS, MINE_KEY: "mine-secret" });
    const model = `mine-${protocol}-${caller}`;
    await play(model, turn);
    for (const stream of [true, false]) {
      const answer = await post(paths[caller], question(caller, `mine/${model}`, "Hello?", { stream }));
      const body = await answer.text();
      expect({ status: answer.status, text: answer.status === 200 ? textOf(caller, body) : body }).toEqual({
        status: 200,
        text: "Grüße, 世界 🌍!",
      });
    }
    const [call] = await callsFor(model);
    expect(Object.values(call?.headers ?? {}).join()).toContain("mine-secret");
  });
});

/** Asks in a protocol that has no path of its own yet. */
function native(
  protocol: ProtocolId,
  model: string,
  { key, deps }: Gateway,
  raw?: string,
  headers: Record<string, string> = {},
  stream = false,
): Promise<Response> {
  const body = raw ?? JSON.stringify({ model, max_tokens: 16, stream, messages: [{ role: "user", content: "Hi" }] });
  const all = { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers };
  return serve(protocol, new Request("http://gearbox.test/", { method: "POST", body, headers: all }), deps);
}
