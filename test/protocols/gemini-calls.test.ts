/** Calls, results, signatures and tokens in what Gemini's callers send. */
import { describe, expect, it } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import type { Block } from "../../src/canon/request.ts";
import { gemini } from "../../src/protocols/gemini/index.ts";
import { again, context, nothingOpens, opens } from "./gemini-laws.ts";

const hi = [{ role: "user", parts: [{ text: "hi" }] }];

/** The blocks of a conversation, turn by turn. */
function blocks(contents: Obj[], open = nothingOpens): (readonly Block[])[] {
  return gemini.request.decode({ model: "gemini-2.5-pro", contents }, open).turns.map((turn) => turn.blocks);
}

describe("calls and results", () => {
  it("results without ids find their calls by name and order", () => {
    const call = (name: string) => ({ functionCall: { name, args: {} } });
    const result = (name: string, output: string) => ({ functionResponse: { name, response: { output } } });
    const [, , ...results] = blocks([
      ...hi,
      { role: "model", parts: [call("f"), call("g"), call("f")] },
      { role: "user", parts: [result("g", "2"), result("f", "1"), result("f", "3")] },
    ]);
    expect(results.flat()).toMatchObject([
      { callId: "call_1_0", blocks: [{ text: "1" }] },
      { callId: "call_1_1", blocks: [{ text: "2" }] },
      { callId: "call_1_2", blocks: [{ text: "3" }] },
    ]);
  });

  it("same calls of several steps without ids stay apart, and no id changes as the conversation grows", () => {
    const call = (n: number) => ({ functionCall: { name: "f", args: { n } } });
    const result = (output: string) => ({ functionResponse: { name: "f", response: { output } } });
    const first = [
      ...hi,
      { role: "model", parts: [call(1), call(2)] },
      { role: "user", parts: [result("1"), result("2")] },
    ];
    const grown = [...first, { role: "model", parts: [call(3)] }, { role: "user", parts: [result("3")] }];
    const said = blocks(grown).flat();
    const ids = said.flatMap((block) => (block.type === "call" ? [block.id] : []));
    expect(new Set(ids).size).toBe(3);
    const answers = said.flatMap((block) => (block.type === "result" ? [[block.callId, block.blocks]] : []));
    expect(answers).toEqual(ids.map((id, at) => [id, [{ type: "text", text: `${at + 1}` }]]));
    expect(blocks(first)).toEqual(blocks(grown).slice(0, blocks(first).length));
  });

  it("an id used twice stays two calls, and comes back as it was", () => {
    const contents = [0, 1].flatMap((n) => [
      { role: "model", parts: [{ functionCall: { id: "same", name: "f", args: { n } } }] },
      { role: "user", parts: [{ functionResponse: { id: "same", name: "f", response: { output: `${n}` } } }] },
    ]);
    const { body, canon } = again({ model: "gemini-2.5-pro", contents });
    expect(
      new Set(canon.turns.flatMap((turn) => turn.blocks.flatMap((each) => (each.type === "call" ? [each.id] : []))))
        .size,
    ).toBe(2);
    expect(body.contents).toEqual(contents);
  });

  it("responses of any shape are texts, and come back in their shape", () => {
    const shapes: [Obj, Partial<Block>][] = [
      [{ output: "plain" }, { blocks: [{ type: "text", text: "plain" }] }],
      [{ output: "" }, { blocks: [{ type: "text", text: "" }] }],
      [{ error: "bad" }, { isError: true, blocks: [{ type: "text", text: "bad" }] }],
      [{ error: { code: 0 } }, { isError: true, blocks: [{ type: "text", text: '{"error":{"code":0}}' }] }],
      [{ result: [1, 2] }, { blocks: [{ type: "text", text: '{"result":[1,2]}' }] }],
      [{}, { blocks: [] }],
    ];
    for (const [response, expected] of shapes) {
      const contents = [
        { role: "model", parts: [{ functionCall: { id: "a", name: "f", args: {} } }] },
        { role: "user", parts: [{ functionResponse: { id: "a", name: "f", response } }] },
      ];
      const { canon, body } = again({ model: "gemini-2.5-pro", contents });
      expect(canon.turns[1]?.blocks[0]).toMatchObject(expected);
      expect(body.contents).toEqual(contents);
    }
  });
});

describe("signatures and tokens", () => {
  it("stand before what they sign, or at the end", () => {
    const [parts] = blocks([
      {
        role: "model",
        parts: [
          { thought: true, text: "hm", thoughtSignature: "b3du" },
          { functionCall: { id: "a", name: "f", args: {} }, thoughtSignature: "bmV4dA==" },
          { text: "", thoughtSignature: "ZW5k" },
        ],
      },
    ]);
    expect(parts).toEqual([
      { type: "reasoning", summary: ["hm"], native: { protocol: "gemini", value: "b3du" } },
      { type: "reasoning", summary: [], native: { protocol: "gemini", value: "bmV4dA==", kind: "next" } },
      { type: "call", id: "a", kind: "function", name: "f", input: "{}" },
      { type: "reasoning", summary: [], native: { protocol: "gemini", value: "ZW5k", kind: "end" } },
    ]);
  });

  it("a token of ours gives back the thought it holds, once, in either alphabet of base64", () => {
    const thought: Block = { type: "reasoning", summary: ["a?>", "b"], native: { protocol: "messages", value: "s" } };
    const token = Buffer.from(context().seal(thought));
    for (const carried of [token.toString("base64"), token.toString("base64url")]) {
      const [turn] = blocks(
        [
          {
            role: "model",
            parts: [
              { text: "a?>", thought: true },
              { text: "\n\nb", thought: true },
              { functionCall: { id: "a", name: "f", args: {} }, thoughtSignature: carried },
            ],
          },
        ],
        opens as typeof nothingOpens,
      );
      expect(turn).toEqual([thought, { type: "call", id: "a", kind: "function", name: "f", input: "{}" }]);
    }
  });

  it("the sentinel says nothing, and is put back", () => {
    const contents = [
      ...hi,
      {
        role: "model",
        parts: [
          { functionCall: { id: "a", name: "f", args: {} }, thoughtSignature: "skip_thought_signature_validator" },
        ],
      },
    ];
    const { canon, body } = again({ model: "gemini-3-pro", contents });
    expect(canon.turns[1]?.blocks.map(({ type }) => type)).toEqual(["call"]);
    expect(body.contents).toEqual(contents);
  });
});
