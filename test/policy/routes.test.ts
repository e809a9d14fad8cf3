/** ROUTES: what holds, what is refused, and which targets a call gets by them. */
import { describe, expect, it } from "vitest";
import type { Json, Obj } from "../../src/canon/json.ts";
import { ConfigError, readConfig } from "../../src/config.ts";
import { wayOf } from "../../src/policy/route.ts";
import { traitsOf } from "../../src/policy/traits.ts";

const base = {
  GEARBOX_SECRET: "a-root-secret-of-more-than-32-characters",
  OPENAI_API_KEY: "sk-1",
  OPENAI_API_KEY_2: "sk-2",
  OPENAI_API_KEY_16: "sk-16",
  ANTHROPIC_API_KEY_3: "ant-3",
  GEMINI_API_KEY: "g-1",
  PROVIDERS: { local: { base: "http://127.0.0.1:1/v1" } },
};
const read = (ROUTES: unknown, more: object = {}) => readConfig({ ...base, ROUTES, ...more });
const gpt = { provider: "openai", model: "gpt-5.5" };
const claude = { provider: "anthropic", model: "claude-sonnet-5" };

function problemsOf(routes: unknown, more: object = {}): readonly string[] {
  try {
    read(routes, more);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    for (const { fix, message } of thrown.problems) expect(fix.length * message.length).toBeGreaterThan(0);
    return thrown.problems.map(({ path, message }) => `${path} ${message}`);
  }
}

describe("a table of routes", () => {
  const whole = {
    strategy: "weighted",
    targets: [{ ...gpt, weight: 3, credential: "OPENAI_API_KEY_2", when: { tools: true } }, claude],
    when: {
      teams: ["abc"],
      metadata: { env: ["test", "dev"], app: "x" },
      tokensIn: { least: 1, most: 1000 },
      modalities: [],
      tools: false,
      stream: true,
    },
    timeouts: { firstContentMs: 20_000 },
    retries: 0,
  };

  it("is read with all its members, as TOML or as JSON", () => {
    const { routes } = read({ wide: whole, small: { targets: [gpt] } });
    expect(routes.get("wide")).toEqual({
      ...whole,
      targets: [whole.targets[0], { ...claude, weight: 1 }],
      when: { ...whole.when, metadata: { env: ["test", "dev"], app: ["x"] } },
    });
    expect(routes.get("small")).toEqual({ strategy: "priority", targets: [{ ...gpt, weight: 1 }] });
    expect(read(JSON.stringify({ wide: whole })).routes.get("wide")).toEqual(routes.get("wide"));
    expect(read("").routes.size).toBe(0);
  });

  it.each<[unknown, string]>([
    ["{", "ROUTES is not JSON"],
    [{ "a/b": { targets: [gpt] } }, "ROUTES.a/b is no name for a route"],
    [{ r: [] }, "ROUTES.r is no table"],
    [{ r: {} }, "ROUTES.r.targets is no list of targets"],
    [{ r: { targets: [] } }, "ROUTES.r.targets is no list of targets"],
    [
      { r: { targets: [gpt], strategy: "best" } },
      "ROUTES.r.strategy is none of priority, weighted, fastest, cheapest, effort",
    ],
    [{ r: { targets: [gpt], retry: 1 } }, "ROUTES.r.retry is not known"],
    [{ r: { targets: [gpt], retries: 11 } }, "ROUTES.r.retries is no whole number from 0 to 10"],
    [{ r: { targets: ["openai/x"] } }, "ROUTES.r.targets[0] is no table"],
    [{ r: { targets: [{ provider: "openai" }] } }, "ROUTES.r.targets[0].model is missing"],
    [{ r: { targets: [{ model: "m" }] } }, "ROUTES.r.targets[0].provider is missing"],
    [{ r: { targets: [{ ...gpt, provider: "opnai" }] } }, "ROUTES.r.targets[0].provider is no known provider"],
    [
      { r: { targets: [gpt, { ...gpt, weight: -1 }] } },
      "ROUTES.r.targets[1].weight is no whole number from 0 to 1000000",
    ],
    [{ r: { targets: [{ ...gpt, weigth: 1 }] } }, "ROUTES.r.targets[0].weigth is not known"],
    [
      { r: { targets: [{ ...gpt, credential: "sk-secret-itself" }] } },
      "ROUTES.r.targets[0].credential names no credential that is set for the provider",
    ],
    [{ r: { targets: [gpt], when: { team: "x" } } }, "ROUTES.r.when.team is not known"],
    [{ r: { targets: [gpt], when: { tools: "yes" } } }, "ROUTES.r.when.tools is neither true nor false"],
    [
      { r: { targets: [gpt], when: { modalities: ["smell"] } } },
      "ROUTES.r.when.modalities[0] is none of image, audio, file",
    ],
    [{ r: { targets: [gpt], when: { metadata: { a: 1 } } } }, "ROUTES.r.when.metadata.a is no list of texts"],
    [
      { r: { targets: [gpt], when: { tokensIn: { least: 5, most: 4 } } } },
      "ROUTES.r.when.tokensIn.most is no whole number from 5 to 100000000",
    ],
    [{ r: { targets: [gpt], timeouts: { idle: 5 } } }, "ROUTES.r.timeouts.idle is not known"],
    [
      { r: { targets: [gpt], timeouts: { idleMs: 0 } } },
      "ROUTES.r.timeouts.idleMs is no whole number from 1 to 3600000",
    ],
  ])("is refused with the path of its mistake: %j", (routes, problem) => {
    expect(problemsOf(routes)).toEqual([problem]);
  });

  it("is refused where an alias has the name, and names every mistake", () => {
    const problems = problemsOf(
      { fast: { targets: [gpt] }, b: { targets: [{}], strategy: 1 } },
      { ALIASES: { fast: "openai/x" } },
    );
    expect(problems).toHaveLength(3);
    expect(problems[0]).toBe("ROUTES.fast is an alias as well");
    expect(problemsOf({ r: { targets: [], strategy: "best" } })).toHaveLength(2);
  });

  it("never tells a value that may be a credential", () => {
    try {
      read({ r: { targets: [{ ...gpt, credential: "sk-secret-itself" }] } });
      expect.unreachable();
    } catch (thrown) {
      expect(String(thrown)).not.toContain("sk-secret-itself");
    }
  });
});

