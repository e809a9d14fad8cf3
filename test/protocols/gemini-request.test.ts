/** What Gemini's callers ask: generateContent bodies into canon, and out again. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defined, type Obj } from "../../src/canon/json.ts";
import type { CanonRequest } from "../../src/canon/request.ts";
import { gemini } from "../../src/protocols/gemini/index.ts";
import { protocols } from "../../src/protocols/index.ts";
import { again, fault, missing, nothingOpens } from "./gemini-laws.ts";

const hi = [{ role: "user", parts: [{ text: "hi" }] }];

function decode(body: Obj): CanonRequest {
  return gemini.request.decode({ contents: hi, model: "gemini-3-pro", ...body }, nothingOpens);
}

/** Everything at once, with a member nobody knows at every level. */
const full: Obj = {
  contents: [
    {
      role: "user",
      parts: [{ text: "look", new: 1 }, { inlineData: { mimeType: "image/png", data: "aa==", new: 2 } }],
    },
    {
      role: "model",
      new: 3,
      parts: [
        { text: "I wonder", thought: true },
        { text: "so", thought: true, thoughtSignature: "c2ln" },
        { functionCall: { id: "a", name: "f", args: { n: 0, on: false, s: "" }, new: 4 }, thoughtSignature: "c2ln" },
        { functionCall: { name: "f", args: {} }, new: 5 },
      ],
    },
    {
      role: "user",
      new: 6,
      parts: [
        { functionResponse: { id: "a", name: "f", response: { output: "zero" }, scheduling: "SILENT" } },
        {
          functionResponse: {
            name: "f",
            response: { error: "no" },
            parts: [{ inlineData: { mimeType: "image/png", data: "bb==" } }],
          },
        },
      ],
    },
    {
      role: "model",
      parts: [
        { executableCode: { code: "1" }, thoughtSignature: "c2ln" },
        { text: "", thoughtSignature: "ZW5k" },
      ],
    },
    {
      role: "user",
      parts: [
        { fileData: { fileUri: "https://youtu.be/x" } },
        { fileData: { fileUri: "https://a.b/c.png", mimeType: "image/png" } },
        { fileData: { fileUri: "gs://bucket/a.mp4", mimeType: "video/mp4", displayName: "a" } },
        { fileData: { fileUri: "https://generativelanguage.googleapis.com/v1beta/files/x" } },
      ],
    },
  ],
  systemInstruction: { role: "system", parts: [{ text: "be" }, { text: "good", new: 7 }], new: 8 },
  tools: [
    {
      functionDeclarations: [
        { name: "f", description: "", parametersJsonSchema: { type: "object" }, behavior: "BLOCKING", new: 9 },
      ],
    },
    { googleSearch: { timeRangeFilter: { startTime: "x" } } },
    { codeExecution: {}, new: 10 },
  ],
  toolConfig: {
    functionCallingConfig: {
      mode: "VALIDATED",
      allowedFunctionNames: ["f"],
      streamFunctionCallArguments: true,
      new: 11,
    },
    retrievalConfig: { languageCode: "de" },
  },
  safetySettings: [{ category: "c", threshold: "t" }],
  cachedContent: "cachedContents/1",
  labels: { a: "b" },
  serviceTier: "standard",
  store: false,
  new: 12,
  generationConfig: {
    temperature: 0,
    topP: 0.5,
    topK: 3,
    candidateCount: 1,
    maxOutputTokens: 7,
    stopSequences: [""],
    seed: 0,
    presencePenalty: 0,
    frequencyPenalty: -1,
    responseMimeType: "application/json",
    responseJsonSchema: { type: "object", properties: { a: { type: "string" } } },
    responseModalities: ["TEXT"],
    new: 13,
    thinkingConfig: { includeThoughts: false, thinkingBudget: -1, new: 14 },
  },
};

