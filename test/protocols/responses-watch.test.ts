/** The relay lane of the Responses API: what a frame that is passed on means, and the frames that we add. */
import { describe, expect, it } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import { Fault } from "../../src/fault.ts";
import { responses } from "../../src/protocols/responses/index.ts";

const created: Obj = { type: "response.created", response: { id: "resp_1", model: "m", status: "in_progress" } };
const completed = (response: Obj = {}): Obj => ({
  type: "response.completed",
  response: { id: "resp_1", status: "completed", ...response },
});

describe("the relay lane", () => {
  const frame = (event: Obj): { event: string; data: string } => ({
    event: String(event.type),
    data: JSON.stringify(event),
  });

  it("is committed by anything but the preamble, and ended by the terminal event with its usage", () => {
    const watch = responses.stream.watch();
    for (const type of ["response.created", "response.queued", "response.in_progress", "keepalive", "ping"]) {
      expect(watch.see(frame({ type, response: { id: "r" } }))).toEqual({});
    }
    expect(watch.see(frame({ type: "response.output_item.added", sequence_number: 3 }))).toEqual({ commits: true });
    expect(watch.see({ data: '{"type":"response.output_text.delta","delta":"x"}' })).toEqual({ commits: true });
    expect(watch.see(frame(completed({ usage: { input_tokens: 1, output_tokens: 2 } })))).toEqual({
      commits: true,
      ends: true,
      usage: { input: 1, output: 2 },
    });
    expect(watch.fail(new Fault("upstream", "m"))).toEqual([]);
    expect(watch.beat(300_000)).toEqual([{ comment: "gearbox" }]);
  });

  it("sees errors, and that a stream with one has no end yet", () => {
    const watch = responses.stream.watch();
    const sight = watch.see(frame({ type: "error", error: { code: "rate_limit_exceeded", message: "m" } }));
    expect(sight.fault?.kind).toBe("rate_limit");
    expect(sight.ends).toBeUndefined();
    const failed = watch.see(
      frame({ type: "response.failed", response: { error: { code: "server_error", message: "m" } } }),
    );
    expect(failed).toMatchObject({ ends: true, fault: { kind: "upstream" } });
  });

  it("beats with comments, and with an event before Codex loses patience", () => {
    const watch = responses.stream.watch();
    expect(watch.beat(15_000)).toEqual([{ comment: "gearbox" }]);
    expect(watch.beat(240_000)).toEqual([{ event: "keepalive", data: '{"type":"keepalive"}' }]);
  });

  it("fails with the provider's own response and the next number", () => {
    const watch = responses.stream.watch();
    watch.see(frame({ ...created, sequence_number: 0 }));
    watch.see(frame({ type: "response.output_text.delta", sequence_number: 41, delta: '"sequence_number":7' }));
    const [only, second] = watch.fail(new Fault("timeout", "Too late."));
    expect(second).toBeUndefined();
    expect(only !== undefined && "data" in only && JSON.parse(only.data)).toEqual({
      type: "response.failed",
      sequence_number: 42,
      response: { id: "resp_1", model: "m", status: "failed", error: { code: "server_error", message: "Too late." } },
    });
  });

  it("fails before the first event with a start and an end", () => {
    const sent = responses.stream.watch().fail(new Fault("upstream", "m"));
    expect(sent.map((frame) => "event" in frame && frame.event)).toEqual(["response.created", "response.failed"]);
  });
});
