/** Answers said to Chat callers: whole, as chunks, and what the official SDK makes of them. */
import fc from "fast-check";
import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import { collect, type Event, type Message, replay } from "../../src/canon/event.ts";
import type { Obj } from "../../src/canon/json.ts";
import type { Block, Reasoning } from "../../src/canon/request.ts";
import { Fault } from "../../src/fault.ts";
import { print } from "../../src/http/sse.ts";
import { chat } from "../../src/protocols/chat/index.ts";
import { chunks, context, fault, said, throughStream } from "./chat-laws.ts";

const text = (text: string): Block => ({ type: "text", text });
const reasoning = (...summary: string[]): Reasoning => ({ type: "reasoning", summary });
const call = (id: string, input = '{"a":1}'): Block => ({ type: "call", id, kind: "function", name: "f", input });
const custom: Block = { type: "call", id: "c", kind: "custom", name: "patch", input: "free\n" };

function message(blocks: readonly Block[], members: Partial<Message> = {}): Message {
  return {
    id: "up",
    model: "upstream",
    blocks,
    finish: { reason: "stop" },
    usage: { input: 3, output: 2 },
    ...members,
  };
}

function whole(answer: Message, lost: string[] = []): Obj {
  return chat.reply.encode(answer, context({}, lost));
}

function firstChoice(answer: Obj): { message: Obj; finish_reason: string } {
  return (
    (answer.choices as unknown as { message: Obj; finish_reason: string }[])[0] ?? { message: {}, finish_reason: "" }
  );
}

describe("whole", () => {
  test("all that Chat can say", () => {
    const usage = { input: 9, output: 5, cacheRead: 0, cacheWrite: 4, reasoning: 0 };
    expect(
      whole(
        message([reasoning("a", "b"), text("x"), text("y"), call("1"), custom], { finish: { reason: "calls" }, usage }),
      ),
    ).toEqual({
      id: "chatcmpl-call1",
      object: "chat.completion",
      created: 1,
      model: "asked-for",
      choices: [
        {
          index: 0,
          message: {
            role: "assistant",
            content: "xy",
            refusal: null,
            reasoning_content: "a\n\nb",
            tool_calls: [
              { id: "1", type: "function", function: { name: "f", arguments: '{"a":1}' } },
              { id: "c", type: "custom", custom: { name: "patch", input: "free\n" } },
            ],
          },
          logprobs: null,
          finish_reason: "tool_calls",
        },
      ],
      usage: {
        prompt_tokens: 9,
        completion_tokens: 5,
        total_tokens: 14,
        prompt_tokens_details: { cached_tokens: 0, cache_write_tokens: 4 },
        completion_tokens_details: { reasoning_tokens: 0 },
      },
    });
  });

  test("what is not known is not invented", () => {
    expect(whole(message([], { usage: {} }))).not.toHaveProperty("usage");
    expect(whole(message([], { usage: { input: 3 } })).usage).toEqual({ prompt_tokens: 3 });
    expect(firstChoice(whole(message([call("1", "")]))).message).toMatchObject({
      content: null,
      tool_calls: [{ function: { arguments: "{}" } }],
    });
  });

  test("citations move with the text in front of them", () => {
    const cited: Block = {
      type: "text",
      text: "yy",
      annotations: [{ type: "url", url: "u", title: "t", start: 0, end: 2 }],
    };
    const url_citation = { url: "u", title: "t", start_index: 3, end_index: 5 };
    const answer = message([text("xxx"), cited]);
    expect(firstChoice(whole(answer)).message.annotations).toEqual([{ type: "url_citation", url_citation }]);
    expect(JSON.stringify(chunks(said(replay(answer))))).toContain(
      JSON.stringify([{ type: "url_citation", url_citation }]),
    );
  });

  test.each<[Message["finish"], readonly Block[], string, string | null]>([
    [{ reason: "stop_sequence", sequence: "x" }, [], "stop", null],
    [{ reason: "length" }, [], "length", null],
    [{ reason: "context" }, [], "length", null],
    [{ reason: "filter" }, [], "content_filter", null],
    [{ reason: "refusal", explanation: "because" }, [], "content_filter", "because"],
    [{ reason: "stop" }, [{ type: "refusal", text: "no" }], "stop", "no"],
    [{ reason: "refusal" }, [{ type: "refusal", text: "no" }], "stop", "no"],
    [{ reason: "refusal", explanation: "because" }, [{ type: "refusal", text: "no" }], "stop", "no"],
  ])("%j is said alike, whole and streamed", (finish, blocks, word, refusal) => {
    const answer = message(blocks, { finish });
    expect(firstChoice(whole(answer))).toMatchObject({ finish_reason: word, message: { refusal } });
    const streamed = chunks(said(replay(answer))).map(
      (chunk) => (chunk.choices as unknown as { delta: Obj; finish_reason: string | null }[])[0],
    );
    expect(streamed.map((choice) => choice?.delta.refusal ?? "").join("")).toBe(refusal ?? "");
    expect(streamed.at(-1)).toMatchObject({ delta: {}, finish_reason: word });
  });

  test("what cannot be said is reported", () => {
    const lost: string[] = [];
    const image: Block = { type: "image", source: { type: "url", url: "u" } };
    const odd = message([image, text("a")], { finish: { reason: "pause" } });
    whole(odd, lost);
    said(replay(odd), context({}, lost));
    expect(lost).toEqual([
      "finish.reason=pause>stop",
      "blocks[0]=dropped",
      "blocks[0]=dropped",
      "finish.reason=pause>stop",
    ]);
  });

  test("an answer with status 200 that is an error, or nothing", () => {
    expect(fault(() => chat.reply.decode({ error: { message: "x", code: 429 } })).kind).toBe("rate_limit");
    expect(fault(() => chat.reply.decode({ choices: [] })).kind).toBe("upstream");
    expect(fault(() => chat.reply.decode({})).kind).toBe("upstream");
  });

  test("calls without index or id, and null where others have lists", () => {
    const tool_calls = [
      { id: "", function: { name: "f", arguments: "{}" } },
      { id: "", function: { name: "f", arguments: "{}" } },
    ];
    const { blocks } = chat.reply.decode({
      id: "x",
      choices: [{ message: { content: null, tool_calls, annotations: null, audio: null } }],
    });
    expect(new Set(blocks.map((block) => (block.type === "call" ? block.id : ""))).size).toBe(2);
    expect(
      chat.reply.decode({ id: "x", choices: [{ message: { content: "a", tool_calls: null } }] }).finish.reason,
    ).toBe("stop");
  });
});