describe("a body through canon", () => {
  it("loses nothing, unknown members at every level included", () => {
    const first = again({ model: "gemini-3-pro", stream: true, ...full });
    expect(missing(full, first.body)).toEqual([]);
    const second = again({ model: "gemini-3-pro", stream: true, ...first.body });
    expect(second.canon).toEqual(first.canon);
    expect(JSON.stringify(second.body)).toBe(JSON.stringify(first.body));
    expect(first.canon.stream).toBe(true);
    expect(first.body).not.toHaveProperty("model");
  });

  it("takes snake_case for camelCase at every level", () => {
    const snake = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(snake);
      if (typeof value !== "object" || value === null) return value;
      const entries = Object.entries(value).map(([name, member]) => {
        return [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), snake(member)];
      });
      return Object.fromEntries(entries);
    };
    const { args: _, ...plain } = { args: 0, ...full };
    const spelt = gemini.request.decode({ model: "gemini-3-pro", ...(snake(plain) as Obj) }, nothingOpens);
    const camel = gemini.request.decode({ model: "gemini-3-pro", ...full }, nothingOpens);
    expect(spelt.turns.length).toBe(camel.turns.length);
    expect(spelt.tools?.map((tool) => tool.type)).toEqual(camel.tools?.map((tool) => tool.type));
    const { ext: _spelt, turns: _turns, tools: _tools, toolChoice, ...rest } = spelt;
    expect(camel).toMatchObject(rest);
    expect(toolChoice?.mode).toBe("auto");
  });

  it("is the same for any text, arguments and responses", () => {
    const json = fc.dictionary(fc.string(), fc.jsonValue());
    const turn = fc.record({ said: fc.string(), args: json, response: json, thought: fc.string() });
    fc.assert(
      fc.property(fc.array(turn, { minLength: 1, maxLength: 4 }), (turns) => {
        const contents = turns.flatMap(({ said, args, response, thought }) => [
          { role: "user", parts: [{ text: said }] },
          {
            role: "model",
            parts: [{ text: thought, thought: true, thoughtSignature: "c2ln" }, { functionCall: { name: "f", args } }],
          },
          { role: "user", parts: [{ functionResponse: { name: "f", response } }] },
          { role: "model", parts: [{ text: said }] },
        ]);
        // What JSON cannot say (-0) is none of ours.
        const body = JSON.parse(JSON.stringify({ model: "gemini-3-pro", contents })) as Obj;
        const first = again(body);
        expect(again({ model: "gemini-3-pro", ...first.body }).canon).toEqual(first.canon);
      }),
    );
  });
});

describe("thinking", () => {
  const thinking = (thinkingConfig: Obj) => decode({ generationConfig: { thinkingConfig } }).reasoning;

  it("levels are efforts in any case, budgets are modes", () => {
    expect(thinking({ thinkingLevel: "Low" })).toEqual({ effort: "low" });
    expect(thinking({ thinkingLevel: "MINIMAL", includeThoughts: true })).toEqual({
      effort: "minimal",
      summary: "auto",
    });
    expect(thinking({ thinkingBudget: 0 })).toEqual({ mode: "off" });
    expect(thinking({ thinkingBudget: 1024, includeThoughts: false })).toEqual({
      mode: "budget",
      budget: 1024,
      summary: "none",
    });
    expect(thinking({ thinkingBudget: -1 })).toBeUndefined();
  });

  it("both of level and budget, and words that are no level, are refused", () => {
    const path = "generationConfig.thinkingConfig";
    expect(fault(() => thinking({ thinkingLevel: "low", thinkingBudget: 1 })).param).toBe(`${path}.thinkingBudget`);
    expect(fault(() => thinking({ thinkingLevel: "huge" })).param).toBe(`${path}.thinkingLevel`);
    expect(fault(() => thinking({ thinkingLevel: "none" })).status).toBe(400);
  });
});

describe("files", () => {
  const uris = ["gs://bucket/a", "https://generativelanguage.googleapis.com/v1beta/files/x"];
  const types = [
    ["image", "image/png"],
    ["audio", "audio/wav"],
    ["file", "application/pdf"],
    ["file", undefined],
  ];
  const cases = uris.flatMap((fileUri) => types.map(([type, mimeType]) => ({ fileUri, type, mimeType })));

  it.each(cases)("in Google's keeping are nobody else's: $fileUri, $mimeType", ({ fileUri, type, mimeType }) => {
    const parts = [{ fileData: defined({ fileUri, mimeType }) }];
    const { canon, body } = again({ model: "gemini-3-pro", contents: [{ role: "user", parts }] });
    expect(canon.turns[0]?.blocks).toMatchObject([{ type, source: { type: "id", protocol: "gemini", id: fileUri } }]);
    expect(body.contents).toEqual([{ role: "user", parts }]);
    for (const id of ["chat", "responses", "messages"] as const) {
      const refused = fault(() => protocols[id].request.encode({ ...canon, maxOutput: 9 }, () => undefined));
      expect(refused).toMatchObject({ status: 400, kind: "unsupported" });
    }
  });
});

