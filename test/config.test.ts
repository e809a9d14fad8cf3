/** Settings to Config: what holds, what is refused, and what the operator is told. */
import { describe, expect, it } from "vitest";
import { type Config, ConfigError, isOn, type Problem, readConfig, settingNames } from "../src/config.ts";

const secret = "0123456789abcdef0123456789abcdef";

describe("readConfig", () => {
  it("needs nothing but the root secret", () => {
    const config = read({});
    expect([...config.providers.keys()].slice(0, 3)).toEqual(["openai", "anthropic", "gemini"]);
    expect(config).toMatchObject({
      secret,
      heartbeatMs: 15_000,
      maxBodyBytes: 33_554_432,
      maxBytesInFlight: 67_108_864,
    });
    expect(config.allCredentials.size + config.aliases.size).toBe(0);
    expect("adminKey" in config || "firstKey" in config || "previousSecret" in config).toBe(false);
  });

  it("takes empty for unset", () => {
    const names = [
      "OPENAI_API_KEY",
      "PROVIDERS",
      "ALIASES",
      "HEARTBEAT_MS",
      "ADMIN_KEY",
      "OPENAI_BASE_URL",
      "FIRST_KEY_HASH",
    ];
    expect(read(Object.fromEntries(names.map((name) => [name, ""])))).toEqual(read({}));
  });

  it("reads numbers written either way", () => {
    expect(read({ HEARTBEAT_MS: 100, MAX_BODY_BYTES: "2048" })).toMatchObject({ heartbeatMs: 100, maxBodyBytes: 2048 });
  });

  it("serves WebSockets unless they are switched off", () => {
    const values = [undefined, "", "on", "off"].map((WEBSOCKETS) => read({ WEBSOCKETS }).webSockets);
    expect(values).toEqual(["on", "on", "on", "off"]);
    expect(settingNames([])).toContain("WEBSOCKETS");
  });

  it("reads tables written as TOML or as JSON alike", () => {
    const tables = {
      PROVIDERS: { local: { base: "http://127.0.0.1:1/v1" } },
      ALIASES: { fast: ["openai/gpt-5.5", "local/x"] },
    };
    const texts = { PROVIDERS: JSON.stringify(tables.PROVIDERS), ALIASES: JSON.stringify(tables.ALIASES) };
    expect(read(tables)).toEqual(read(texts));
    expect(read(tables).aliases.get("fast")).toEqual(["openai/gpt-5.5", "local/x"]);
  });

  it("assumes little of a provider that it does not know, and lets it be private", () => {
    expect(provider({ local: { base: "http://127.0.0.1:11434/v1/" } }, "local")).toEqual({
      id: "local",
      name: "local",
      base: "http://127.0.0.1:11434/v1",
      speaks: ["chat"],
      auth: "bearer",
      quirks: ["system-role-only", "functions-only", "max-tokens"],
      isPrivate: true,
    });
  });

  it("lets an entry replace single members of a provider of the catalog", () => {
    const quirky = provider({ openai: { quirks: [] } }, "openai");
    expect(quirky).toMatchObject({ base: "https://api.openai.com/v1", secret: "OPENAI_API_KEY", quirks: [] });
    expect(quirky && "isPrivate" in quirky).toBe(false);
    expect(provider({ openai: { base: "http://10.0.0.1/v1" } }, "openai")?.isPrivate).toBe(true);
  });

  it("moves a provider to its base URL, over what PROVIDERS says", () => {
    const PROVIDERS = { "my-own": { base: "http://one/v1" } };
    const { providers } = read({ PROVIDERS, MY_OWN_BASE_URL: "http://two/v1", ANTHROPIC_BASE_URL: "http://three/" });
    expect(providers.get("my-own")?.base).toBe("http://two/v1");
    expect(providers.get("anthropic")).toMatchObject({ base: "http://three", isPrivate: true });
    expect(providers.get("openai")?.isPrivate).toBeUndefined();
  });

  it("switches a provider on by its credential, or at once where it needs none", () => {
    const PROVIDERS = { local: { base: "http://a/v1" }, paid: { base: "http://b/v1", secret: "PAID_KEY" } };
    const config = read({ PROVIDERS, OPENAI_API_KEY: "sk-1" });
    expect([...config.allCredentials]).toEqual([["openai", [{ name: "OPENAI_API_KEY", value: "sk-1" }]]]);
    expect([...config.providers.values()].filter((one) => isOn(one, config)).map(({ id }) => id)).toEqual([
      "openai",
      "local",
    ]);
    expect(settingNames(config.providers.values())).toEqual(
      expect.arrayContaining(["PAID_KEY", "LOCAL_BASE_URL", "OPENAI_API_KEY"]),
    );
  });
});

