/** The events of a stored answer: told again to the character, from wherever a caller broke off. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isObj, list, type Obj, obj } from "../../src/canon/json.ts";
import { eventsOf } from "../../src/conversations/replay.ts";
import { recorder } from "../../src/conversations/trace.ts";
import { responses } from "../../src/protocols/responses/index.ts";

const message = (texts: readonly string[]): Obj => ({
  ...{ id: "msg_1", type: "message", role: "assistant", status: "completed" },
  content: texts.map((text) => ({ type: "output_text", text, annotations: [] })),
});
const thought = (texts: readonly string[]): Obj => ({
  ...{ id: "rs_1", type: "reasoning", encrypted_content: "proof" },
  summary: texts.map((text) => ({ type: "summary_text", text })),
});
const call = (input: string): Obj => ({
  ...{ id: "fc_1", type: "function_call", call_id: "call_1", name: "run", arguments: input, status: "completed" },
});
const search: Obj = {
  id: "ws_1",
  type: "web_search_call",
  status: "completed",
  action: { type: "search", query: "q" },
};

const item = fc.oneof(
  fc.array(fc.string({ unit: "binary" }), { maxLength: 3 }).map(message),
  fc.array(fc.string(), { maxLength: 3 }).map(thought),
  fc.string().map(call),
  fc.constant(search),
);
const answer = fc
  .array(item, { maxLength: 4 })
  .map((output): Obj => ({ id: "resp_1", object: "response", status: "completed", completed_at: 1, output }));

/** The same stream with its deltas cut as a provider might. */
function cut(events: readonly Obj[], size: number): Obj[] {
  const pieces = events.flatMap((event): Obj[] => {
    const { delta } = event;
    if (typeof delta !== "string") return [event];
    const count = Math.max(1, Math.ceil(delta.length / size));
    return Array.from({ length: count }, (_, at) => ({ ...event, delta: delta.slice(at * size, (at + 1) * size) }));
  });
  return pieces.map((event, at) => ({ ...event, sequence_number: at }));
}

describe("an answer that was streamed", () => {
  it("is told again event by event, behind any of them", () => {
    fc.assert(
      fc.property(answer, fc.integer({ min: 1, max: 5 }), fc.nat(), (response, size, seed) => {
        const live = cut(eventsOf({ response }), size);
        const record = recorder();
        for (const event of live) record.note(event);
        const trace = record.end(response);
        expect(trace).toBeDefined();
        const after = seed % live.length;
        expect(eventsOf({ response, trace })).toEqual(live);
        expect(eventsOf({ response, trace }, after)).toEqual(live.slice(after + 1));
      }),
    );
  });

  it("is not copied: its deltas are counted", () => {
    const response: Obj = { id: "resp_1", status: "completed", output: [message(["word ".repeat(2000)])] };
    const record = recorder();
    for (const event of cut(eventsOf({ response }), 5)) record.note(event);
    const trace = JSON.stringify(record.end(response));
    expect(trace).not.toContain("word");
    expect(trace.length).toBeLessThan(6000);
  });

  it("has no trace where its deltas do not make up its text", () => {
    const live = eventsOf({ response: { id: "resp_1", status: "completed", output: [message(["one"])] } });
    const record = recorder();
    for (const event of live) record.note(event);
    expect(record.end({ id: "resp_1", status: "completed", output: [message(["another"])] })).toBeUndefined();
    expect(record.end({ id: "resp_1", status: "completed", output: [] })).toBeUndefined();
  });
});

describe("an answer that came whole", () => {
  it("is told in events that a reader of streams understands, whole and in order", () => {
    fc.assert(
      fc.property(answer, (response) => {
        const events = eventsOf({ response });
        expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, at) => at));
        const done = events.filter(({ type }) => type === "response.output_item.done").map((event) => event.item);
        expect(done).toEqual(response.output);
        const first = obj(events[0]?.response);
        expect([first.status, first.output]).toEqual(["in_progress", []]);
        expect(events.at(-1)).toMatchObject({ type: "response.completed", response });
        const decoder = responses.stream.decode();
        const read = events.flatMap((event) =>
          decoder.frame({ event: String(event.type), data: JSON.stringify(event) }),
        );
        expect(read.filter(({ type }) => type === "error")).toEqual([]);
        expect(read.filter(({ type }) => type === "finish")).toHaveLength(1);
        expect(read.filter(({ type }) => type === "delta").length).toBeGreaterThanOrEqual(spoken(response));
      }),
    );
  });
});

/** Items of which something is said. */
function spoken({ output }: Obj): number {
  const texts = list(output).filter(isObj);
  return texts.filter(({ content }) => list(content).some((part) => obj(part).text !== "")).length;
}