describe("several credentials of a provider", () => {
  it("stand in settings with a number behind, and the first one found is the provider's own", () => {
    const { allCredentials } = read({});
    expect(allCredentials.get("openai")?.map(({ name, value }) => `${name}=${value}`)).toEqual([
      "OPENAI_API_KEY=sk-1",
      "OPENAI_API_KEY_2=sk-2",
      "OPENAI_API_KEY_16=sk-16",
    ]);
    expect(allCredentials.get("anthropic")?.[0]?.value).toBe("ant-3");
    // Another provider's own credential never goes to this one, whatever its setting is called.
    const PROVIDERS = { other: { base: "http://127.0.0.1:2/v1", secret: "OPENAI_API_KEY_2" } };
    const apart = read({}, { PROVIDERS }).allCredentials;
    expect(apart.get("openai")?.map(({ value }) => value)).toEqual(["sk-1", "sk-16"]);
    expect(apart.get("other")?.map(({ value }) => value)).toEqual(["sk-2"]);
    expect(problemsOf({}, { OPENAI_API_KEY_7: "has a space" })).toEqual([
      "OPENAI_API_KEY_7 has a space or a character that a header cannot carry",
    ]);
  });
});

describe("the way of a call", () => {
  const config = read(
    {
      many: {
        strategy: "weighted",
        targets: [
          { ...gpt, weight: 6 },
          { ...claude, weight: 2 },
        ],
        retries: 1,
      },
      one: { targets: [{ ...gpt, credential: "OPENAI_API_KEY_2" }] },
      teams: { targets: [gpt], when: { teams: ["t1"] } },
      "gpt-5.5": { targets: [claude], when: { metadata: { env: "test" } } },
      tools: {
        targets: [
          { ...gpt, when: { tools: true } },
          { ...claude, when: { stream: true } },
        ],
      },
      able: {
        targets: [
          { provider: "openai", model: "gpt-5.5" },
          { provider: "gemini", model: "gemini-2.5-pro" },
        ],
      },
      deaf: { targets: [gpt] },
      painter: { targets: [{ provider: "gemini", model: "gemini-3-pro-image" }] },
      long: {
        targets: [
          { provider: "openai", model: "gpt-4" },
          { provider: "local", model: "unknown" },
        ],
      },
      short: { targets: [{ provider: "openai", model: "gpt-4" }] },
    },
    { ALIASES: { plain: ["openai/gpt-5.5", "local/x"] } },
  );

  function way(
    model: string,
    body: Obj = {},
    more: { route?: string; models?: string[]; bytes?: number; team?: string } = {},
  ) {
    const { models = [model], bytes = 0, team = "t0", ...rest } = more;
    const traits = () => traitsOf({ body, stream: body.stream === true }, bytes, team);
    return wayOf({ protocol: "chat", model, body }, traits, { ...rest, models }, config);
  }
  const ids = (...args: Parameters<typeof way>) =>
    way(...args).candidates.map(({ target: { provider, model, credentialName = "" } }) =>
      `${provider.id}/${model} ${credentialName}`.trim(),
    );
  const image: Json = { role: "user", content: [{ type: "image_url", image_url: { url: "http://x" } }] };
  const sound: Json = { role: "user", content: [{ type: "input_audio", input_audio: { data: "", format: "wav" } }] };

  it("spreads a target over its credentials, with its weight shared among them", () => {
    expect(way("many")).toMatchObject({ name: "many", strategy: "weighted", retries: 1 });
    expect(way("many").candidates.map(({ weight, rank }) => [weight, rank])).toEqual([
      [2, 0],
      [2, 0],
      [2, 0],
      [2, 1],
    ]);
    expect(ids("one")).toEqual(["openai/gpt-5.5 OPENAI_API_KEY_2"]);
    expect(ids("openai/any")).toHaveLength(3);
    expect(ids("plain").at(-1)).toBe("local/x");
  });

  it("is a route's only where the condition holds, else that of the model of the name", () => {
    expect(ids("gpt-5.5", { metadata: { env: "test" } })).toEqual(["anthropic/claude-sonnet-5 ANTHROPIC_API_KEY_3"]);
    expect(ids("gpt-5.5")[0]).toBe("openai/gpt-5.5 OPENAI_API_KEY");
    expect(ids("teams", {}, { team: "t1" })).toHaveLength(3);
    expect(() => way("teams")).toThrow(expect.objectContaining({ kind: "no_model" }));
  });

  it("is the route that the call names, whatever its model", () => {
    expect(ids("whatever", {}, { route: "one" })).toEqual(["openai/gpt-5.5 OPENAI_API_KEY_2"]);
    expect(() => way("gpt-5.5", {}, { route: "none" })).toThrow(expect.objectContaining({ param: "x-gearbox-route" }));
  });

  it("has the targets whose conditions hold, and a fault says that there are none", () => {
    expect(ids("tools", { tools: [{ type: "function" }] })).toHaveLength(3);
    expect(ids("tools", { stream: true })).toEqual(["anthropic/claude-sonnet-5 ANTHROPIC_API_KEY_3"]);
    expect(() => way("tools")).toThrow(expect.objectContaining({ kind: "bad_request", code: "unsupported_by_route" }));
  });

  it("leaves out a model that cannot do what the call needs, but never one that is named by itself", () => {
    expect(ids("able", { messages: [image] })).toHaveLength(4);
    expect(ids("able", { messages: [sound] })).toEqual(["gemini/gemini-2.5-pro GEMINI_API_KEY"]);
    expect(() => way("deaf", { messages: [sound] })).toThrow("No model of 'deaf' takes audio.");
    expect(() => way("painter", { tools: [{}] })).toThrow("No model of 'painter' takes tools.");
    expect(ids("openai/gpt-5.5", { messages: [sound] })).toHaveLength(3);
  });

  it("leaves out a model whose context is too short, unless all are", () => {
    expect(ids("long")).toHaveLength(4);
    expect(ids("long", {}, { bytes: 400_000 })).toEqual(["local/unknown"]);
    expect(ids("short", {}, { bytes: 400_000 })).toHaveLength(3);
  });

  it("goes through OpenRouter's list of models in order, credentials of one model alike", () => {
    const { candidates, strategy } = way("one", {}, { models: ["one", "many", "local/x"] });
    expect(strategy).toBe("priority");
    expect(candidates.map(({ target }) => target.credentialName ?? target.provider.id)).toEqual([
      "OPENAI_API_KEY_2",
      "OPENAI_API_KEY",
      "OPENAI_API_KEY_16",
      "ANTHROPIC_API_KEY_3",
      "local",
    ]);
    expect(new Set(candidates.map(({ rank }) => rank)).size).toBe(4);
    expect(candidates[1]?.rank).toBe(candidates[2]?.rank);
  });
});
