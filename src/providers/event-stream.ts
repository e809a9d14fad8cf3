/**
 * Amazon's event-stream framing, unwrapped to server-sent events as the bytes come, at any split. A message is: total
 * length, length of the headers, CRC of these two; headers; payload; CRC of all. Numbers are big-endian, CRCs CRC-32.
 * It reads where the hop reads, so that there is no second stream between a provider and a caller.
 */
import { crc32 } from "node:zlib";
import { obj, text } from "../canon/json.ts";
import { Fault, type FaultKind } from "../fault.ts";
import { print } from "../http/sse.ts";
import type { Reader } from "../http/stream.ts";

/** Is this answer framed so? */
export function isFramed(answer: Response): boolean {
  return /^application\/vnd\.amazon\.eventstream/i.test(answer.headers.get("content-type") ?? "");
}

/** A reader of the events within. What stands before an exception or a broken message is read first. */
export function unframed(reader: Reader): Reader {
  const unframer = createUnframer();
  return {
    async read() {
      for (;;) {
        if (unframer.fault !== undefined) throw unframer.fault;
        const got = await reader.read();
        if (got.done) {
          if (unframer.held > 0) throw broken("it ended within a message");
          return got;
        }
        const value = unframer.push(got.value);
        if (value.length > 0) return { done: false, value };
      }
    },
    cancel: (reason) => reader.cancel(reason),
    releaseLock: () => reader.releaseLock(),
    closed: reader.closed,
  };
}

interface Unframer {
  /** The events that this chunk completes, as text of an event stream. */
  push(chunk: Uint8Array): Uint8Array;
  /** Bytes of a message that is not whole. */
  readonly held: number;
  /** Why nothing more can be read. */
  readonly fault: Fault | undefined;
}

const preludeBytes = 12;
const crcBytes = 4;
/** Amazon's own bounds are 16 MB of payload and 128 KB of headers. */
const largestMessage = 17 * 1024 * 1024;

function createUnframer(): Unframer {
  let kept: Uint8Array[] = [];
  let held = 0;
  let wanted = preludeBytes;
  let fault: Fault | undefined;

  /** The next whole message; what follows is kept. Pieces are joined only once enough of them are there. */
  function next(): Buffer | undefined {
    if (held < wanted) return undefined;
    const bytes = join(kept);
    const size = sizeOf(bytes);
    const isWhole = held >= size;
    kept = [isWhole ? bytes.subarray(size) : bytes];
    held -= isWhole ? size : 0;
    wanted = isWhole ? preludeBytes : size;
    return isWhole ? bytes.subarray(0, size) : undefined;
  }

  return {
    push(chunk) {
      kept.push(chunk);
      held += chunk.length;
      let out = "";
      try {
        for (let message = next(); message !== undefined; message = next()) out += eventOf(message);
      } catch (thrown) {
        fault = thrown instanceof Fault ? thrown : broken("a message cannot be read", thrown);
      }
      return Buffer.from(out);
    },
    get held() {
      return held;
    },
    get fault() {
      return fault;
    },
  };
}

function join(pieces: readonly Uint8Array[]): Buffer {
  const [only] = pieces;
  if (only === undefined || pieces.length > 1) return Buffer.concat(pieces);
  return Buffer.from(only.buffer, only.byteOffset, only.byteLength);
}

/** The message's whole length, from a prelude that is proven right. */
function sizeOf(bytes: Buffer): number {
  const size = bytes.readUInt32BE(0);
  const headers = bytes.readUInt32BE(4);
  if (crc32(bytes.subarray(0, 8)) !== bytes.readUInt32BE(8)) throw broken("a checksum is wrong");
  if (size > largestMessage || headers > size - preludeBytes - crcBytes) throw broken("a length is wrong");
  return size;
}

/** The event in a whole message; `""` where there is none. Throws the Fault that an exception tells. */
function eventOf(bytes: Buffer): string {
  const end = bytes.length - crcBytes;
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) throw broken("a checksum is wrong");
  const payload = preludeBytes + bytes.readUInt32BE(4);
  const headers = headersOf(bytes.subarray(preludeBytes, payload));
  const body = obj(JSON.parse(bytes.toString("utf8", payload, end) || "{}"));
  if (headers.get(":message-type") === "event") return event(text(body.bytes) ?? "");
  const type = headers.get(":exception-type") ?? headers.get(":error-code") ?? "";
  const message = text(body.message) ?? headers.get(":error-message") ?? "The provider failed.";
  throw new Fault(exceptions.get(type) ?? "upstream", message, { cause: { type } });
}

function event(base64: string): string {
  // Line ends can only stand between two tokens of JSON, and would end the event's line.
  const data = Buffer.from(base64, "base64")
    .toString("utf8")
    .replace(/[\r\n]+/g, " ");
  const type = data === "" ? undefined : text(obj(JSON.parse(data)).type);
  return type === undefined ? "" : print([{ event: type, data }]);
}

/** What Bedrock says within a stream (InvokeModelWithResponseStream, ResponseStream). */
const exceptions: ReadonlyMap<string, FaultKind> = new Map([
  ["internalServerException", "upstream"],
  ["modelStreamErrorException", "upstream"],
  ["modelTimeoutException", "timeout"],
  ["serviceUnavailableException", "overloaded"],
  ["throttlingException", "rate_limit"],
  ["validationException", "bad_request"],
]);

/** Lengths of the header values whose type says it: true, false, byte, short, integer, long, timestamp, UUID. */
const fixedLengths: ReadonlyMap<number, number> = new Map([
  [0, 0],
  [1, 0],
  [2, 1],
  [3, 2],
  [4, 4],
  [5, 8],
  [8, 8],
  [9, 16],
]);
const stringType = 7;

/** The headers that are texts, by name; the others are passed over. */
function headersOf(bytes: Buffer): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const valueType = at + 1 + bytes.readUInt8(at);
    const name = bytes.toString("utf8", at + 1, valueType);
    const type = bytes.readUInt8(valueType);
    const fixed = fixedLengths.get(type);
    const start = valueType + (fixed === undefined ? 3 : 1);
    const end = start + (fixed ?? bytes.readUInt16BE(valueType + 1));
    if (type === stringType) headers.set(name, bytes.toString("utf8", start, end));
    at = end;
  }
  return headers;
}

function broken(why: string, cause?: unknown): Fault {
  return new Fault("upstream", `The provider's event stream is damaged: ${why}.`, { cause });
}
