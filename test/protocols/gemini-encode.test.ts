/** Calls from other protocols (Codex, Claude Code, the OpenAI SDKs) said to Gemini. */
import { describe, expect, it } from "vitest";
import { list, type Obj, obj } from "../../src/canon/json.ts";
import type { Block, CanonRequest, Turn } from "../../src/canon/request.ts";
import { excuseContents } from "../../src/protocols/gemini/excuse.ts";
import { sentinel } from "../../src/protocols/gemini/signature.ts";
import { call, contents, encoded, fault, image, judged, result, user } from "./gemini-laws.ts";

const signature = (value: string, kind?: string): Block => {
  return { type: "reasoning", summary: [], native: { protocol: "gemini", value, ...(kind !== undefined && { kind }) } };
};

/** As Codex asks: instructions in developer items, a call and its result apart, reasoning of others. */
const codex: Partial<CanonRequest> = {
  stream: true,
  turns: [
    { role: "developer", blocks: [{ type: "text", text: "You are Codex." }] },
    { role: "developer", blocks: [{ type: "text", text: "skills" }] },
    user("<environment_context>"),
    user("create made.txt"),
    { role: "assistant", blocks: [{ type: "reasoning", summary: ["plan"] }] },
    { role: "assistant", blocks: [{ type: "text", text: "I will." }] },
    { role: "assistant", blocks: [call("call_1", '{"cmd":"ls"}', "exec_command")] },
    { role: "assistant", blocks: [call("call_2", "", "exec_command")] },
    { role: "developer", blocks: [{ type: "text", text: "patched" }] },
    { role: "tool", blocks: [result("call_2")] },
    { role: "tool", blocks: [result("call_1", [{ type: "text", text: "a" }, image])] },
  ],
  tools: [
    {
      type: "function",
      name: "exec_command",
      schema: { type: "object", properties: { cmd: { type: "string" } } },
      strict: false,
    },
    { type: "function", name: "get_goal" },
    { type: "web_search", live: false },
  ],
  toolChoice: { mode: "auto" },
  parallel: true,
  reasoning: { effort: "medium", summary: "auto" },
  verbosity: "low",
  cacheKey: "thread",
  ext: { responses: { store: false, include: ["reasoning.encrypted_content"], client_metadata: { a: "b" } } },
};

describe("a call of Codex", () => {
  it("is one that Google would take, and says what it lost", () => {
    expect(judged(codex)).toBeUndefined();
    expect(encoded(codex).lost).toEqual(["verbosity=dropped", "cacheKey=dropped"]);
  });

  it("has results behind their calls in the order of these, and one content for each side", () => {
    expect(encoded(codex).body).toEqual({
      contents: [
        { role: "user", parts: [{ text: "<environment_context>" }, { text: "create made.txt" }] },
        {
          role: "model",
          parts: [
            { text: "I will." },
            {
              functionCall: { id: "call_1", name: "exec_command", args: { cmd: "ls" } },
              thoughtSignature: "skip_thought_signature_validator",
            },
            { functionCall: { id: "call_2", name: "exec_command", args: {} } },
          ],
        },
        {
          role: "user",
          parts: [
            {
              functionResponse: {
                ...{ id: "call_1", name: "exec_command", response: { output: "a" } },
                parts: [{ inlineData: { mimeType: "image/png", data: "aa==" } }],
              },
            },
            { functionResponse: { id: "call_2", name: "exec_command", response: { output: "call_2" } } },
            { text: "<system-reminder>\npatched\n</system-reminder>" },
          ],
        },
      ],
      systemInstruction: { parts: [{ text: "You are Codex." }, { text: "skills" }] },
      tools: [
        {
          functionDeclarations: [
            { name: "exec_command", parametersJsonSchema: { type: "object", properties: { cmd: { type: "string" } } } },
            { name: "get_goal" },
          ],
        },
      ],
      toolConfig: { functionCallingConfig: { mode: "AUTO" } },
      generationConfig: { thinkingConfig: { includeThoughts: true, thinkingLevel: "MEDIUM" } },
    });
  });

  it("puts images behind the results for a model that takes none inside (Gemini 2.5)", () => {
    const { body } = encoded({ ...codex, model: "gemini-2.5-flash" });
    const parts = list(obj(list(body.contents).at(-1)).parts).map((part) => Object.keys(obj(part))[0]);
    expect(parts).toEqual(["functionResponse", "functionResponse", "inlineData", "text"]);
    expect(JSON.stringify(body)).not.toContain("skip_thought");
  });

  it("only grows: what is sent of a turn does not change with the next one", () => {
    const turns = codex.turns ?? [];
    const short = contents(turns, "gemini-3-pro");
    const long = contents(
      [...turns, { role: "assistant", blocks: [{ type: "text", text: "done" }] }, user("thanks")],
      "gemini-3-pro",
    );
    expect(JSON.stringify(long.slice(0, short.length))).toBe(JSON.stringify(short));
  });

  it("is the same bytes every time", () => {
    expect(JSON.stringify(encoded(codex).body)).toBe(JSON.stringify(encoded(structuredClone(codex)).body));
  });
});

