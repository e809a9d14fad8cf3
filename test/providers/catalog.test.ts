/** The catalog: every entry is whole, and finds its credential and its base in the settings. */
import { describe, expect, it } from "vitest";
import { type Config, ConfigError, isOn, type Problem, readConfig, settingNames } from "../../src/config.ts";
import { catalog, compatible } from "../../src/providers/catalog.ts";
import { readBase } from "../../src/providers/entry.ts";
import type { Provider } from "../../src/providers/provider.ts";

const rootSecret = "0123456789abcdef0123456789abcdef";
const entries = catalog.map((provider) => [provider.id, provider] as const);

/** Secrets with a name that other tools already use for the very same thing. */
const otherSecrets: Readonly<Record<string, string>> = {
  bedrock: "AWS_BEARER_TOKEN_BEDROCK",
  "bedrock-chat": "AWS_BEARER_TOKEN_BEDROCK",
  vertex: "VERTEX_CREDENTIALS",
  "vertex-claude": "VERTEX_CREDENTIALS",
};

const account = JSON.stringify({ project_id: "p", client_email: "a@p.test", private_key: "pem" });

describe("the catalog", () => {
  it("names each provider once, and each setting for one purpose", () => {
    const ids = catalog.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
    expect(ids).toEqual(
      expect.arrayContaining([
        ...["openai", "anthropic", "gemini", "vertex", "bedrock", "azure", "openrouter", "groq", "deepseek", "mistral"],
        ...["xai", "together", "fireworks", "cerebras", "moonshot", "cometapi", "workers-ai", "ollama", "vllm"],
      ]),
    );
    const bases = catalog.map(({ id }) => `${id.toUpperCase().replaceAll("-", "_")}_BASE_URL`);
    const secrets = catalog.flatMap(({ secret = [], secretParts = [] }) =>
      [secret, ...secretParts.map(({ name }) => name)].flat(),
    );
    expect(bases.filter((name) => secrets.includes(name))).toEqual([]);
  });

  it("claims no beginning of a model's name twice, and none that another's contains", () => {
    const claims = catalog.flatMap(({ models = [] }) => models);
    for (const claim of claims)
      expect(
        claims.filter((other) => other.startsWith(claim)),
        claim,
      ).toEqual([claim]);
  });

  it.each(entries)("%s is whole", (id, provider) => {
    const { base, secret, speaks, needsBase } = provider;
    expect(id).toMatch(/^[a-z0-9][a-z0-9-]{0,31}$/);
    expect(provider.name).toMatch(/./);
    expect(speaks.length).toBeGreaterThan(0);
    expect([...new Set(speaks)]).toEqual(speaks);
    const filled = base.replaceAll(/\{\w+\}/g, "x");
    expect(readBase(filled)).toEqual({ base: filled });
    if (needsBase === true) {
      expect(new URL(base).hostname).toBe("127.0.0.1");
      expect(secret).toBeUndefined();
    } else {
      expect(base).toMatch(/^https:\/\//);
      expect(secret).toBe(otherSecrets[id] ?? `${id.toUpperCase().replaceAll("-", "_")}_API_KEY`);
    }
    const marks = [...base.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(provider.settings?.map(({ name }) => name) ?? []).toEqual(marks);
  });

  it.each(entries)("%s is switched on by what it asks for, and by nothing else", (id, provider) => {
    expect(onIn({})).toEqual([]);
    const config = read(settingsFor(provider));
    expect(onIn(settingsFor(provider))).toContain(id);
    expect(config.providers.get(id)?.base).not.toMatch(/[{}]/);
    expect(settingNames([])).toEqual(expect.arrayContaining(Object.keys(settingsFor(provider))));
  });

  it("assumes little of a compatible server", () => {
    for (const id of ["together", "xai", "cometapi", "deepseek"]) {
      expect(catalog.find((provider) => provider.id === id)).toMatchObject(compatible);
    }
  });
});

describe("settings", () => {
  const places: readonly (readonly [string, string, Readonly<Record<string, string>>, string])[] = [
    ["bedrock", "no region", {}, "https://bedrock-runtime.us-east-1.amazonaws.com"],
    ["bedrock", "a region", { AWS_REGION: "eu-central-1" }, "https://bedrock-runtime.eu-central-1.amazonaws.com"],
    [
      "bedrock-chat",
      "a region",
      { AWS_REGION: "eu-west-1" },
      "https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1",
    ],
    ["vertex", "no location", {}, "https://aiplatform.googleapis.com"],
    ["vertex", "a region", { VERTEX_LOCATION: "europe-west1" }, "https://europe-west1-aiplatform.googleapis.com"],
    ["vertex-claude", "a multi-region", { VERTEX_LOCATION: "eu" }, "https://aiplatform.eu.rep.googleapis.com"],
    ["vertex", "a base of its own", { VERTEX_BASE_URL: "http://proxy:1", VERTEX_LOCATION: "eu" }, "http://proxy:1"],
    ["azure", "a resource", { AZURE_RESOURCE_NAME: "mine" }, "https://mine.openai.azure.com/openai/v1"],
    [
      "azure",
      "a base and no resource",
      { AZURE_BASE_URL: "https://foundry.test/openai/v1" },
      "https://foundry.test/openai/v1",
    ],
  ];

  it.each(places)("put %s with %s in its place", (id, _, settings, base) => {
    expect(read({ ...credentialsFor(id), ...settings }).providers.get(id)?.base).toBe(base);
  });

  it("make one credential of an access key's parts, unless there is an API key", () => {
    const parts = { AWS_ACCESS_KEY_ID: "AKIA", AWS_SECRET_ACCESS_KEY: "s/e+c" };
    const credential = (env: object): string | undefined =>
      read({ ...parts, ...env }).allCredentials.get("bedrock")?.[0]?.value;
    expect(JSON.parse(credential({}) ?? "")).toEqual(parts);
    expect(JSON.parse(credential({ AWS_SESSION_TOKEN: "t" }) ?? "")).toEqual({ ...parts, AWS_SESSION_TOKEN: "t" });
    expect(credential({ AWS_BEARER_TOKEN_BEDROCK: "key" })).toBe("key");
    expect(read({ AWS_SESSION_TOKEN: "t", AWS_REGION: "eu-west-1" }).allCredentials.size).toBe(0);
  });

  it("leave a local server out until somebody says where it is", () => {
    expect(read({}).providers.has("ollama")).toBe(false);
    const { providers } = read({
      OLLAMA_BASE_URL: "http://127.0.0.1:11434/v1",
      PROVIDERS: { vllm: { base: "http://gpu:8000/v1" } },
    });
    expect(providers.get("ollama")).toMatchObject({ name: "Ollama", isPrivate: true, speaks: ["chat", "messages"] });
    expect(providers.get("vllm")).toMatchObject({ name: "vLLM", base: "http://gpu:8000/v1", isPrivate: true });
  });

  it("that surround the gateway do not stop it where their provider is off", () => {
    expect(() => read({ AWS_REGION: "some where", VERTEX_LOCATION: "/" })).not.toThrow();
  });

  const mistakes: readonly (readonly [string, Readonly<Record<string, string>>, string, RegExp, RegExp])[] = [
    ["half an access key", { AWS_ACCESS_KEY_ID: "AKIA" }, "AWS_SECRET_ACCESS_KEY", /is missing/, /AWS_ACCESS_KEY_ID/],
    [
      "an access key with a blank",
      { AWS_ACCESS_KEY_ID: "A K", AWS_SECRET_ACCESS_KEY: "s" },
      "AWS_ACCESS_KEY_ID",
      /space/,
      /Paste/,
    ],
    [
      "a region that is a host",
      { AWS_REGION: "evil.test/", AWS_BEARER_TOKEN_BEDROCK: "k" },
      "AWS_REGION",
      /letters/,
      /eu-central-1/,
    ],
    ["no resource", { AZURE_API_KEY: "k" }, "AZURE_RESOURCE_NAME", /missing, which Azure OpenAI needs/, /my-resource/],
    ["no account", { WORKERS_AI_API_KEY: "k" }, "WORKERS_AI_ACCOUNT_ID", /missing/, /0123/],
    [
      "a path to credentials",
      { VERTEX_CREDENTIALS: "/keys/secret.json" },
      "VERTEX_CREDENTIALS",
      /is not JSON/,
      /key file/,
    ],
    [
      "half a key file",
      { VERTEX_CREDENTIALS: '{"project_id":"p","private_key":"secret"}' },
      "VERTEX_CREDENTIALS",
      /has no client_email/,
      /key file/,
    ],
    ["a list", { VERTEX_CREDENTIALS: "[]" }, "VERTEX_CREDENTIALS", /no JSON object/, /key file/],
  ];

  it.each(mistakes)("are refused with place and fix, once and without the value: %s", (_, env, path, message, fix) => {
    const [problem, ...more] = problemsOf(env);
    expect(more).toEqual([]);
    expect(problem).toMatchObject({ path, message: expect.stringMatching(message), fix: expect.stringMatching(fix) });
    expect(JSON.stringify(problem)).not.toMatch(/secret|evil/);
  });
});

function read(env: Readonly<Record<string, unknown>>): Config {
  return readConfig({ GEARBOX_SECRET: rootSecret, ...env });
}

function onIn(env: Readonly<Record<string, unknown>>): string[] {
  const config = read(env);
  return [...config.providers.values()].filter((provider) => isOn(provider, config)).map(({ id }) => id);
}

/** The least that switches this provider on. */
function settingsFor(provider: Provider): Readonly<Record<string, string>> {
  if (provider.secret === undefined) return { [`${provider.id.toUpperCase()}_BASE_URL`]: "http://127.0.0.1:1/v1" };
  const needed = (provider.settings ?? []).filter(({ unset }) => unset === undefined);
  return { ...credentialsFor(provider.id), ...Object.fromEntries(needed.map(({ name, like }) => [name, like])) };
}

function credentialsFor(id: string): Readonly<Record<string, string>> {
  const { secret = "", auth } = catalog.find((provider) => provider.id === id) ?? {};
  return { [secret]: auth === "google" ? account : "key" };
}

function problemsOf(env: Readonly<Record<string, unknown>>): readonly Problem[] {
  try {
    read(env);
    return [];
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.problems;
    throw thrown;
  }
}
