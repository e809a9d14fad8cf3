/** Requests of other protocols on their way to a Responses API, and our own tokens on theirs. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Obj, obj } from "../../src/canon/json.ts";
import type { Block, CanonRequest, Reasoning, Tool, Turn } from "../../src/canon/request.ts";
import { callId } from "../../src/protocols/responses/call-id.ts";
import { responses } from "../../src/protocols/responses/index.ts";
import { encode, schema } from "./responses-fixtures.ts";

describe("our own tokens in encrypted_content", () => {
  const inside: Reasoning = {
    type: "reasoning",
    summary: ["s"],
    native: { protocol: "messages", value: "sig", kind: "signature", origin: "a/b/c" },
  };

  it("are opened, and other ciphers are OpenAI's own", () => {
    const input = ["token", "gAAA"].map((encrypted_content) => ({
      type: "reasoning",
      id: "rs_1",
      summary: [],
      encrypted_content,
    }));
    const { turns } = responses.request.decode({ model: "m", input }, (token) =>
      token === "token" ? inside : undefined,
    );
    expect(turns[0]?.blocks).toEqual([inside]);
    expect(turns[1]?.blocks[0]).toMatchObject({ native: { protocol: "responses", value: "gAAA" } });
  });

  it("are dropped on the way to OpenAI with all their text", () => {
    const { body, lost } = encode({ model: "m", stream: false, turns: [{ role: "assistant", blocks: [inside] }] });
    expect(body.input).toEqual([]);
    expect(lost).toEqual([]);
  });
});

describe("requests of other protocols", () => {
  const foreign = (turns: readonly Turn[], members: Partial<CanonRequest> = {}): CanonRequest => ({
    model: "m",
    stream: true,
    turns,
    ...members,
  });
  const items = (turns: readonly Turn[]): unknown => encode(foreign(turns)).body.input;

  it("ask for nothing to be kept, and for the ciphers", () => {
    expect(encode(foreign([])).body).toEqual({
      model: "m",
      input: [],
      stream: true,
      store: false,
      include: ["reasoning.encrypted_content"],
    });
  });

  it("become items: calls and results apart, results first, text together", () => {
    const turns: Turn[] = [
      { role: "system", blocks: [{ type: "text", text: "sys" }] },
      {
        role: "assistant",
        blocks: [
          { type: "text", text: "a" },
          { type: "call", id: "toolu_1", kind: "function", name: "f", input: "{}" },
          { type: "call", id: "toolu_2", kind: "custom", name: "p", input: "x" },
        ],
      },
      {
        role: "user",
        blocks: [
          { type: "text", text: "and" },
          {
            type: "result",
            callId: "toolu_1",
            kind: "function",
            blocks: [
              { type: "text", text: "r1" },
              { type: "text", text: "r2" },
            ],
          },
          { type: "image", source: { type: "data", mediaType: "image/png", data: "AA" } },
        ],
      },
      { role: "tool", blocks: [{ type: "result", callId: "toolu_2", kind: "custom", blocks: [], isError: true }] },
    ];
    const { body, lost } = encode(foreign(turns));
    expect(body.input).toEqual([
      { type: "message", role: "system", content: [{ type: "input_text", text: "sys" }] },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "a", annotations: [] }] },
      { type: "function_call", call_id: "toolu_1", name: "f", arguments: "{}" },
      { type: "custom_tool_call", call_id: "toolu_2", name: "p", input: "x" },
      {
        type: "function_call_output",
        call_id: "toolu_1",
        output: [
          { type: "input_text", text: "r1" },
          { type: "input_text", text: "r2" },
        ],
      },
      {
        type: "message",
        role: "user",
        content: [
          { type: "input_text", text: "and" },
          { type: "input_image", image_url: "data:image/png;base64,AA" },
        ],
      },
      { type: "custom_tool_call_output", call_id: "toolu_2", output: "" },
    ]);
    expect(lost).toEqual(["turns[3].blocks[0].isError=dropped"]);
  });

  it("are refused with a tool result whose call is nowhere, which a caller of the Responses API may send", () => {
    const turns: Turn[] = [{ role: "tool", blocks: [{ type: "result", callId: "c", kind: "function", blocks: [] }] }];
    expect(() => encode(foreign(turns))).toThrow("Invalid 'turns[0]'");
    expect(encode(foreign(turns, { ext: { responses: {} } })).body.input).toMatchObject([{ call_id: "c" }]);
  });

  it("are refused with a tool that only another provider runs, by its place and kind", () => {
    const tools: Tool[] = [
      { type: "function", name: "f" },
      { type: "opaque", protocol: "gemini", value: { codeExecution: {} } },
    ];
    expect(() => encode(foreign([], { tools }))).toThrow("'tools[1]' is the tool 'codeExecution'");
  });

  it("join their instructions, and say that functions are not strict", () => {
    const text = (text: string): Block => ({ type: "text", text });
    const { body } = encode(
      foreign([], {
        instructions: [text("a"), text("b")],
        tools: [
          { type: "function", name: "f" },
          { type: "function", name: "g", strict: true },
        ],
      }),
    );
    expect(body).toMatchObject({ instructions: "a\n\nb", tools: [{ strict: false }, { strict: true }] });
  });

  it("report hints and refuse what changes the meaning", () => {
    const { lost } = encode(
      foreign([], {
        topK: 0,
        seed: 1,
        presencePenalty: 0,
        frequencyPenalty: 0.5,
        ext: { chat: { prediction: {}, stream_options: {}, store: false, n: 1, logit_bias: {}, logprobs: false } },
      }),
    );
    expect(lost).toEqual(["topK=dropped", "seed=dropped", "frequencyPenalty=dropped", "ext.prediction=dropped"]);
    expect(() => encode(foreign([], { stop: ["x"] }))).toThrow(
      expect.objectContaining({ kind: "unsupported", param: "stop" }),
    );
    for (const [protocol, member, value] of [
      ["chat", "n", 2],
      ["chat", "logprobs", true],
      ["chat", "logit_bias", { 5: 1 }],
      ["chat", "modalities", ["text", "audio"]],
      ["gemini", "cachedContent", "c"],
      ["messages", "mcp_servers", [{}]],
    ] as const) {
      const ext = { [protocol]: { [member]: value } };
      expect(() => encode(foreign([], { ext }))).toThrow(
        expect.objectContaining({ kind: "unsupported", param: member }),
      );
    }
    const config = { gemini: { generationConfig: { candidateCount: 2 } } };
    expect(() => encode(foreign([], { ext: config }))).toThrow(
      expect.objectContaining({ param: "generationConfig.candidateCount" }),
    );
  });

  it("lose blocks that cannot be said, and refuse other providers' files", () => {
    const { body, lost } = encode(
      foreign([
        {
          role: "assistant",
          blocks: [
            { type: "search", id: "srv", query: "q" },
            { type: "opaque", protocol: "messages", value: { type: "x" } },
            { type: "reasoning", summary: ["never seen"], native: { protocol: "gemini", value: "v" } },
            { type: "image", source: { type: "data", mediaType: "image/png", data: "AA" } },
          ],
        },
      ]),
    );
    expect(body.input).toEqual([]);
    expect(lost).toEqual(["turns[0].blocks[0]=dropped", "turns[0].blocks[1]=dropped", "turns[0].blocks[3]=dropped"]);
    const file: Block = { type: "file", source: { type: "id", protocol: "messages", id: "file_1" } };
    expect(() => items([{ role: "user", blocks: [file] }])).toThrow(
      expect.objectContaining({ kind: "unsupported", status: 400 }),
    );
  });

  it("carry forced and narrowed choices", () => {
    const choice = (toolChoice: CanonRequest["toolChoice"]): unknown =>
      encode({ ...foreign([]), ...(toolChoice && { toolChoice }) }).body.tool_choice;
    expect(choice({ mode: "required" })).toBe("required");
    expect(choice({ mode: "required", only: [{ kind: "function", name: "f" }] })).toEqual({
      type: "function",
      name: "f",
    });
    expect(choice({ mode: "auto", only: [{ kind: "custom", name: "f" }] })).toEqual({
      type: "allowed_tools",
      mode: "auto",
      tools: [{ type: "custom", name: "f" }],
    });
  });

  it("give a nameless schema a name, and a long user a short one", () => {
    const { body, lost } = encode(foreign([], { format: { type: "schema", schema }, user: "u".repeat(129) }));
    expect(body.text).toEqual({ format: { type: "json_schema", name: "response", schema } });
    expect(String(body.safety_identifier)).toMatch(/^user_[0-9a-f]{16}$/);
    expect(lost).toEqual(["user=text>hash"]);
  });
});

describe("call ids", () => {
  it("stay as they are up to 64 characters, and above stay apart, in calls and results alike", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 64 }), (id) => {
        expect(callId(id)).toBe(id);
      }),
    );
    const long = "toolu_".padEnd(90, "x");
    expect(callId(`${long}a`)).not.toBe(callId(`${long}b`));
    expect(callId(`${long}a`).length).toBeLessThanOrEqual(64);
    const { body } = encode({
      model: "m",
      stream: false,
      turns: [
        { role: "assistant", blocks: [{ type: "call", id: long, kind: "function", name: "f", input: "{}" }] },
        { role: "tool", blocks: [{ type: "result", callId: long, kind: "function", blocks: [] }] },
      ],
    });
    const [call, result] = (body.input as Obj[]).map((item) => obj(item).call_id);
    expect(call).toBe(result);
  });
});