describe("signatures", () => {
  const last = (blocks: Block[], model?: string) =>
    list(contents([user("go"), { role: "assistant", blocks }], model)[1]?.parts);

  it("stand where they stood", () => {
    expect(last([signature("bmV4dA==", "next"), call("a")])).toEqual([
      { functionCall: { id: "a", name: "f", args: {} }, thoughtSignature: "bmV4dA==" },
    ]);
    expect(last([{ type: "text", text: "hi" }, signature("cHJl", "previous")])).toEqual([
      { text: "hi", thoughtSignature: "cHJl" },
    ]);
    expect(last([{ type: "text", text: "hi" }, signature("ZW5k", "end")])).toEqual([
      { text: "hi" },
      { text: "", thoughtSignature: "ZW5k" },
    ]);
    expect(last([{ type: "reasoning", summary: ["hm"], native: { protocol: "gemini", value: "b3du" } }])).toEqual([
      { text: "hm", thought: true, thoughtSignature: "b3du" },
    ]);
  });

  it("of other providers and thoughts without one are not sent", () => {
    const foreign: Block = { type: "reasoning", summary: ["x"], native: { protocol: "messages", value: "s" } };
    expect(last([foreign, { type: "reasoning", summary: ["y"] }, { type: "text", text: "hi" }])).toEqual([
      { text: "hi" },
    ]);
  });

  it("are missed by the first call of each step only", () => {
    const signed = (blocks: Block[]) => last(blocks, "gemini-3.1-pro").map((part) => obj(part).thoughtSignature);
    expect(signed([call("a"), call("b")])).toEqual(["skip_thought_signature_validator", undefined]);
    expect(signed([signature("c2ln", "next"), call("a"), call("b")])).toEqual(["c2ln", undefined]);
    const steps = [call("a"), call("b")].flatMap((each, n): Turn[] => [
      { role: "assistant", blocks: [each] },
      { role: "tool", blocks: [result(n === 0 ? "a" : "b")] },
    ]);
    expect(judged({ turns: [user("go"), ...steps] })).toBeUndefined();
  });
});

describe("a relayed body", () => {
  const text = { text: "hi" };
  const bare = { functionCall: { name: "f" } };
  const model = (...parts: Obj[]) => ({ role: "model", parts });

  it("without its tokens has the sentinel on each step's first call that is not signed", () => {
    const contents = [{ role: "user", parts: [text] }, model(text, bare, bare), model({ function_call: {} })];
    expect(excuseContents(contents, "gemini-3-pro")).toEqual([
      { role: "user", parts: [text] },
      model(text, { ...bare, thoughtSignature: sentinel }, bare),
      model({ function_call: {}, thoughtSignature: sentinel }),
    ]);
  });

  it("keeps what is signed, and needs nothing for models that ask for no signatures", () => {
    const signed = [model({ ...bare, thought_signature: "c2ln" }, bare)];
    expect(excuseContents(signed, "gemini-3-pro")).toEqual(signed);
    expect(excuseContents([model(bare)], "gemini-2.5-pro")).toEqual([model(bare)]);
    expect(excuseContents(null, "gemini-3-pro")).toBeNull();
  });
});

