/** Where each provider's calls go. */
import { describe, expect, it } from "vitest";
import type { ProtocolId } from "../../src/canon/request.ts";
import { readConfig } from "../../src/config.ts";
import { endpoint } from "../../src/providers/endpoint.ts";

const account = JSON.stringify({ project_id: "my-project", client_email: "a@p.test", private_key: "pem" });
const arn = "arn:aws:bedrock:eu-west-1:1:application-inference-profile/abc";
const { providers, allCredentials } = readConfig({
  ...{
    GEARBOX_SECRET: "x".repeat(32),
    VERTEX_CREDENTIALS: account,
    AWS_BEARER_TOKEN_BEDROCK: "k",
    AWS_REGION: "eu-west-1",
  },
  ...{ AZURE_API_KEY: "k", AZURE_RESOURCE_NAME: "mine", OLLAMA_BASE_URL: "http://127.0.0.1:11434/v1" },
});

const runtime = "https://bedrock-runtime.eu-west-1.amazonaws.com";
const vertex = "https://aiplatform.googleapis.com/v1/projects/my-project/locations/global/publishers";
const google = "https://generativelanguage.googleapis.com/v1beta";

describe("a call", () => {
  const cases: readonly (readonly [string, ProtocolId, string, boolean, string])[] = [
    ["openai", "responses", "m", true, "https://api.openai.com/v1/responses"],
    ["anthropic", "messages", "m", true, "https://api.anthropic.com/v1/messages"],
    ["gemini", "gemini", "m", false, `${google}/models/m:generateContent`],
    ["gemini", "gemini", "m", true, `${google}/models/m:streamGenerateContent?alt=sse`],
    ["azure", "chat", "m", true, "https://mine.openai.azure.com/openai/v1/chat/completions"],
    ["openrouter", "messages", "m", true, "https://openrouter.ai/api/v1/messages"],
    ["fireworks", "messages", "m", true, "https://api.fireworks.ai/inference/v1/messages"],
    ["ollama", "messages", "m", true, "http://127.0.0.1:11434/v1/messages"],
    ["bedrock", "messages", "a.claude-v1:0", false, `${runtime}/model/a.claude-v1%3A0/invoke`],
    ["bedrock", "messages", arn, true, `${runtime}/model/${encodeURIComponent(arn)}/invoke-with-response-stream`],
    ["bedrock-chat", "chat", "m", true, `${runtime}/openai/v1/chat/completions`],
    ["vertex", "gemini", "m", false, `${vertex}/google/models/m:generateContent`],
    ["vertex", "gemini", "m", true, `${vertex}/google/models/m:streamGenerateContent?alt=sse`],
    ["vertex-claude", "messages", "m@1", false, `${vertex}/anthropic/models/m@1:rawPredict`],
    ["vertex-claude", "messages", "m@1", true, `${vertex}/anthropic/models/m@1:streamRawPredict`],
  ];

  it.each(cases)("to %s in %s, of %s, stream: %s", (id, protocol, model, stream, url) => {
    expect(endpoint(place(id, protocol, model), stream)).toBe(url);
  });
});

describe("another path", () => {
  it("lies under the base, with the version where the base has none", () => {
    expect(endpoint(place("openai", "chat", "m"), false, "embeddings")).toBe("https://api.openai.com/v1/embeddings");
    expect(endpoint(place("gemini", "gemini", "m"), false, "models/m:batchEmbedContents")).toBe(
      `${google}/models/m:batchEmbedContents`,
    );
  });

  it("does not exist where a cloud wraps its models", () => {
    for (const id of ["bedrock", "vertex", "vertex-claude"]) {
      expect(() => endpoint(place(id, "chat", "m"), false, "embeddings")).toThrow(/has nothing at 'embeddings'/);
    }
  });
});

function place(id: string, protocol: ProtocolId, model: string) {
  const provider = providers.get(id);
  if (provider === undefined) throw new Error(`no provider ${id}`);
  const credential = allCredentials.get(id)?.[0]?.value;
  return { provider, protocol, model, ...(credential !== undefined && { credential }) };
}
