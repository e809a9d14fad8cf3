/** Tools and options of other protocols' callers said to Gemini, and what of them is refused or dropped. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Block, CanonRequest } from "../../src/canon/request.ts";
import { call, contents, encoded, fault, image, judged, result, user } from "./gemini-laws.ts";

describe("tools", () => {
  const tools = [
    { type: "function", name: "f" },
    { type: "function", name: "g" },
  ] as const;
  const only = [{ kind: "function", name: "g" }] as const;

  it("auto cannot narrow, so the others are not declared; a forced choice can", () => {
    const auto = encoded({ tools, toolChoice: { mode: "auto", only } }).body;
    expect(auto.tools).toEqual([{ functionDeclarations: [{ name: "g" }] }]);
    expect(auto.toolConfig).toEqual({ functionCallingConfig: { mode: "AUTO" } });
    const forced = encoded({ tools, toolChoice: { mode: "required", only } }).body;
    expect(forced.tools).toEqual([{ functionDeclarations: [{ name: "f" }, { name: "g" }] }]);
    expect(forced.toolConfig).toEqual({ functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["g"] } });
    expect(encoded({ tools, toolChoice: { mode: "none" } }).body.toolConfig).toEqual({
      functionCallingConfig: { mode: "NONE" },
    });
    expect(encoded({ tools: [], toolChoice: { mode: "auto" } }).body).not.toHaveProperty("toolConfig");
  });

  it("names that Gemini does not take are mapped alike in tools, choice, calls and results", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 200 }), (name) => {
        const request: Partial<CanonRequest> = {
          tools: [{ type: "function", name }],
          toolChoice: { mode: "required", only: [{ kind: "function", name }] },
          turns: [
            user("go"),
            { role: "assistant", blocks: [call("a", "{}", name)] },
            { role: "tool", blocks: [result("a")] },
          ],
        };
        expect(judged(request)).toBeUndefined();
      }),
    );
    expect(encoded({ tools: [{ type: "function", name: "a.b:c" }] }).lost).toEqual([]);
    expect(encoded({ tools: [{ type: "function", name: "1st" }] }).lost).toHaveLength(1);
  });

  it("a live web search is Google's; limits it cannot keep to are refused", () => {
    const search = { type: "web_search", live: true } as const;
    expect(encoded({ tools: [search] }).body.tools).toEqual([{ googleSearch: {} }]);
    expect(fault(() => encoded({ tools: [{ ...search, domains: ["a.b"] }] })).param).toBe("tools[0].domains");
    expect(fault(() => encoded({ tools: [{ ...search, location: { country: "DE" } }] })).param).toBe(
      "tools[0].location",
    );
    expect(encoded({ tools: [{ ...search, live: false, domains: ["a.b"] }] }).body).not.toHaveProperty("tools");
    expect(fault(() => encoded({ tools: [{ type: "custom", name: "exec" }] })).param).toBe("tools[0]");
  });
});

describe("what cannot cross", () => {
  const refused: [string, Partial<CanonRequest>][] = [
    ["n", { ext: { chat: { n: 2 } } }],
    ["logprobs", { ext: { chat: { logprobs: true } } }],
    ["logit_bias", { ext: { chat: { logit_bias: { "1": 2 } } } }],
    ["previous_response_id", { ext: { responses: { previous_response_id: "resp_1" } } }],
    ["background", { ext: { responses: { background: true } } }],
    ["reasoning", { ext: { responses: { reasoning: { mode: "pro" } } } }],
    ["tools[0]", { tools: [{ type: "opaque", protocol: "responses", value: { type: "file_search" } }] }],
    ["mcp_servers", { ext: { messages: { mcp_servers: [{}] } } }],
    ["stop", { stop: ["1", "2", "3", "4", "5", "6"] }],
    ["tier", { tier: "golden" }],
    [
      "turns[0].blocks[0]",
      { turns: [{ role: "user", blocks: [{ type: "image", source: { type: "url", url: "https://a.b/c.png" } }] }] },
    ],
    [
      "turns[0].blocks[0]",
      {
        turns: [
          { role: "user", blocks: [{ type: "image", source: { type: "data", mediaType: "image/gif", data: "a" } }] },
        ],
      },
    ],
    [
      "turns[0].blocks[0]",
      {
        turns: [
          { role: "user", blocks: [{ type: "file", source: { type: "id", protocol: "responses", id: "file_1" } }] },
        ],
      },
    ],
    [
      "turns[0].blocks[0]",
      { turns: [{ role: "assistant", blocks: [{ type: "call", id: "a", kind: "custom", name: "x", input: "" }] }] },
    ],
  ];
  it.each(refused)("%s is refused", (param, request) => {
    expect(fault(() => encoded(request))).toMatchObject({ status: 400, param });
  });

  it("instructions alone are no conversation", () => {
    expect(fault(() => encoded({ turns: [{ role: "system", blocks: [{ type: "text", text: "be" }] }] })).status).toBe(
      400,
    );
  });

  it("hints are dropped and said", () => {
    const { lost } = encoded({
      ...{ user: "u", metadata: {}, parallel: false, reasoning: { summary: "detailed" }, tier: "fast" },
      turns: [{ role: "user", name: "bob", blocks: [{ ...(image as Block & { type: "image" }), detail: "high" }] }],
      ext: {
        chat: { prediction: {}, n: 1 },
        responses: { unheard_of: 3, store: false, background: false, include: [] },
      },
    });
    expect(lost.toSorted()).toEqual(
      [
        ...["user=dropped", "metadata=dropped", "parallel=dropped", "turns[0].name=dropped", "tier=fast>priority"],
        ...["turns[0].blocks[0].detail=dropped", "ext.prediction=dropped", "ext.unheard_of=dropped"],
        "reasoning.summary=detailed>auto",
      ].toSorted(),
    );
  });

  it("Google's own addresses, documents and sounds are sent", () => {
    const blocks: Block[] = [
      { type: "file", source: { type: "url", url: "gs://bucket/a.pdf" } },
      { type: "file", source: { type: "data", mediaType: "application/pdf", data: "aa==" } },
      { type: "audio", source: { type: "data", mediaType: "audio/wav", data: "aa==" } },
    ];
    expect(contents([{ role: "user", blocks }])[0]?.parts).toEqual([
      { fileData: { fileUri: "gs://bucket/a.pdf" } },
      { inlineData: { mimeType: "application/pdf", data: "aa==" } },
      { inlineData: { mimeType: "audio/wav", data: "aa==" } },
    ]);
  });
});

describe("options", () => {
  it("zero and the empty text survive; thinking is said as it was fitted", () => {
    const config = (request: Partial<CanonRequest>) => encoded(request).body.generationConfig;
    expect(config({ temperature: 0, seed: 0, stop: [""], maxOutput: 1 })).toEqual({
      ...{ temperature: 0, maxOutputTokens: 1, seed: 0, stopSequences: [""] },
    });
    expect(config({ reasoning: { mode: "off" } })).toEqual({ thinkingConfig: { thinkingBudget: 0 } });
    expect(config({ reasoning: { mode: "budget", budget: 9, effort: "low" } })).toEqual({
      thinkingConfig: { thinkingBudget: 9 },
    });
    expect(config({ reasoning: { effort: "xhigh", summary: "none" } })).toEqual({
      thinkingConfig: { includeThoughts: false, thinkingLevel: "XHIGH" },
    });
    expect(config({ format: { type: "schema", schema: { type: "object" }, name: "x", strict: true } })).toEqual({
      ...{ responseMimeType: "application/json", responseJsonSchema: { type: "object" } },
    });
    expect(config({})).toBeUndefined();
    expect(encoded({ tier: "auto" }).body.serviceTier).toBe("standard");
  });
});