describe("schemas", () => {
  it("say const as an enum of one, at every level where a schema stands and nowhere else (wire.md C.6.1)", () => {
    const schema = {
      const: null,
      properties: { const: { const: "a" }, enum: { items: [{ const: 1 }], default: { const: 1 } } },
      anyOf: [{ additionalProperties: { const: false } }, { enum: ["a", "b"], const: "b" }],
      $defs: { d: { not: { const: { const: 2 } } } },
      examples: [{ const: 3 }],
    };
    const said = {
      properties: { const: { enum: ["a"] }, enum: { items: [{ enum: [1] }], default: { const: 1 } } },
      anyOf: [{ additionalProperties: { enum: [false] } }, { enum: ["b"] }],
      $defs: { d: { not: { enum: [{ const: 2 }] } } },
      examples: [{ const: 3 }],
      enum: [null],
    };
    const { body, lost } = encoded({
      tools: [{ type: "function", name: "f", schema }],
      format: { type: "schema", schema },
    });
    expect(body.tools).toEqual([{ functionDeclarations: [{ name: "f", parametersJsonSchema: said }] }]);
    expect(obj(body.generationConfig).responseJsonSchema).toEqual(said);
    expect(lost).toEqual([]);
  });
});

describe("arguments and results", () => {
  const args = (input: string) => {
    const turn = contents([user("go"), { role: "assistant", blocks: [call("a", input)] }])[1];
    return obj(obj(list(turn?.parts)[0]).functionCall).args;
  };

  it("arguments are an object, whatever the model wrote", () => {
    expect(args("")).toEqual({});
    expect(args('{"a":0}')).toEqual({ a: 0 });
    expect(args('{"a":')).toEqual({ _raw: '{"a":' });
    expect(args("[1]")).toEqual({ _raw: "[1]" });
  });

  it("a failed result is an error, and what is no JSON stays text", () => {
    const turns = (blocks: Block[], isError?: boolean): Turn[] => [
      user("go"),
      { role: "assistant", blocks: [call("a")] },
      {
        role: "tool",
        blocks: [{ ...(result("a", blocks) as Block & { type: "result" }), ...(isError === true && { isError }) }],
      },
    ];
    const response = (...all: Parameters<typeof turns>) => {
      return obj(obj(list(contents(turns(...all))[2]?.parts)[0]).functionResponse).response;
    };
    expect(response([{ type: "text", text: "boom" }], true)).toEqual({ error: "boom" });
    expect(response([{ type: "text", text: "{not json" }])).toEqual({ output: "{not json" });
    expect(
      response([
        { type: "text", text: "a" },
        { type: "text", text: "b" },
      ]),
    ).toEqual({ output: "a\nb" });
    expect(response([{ type: "text", text: '{"output":"x","exit":0}' }])).toEqual({ output: "x", exit: 0 });
    expect(response([image])).toEqual({});
  });

  it("a result is of the last call of its id, as servers do use ids again", () => {
    const turns = ["f", "g"].flatMap((name): Turn[] => [
      { role: "assistant", blocks: [call("call_0", "{}", name)] },
      { role: "tool", blocks: [result("call_0", [{ type: "text", text: name }])] },
    ]);
    const sent = contents([user("go"), ...turns]).flatMap(({ parts }) =>
      list(parts).map((part) => obj(obj(part).functionResponse)),
    );
    expect(sent.flatMap(({ name, response }) => (name === undefined ? [] : [[name, obj(response).output]]))).toEqual([
      ["f", "f"],
      ["g", "g"],
    ]);
  });

  it("a result without a call is refused", () => {
    expect(fault(() => contents([user("go"), { role: "tool", blocks: [result("nobody")] }])).status).toBe(400);
  });
});
