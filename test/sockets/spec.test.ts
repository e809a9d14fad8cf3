/** What callers are told over a WebSocket is what OpenAI specifies: failures, limits, and answers that generate nothing. */
import { describe, expect, it } from "vitest";
import { Fault } from "../../src/fault.ts";
import { protocols } from "../../src/protocols/index.ts";
import { refuse } from "../../src/refuse.ts";
import type { Create } from "../../src/sockets/frame.ts";
import { failureOf, limitReached, messageOf } from "../../src/sockets/message.ts";
import { prewarm } from "../../src/sockets/prewarm.ts";
import { seats } from "../../src/sockets/seats.ts";
import { haveSpecs, specification } from "../laws/oracle.ts";

describe.skipIf(!haveSpecs)("a message", () => {
  const check = (name: string) => specification("openai-openapi.json", `/components/schemas/${name}`, "as it says");

  it("of a failure", async () => {
    const faults = [
      new Fault("bad_request", "No.", { param: "input", code: "invalid_value" }),
      new Fault("rate_limit", "Slowly.", { retryAfterMs: 2000 }),
      new Fault("bad_key", "Who?"),
      new Fault("internal", "Oh."),
    ];
    const answers = [
      ...faults.map((fault) => refuse(protocols.responses, fault, "7")),
      new Response("<html>", { status: 502 }),
    ];
    const told = await Promise.all(
      answers.flatMap((answer) => [failureOf(answer.clone(), "a"), failureOf(answer, undefined)]),
    );
    const failed = check("ResponseWsError");
    for (const message of [...told, limitReached("it is old", "a")]) expect(failed(JSON.parse(message))).toEqual([]);
    expect(told.map((message) => JSON.parse(message).status)).toEqual([
      400, 400, 429, 429, 401, 401, 500, 500, 502, 502,
    ]);
  });

  it("of a prewarm", async () => {
    const messages: string[] = [];
    const send = (message: string): void => void messages.push(message);
    const seat = seats().take();
    if (seat === undefined) throw new Error("no seat");
    const body = { model: "m", previous_response_id: "resp_1" };
    const create: Create = {
      bytes: new Uint8Array(),
      body,
      spans: new Map(),
      lane: "a",
      isPrewarm: true,
      previous: "resp_1",
    };
    const never = () => Promise.reject(new Error("nobody is asked"));
    await prewarm(
      create,
      { id: "resp_1", items: [] },
      {
        ...{ send, finish: send, id: "7", seat, answer: never, upgrade: new Request("http://gearbox.test/") },
        deps: {
          auth: { authenticate: async () => ({ team: { settings: {} } }) as never },
          clock: { now: () => 1000, wait: never },
          conversations: {} as never,
          random: () => new Uint8Array(),
          store: {} as never,
        },
      },
    );
    const event = check("ResponseStreamEvent");
    expect(messages).toHaveLength(3);
    const mistakes = messages.flatMap((message) => event(JSON.parse(message)));
    // Where OpenAI's document and Open Responses cannot both be had (test/laws/specs.test.ts says more).
    expect(mistakes.filter((each) => !/#\/response\/usage: Instance type "null"/.test(each))).toEqual([]);
    expect(messages.map((message) => JSON.parse(message))).toMatchObject([
      { type: "response.created", stream_id: "a", response: { id: "resp_7", previous_response_id: "resp_1" } },
      { type: "response.in_progress" },
      { type: "response.completed", response: { status: "completed", output: [], usage: { total_tokens: 0 } } },
    ]);
  });

  it("of an event with its answer's headers and its lane", () => {
    const event = {
      type: "response.output_text.delta",
      sequence_number: 4,
      item_id: "msg_1",
      output_index: 0,
      content_index: 0,
      delta: "Hi",
      logprobs: [],
    };
    const message = messageOf(JSON.stringify(event), { lane: "a", headers: { "x-gearbox-call": "7" } });
    expect(check("ResponseStreamEvent")(JSON.parse(message))).toEqual([]);
  });
});
