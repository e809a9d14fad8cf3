/** The conversation of any caller in Anthropic's words. */
import { describe, expect, test } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import type { Block } from "../../src/canon/request.ts";
import { call, decoded, encoded, from, hi, minimal, result, say, sent, turn } from "./messages-fixtures.ts";
import { fault } from "./messages-laws.ts";

describe("a conversation from another protocol", () => {
  test("instructions and leading system turns are `system`; a later one keeps its place", () => {
    const body = sent(
      [
        turn("developer", say("b")),
        hi,
        turn("developer", say("c")),
        turn("assistant", say("d")),
        turn("system", say("e")),
        turn("user", say("f")),
      ],
      { instructions: [say("a")] },
    );
    expect(body.system).toEqual([
      { type: "text", text: "a" },
      { type: "text", text: "b" },
    ]);
    expect(body.messages).toEqual([
      { role: "user", content: [{ type: "text", text: "hi" }] },
      { role: "system", content: [{ type: "text", text: "c" }] },
      { role: "assistant", content: [{ type: "text", text: "d" }] },
      {
        role: "user",
        content: [
          { type: "text", text: "<system-reminder>\ne\n</system-reminder>" },
          { type: "text", text: "f" },
        ],
      },
    ]);
  });

  test("a system turn that had to become the user's is reported", () => {
    const { lost } = encoded(from([hi, turn("assistant", say("d")), turn("developer", say("e"))]));
    expect(lost).toEqual(["turns[2].role=developer>user"]);
  });

  test("a system prompt is text only", () => {
    const image: Block = { type: "image", source: { type: "url", url: "https://i" } };
    for (const turns of [
      [turn("developer", image), hi],
      [hi, turn("developer", image)],
    ]) {
      expect(fault(() => sent(turns))).toMatchObject({ kind: "unsupported" });
    }
  });

  test("a conversation of system turns only is asked by the user", () => {
    const { body, lost } = encoded(from([turn("system", say("a")), turn("system", say("b"))]));
    expect(body.system).toEqual([{ type: "text", text: "a" }]);
    expect(body.messages).toEqual([{ role: "user", content: [{ type: "text", text: "b" }] }]);
    expect(lost).toEqual(["turns[1].role=system>user"]);
    expect(fault(() => sent([]))).toMatchObject({ kind: "bad_request", param: "turns" });
  });

  test("results stand in one message directly behind their calls, whatever came between (Codex apply_patch)", () => {
    const body = sent([
      hi,
      turn("assistant", call("a", '{"x":1}')),
      turn("assistant", call("b", "")),
      turn("developer", say("between")),
      turn("tool", result("b", say("B"))),
      turn("tool", result("a", say("A"), { type: "image", source: { type: "url", url: "https://i" } })),
      turn("user", say("next")),
    ]);
    expect(body.messages).toEqual([
      { role: "user", content: [{ type: "text", text: "hi" }] },
      {
        role: "assistant",
        content: [
          { type: "tool_use", id: "a", name: "f", input: { x: 1 } },
          { type: "tool_use", id: "b", name: "f", input: {} },
        ],
      },
      {
        role: "user",
        content: [
          {
            type: "tool_result",
            tool_use_id: "a",
            content: [
              { type: "text", text: "A" },
              { type: "image", source: { type: "url", url: "https://i" } },
            ],
          },
          { type: "tool_result", tool_use_id: "b", content: [{ type: "text", text: "B" }] },
        ],
      },
      { role: "system", content: [{ type: "text", text: "between" }] },
      { role: "user", content: [{ type: "text", text: "next" }] },
    ]);
    expect(fault(() => sent([hi, turn("tool", result("zz"))]))).toMatchObject({ kind: "bad_request" });
  });

  test("results share a message even where their own messages had members of their own", () => {
    const ask = (id: string) => ({ type: "tool_use", id, name: "f", input: {} });
    const answer = (tool_use_id: string, more: Obj) => ({
      role: "user",
      content: [{ type: "tool_result", tool_use_id }],
      ...more,
    });
    const body = {
      ...minimal,
      messages: [
        ...minimal.messages,
        { role: "assistant", content: [ask("a"), ask("b")] },
        answer("a", { x: 1 }),
        answer("b", { y: 2 }),
      ],
    };
    const { messages: said } = encoded(decoded(body)).body;
    expect(said).toMatchObject([
      {},
      {},
      { role: "user", x: 1, y: 2, content: [{ tool_use_id: "a" }, { tool_use_id: "b" }] },
    ]);
    expect(said).toHaveLength(3);
  });

  test("arguments that are no JSON object are kept as text", () => {
    const inputs = ["{broken", "[1]", "7", " "].map((input, index) => call(`c${index}`, input));
    const { messages: said } = sent([hi, turn("assistant", ...inputs)]);
    expect(said).toMatchObject([
      {},
      {
        content: [{ input: { _raw: "{broken" } }, { input: { _raw: "[1]" } }, { input: { _raw: "7" } }, { input: {} }],
      },
    ]);
  });

  test("ids that Anthropic refuses are mapped, in call and result alike, and stay apart", () => {
    const { messages: said } = sent([
      hi,
      turn("assistant", call("a.b"), call("a:b"), call("ok_1")),
      turn("tool", result("a.b")),
      turn("tool", result("a:b")),
    ]);
    const ids =
      JSON.stringify(said)
        .match(/"(id|tool_use_id)":"[^"]*"/g)
        ?.map((each) => each.split('"')[3]) ?? [];
    expect(ids[2]).toBe("ok_1");
    expect(ids[0]).toBe(ids[3]);
    expect(ids[1]).toBe(ids[4]);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^[a-zA-Z0-9_-]{1,128}$/);
  });

  test("blank texts go; a user turn of nothing else stands where two answers would meet", () => {
    const body = sent([
      hi,
      turn("assistant", say(" "), say("a")),
      turn("user", say("\n")),
      turn("assistant", say("b")),
      turn("user", say(""), say("c")),
    ]);
    expect(body.messages).toEqual([
      { role: "user", content: [{ type: "text", text: "hi" }] },
      { role: "assistant", content: [{ type: "text", text: "a" }] },
      { role: "user", content: [{ type: "text", text: "(no content)" }] },
      { role: "assistant", content: [{ type: "text", text: "b" }] },
      { role: "user", content: [{ type: "text", text: "c" }] },
    ]);
  });

  test("thinking goes back byte for byte; another provider's reasoning does not go at all", () => {
    const native = (protocol: "messages" | "gemini", value: string, kind: string) => ({ protocol, value, kind });
    const body = sent([
      hi,
      turn("assistant", { type: "reasoning", summary: [" a "], native: native("messages", "s", "signature") }),
      turn("assistant", { type: "reasoning", summary: [], native: native("messages", "t", "signature") }),
      turn("assistant", { type: "reasoning", summary: [], native: native("messages", "d", "redacted") }),
      turn("assistant", { type: "reasoning", summary: ["g"], native: native("gemini", "g", "part") }),
      turn("assistant", { type: "reasoning", summary: ["none"] }, say("x")),
    ]);
    expect(body.messages).toMatchObject([
      {},
      {
        content: [
          { type: "thinking", thinking: " a ", signature: "s" },
          { type: "thinking", thinking: "", signature: "t" },
          { type: "redacted_thinking", data: "d" },
          { type: "text", text: "x" },
        ],
      },
    ]);
    expect(JSON.stringify(body)).not.toMatch(/gemini|"g"|none/);
  });

  test("media: PDF, text and pictures cross; the rest is refused by name", () => {
    const file = (mediaType: string, data: string, name?: string): Block => ({
      type: "file",
      source: { type: "data", mediaType, data },
      ...(name !== undefined && { name }),
    });
    const { body, lost } = encoded(
      from([
        turn("user", file("application/pdf", "JVBE", "a.pdf"), file("text/markdown; charset=utf-8", btoa("# h")), {
          type: "image",
          source: { type: "data", mediaType: "image/webp", data: "AA" },
          detail: "original",
        }),
      ]),
    );
    expect(body.messages).toMatchObject([
      {
        content: [
          { type: "document", title: "a.pdf", source: { type: "base64", media_type: "application/pdf", data: "JVBE" } },
          { type: "document", source: { type: "text", media_type: "text/plain", data: "# h" } },
          { type: "image", source: { type: "base64", media_type: "image/webp", data: "AA" } },
        ],
      },
    ]);
    expect(lost).toEqual(["turns[0].blocks[2].detail=dropped"]);
    const refused: Block[] = [
      file("application/vnd.ms-excel", "AA"),
      { type: "image", source: { type: "data", mediaType: "image/heic", data: "AA" } },
      { type: "audio", source: { type: "data", mediaType: "audio/wav", data: "AA" } },
      { type: "image", source: { type: "id", protocol: "responses", id: "file-1" } },
      { type: "tools", tools: [] },
      { type: "call", id: "c", kind: "custom", name: "p", input: "x" },
    ];
    for (const block of refused) {
      expect(fault(() => sent([turn("user", say("a"), block)]))).toMatchObject({
        kind: "unsupported",
        param: "turns[0].blocks[1]",
      });
    }
  });

  test("a search or an opaque block of another provider is dropped and reported", () => {
    const { body, lost } = encoded(
      from([
        hi,
        turn(
          "assistant",
          { type: "search", id: "ws_1", query: "q" },
          { type: "opaque", protocol: "responses", value: { type: "mcp_call" } },
          say("a"),
        ),
      ]),
    );
    expect(lost).toEqual(["turns[1].blocks[0]=dropped", "turns[1].blocks[1]=dropped"]);
    expect(body.messages).toMatchObject([{}, { content: [{ type: "text", text: "a" }] }]);
  });
});
