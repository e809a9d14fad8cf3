/** What can go wrong with a stream that has begun, or seems to: the part of the table of faults that is only about streams. */
import type { ProtocolId } from "../sim/wire.ts";
import { begun, type Failure, type FaultCase, fine, half, type Place, streams } from "./faults-kinds.ts";
import { good, jsonOf, type Script, streamOf, types } from "./faults-provider.ts";

export const streamFaults = (): readonly FaultCase[] => [...early, ...later, ...odd];

/** A broken answer that can be taken for none; of a stream the caller has had nothing. */
const unread = ({ stream }: Place): Failure => ({ kind: "upstream", when: stream ? "held" : "refused" });

/** A stream of the good frames up to there, and what comes then. */
const upTo = (script: Script, count: number, ...more: readonly (string | Uint8Array)[]) => [
  ...script.frames.slice(0, count),
  ...more,
];

/** Of the protocols' own failures inside a stream, as the simulator says them. */
const failing = { chat: "upstream", responses: "upstream", messages: "overloaded", gemini: "overloaded" } as const;

const early: readonly FaultCase[] = [
  { name: "a stream without a byte", at: streams, act: (script) => streamOf(script, []), failure: unread },
  {
    name: "a stream of noise",
    at: streams,
    act: (script) => streamOf(script, [new Uint8Array([0, 255, 254, 10, 13, 200, 10, 10, 7])]),
    failure: unread,
  },
  {
    name: "a failure in place of the first event",
    at: streams,
    act: (script) => streamOf(script, script.failure(0)),
    failure: ({ protocol }) => ({ kind: failing[protocol], when: "held" }),
  },
  {
    name: "a failure behind the preamble",
    at: streams,
    act: (script) => streamOf(script, upTo(script, script.preamble, ...script.failure(script.preamble))),
    failure: ({ protocol }) => ({
      kind: failing[protocol],
      when: "held",
      ...(protocol === "messages" && { costs: true }),
    }),
  },
  {
    name: "a connection reset behind the preamble",
    at: streams,
    act: (script) => streamOf(script, upTo(script, script.preamble), "reset"),
    failure: ({ protocol }) => ({ kind: "upstream", when: "held", ...(protocol === "messages" && { costs: true }) }),
  },
  {
    name: "an end behind the preamble",
    at: streams,
    act: (script) => streamOf(script, upTo(script, script.preamble)),
    failure: ({ protocol }) => ({ kind: "upstream", when: "held", ...(protocol === "messages" && { costs: true }) }),
  },
  {
    name: "an event that is no JSON before the first word",
    at: ({ stream, relay }) => stream && !relay,
    act: (script) => streamOf(script, upTo(script, script.preamble, script.badFrame, ...script.frames)),
    failure: ({ protocol }) => ({ kind: "upstream", when: "held", ...(protocol === "messages" && { costs: true }) }),
  },
  {
    name: "silence behind the preamble",
    at: streams,
    act: (script) => streamOf(script, upTo(script, script.preamble), "stall"),
    failure: begun("timeout"),
  },
];

/** A frame that says nothing, as each protocol has it. */
const pings = {
  chat: ": ping\n\n",
  responses: 'event: keepalive\ndata: {"type":"keepalive"}\n\n',
  messages: 'event: ping\ndata: {"type":"ping"}\n\n',
  gemini: 'data: {"usageMetadata":{}}\r\n\r\n',
} as const satisfies Record<ProtocolId, string>;

/** These frames, and one more of the same kind every few seconds for ever. */
function endless(script: Script, count: number, more: string, everyMs: number): Response {
  const left = [...script.frames.slice(0, count)];
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    if (left.length === 0) await script.wait(everyMs);
    if (!script.signal.aborted) controller.enqueue(Buffer.from(left.shift() ?? more));
  };
  return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), {
    headers: { "content-type": types.stream },
  });
}