describe("options", () => {
  it("formats", () => {
    const format = (generationConfig: Obj) => decode({ generationConfig }).format;
    expect(format({ responseMimeType: "application/json" })).toEqual({ type: "json" });
    expect(format({ responseMimeType: "text/plain" })).toEqual({ type: "text" });
    expect(format({ responseMimeType: "text/x.enum", responseSchema: { type: "STRING" } })).toBeUndefined();
    const schema = {
      type: "OBJECT",
      properties: { a: { type: "STRING", nullable: true }, b: { type: 5, items: { type: "INTEGER" }, minItems: "2" } },
    };
    expect(format({ responseMimeType: "application/json", responseSchema: schema })).toEqual({
      type: "schema",
      schema: {
        type: "object",
        properties: { a: { type: ["string", "null"] }, b: { type: "array", items: { type: "integer" }, minItems: 2 } },
      },
    });
  });

  it("tools and the choice among them", () => {
    const { tools, toolChoice } = decode({
      tools: { function_declarations: [{ name: "f", parameters: { type: "OBJECT" } }] },
      toolConfig: { functionCallingConfig: { mode: "any", allowedFunctionNames: ["f"] } },
    });
    expect(tools).toEqual([{ type: "function", name: "f", schema: { type: "object" } }]);
    expect(toolChoice).toEqual({ mode: "required", only: [{ kind: "function", name: "f" }] });
    expect(decode({ tools: [] }).tools).toBeUndefined();
    expect(decode({ tools: [{ googleSearch: {} }] }).tools).toEqual([{ type: "web_search", live: true }]);
    expect(decode({ toolConfig: { functionCallingConfig: { mode: "NONE" } } }).toolChoice).toEqual({ mode: "none" });
    expect(decode({ serviceTier: "PRIORITY" }).tier).toBe("priority");
  });

  const wrong: [string, Obj][] = [
    ["contents", { contents: [] }],
    ["contents", { contents: "hi" }],
    ["contents[0].role", { contents: [{ role: "system", parts: [] }] }],
    ["contents[0].parts", { contents: [{ role: "user" }] }],
    ["contents[0].parts[0]", { contents: [{ parts: [{ text: "a", functionCall: { name: "f" } }] }] }],
    ["contents[0].parts[0].text", { contents: [{ parts: [{ text: 1 }] }] }],
    ["contents[0].parts[0].inlineData.mimeType", { contents: [{ parts: [{ inlineData: { data: "a" } }] }] }],
    ["contents[0].parts[0].functionCall.name", { contents: [{ role: "model", parts: [{ functionCall: {} }] }] }],
    [
      "contents[0].parts[0].functionCall.args",
      { contents: [{ role: "model", parts: [{ functionCall: { name: "f", args: [] } }] }] },
    ],
    ["contents[0].parts[0].functionResponse", { contents: [{ parts: [{ functionResponse: { name: "f" } }] }] }],
    ["tools[0].functionDeclarations[0].name", { tools: [{ functionDeclarations: [{}] }] }],
    [
      "tools[0].functionDeclarations[1].parametersJsonSchema",
      { tools: [{ functionDeclarations: [{ name: "f" }, { name: "g", parameters: {}, parametersJsonSchema: {} }] }] },
    ],
    ["toolConfig.functionCallingConfig.mode", { toolConfig: { functionCallingConfig: { mode: "SOME" } } }],
    [
      "toolConfig.functionCallingConfig.allowedFunctionNames",
      { toolConfig: { functionCallingConfig: { mode: "AUTO", allowedFunctionNames: ["f"] } } },
    ],
    ["generationConfig.temperature", { generationConfig: { temperature: "hot" } }],
    ["generationConfig.stopSequences[0]", { generationConfig: { stopSequences: [1] } }],
    ["generationConfig.responseJsonSchema", { generationConfig: { responseSchema: {}, responseJsonSchema: {} } }],
    ["systemInstruction", { systemInstruction: "be good" }],
    ["serviceTier", { serviceTier: "golden" }],
  ];
  it.each(wrong)("%s is named when it is wrong", (param, body) => {
    expect(fault(() => decode(body))).toMatchObject({ kind: "bad_request", param });
  });
});
