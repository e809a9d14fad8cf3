/** Requests of other protocols' callers, said to a Chat server. */
import { describe, expect, test } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import type { Block, CanonRequest, Turn } from "../../src/canon/request.ts";
import { encode, fault, hi } from "./chat-laws.ts";

function canon(turns: readonly Turn[], members: Partial<CanonRequest> = {}): CanonRequest {
  return { model: "m", stream: false, turns, ...members };
}

function turn(role: Turn["role"], ...blocks: readonly Block[]): Turn {
  return { role, blocks };
}

const text = (text: string): Block => ({ type: "text", text });
const call = (id: string): Block => ({ type: "call", id, kind: "function", name: "f", input: "{}" });
const result = (callId: string, ...blocks: readonly Block[]): Block => ({
  type: "result",
  callId,
  kind: "function",
  blocks,
});
const image: Block = { type: "image", source: { type: "data", mediaType: "image/png", data: "AA" } };

describe("encode for callers of other protocols", () => {
  test("instructions stand first, as the developer's", () => {
    const { messages } = encode(canon([turn("user", text("hi"))], { instructions: [text("a"), text("b")] }));
    expect(messages).toEqual([{ role: "developer", content: "a\n\nb" }, hi]);
  });

  test("items of one answer are one message, their results behind it, what stood between behind those", () => {
    const { messages } = encode(
      canon([
        turn("user", text("go")),
        turn("assistant", { type: "reasoning", summary: ["s"] }),
        turn("assistant", text("I look.")),
        turn("assistant", call("a")),
        turn("assistant", call("b")),
        turn("tool", result("a", text("1"))),
        turn("developer", text("between")),
        turn("tool", result("b", text("2"))),
      ]),
    );
    const called = (id: string): Obj => ({ id, type: "function", function: { name: "f", arguments: "{}" } });
    expect(messages).toEqual([
      { role: "user", content: "go" },
      { role: "assistant", content: "I look.", tool_calls: [called("a"), called("b")] },
      { role: "tool", tool_call_id: "a", content: "1" },
      { role: "tool", tool_call_id: "b", content: "2" },
      { role: "developer", content: "between" },
    ]);
  });

  test("images of results stand in a user's message behind all results", () => {
    const results = turn("user", result("a", text("1"), image), result("b", image), text("and?"));
    const { messages } = encode(canon([turn("assistant", call("a"), call("b")), results]));
    const part = { type: "image_url", image_url: { url: "data:image/png;base64,AA" } };
    expect((messages as Obj[]).slice(1)).toEqual([
      { role: "tool", tool_call_id: "a", content: "1" },
      { role: "tool", tool_call_id: "b", content: "" },
      {
        role: "user",
        content: [
          { type: "text", text: "Output of the call a:" },
          part,
          { type: "text", text: "Output of the call b:" },
          part,
        ],
      },
      { role: "user", content: "and?" },
    ]);
  });

  test("long ids of calls are shortened alike in call and result, and told apart", () => {
    const long = (end: string): string => `toolu_${"x".repeat(60)}${end}`;
    const turns = [
      turn("assistant", call(long("1")), call(long("2"))),
      turn("user", result(long("1")), result(long("2"))),
    ];
    const [first, ...others] = encode(canon(turns)).messages as {
      tool_calls?: { id: string }[];
      tool_call_id?: string;
    }[];
    const ids = first?.tool_calls?.map(({ id }) => id) ?? [];
    expect(new Set(ids).size).toBe(2);
    expect(ids.every((id) => id.length === 40)).toBe(true);
    expect(others.map(({ tool_call_id }) => tool_call_id)).toEqual(ids);
  });

  test("a user too long for OpenAI is told apart by a hash, the same each time", () => {
    const users = ["short", `{"device":"${"a".repeat(80)}"}`, `{"device":"${"a".repeat(80)}b"}`];
    const [short, long, other] = users.map((user) => encode(canon([turn("user", text("hi"))], { user })).user);
    expect(short).toBe("short");
    expect(long).toMatch(/^user_[0-9a-z]{14}$/);
    expect(other).not.toBe(long);
  });

  test("reasoning of others leaves nothing, not even an empty message", () => {
    const native = { protocol: "chat" as const, value: "v" };
    const { messages } = encode(
      canon([turn("user", text("hi")), turn("assistant", { type: "reasoning", summary: ["s"], native })]),
    );
    expect(messages).toEqual([hi]);
  });

  test("a live web search becomes Chat's option; one without the web is no loss", () => {
    const lost: string[] = [];
    const live = {
      type: "web_search",
      live: true,
      location: { type: "approximate", city: "Utrecht" },
      contextSize: "low",
    } as const;
    const body = encode(canon([turn("user", text("hi"))], { tools: [live], toolChoice: { mode: "auto" } }), lost);
    expect(body.web_search_options).toEqual({
      search_context_size: "low",
      user_location: { type: "approximate", approximate: { city: "Utrecht" } },
    });
    expect(body).not.toHaveProperty("tools");
    expect(body).not.toHaveProperty("tool_choice");
    expect(encode(canon([turn("user", text("hi"))], { tools: [{ ...live, live: false }] }), lost)).not.toHaveProperty(
      "web_search_options",
    );
    expect(lost).toEqual([]);
  });

  test("hints that cannot be said are reported, bookkeeping is not", () => {
    const lost: string[] = [];
    const search: Block = { type: "search", id: "s", query: "q" };
    const opaque: Block = { type: "opaque", protocol: "messages", value: {} };
    encode(
      canon(
        [
          turn("user", text("hi"), opaque),
          turn("assistant", search, call("a")),
          turn("user", { ...result("a"), isError: true } as Block),
        ],
        {
          topK: 1,
          reasoning: { effort: "low", summary: "auto" },
          ext: {
            responses: { include: [], store: false, client_metadata: {}, context: 1, background: false },
            messages: { thinking_extra: 1 },
          },
        },
      ),
      lost,
    );
    expect(lost.sort()).toEqual(
      [
        "ext.context=dropped",
        "ext.thinking_extra=dropped",
        "reasoning.summary=dropped",
        "topK=dropped",
        "turns[0].blocks[1]=dropped",
        "turns[1].blocks[0]=dropped",
        "turns[2].blocks[0].isError=dropped",
      ].sort(),
    );
  });

  const user = turn("user", text("hi"));
  test.each<[string, CanonRequest]>([
    ["turns[0].blocks[0]", canon([turn("assistant", image)])],
    [
      "turns[0].blocks[0]",
      canon([turn("user", { type: "file", source: { type: "id", protocol: "messages", id: "f" } })]),
    ],
    ["turns[0].blocks[0]", canon([turn("user", { type: "file", source: { type: "url", url: "https://e.com" } })])],
    [
      "turns[0].blocks[0]",
      canon([turn("user", { type: "image", source: { type: "id", protocol: "responses", id: "f" } })]),
    ],
    ["turns[0].blocks[0]", canon([turn("user", { type: "audio", source: { type: "url", url: "https://e.com" } })])],
    ["tools[0]", canon([user], { tools: [{ type: "namespace", name: "n", tools: [] }] })],
    ["tools[0]", canon([user], { tools: [{ type: "opaque", protocol: "responses", value: { type: "mcp" } }] })],
    ["tools[0].domains", canon([user], { tools: [{ type: "web_search", live: true, domains: ["a.com"] }] })],
    ["previous_response_id", canon([user], { ext: { responses: { previous_response_id: "r" } } })],
    ["cachedContent", canon([user], { ext: { gemini: { cachedContent: "c" } } })],
    [
      "generationConfig.candidateCount",
      canon([user], { ext: { gemini: { generationConfig: { candidateCount: 2 } } } }),
    ],
  ])("%s is refused", (param, request) => {
    expect(fault(() => encode(request))).toMatchObject({ kind: "unsupported", param });
  });
});
