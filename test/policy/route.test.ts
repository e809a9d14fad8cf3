import { describe, expect, it } from "vitest";
import { readCall } from "../../src/call.ts";
import type { ProtocolId } from "../../src/canon/request.ts";
import { readConfig } from "../../src/config.ts";
import { Fault } from "../../src/fault.ts";
import { route } from "../../src/policy/route.ts";

const config = readConfig({
  GEARBOX_SECRET: "a-root-secret-of-more-than-32-characters",
  OPENAI_API_KEY: "sk-openai",
  ANTHROPIC_API_KEY: "sk-ant",
  LOCAL_KEY: "lk",
  PROVIDERS: {
    local: { base: "http://127.0.0.1:11434/v1", speaks: ["chat"], secret: "LOCAL_KEY", models: ["llama"] },
    off: { base: "http://127.0.0.1:1/v1", speaks: ["chat"], secret: "OFF_KEY" },
  },
  ALIASES: { fast: "openai/gpt-5.5", safe: ["off/x", "anthropic/claude-sonnet-5", "local/llama3"] },
});

function targetsOf(model: string, protocol: ProtocolId = "responses", more: object = {}) {
  const bytes = new TextEncoder().encode(JSON.stringify({ model, ...more }));
  return route(readCall("id", protocol, bytes), config).map(
    (target) => `${target.provider.id} ${target.model} ${target.protocol} ${target.credential}`,
  );
}

describe("a model's name", () => {
  it.each([
    ["provider/model", "openai/gpt-5.5", ["openai gpt-5.5 responses sk-openai"]],
    ["a model never heard of", "anthropic/whatever-9", ["anthropic whatever-9 messages sk-ant"]],
    ["a model with slashes of its own", "local/meta/llama:8b", ["local meta/llama:8b chat lk"]],
    ["a bare name that a provider claims", "claude-sonnet-5", ["anthropic claude-sonnet-5 messages sk-ant"]],
    ["a bare name of OpenAI's", "gpt-6-sol", ["openai gpt-6-sol responses sk-openai"]],
    ["a bare name of a provider of the operator's", "llama3", ["local llama3 chat lk"]],
    ["an alias", "fast", ["openai gpt-5.5 responses sk-openai"]],
    [
      "an alias of several, without those that are off",
      "safe",
      ["anthropic claude-sonnet-5 messages sk-ant", "local llama3 chat lk"],
    ],
  ])("leads to its target: %s", (_, model, targets) => {
    expect(targetsOf(model)).toEqual(targets);
  });

  it("`auto` without such a route says what the operator has to write", () => {
    const refused = { kind: "no_model", param: "model", message: expect.stringMatching(/ROUTES.*"strategy":"effort"/) };
    expect(() => targetsOf("auto")).toThrow(expect.objectContaining(refused));
  });

  it.each(["nothing-known", "nobody/model", "openai/", "/gpt", "off/x"])(
    "that leads nowhere is a fault: %s",
    (model) => {
      expect(() => targetsOf(model)).toThrow(expect.objectContaining({ kind: "no_model", code: "model_not_found" }));
      expect(() => targetsOf(model)).toThrow(Fault);
    },
  );
});

describe("the protocol of a target", () => {
  const tools = [{ type: "function", function: { name: "f" } }];

  it("is the caller's own where the provider speaks it", () => {
    expect(targetsOf("gpt-4.1", "chat")).toEqual(["openai gpt-4.1 chat sk-openai"]);
    expect(targetsOf("local/x", "chat")).toEqual(["local x chat lk"]);
  });

  it("is Responses for a chat call with tools to a model of OpenAI's that would refuse them", () => {
    expect(targetsOf("gpt-5.5", "chat", { tools })).toEqual(["openai gpt-5.5 responses sk-openai"]);
    expect(targetsOf("gpt-5.5", "chat", { tools, reasoning_effort: "none" })).toEqual([
      "openai gpt-5.5 chat sk-openai",
    ]);
    expect(targetsOf("gpt-5.5", "chat")).toEqual(["openai gpt-5.5 chat sk-openai"]);
    expect(targetsOf("gpt-4.1", "chat", { tools })).toEqual(["openai gpt-4.1 chat sk-openai"]);
  });
});
