/** The options of any caller in Anthropic's words. */
import { describe, expect, test } from "vitest";
import type { Block, CanonRequest } from "../../src/canon/request.ts";
import { decoded, encoded, from, hi, minimal, sent, turn } from "./messages-fixtures.ts";
import { fault } from "./messages-laws.ts";

describe("options from another protocol", () => {
  test("tools: a schema is never absent, strict only where it is on, hosted search only where it is live", () => {
    const { body, lost } = encoded(
      from([hi], {
        tools: [
          { type: "function", name: "f", strict: false },
          { type: "function", name: "g", schema: { type: "object" }, strict: true, description: "" },
          { type: "web_search", live: false },
          {
            type: "web_search",
            live: true,
            domains: ["a.example"],
            location: { type: "approximate" },
            contextSize: "low",
          },
        ],
        parallel: false,
      }),
    );
    expect(body.tools).toEqual([
      { name: "f", input_schema: { type: "object", properties: {} } },
      { name: "g", description: "", input_schema: { type: "object" }, strict: true },
      {
        type: "web_search_20250305",
        name: "web_search",
        allowed_domains: ["a.example"],
        user_location: { type: "approximate" },
      },
    ]);
    expect(body.tool_choice).toEqual({ type: "auto", disable_parallel_tool_use: true });
    expect(lost).toEqual(["tools[3].contextSize=dropped"]);
    expect(
      sent([hi], { tools: [{ type: "web_search", live: false }], toolChoice: { mode: "auto" } }),
    ).not.toHaveProperty("tools");
    const hosted = { type: "opaque", protocol: "gemini", value: { codeExecution: {} } } as const;
    expect(fault(() => sent([hi], { tools: [hosted] }))).toMatchObject({
      kind: "unsupported",
      param: "tools[0]",
      message: expect.stringContaining("'codeExecution'") as string,
    });
    expect(fault(() => sent([hi], { tools: [{ type: "custom", name: "p" }] }))).toMatchObject({
      kind: "unsupported",
      param: "tools[0]",
    });
    expect(fault(() => sent([hi], { tools: [{ type: "function", name: "a.b" }] }))).toMatchObject({
      param: "tools[0].name",
    });
  });

  test("the choice of a tool", () => {
    const tools = ["f", "g", "h"].map((name) => ({ type: "function" as const, name }));
    const only = (...names: string[]) => names.map((name) => ({ kind: "function" as const, name }));
    const chosen = (toolChoice: CanonRequest["toolChoice"], parallel?: boolean) => {
      const body = sent([hi], {
        tools,
        ...(toolChoice && { toolChoice }),
        ...(parallel !== undefined && { parallel }),
      });
      return [body.tool_choice, Array.isArray(body.tools) ? body.tools.length : 0];
    };
    expect(chosen({ mode: "required" })).toEqual([{ type: "any" }, 3]);
    expect(chosen({ mode: "required", only: only("g") })).toEqual([{ type: "tool", name: "g" }, 3]);
    expect(chosen({ mode: "required", only: only("g", "h") })).toEqual([{ type: "any" }, 2]);
    expect(chosen({ mode: "auto", only: only("g") })).toEqual([{ type: "auto" }, 1]);
    expect(chosen({ mode: "none" }, false)).toEqual([{ type: "none" }, 3]);
    expect(chosen({ mode: "auto" }, true)).toEqual([{ type: "auto" }, 3]);
    expect(chosen(undefined, true)).toEqual([undefined, 3]);
  });

  test("reasoning", () => {
    const thinking = (reasoning: CanonRequest["reasoning"]) => {
      const body = sent([hi], reasoning === undefined ? {} : { reasoning });
      return [body.thinking, body.output_config];
    };
    expect(thinking(undefined)).toEqual([undefined, undefined]);
    expect(thinking({ mode: "adaptive", effort: "high", summary: "detailed" })).toEqual([
      { type: "adaptive", display: "summarized" },
      { effort: "high" },
    ]);
    expect(thinking({ mode: "adaptive", effort: "low" })).toEqual([
      { type: "adaptive", display: "omitted" },
      { effort: "low" },
    ]);
    expect(thinking({ mode: "budget", budget: 1024 })).toEqual([{ type: "enabled", budget_tokens: 1024 }, undefined]);
    expect(thinking({ mode: "off", effort: "none", summary: "auto" })).toEqual([{ type: "disabled" }, undefined]);
    expect(thinking({ mode: "between_tools", effort: "minimal" })).toEqual([{ type: "between_tools" }, undefined]);
  });

  test("hints that cannot be said are reported; zero penalties are none", () => {
    const { body, lost } = encoded(
      from([hi], {
        seed: 0,
        presencePenalty: 0,
        frequencyPenalty: 0.5,
        verbosity: "low",
        temperature: 1.5,
        tier: "flex",
        user: "u".repeat(300),
        metadata: { a: "b" },
        cacheKey: "k",
        topK: 0,
        ext: { responses: { client_metadata: {}, store: false, safety: 1, nothing: null } },
      }),
    );
    expect(lost).toEqual([
      "ext.safety=dropped",
      "seed=dropped",
      "frequencyPenalty=dropped",
      "verbosity=dropped",
      "metadata=dropped",
      "temperature=1.5>1",
      "user=dropped",
      "tier=flex>standard_only",
    ]);
    expect(body).toMatchObject({ temperature: 1, top_k: 0, service_tier: "standard_only" });
    expect(body).not.toHaveProperty("metadata");
  });

  test.each<[string, CanonRequest["ext"]]>([
    ["n", { chat: { n: 2 } }],
    ["logprobs", { chat: { logprobs: true } }],
    ["logit_bias", { chat: { logit_bias: { 1: 2 } } }],
    ["modalities", { chat: { modalities: ["text", "audio"] } }],
    ["previous_response_id", { responses: { previous_response_id: "resp_1" } }],
    ["reasoning", { responses: { reasoning: { mode: "pro" } } }],
    ["cachedContent", { gemini: { cachedContent: "c" } }],
    ["generationConfig.candidateCount", { gemini: { generationConfig: { candidateCount: 3 } } }],
  ])("what changes the meaning is refused: %s", (param, ext) => {
    expect(fault(() => sent([hi], ext === undefined ? {} : { ext }))).toMatchObject({ kind: "unsupported", param });
  });

  test("harmless values of such members are not", () => {
    expect(() =>
      sent([hi], { ext: { chat: { n: 1, logprobs: false, logit_bias: {}, modalities: ["text"], audio: null } } }),
    ).not.toThrow();
  });

  test("JSON without a schema and blank stop sequences are refused; a schema is sent", () => {
    expect(fault(() => sent([hi], { format: { type: "json" } }))).toMatchObject({
      kind: "unsupported",
      param: "format",
    });
    expect(fault(() => sent([hi], { stop: ["\n"] }))).toMatchObject({ kind: "unsupported", param: "stop" });
    const schema = { type: "object" };
    expect(sent([hi], { format: { type: "schema", schema, name: "n", strict: true } }).output_config).toEqual({
      format: { type: "json_schema", schema },
    });
    expect(sent([hi], { format: { type: "text" } })).not.toHaveProperty("output_config");
    const { maxOutput: _, ...unlimited } = from([hi]);
    expect(fault(() => encoded(unlimited))).toMatchObject({ kind: "bad_request", param: "maxOutput" });
  });

  test("the cache is asked for only where the caller has not said anything about it", () => {
    const automatic = { type: "ephemeral" };
    expect(sent([hi]).cache_control).toEqual(automatic);
    expect(encoded(decoded(minimal)).body).not.toHaveProperty("cache_control");
    const marked: Block = { type: "text", text: "a", cache: { ttl: "1h" } };
    const body = sent([turn("user", marked)]);
    expect(body).not.toHaveProperty("cache_control");
    expect(body.messages).toEqual([
      { role: "user", content: [{ type: "text", cache_control: { type: "ephemeral", ttl: "1h" }, text: "a" }] },
    ]);
    expect(sent([hi], { tools: [{ type: "function", name: "f", cache: {} }] })).not.toHaveProperty("cache_control");
    expect(sent([hi], { instructions: [marked] })).not.toHaveProperty("cache_control");
  });
});