const later: readonly FaultCase[] = [
  {
    name: "pings for ever behind the preamble",
    at: streams,
    act: (script) => endless(script, script.preamble, pings[script.protocol], 5000),
    failure: begun("timeout"),
  },
  {
    name: "pings for ever amid the answer",
    at: streams,
    act: (script) => endless(script, script.begun, pings[script.protocol], 5000),
    failure: begun("timeout"),
  },
  {
    name: "a failure amid the answer",
    at: streams,
    act: (script) => streamOf(script, upTo(script, script.begun, ...script.failure(script.begun))),
    failure: ({ protocol }) => ({ kind: failing[protocol], when: "begun" }),
  },
  {
    name: "a connection reset amid the answer",
    at: streams,
    act: (script) => streamOf(script, upTo(script, script.begun), "reset"),
    failure: begun("upstream"),
  },
  {
    name: "an end amid the answer",
    at: streams,
    act: (script) => streamOf(script, upTo(script, script.begun)),
    failure: begun("upstream"),
  },
  {
    name: "an end amid a frame",
    at: streams,
    act: (script) => streamOf(script, upTo(script, script.begun, half(script.frames[script.begun] ?? ""))),
    failure: begun("upstream"),
  },
  {
    name: "an end amid a character",
    at: streams,
    act: (script) => streamOf(script, upTo(script, script.begun, Buffer.from('data: {"text":"\u20ac').subarray(0, -1))),
    failure: begun("upstream"),
  },
  {
    name: "silence amid the answer",
    at: streams,
    act: (script) => streamOf(script, upTo(script, script.begun), "stall"),
    failure: begun("timeout"),
  },
  {
    name: "an event that is no JSON amid the answer",
    at: streams,
    act: (script) =>
      streamOf(script, [...upTo(script, script.begun, script.badFrame), ...script.frames.slice(script.begun)]),
    failure: ({ relay }) => (relay ? undefined : { kind: "upstream", when: "begun" }),
    isGarbled: true,
  },
];

const odd: readonly FaultCase[] = [
  {
    name: "a first byte that takes five seconds",
    act: async (script) => {
      await script.wait(5000);
      return good(script);
    },
    failure: fine,
  },
  {
    name: "a first byte that takes half a minute",
    act: async (script) => {
      await script.wait(30_000);
      return good(script);
    },
    failure: fine,
  },
  {
    name: "a stream in single bytes",
    at: streams,
    act: (script) =>
      streamOf(
        script,
        [...Buffer.from(script.frames.join(""))].map((byte) => new Uint8Array([byte])),
      ),
    failure: fine,
  },
  {
    name: "an end that is said twice",
    at: ({ stream, relay }) => stream && !relay,
    act: (script) => streamOf(script, [...script.frames, ...script.frames.slice(-1)]),
    failure: fine,
  },
  {
    name: "a stream without its last frame",
    at: streams,
    act: (script) => streamOf(script, script.frames.slice(0, -1)),
    // Chat has said why it ended before; Anthropic too, though a caller of its own is owed the event.
    failure: ({ protocol, relay }) =>
      protocol === "chat" || (protocol === "messages" && !relay) ? undefined : { kind: "upstream", when: "begun" },
  },
  {
    name: "a call of Gemini's that cannot be read",
    at: ({ protocol, relay, stream }) => protocol === "gemini" && (stream || !relay),
    act: (script) => malformed(script),
    failure: ({ stream }) => ({ kind: "upstream", when: stream ? "held" : "refused", costs: true }),
  },
];

function malformed(script: Script): Response {
  const body = JSON.stringify({
    candidates: [{ index: 0, content: { role: "model", parts: [] }, finishReason: "MALFORMED_FUNCTION_CALL" }],
    usageMetadata: { promptTokenCount: 20, candidatesTokenCount: 5, totalTokenCount: 25 },
  });
  return script.stream ? streamOf(script, [`data: ${body}\r\n\r\n`]) : jsonOf(body);
}