describe("streamed", () => {
  const answer = message([reasoning("why"), text("x"), call("1", ""), custom], { finish: { reason: "calls" } });

  test("role, deltas, finish reason, usage, [DONE]", () => {
    const frames = said(replay(answer), context({ streamUsage: true }));
    const read = chunks(frames);
    for (const chunk of read)
      expect(chunk).toMatchObject({
        id: "chatcmpl-call1",
        object: "chat.completion.chunk",
        created: 1,
        model: "asked-for",
      });
    for (const chunk of read.slice(0, -1)) expect(chunk.usage).toBeNull();
    expect(read.slice(0, -1).map((chunk) => (chunk.choices as unknown as { delta: Obj }[])[0]?.delta)).toEqual([
      { role: "assistant", content: "" },
      { reasoning_content: "why" },
      { content: "x" },
      { tool_calls: [{ index: 0, id: "1", type: "function", function: { name: "f", arguments: "" } }] },
      { tool_calls: [{ index: 0, function: { arguments: "{}" } }] },
      { tool_calls: [{ index: 1, id: "c", type: "custom", custom: { name: "patch", input: "" } }] },
      { tool_calls: [{ index: 1, custom: { input: "free\n" } }] },
      {},
    ]);
    expect(read.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    });
    expect(frames.at(-1)).toEqual({ data: "[DONE]" });
    expect(frames.every((frame) => !("event" in frame))).toBe(true);
  });

  test("no usage where it was not asked for", () => {
    for (const chunk of chunks(said(replay(answer)))) expect(chunk).not.toHaveProperty("usage");
  });

  test("parts and blocks of reasoning are told apart by a blank line, raw text shows where there is no summary", () => {
    const raw: Reasoning = { type: "reasoning", summary: [], content: ["c"] };
    const both: Reasoning = { type: "reasoning", summary: ["d"], content: ["hidden"] };
    const answer = message([reasoning("a", "", "b"), text("x"), raw, both]);
    const streamed = chunks(said(replay(answer))).map(
      (chunk) => (chunk.choices as unknown as { delta: Obj }[])[0]?.delta.reasoning_content ?? "",
    );
    expect(streamed.join("")).toBe("a\n\nb\n\nc\n\nd");
    expect(firstChoice(whole(answer)).message.reasoning_content).toBe("a\n\nb\n\nc\n\nd");
  });

  test("a block that opens whole is said", () => {
    const events: Event[] = [
      { type: "open", index: 0, block: text("x") },
      { type: "close", index: 0 },
      { type: "open", index: 1, block: call("1") },
      { type: "close", index: 1 },
      { type: "finish", finish: { reason: "calls" }, usage: {} },
    ];
    const decoder = chat.stream.decode();
    const again = said(events).flatMap((frame) => ("data" in frame ? decoder.frame(frame) : []));
    expect(collect(again).blocks).toEqual([text("x"), call("1")]);
  });

  test("an error ends the stream without [DONE], and nothing follows it", () => {
    const encoder = chat.stream.encode(context());
    encoder.event({ type: "start", id: "a", model: "b" });
    const frames = encoder.event({ type: "error", fault: new Fault("rate_limit", "Slow down.") });
    expect(chunks(frames)).toEqual([
      { error: { message: "Slow down.", type: "requests", param: null, code: "rate_limit_exceeded" } },
    ]);
    expect(encoder.event({ type: "finish", finish: { reason: "stop" }, usage: {} })).toEqual([]);
    expect(encoder.beat()).toEqual([{ comment: "keepalive" }]);
  });

  const block = fc.oneof(
    fc.string({ minLength: 1 }).map((part) => reasoning(part)),
    fc.string({ minLength: 1 }).map(text),
    fc.uuid().map((id) => call(id)),
  );
  test("any answer reads the same, whole or streamed", () => {
    fc.assert(
      fc.property(fc.array(block, { maxLength: 6 }), (blocks) => {
        const wanted = chat.reply.decode(whole(message(blocks)));
        const found = collect(throughStream(message(blocks)));
        const join = (kind: string, answer: Message): string =>
          answer.blocks
            .map((each) =>
              each.type !== kind
                ? ""
                : each.type === "text"
                  ? each.text
                  : each.type === "reasoning"
                    ? each.summary.join()
                    : JSON.stringify(each),
            )
            .join("");
        for (const kind of ["text", "reasoning", "call"]) expect(join(kind, found)).toBe(join(kind, wanted));
        expect(found.finish).toEqual(wanted.finish);
      }),
    );
  });
});

