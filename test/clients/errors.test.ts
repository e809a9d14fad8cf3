/** What the openai SDK throws when something is wrong: with the caller, with the provider, or with neither. */
import OpenAI, {
  type APIError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from "openai";
import { beforeAll, describe, expect, it } from "vitest";
import type { Fault } from "../sim/sim.ts";
import { type Api, apis, ask, failureOf, type Lane, lanes, modelOn } from "./asking.ts";
import { credentials, type Harness, start } from "./harness.ts";

let harness: Harness;
let client: OpenAI;

beforeAll(async () => {
  harness = await start();
  client = new OpenAI({ apiKey: harness.key, baseURL: harness.base, maxRetries: 0 });
  return () => harness.close();
});

/** The error of a call to a provider that fails so. */
async function failing(api: Api, lane: Lane, name: string, fault: Fault, stream = false): Promise<APIError> {
  const { asked, model } = modelOn(lane, `${name}-${api}-${lane}`);
  harness.sim.play(model, [{ blocks: [{ text: "never said" }], fault }]);
  return failureOf(ask(client, api, asked, stream));
}

describe.each(apis)("over %s", (api) => {
  it.each(["gbx_nonsense", "sk-of-somebody-else"])("the key %s is refused", async (apiKey) => {
    const stranger = new OpenAI({ apiKey, baseURL: harness.base, maxRetries: 0 });
    const error = await failureOf(ask(stranger, api, "anthropic/any"));
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error).toMatchObject({
      status: 401,
      code: "invalid_api_key",
      requestID: expect.stringMatching(/^\S{16,}$/),
    });
  });

  it("a key of the right form that nobody was given is refused", async () => {
    const apiKey = harness.key.replace(/^(gbx_[^_]+_).{4}/, "$1aaaa");
    const stranger = new OpenAI({ apiKey, baseURL: harness.base, maxRetries: 0 });
    expect(await failureOf(ask(stranger, api, "anthropic/any"))).toBeInstanceOf(AuthenticationError);
  });

  it.each(["nowhere/any", "never-heard-of"])("the model %s does not exist", async (model) => {
    const error = await failureOf(ask(client, api, model));
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ code: "model_not_found", param: "model", requestID: expect.any(String) });
    expect(error.message).toContain(model);
  });

  it.each([
    ["is cut off", '{"model":"anthropic/x",'],
    ["has a member twice", '{"model":"anthropic/x","model":"anthropic/y","input":"a","messages":[]}'],
    ["is a list", "[]"],
    ["is empty", ""],
  ])("a body that %s is the caller's mistake", async (_, body) => {
    const path = api === "chat" ? "chat/completions" : "responses";
    const headers = { authorization: `Bearer ${harness.key}`, "content-type": "application/json" };
    const answer = await fetch(`${harness.base}/${path}`, { method: "POST", headers, body });
    expect(answer.status).toBe(400);
    expect(answer.headers.get("x-request-id")).toMatch(/^\S{16,}$/);
    expect(await answer.json()).toMatchObject({
      error: { type: "invalid_request_error", message: expect.any(String) },
    });
  });

  it.each(lanes)("a provider's 429 on the way to %s says when to come back, in whole seconds", async (lane) => {
    for (const [given, told] of [
      ["7", "7"],
      ["1.5", "2"],
      [undefined, expect.stringMatching(/^\d+$/)],
    ] as const) {
      const fault: Fault = { kind: "status", status: 429, ...(given !== undefined && { retryAfter: given }) };
      const error = await failing(api, lane, "limited", fault);
      expect(error).toBeInstanceOf(RateLimitError);
      expect(error.headers?.get("retry-after")).toEqual(told);
    }
  });

  it.each(lanes)("a provider's 429 on the way to %s is asked again by the SDK when it said", async (lane) => {
    const { asked, model } = modelOn(lane, `again-${api}-${lane}`);
    const limited: Fault = { kind: "status", status: 429, headers: { "retry-after-ms": "20" } };
    harness.sim.play(model, [{ fault: limited }, { blocks: [{ text: "Now." }] }]);
    const patient = new OpenAI({ apiKey: harness.key, baseURL: harness.base, maxRetries: 1 });
    expect(await ask(patient, api, asked)).toBe("Now.");
  });

  it.each(lanes)("a provider's 500 and 529 on the way to %s are errors of a server", async (lane) => {
    for (const status of [500, 503, 529]) {
      const error = await failing(api, lane, `down-${status}`, { kind: "status", status });
      expect(error).toBeInstanceOf(InternalServerError);
    }
  });

  it.each(lanes)("a provider's 400 on the way to %s is the caller's, in the provider's words", async (lane) => {
    const error = await failing(api, lane, "wrong", { kind: "status", status: 400 });
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error.message).toContain("[simulated] The provider answers 400.");
  });

  it.each(lanes.flatMap((lane) => [401, 403].map((status) => [lane, status] as const)))(
    "the provider %s refusing our credential with %i is no business of the caller's",
    async (lane, status) => {
      const secrets = Object.values(credentials);
      const body = JSON.stringify({
        type: "error",
        error: {
          type: "authentication_error",
          code: "invalid_api_key",
          message: `Incorrect API key: ${secrets.join()}`,
        },
      });
      for (const stream of [false, true]) {
        const error = await failing(api, lane, `ours-${status}`, { kind: "status", status, body }, stream);
        expect(error.status).toBe(502);
        const told = JSON.stringify([error.message, error.error, [...(error.headers ?? [])]]);
        expect(secrets.filter((secret) => told.includes(secret))).toEqual([]);
      }
    },
  );

  it.each(lanes)("answers of %s that are no answers are errors, never a success", async (lane) => {
    for (const kind of ["html-200", "error-200"] as const) {
      for (const stream of [false, true]) {
        const error = await failing(api, lane, kind, { kind }, stream);
        expect(error, `${kind}, stream: ${stream}`).toBeInstanceOf(OpenAI.APIError);
      }
    }
  });
});
