import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asSummary, behind, type Reshaping } from "../../src/compaction/reshaping.ts";
import { reshaped, reshapedFrames } from "../../src/compaction/telling.ts";
import { framer, print } from "../../src/http/sse.ts";
import { type Answer, relayed } from "../../src/pipes.ts";
import { protocols } from "../../src/protocols/index.ts";
import { said } from "./calls.ts";

const usage = { input_tokens: 9, output_tokens: 4, total_tokens: 13 };
const base = { id: "resp_1", object: "response", model: "m" };
const message = { id: "msg_1", ...said("assistant", "All is well. ✓") };
const thought = { id: "rs_1", type: "reasoning", summary: [] };
const compaction = (summary: string) => ({ id: "cmp_1", type: "compaction", encrypted_content: `sealed:${summary}` });

/** The events of an answer that thinks and speaks; `last` ends it. */
function events(last: object = { type: "response.completed", status: "completed", output: [thought, message] }) {
  const { type, ...ending } = last as { type: string };
  return [
    { type: "response.created", response: { ...base, status: "in_progress", output: [] } },
    { type: "response.in_progress", response: { ...base, status: "in_progress", output: [] } },
    { type: "response.output_item.added", output_index: 0, item: thought },
    { type: "response.output_item.done", output_index: 0, item: thought },
    { type: "response.output_item.added", output_index: 1, item: { ...message, content: [] } },
    { type: "response.output_text.delta", output_index: 1, item_id: "msg_1", delta: "All is well. ✓" },
    { type: "response.output_item.done", output_index: 1, item: message },
    { type, response: { ...base, usage, ...ending } },
  ].map((event, at) => ({ ...event, sequence_number: at }));
}

function bytesOf(told: readonly { type: string }[]): Uint8Array {
  return new TextEncoder().encode(print(told.map((event) => ({ event: event.type, data: JSON.stringify(event) }))));
}

function read(bytes: Uint8Array): Record<string, unknown>[] {
  const frames = framer();
  return [...frames.push(bytes).frames, ...frames.end().frames].map(({ frame }) => JSON.parse(frame.data));
}

function told(reshaping: Reshaping, given = events()): Record<string, unknown>[] {
  const out = read(reshapedFrames(bytesOf(given), reshaping));
  expect(out.map((event) => event.sequence_number)).toEqual(out.map((_, at) => at));
  return out;
}

describe("an answer as a summary", () => {
  it("has exactly one item, and keeps what it cost", () => {
    const out = told(asSummary(compaction));
    const item = compaction("All is well. ✓");
    expect(out.map(({ type }) => type)).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.output_item.done",
      "response.completed",
    ]);
    expect(out[3]).toMatchObject({ output_index: 0, item });
    expect(out[4]).toMatchObject({ response: { id: "resp_1", status: "completed", output: [item], usage } });
    const whole = { ...base, status: "completed", output: [thought, message], usage };
    expect(asSummary(compaction).whole(whole)).toEqual({ ...whole, output: [item] });
  });

  it("is put together from its items where the end does not repeat them", () => {
    const out = told(asSummary(compaction), events({ type: "response.completed", status: "completed", output: [] }));
    expect(out.at(-1)).toMatchObject({ response: { output: [compaction("All is well. ✓")] } });
  });

  it.each([
    ["cut", { type: "response.incomplete", status: "incomplete", output: [message] }],
    ["empty", { type: "response.completed", status: "completed", output: [{ ...thought }, said("assistant", " ")] }],
  ])("is a failure where it was %s", (_, last) => {
    const out = told(asSummary(compaction), events(last));
    expect(out.at(-1)).toMatchObject({
      type: "response.failed",
      response: { status: "failed", output: [], error: {} },
    });
    expect(JSON.stringify(out)).not.toContain("sealed:");
    expect(() => asSummary(compaction).whole(last)).toThrow(expect.objectContaining({ kind: "upstream" }));
  });

  it("fails as it failed", () => {
    const failed = { type: "response.failed", status: "failed", error: { code: "server_error", message: "no" } };
    expect(told(asSummary(compaction), events(failed)).at(-1)).toMatchObject({
      type: "response.failed",
      response: { error: { code: "server_error" } },
    });
  });
});

it("an answer behind a summary has moved up by one place", () => {
  const item = compaction("before");
  const out = told(behind(item));
  const given = events();
  expect(out.slice(2, 4).map(({ type, output_index, item }) => [type, output_index, item])).toEqual([
    ["response.output_item.added", 0, item],
    ["response.output_item.done", 0, item],
  ]);
  expect(out.slice(4, -1).map(({ type, output_index }) => [type, output_index])).toEqual(
    given.slice(2, -1).map((event) => [event.type, "output_index" in event ? Number(event.output_index) + 1 : 0]),
  );
  expect(out.at(-1)).toMatchObject({ response: { output: [item, thought, message], usage } });
  expect(behind(item).whole({ output: [message] })).toEqual({ output: [item, message] });
});

it("tells the same however the bytes are cut, and passes comments", () => {
  const bytes = new Uint8Array([...new TextEncoder().encode(": hello\n\n"), ...bytesOf(events())]);
  const whole = new TextDecoder().decode(reshapedFrames(bytes, asSummary(compaction)));
  expect(whole).toContain(": hello");
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: bytes.length })), (cuts) => {
      const answer = reshaped(
        relayed(protocols.responses, false, () => undefined),
        asSummary(compaction),
      );
      const at = [0, ...cuts.sort((one, other) => one - other), bytes.length];
      const pieces = at.slice(1).map((end, index) => answer.push(bytes.subarray(at[index], end)));
      expect(Buffer.concat([...pieces, answer.end()]).toString()).toBe(whole);
    }),
  );
});

it("counts the frames between as well, when the provider is silent or breaks off", () => {
  const answer = reshaped(
    relayed(protocols.responses, false, () => undefined),
    asSummary(compaction),
  );
  const out = Buffer.concat([
    answer.push(bytesOf(events().slice(0, 6))),
    answer.beat(1000),
    answer.beat(280_000),
    answer.fail(new Error("gone")),
  ]);
  expect(out.toString()).toContain(": gearbox");
  const told = read(out);
  expect(told.map(({ type }) => type)).toEqual([
    "response.created",
    "response.in_progress",
    "keepalive",
    "response.failed",
  ]);
  expect(told.at(-1)?.sequence_number).toBe(2);
});

it("numbers the frames that keep the connection alive along with the others", () => {
  const nothing = new Uint8Array(0);
  const beat = { type: "response.in_progress", response: base, sequence_number: 40 };
  const inner: Answer = {
    push: (chunk) => chunk,
    end: () => nothing,
    fail: () => nothing,
    beat: () => bytesOf([beat]),
    leave: () => undefined,
    ...{ done: false, committed: false, fault: undefined, said: 0 },
  };
  const answer = reshaped(inner, behind(compaction("before")));
  const pieces = [
    answer.push(bytesOf(events().slice(0, 3))),
    answer.beat(1000),
    answer.push(bytesOf(events().slice(3))),
  ];
  const told = read(Buffer.concat(pieces));
  expect(told.map((event) => event.sequence_number)).toEqual(told.map((_, at) => at));
  expect(told.filter(({ type }) => type === "response.in_progress")).toHaveLength(2);
});