describe("to the official SDK", () => {
  function client(body: string, type = "text/event-stream"): OpenAI {
    const fetch = async (): Promise<Response> => new Response(body, { headers: { "content-type": type } });
    return new OpenAI({ apiKey: "none", baseURL: "http://localhost", fetch, maxRetries: 0 });
  }
  const asked = { model: "m", messages: [{ role: "user" as const, content: "hi" }] };
  const answer = message([reasoning("why"), text("x"), call("1"), call("2", "")], { finish: { reason: "calls" } });

  test("its stream helper reads the chunks", async () => {
    const frames = said(replay(answer), context({ streamUsage: true }));
    const stream = client(print(frames) + print(chat.stream.encode(context()).beat())).chat.completions.stream(asked);
    const final = await stream.finalChatCompletion();
    expect(final.choices[0]).toMatchObject({
      finish_reason: "tool_calls",
      message: {
        content: "x",
        tool_calls: [
          { id: "1", function: { arguments: '{"a":1}' } },
          { id: "2", function: { arguments: "{}" } },
        ],
      },
    });
    expect(final.usage).toMatchObject({ total_tokens: 5 });
  });

  test("it throws on our error frame", async () => {
    const frames = said([...replay(answer).slice(0, 3), { type: "error", fault: new Fault("upstream", "Broke off.") }]);
    const stream = client(print(frames)).chat.completions.stream(asked);
    await expect(stream.finalChatCompletion()).rejects.toThrow("Broke off.");
  });

  test("it reads a whole answer", async () => {
    const final = await client(JSON.stringify(whole(answer)), "application/json").chat.completions.create(asked);
    expect(final.choices[0]?.message.content).toBe("x");
  });
});