describe("a mistake", () => {
  const entry = (value: object) => ({ PROVIDERS: { local: { base: "http://a/v1", ...value } } });
  const mistakes: readonly [string, Readonly<Record<string, unknown>>, string, RegExp][] = [
    ["no root secret", { GEARBOX_SECRET: "" }, "GEARBOX_SECRET", /wrangler secret put/],
    ["a short root secret", { GEARBOX_SECRET: "short" }, "GEARBOX_SECRET", /32 characters/],
    ["another word than on and off", { WEBSOCKETS: "no" }, "WEBSOCKETS", /Write on or off/],
    ["a short admin key", { ADMIN_KEY: "a".repeat(31) }, "ADMIN_KEY", /32 characters/],
    ["a price of no model", { PRICES: { gpt: { input: 1, output: 1 } } }, "PRICES.gpt", /provider.model/],
    ["a price below nothing", { PRICES: { "a/b": { input: -1, output: 1 } } }, "PRICES.a/b.input", /US dollars/],
    ["a price without its output", { PRICES: '{"a/b":{"input":1}}' }, "PRICES.a/b.output", /US dollars/],
    [
      "a Redis without its token",
      { UPSTASH_REDIS_REST_URL: "https://a.example" },
      "UPSTASH_REDIS_REST_TOKEN",
      /Upstash/,
    ],
    ["a key instead of its hash", { FIRST_KEY_HASH: "gbx_a" }, "FIRST_KEY_HASH", /SHA-256/],
    ["a number out of range", { HEARTBEAT_MS: 99 }, "HEARTBEAT_MS", /100 to 120000/],
    ["no whole number", { MAX_BODY_BYTES: "1e6" }, "MAX_BODY_BYTES", /1024 to/],
    ["less in flight than one body", { MAX_BYTES_IN_FLIGHT: 1024 }, "MAX_BYTES_IN_FLIGHT", /33554432 to/],
    ["broken JSON", { PROVIDERS: "{local}" }, "PROVIDERS", /JSON like/],
    ["a list of providers", { PROVIDERS: "[]" }, "PROVIDERS", /JSON like/],
    ["a bad id", { PROVIDERS: { My_Local: {} } }, "PROVIDERS.My_Local", /a-z, 0-9/],
    ["no base", { PROVIDERS: { local: {} } }, "PROVIDERS.local.base", /http or https/],
    ["another scheme", entry({ base: "ftp://a" }), "PROVIDERS.local.base", /http or https/],
    ["a credential in the base", entry({ base: "http://u:p@a/v1" }), "PROVIDERS.local.base", /without credentials/],
    ["a query in the base", entry({ base: "http://a/v1?key=1" }), "PROVIDERS.local.base", /without credentials, query/],
    ["an unknown member", entry({ speeks: ["chat"] }), "PROVIDERS.local.speeks", /Did you mean speaks\?/],
    ["a member like none", entry({ zzzzzz: 1 }), "PROVIDERS.local.zzzzzz", /known here are name, base/],
    ["an unknown protocol", entry({ speaks: ["chat", "soap"] }), "PROVIDERS.local.speaks[1]", /chat, responses/],
    ["a compaction that is no yes", entry({ compacts: "yes" }), "PROVIDERS.local.compacts", /Write true/],
    ["no protocol", entry({ speaks: [] }), "PROVIDERS.local.speaks", /chat, responses/],
    ["a credential for a name", entry({ secret: "sk-live-1234" }), "PROVIDERS.local.secret", /LOCAL_KEY/],
    ["our own secret", entry({ secret: "GEARBOX_SECRET" }), "PROVIDERS.local.secret", /LOCAL_KEY/],
    ["a credential as header", entry({ headers: { Authorization: "x" } }), "PROVIDERS.local.headers", /`secret`/],
    ["a header with a line end", entry({ headers: { "x-a": "b\nc" } }), "PROVIDERS.local.headers.x-a", /x-title/],
    ["a base URL that is none", { OPENAI_BASE_URL: "localhost:1" }, "OPENAI_BASE_URL", /http or https/],
    ["a credential with a line end", { OPENAI_API_KEY: "sk-1\n" }, "OPENAI_API_KEY", /without spaces/],
    ["an alias of no provider", { ALIASES: { fast: "opnai/gpt" } }, "ALIASES.fast", /Did you mean openai\?/],
    ["an alias of a bare name", { ALIASES: { fast: "llama" } }, "ALIASES.fast", /provider\/model/],
    ["an alias of nothing", { ALIASES: { fast: [] } }, "ALIASES.fast", /one model or a list/],
    ["an alias with a slash", { ALIASES: { "openai/x": "gpt-5.5" } }, "ALIASES.openai/x", /slashes/],
  ];

  it.each(mistakes)("is named with its place and its fix: %s", (_, env, path, fix) => {
    const [problem, ...more] = problemsOf(env);
    expect(more).toEqual([]);
    expect(problem?.path).toBe(path);
    expect(problem?.fix).toMatch(fix);
  });

  it("does not hide another one", () => {
    expect(
      problemsOf({ HEARTBEAT_MS: 1, ADMIN_KEY: "a", PROVIDERS: { local: { base: 1, auth: "basic" } } }),
    ).toHaveLength(4);
  });

  it("is told without the value, which may be a credential", () => {
    const values = { ADMIN_KEY: "tell-nobody", OPENAI_API_KEY: "tell nobody", OPENAI_BASE_URL: "tell-nobody" };
    const PROVIDERS = { local: { base: "http://tell:nobody@a", secret: "tell-nobody", auth: "tell-nobody", name: 1 } };
    for (const env of [{ ...values, PROVIDERS }, { PROVIDERS: "{tell-nobody" }]) {
      expect(new ConfigError(problemsOf(env)).message).not.toMatch(/tell.nobody/);
    }
  });
});

function read(env: Readonly<Record<string, unknown>>): Config {
  return readConfig({ GEARBOX_SECRET: secret, ...env });
}

function provider(PROVIDERS: object, id: string) {
  return read({ PROVIDERS }).providers.get(id);
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
