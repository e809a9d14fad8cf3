/** Amazon's event-stream framing: messages of an encoder of its own, cut anywhere, damaged, and cut short. */
import { describe, expect, it } from "vitest";
import { Fault } from "../../src/fault.ts";
import { unframed } from "../../src/providers/event-stream.ts";
import { chunk, encode, exception } from "./frames.ts";

const events = [
  { type: "message_start", message: { id: "msg_1", role: "assistant" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Grüße, 世界 🌍" } },
  { type: "message_stop", "amazon-bedrock-invocationMetrics": { inputTokenCount: 3 } },
];
const printed = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
const whole = Buffer.concat(events.map((event) => chunk(event)));

describe("framing", () => {
  it("is taken off at every split", async () => {
    for (let at = 0; at <= whole.length; at++) {
      expect(await read([whole.subarray(0, at), whole.subarray(at)]), `split at ${at}`).toEqual({ text: printed });
    }
  });

  it.each([1, 2, 3, 7, 64])("is taken off in pieces of %i bytes", async (size) => {
    const count = Math.ceil(whole.length / size);
    const pieces = Array.from({ length: count }, (_, at) => whole.subarray(at * size, (at + 1) * size));
    expect(await read(pieces)).toEqual({ text: printed });
  });

  it("passes over headers of every type, messages without an event, and line ends between tokens", async () => {
    const odd = encode(
      [
        [0, "yes"],
        [1, "no"],
        [2, "byte", Buffer.from([1])],
        [3, "short", Buffer.alloc(2)],
        [4, "integer", Buffer.alloc(4)],
        [5, "long", Buffer.alloc(8)],
        [6, "bytes", Buffer.from("any")],
        [8, "timestamp", Buffer.alloc(8)],
        [9, "uuid", Buffer.alloc(16)],
        [7, ":message-type", Buffer.from("event")],
      ],
      JSON.stringify({ bytes: Buffer.from('{\n"type":"ping"\r\n}').toString("base64"), p: "abc" }),
    );
    const empty = encode([[7, ":message-type", Buffer.from("event")]], "{}");
    expect(await read([odd, empty])).toEqual({ text: 'event: ping\ndata: { "type":"ping" }\n\n' });
  });
});

describe("damage", () => {
  it("of any one byte is refused, and what came before it is kept", async () => {
    const [first, ...others] = events.map((event) => chunk(event));
    if (first === undefined) throw new Error("no event");
    const kept = printed.slice(0, printed.indexOf("\n\n") + 2);
    const rest = Buffer.concat(others);
    for (let at = 0; at < (others[0]?.length ?? 0); at++) {
      const damaged = Buffer.from(rest);
      damaged[at] = (damaged[at] ?? 0) ^ 0x40;
      const { text, fault } = await read([first, damaged]);
      expect({ at, text, kind: fault?.kind }).toEqual({ at, text: kept, kind: "upstream" });
    }
  });

  it("of a length is noticed before any of the message is waited for", async () => {
    for (let at = 0; at < 12; at++) {
      const prelude = Buffer.from(whole.subarray(0, 12));
      prelude[at] = (prelude[at] ?? 0) ^ 0x01;
      expect((await read([prelude])).fault?.message, `byte ${at}`).toMatch(/checksum/);
    }
  });

  it("is a message that does not end, or is larger than any may be", async () => {
    expect((await read([whole.subarray(0, -1)])).fault?.message).toMatch(/ended within a message/);
    const huge = encode([], "", 0x7fffffff);
    expect((await read([huge])).fault?.message).toMatch(/length/);
  });
});

describe("an exception", () => {
  const kinds = [
    ["throttlingException", "rate_limit"],
    ["serviceUnavailableException", "overloaded"],
    ["modelTimeoutException", "timeout"],
    ["validationException", "bad_request"],
    ["internalServerException", "upstream"],
    ["modelStreamErrorException", "upstream"],
    ["neverHeardOfException", "upstream"],
  ] as const;

  it.each(kinds)("%s is the fault %s, after what was said before", async (type, kind) => {
    const { text, fault } = await read([Buffer.concat([whole, exception(type, "Too much.")])]);
    expect({ text, kind: fault?.kind, message: fault?.message }).toEqual({ text: printed, kind, message: "Too much." });
  });

  it("of the stream itself is told in its headers", async () => {
    const error = encode(
      [
        [7, ":message-type", Buffer.from("error")],
        [7, ":error-code", Buffer.from("throttlingException")],
        [7, ":error-message", Buffer.from("Slow down.")],
      ],
      "",
    );
    const { fault } = await read([error]);
    expect(fault).toMatchObject({ kind: "rate_limit", message: "Slow down." });
  });
});

/** Everything that is read, and the fault that ended it. */
async function read(pieces: readonly Uint8Array[]): Promise<{ text: string; fault?: Fault }> {
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) if (piece.length > 0) controller.enqueue(piece);
      controller.close();
    },
  });
  const reader = unframed(stream.getReader());
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { text };
      text += Buffer.from(value).toString();
    }
  } catch (thrown) {
    if (thrown instanceof Fault) return { text, fault: thrown };
    throw thrown;
  }
}
