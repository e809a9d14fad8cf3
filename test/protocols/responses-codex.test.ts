/** What Codex needs of an answer: it runs what is done, shows text only, and asks again when it is told wrongly. */
import { describe, expect, it } from "vitest";
import type { Event } from "../../src/canon/event.ts";
import type { Obj } from "../../src/canon/json.ts";
import type { Block } from "../../src/canon/request.ts";
import { Fault } from "../../src/fault.ts";
import { responses } from "../../src/protocols/responses/index.ts";
import {
  asked,
  call,
  contextFor,
  doneItems,
  finish,
  lastResponse,
  start,
  stop,
  streamed,
  usage,
  wire,
} from "./responses-wire.ts";

describe("Codex", () => {
  const failed: Event = { type: "error", fault: new Fault("upstream", "It cannot be read.") };

  it("never sees a call done that the end of tokens cut, but all that came before it", () => {
    for (const last of [finish("length"), finish("context"), failed]) {
      const sent = wire([start, ...streamed(0, call("a", "{}")), ...streamed(1, call("b", '{"cut":')), last]);
      expect(doneItems(sent).map((item) => item.call_id)).toEqual(["a"]);
      expect((lastResponse(sent).output as Obj[]).map((item) => item.call_id)).toEqual(["a"]);
      expect(sent.at(-1)?.type).toBe(last === failed ? "response.failed" : "response.incomplete");
    }
    const { incomplete_details, status } = lastResponse(wire([start, finish("length")]));
    expect({ incomplete_details, status }).toEqual({
      incomplete_details: { reason: "max_output_tokens" },
      status: "incomplete",
    });
  });

  it("waits for a call until the answer goes on", () => {
    const encoder = responses.stream.encode(contextFor());
    const send = (event: Event): unknown[] =>
      encoder.event(event).map((frame) => ("comment" in frame ? "" : frame.event));
    for (const event of [start, ...streamed(0, call("a", "{}"))])
      expect(send(event)).not.toContain("response.output_item.done");
    expect(send({ type: "open", index: 1, block: { type: "text", text: "" } })[0]).toBe("response.output_item.done");
  });

  it("gets {} for a call without arguments", () => {
    const sent = wire([start, ...streamed(0, call("a")), finish("calls")]);
    expect(doneItems(sent)[0]).toMatchObject({ arguments: "{}" });
    expect(sent.find((event) => event.type === "response.function_call_arguments.delta")).toMatchObject({
      delta: "{}",
    });
  });

  it("gets custom calls and namespaces as they are called", () => {
    const custom: Block = { type: "call", id: "c", kind: "custom", name: "apply_patch", input: "*** Begin" };
    const spaced: Block = { type: "call", id: "d", kind: "function", name: "wait", namespace: "agents", input: "{}" };
    const [first, second] = doneItems(wire([start, ...streamed(0, custom), ...streamed(1, spaced), finish("calls")]));
    expect(first).toMatchObject({ type: "custom_tool_call", name: "apply_patch", input: "*** Begin", call_id: "c" });
    expect(second).toMatchObject({ type: "function_call", name: "wait", namespace: "agents" });
  });

  it("is shown a refusal as text as well, and no one else is", () => {
    const codex = contextFor({ ...asked, ext: { responses: { client_metadata: { thread_id: "t" } } } });
    const refused: Event[] = [start, finish("refusal", { explanation: "Not this." })];
    const sent = wire(refused, codex);
    // In messages of their own: Codex passes over one that holds a refusal, and the text in it.
    expect(doneItems(sent).map(({ content }) => content)).toMatchObject([
      [{ type: "refusal", refusal: "Not this." }],
      [{ type: "output_text", text: "Not this." }],
    ]);
    expect(sent.at(-1)?.type).toBe("response.completed");
    expect(doneItems(wire(refused))[0]?.content).toEqual([{ type: "refusal", refusal: "Not this." }]);
  });

  it("is not made to ask again by a provider's filter", () => {
    expect(wire([start, finish("filter")]).at(-1)?.type).toBe("response.completed");
    const own: Event = {
      type: "finish",
      finish: { reason: "filter" },
      usage,
      ext: { responses: { incomplete_details: { reason: "content_filter" } } },
    };
    expect(wire([start, own]).at(-1)).toMatchObject({
      type: "response.incomplete",
      response: { incomplete_details: { reason: "content_filter" } },
    });
  });

  it("gets usage with all five members, or none", () => {
    expect(lastResponse(wire([start, stop])).usage).toEqual({
      input_tokens: 10,
      input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
      output_tokens: 5,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 15,
    });
    expect(
      lastResponse(wire([start, { type: "finish", finish: { reason: "stop" }, usage: { output: 5 } }])).usage,
    ).toBeNull();
  });
});
