/** The official SDK reading the stream we write, and the watch of a relayed one. */
import Anthropic from "@anthropic-ai/sdk";
import { describe, expect, test } from "vitest";
import { type Event, type Message, replay } from "../../src/canon/event.ts";
import type { Obj } from "../../src/canon/json.ts";
import { Fault } from "../../src/fault.ts";
import { print } from "../../src/http/sse.ts";
import { messages } from "../../src/protocols/messages/index.ts";
import { call } from "./messages-fixtures.ts";
import { context } from "./messages-laws.ts";

const text = (events: readonly Event[]): string => {
  const encoder = messages.stream.encode(context());
  return print(events.flatMap((event) => encoder.event(event)));
};
const start: Event = { type: "start", id: "x", model: "gpt" };

describe("the official SDK", () => {
  const clientOf = (body: string) =>
    new Anthropic({
      apiKey: "k",
      maxRetries: 0,
      fetch: async () => new Response(body, { headers: { "content-type": "text/event-stream" } }),
    });
  const ask = { model: "m", max_tokens: 10, messages: [{ role: "user" as const, content: "hi" }] };

  test("reads the stream to the same message as the JSON answer", async () => {
    const message: Message = {
      id: "x",
      model: "gpt",
      usage: { input: 120, cacheRead: 30, output: 8 },
      blocks: [
        { type: "reasoning", summary: ["why"], native: { protocol: "responses", value: "enc" } },
        { type: "text", text: "grüße 🙂" },
        call("c1", '{"a":[1,2]}'),
        call("c2", "{}"),
      ],
      finish: { reason: "calls" },
    };
    const final = await clientOf(text(replay(message)))
      .messages.stream(ask)
      .finalMessage();
    expect(JSON.parse(JSON.stringify(final))).toMatchObject(messages.reply.encode(message, context()));
  });

  test("throws our error with its type", async () => {
    const events: Event[] = [start, { type: "error", fault: new Fault("rate_limit", "Slow down.") }];
    await expect(clientOf(text(events)).messages.stream(ask).finalMessage()).rejects.toThrow(/Slow down/);
  });
});

describe("the watch of a relayed stream", () => {
  const see = (...events: Obj[]) => {
    const watch = messages.stream.watch();
    return events.map((event) => watch.see({ event: String(event.type), data: JSON.stringify(event) }));
  };

  test("a preamble commits nothing, content does, message_stop ends", () => {
    const sights = see(
      { type: "message_start", message: { usage: { input_tokens: 3, output_tokens: 1 } } },
      { type: "ping" },
      { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "", signature: "" } },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_start", index: 1, content_block: { type: "tool_use", id: "t", name: "f", input: {} } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "x" } },
      { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 9 } },
      { type: "message_stop" },
    );
    expect(sights.map(({ commits }) => commits === true)).toEqual([false, false, false, false, true, true, true, true]);
    expect(sights.map(({ ends }) => ends === true).indexOf(true)).toBe(7);
    expect(sights[0]?.usage).toEqual({ input: 3, output: 1 });
    expect(sights[6]?.usage).toEqual({ input: 3, output: 9 });
  });

  test("an error is seen, with and without its event line", () => {
    const error = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
    expect(see(error)).toMatchObject([{ fault: { kind: "overloaded" } }]);
    expect(messages.stream.watch().see({ data: JSON.stringify(error) })).toMatchObject({
      fault: { kind: "overloaded" },
    });
    expect(messages.stream.watch().see({ data: '{"type":"message_stop"}' })).toEqual({ commits: true, ends: true });
    expect(messages.stream.watch().see({ data: "no json" })).toEqual({ commits: true });
  });

  test("the frames that we add", () => {
    const watch = messages.stream.watch();
    expect(watch.beat(1000)).toEqual([{ comment: "gearbox" }]);
    expect(watch.fail(new Fault("timeout", "Too slow."))).toEqual([
      { event: "error", data: '{"type":"error","error":{"type":"timeout_error","message":"Too slow."}}' },
    ]);
  });
});
