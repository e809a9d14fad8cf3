/** Streams towards callers of the Responses API: the bugs that others shipped, one case each. */
import { describe, expect, it } from "vitest";
import { replay } from "../../src/canon/event.ts";
import { type Obj, obj } from "../../src/canon/json.ts";
import type { Block } from "../../src/canon/request.ts";
import { Fault } from "../../src/fault.ts";
import { responses } from "../../src/protocols/responses/index.ts";
import {
  asked,
  call,
  contextFor,
  doneItems,
  finish,
  framesOf,
  lastResponse,
  message,
  start,
  stop,
  streamed,
  throughSdk,
  types,
  usage,
  wire,
} from "./responses-wire.ts";

describe("traps", () => {
  it("no ghost of a message in an answer of calls only, and a new message after a call", () => {
    expect(doneItems(wire([start, ...streamed(0, call("a")), finish("calls")])).map((item) => item.type)).toEqual([
      "function_call",
    ]);
    const text = (text: string): Block => ({ type: "text", text });
    const sent = wire([
      start,
      ...streamed(0, text("a")),
      ...streamed(1, call("c")),
      ...streamed(2, text("b")),
      finish("calls"),
    ]);
    const ids = doneItems(sent)
      .filter((item) => item.type === "message")
      .map((item) => item.id);
    expect(new Set(ids).size).toBe(2);
  });

  it("texts that follow each other are parts of one message, but not across phases", () => {
    const text = (text: string, phase?: string): Block => ({
      type: "text",
      text,
      ...(phase !== undefined && { ext: { responses: { phase } } }),
    });
    expect(doneItems(wire([start, ...streamed(0, text("a")), ...streamed(1, text("b")), stop]))).toMatchObject([
      { content: [{ text: "a" }, { text: "b" }] },
    ]);
    const phases = doneItems(
      wire([start, ...streamed(0, text("a", "commentary")), ...streamed(1, text("b", "final_answer")), stop]),
    );
    expect(phases.map((item) => item.phase)).toEqual(["commentary", "final_answer"]);
  });

  it("calls whose deltas come mixed stay apart", () => {
    const sent = wire([
      start,
      { type: "open", index: 0, block: call("a") },
      { type: "open", index: 1, block: call("b") },
      { type: "delta", index: 1, text: "[2]" },
      { type: "delta", index: 0, text: "[1]" },
      { type: "close", index: 0 },
      { type: "close", index: 1 },
      finish("calls"),
    ]);
    expect(doneItems(sent).map((item) => item.arguments)).toEqual(["[1]", "[2]"]);
  });

  it("an id is new for each item and starts with its kind", () => {
    const blocks: Block[] = [
      { type: "reasoning", summary: ["a"] },
      { type: "text", text: "t" },
      { type: "reasoning", summary: ["b"] },
      call("c"),
    ];
    const sent = wire(replay(message(blocks)));
    const ids = doneItems(sent).map((item) => String(item.id));
    expect(ids.map((id) => id.split("_")[0])).toEqual(["rs", "msg", "rs", "fc"]);
    expect(new Set(ids).size).toBe(4);
    expect(lastResponse(sent)).toMatchObject({ id: "resp_Id7", model: "asked" });
  });

  it("an error ends as response.failed alone, with what was done, and starts a stream that had none", async () => {
    const fault = new Fault("rate_limit", "Too fast.");
    const sent = wire([
      start,
      ...streamed(0, { type: "text", text: "a" }),
      ...streamed(1, call("c", "{}")),
      { type: "error", fault, usage },
      stop,
    ]);
    expect(sent.at(-1)).toMatchObject({
      type: "response.failed",
      response: { status: "failed", error: { code: "rate_limit_exceeded", message: "Too fast." } },
    });
    expect(types(sent)).not.toContain("error");
    expect(doneItems(sent).map((item) => item.type)).toEqual(["message"]);
    expect(lastResponse(sent).usage).toMatchObject({ total_tokens: 15 });
    const early = framesOf([{ type: "error", fault }]);
    expect(early.map((frame) => ("comment" in frame ? "" : frame.event))).toEqual([
      "response.created",
      "response.in_progress",
      "response.failed",
    ]);
    expect((await throughSdk(early)).status).toBe("failed");
  });

  it("a beat before the start is a comment, later the state of things, and after the end nothing", async () => {
    const encoder = responses.stream.encode(contextFor());
    expect(encoder.beat()).toEqual([{ comment: "gearbox" }]);
    const frames = [start, ...streamed(0, { type: "text", text: "a" })].flatMap((event) => [
      ...encoder.event(event),
      ...encoder.beat(),
    ]);
    expect(frames).toContainEqual(expect.objectContaining({ event: "response.in_progress" }));
    frames.push(...encoder.event(stop));
    expect(encoder.beat()).toEqual([]);
    expect(frames.map((frame) => ("comment" in frame ? -1 : (JSON.parse(frame.data) as Obj).sequence_number))).toEqual(
      frames.map((_, place) => place),
    );
    expect((await throughSdk(frames)).output_text).toBe("a");
  });

  it("what cannot be said is reported, and a picture becomes an item", () => {
    const lost: string[] = [];
    const picture: Block = { type: "image", source: { type: "data", mediaType: "image/png", data: "AA" } };
    const alien: Block = { type: "opaque", protocol: "gemini", value: {} };
    const sent = wire(replay(message([alien, picture])), contextFor(asked, lost));
    expect(lost).toEqual(["blocks[0]"]);
    expect(doneItems(sent)).toMatchObject([{ type: "image_generation_call", result: "AA", output_format: "png" }]);
  });

  it("the response object echoes what was asked, and has all its members from the start", () => {
    const request = responses.request.decode(
      {
        model: "asked",
        input: "x",
        instructions: "i",
        tools: [{ type: "function", name: "f", parameters: {}, strict: true }],
        tool_choice: "required",
        reasoning: { effort: "low", context: "all_turns" },
        text: { verbosity: "low" },
        temperature: 0,
        top_p: 0.5,
        max_output_tokens: 20,
        parallel_tool_calls: false,
        metadata: { a: "b" },
        store: false,
      },
      () => undefined,
    );
    const sent = wire([start, stop], contextFor(request));
    for (const response of [obj(sent[0]?.response), lastResponse(sent)]) {
      expect(response).toMatchObject({
        id: "resp_Id7",
        object: "response",
        created_at: 1700000000,
        model: "asked",
        instructions: "i",
        tools: [{ type: "function", name: "f", parameters: {}, strict: true }],
        tool_choice: "required",
        reasoning: { effort: "low", summary: null, context: "all_turns" },
        text: { format: { type: "text" }, verbosity: "low" },
        temperature: 0,
        top_p: 0.5,
        max_output_tokens: 20,
        parallel_tool_calls: false,
        metadata: { a: "b" },
        store: false,
        error: null,
        incomplete_details: null,
        previous_response_id: null,
      });
    }
    expect(obj(sent[0]?.response)).toMatchObject({ status: "in_progress", output: [], usage: null });
  });
});
