/** A request's body, whole: within the limit as sent and as decoded, whatever its `Content-Encoding`. */
import { brotliDecompressSync, zstdDecompressSync } from "node:zlib";
import { Fault } from "../fault.ts";

/**
 * Reads a JSON body. Faults: `too_large`, `media_type` for another type or an unknown encoding, `bad_request` for a broken
 * one. `take` is told of the bytes as they come, and may refuse them.
 */
export async function readBody(request: Request, maxBytes: number, take: (bytes: number) => void): Promise<Uint8Array> {
  const { headers } = request;
  const type = headers.get("content-type") ?? "application/json";
  if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) {
    throw new Fault("media_type", `Content-Type '${type}' is not understood; send application/json.`);
  }
  const announced = Number(headers.get("content-length") ?? Number.NaN);
  if (announced > maxBytes) throw tooLarge(maxBytes);
  let bytes = await (announced <= nativeBytes
    ? readAnnounced(request, announced, take)
    : gather(request.body, maxBytes, take));
  const encodings = (headers.get("content-encoding") ?? "").toLowerCase().split(",");
  for (const encoding of encodings.map((each) => each.trim()).reverse()) {
    bytes = await decode(bytes, encoding, maxBytes);
  }
  return bytes;
}

/**
 * Up to here a body is counted whole before it is there. A larger one is counted as it comes, so that nobody takes up the
 * room of others with bytes that are only announced.
 */
const nativeBytes = 256 * 1024;

/** A body of a length that the server holds the caller to: read natively, at a fraction of what chunks cost. */
async function readAnnounced(request: Request, length: number, take: (bytes: number) => void): Promise<Uint8Array> {
  take(length);
  return new Uint8Array(await request.arrayBuffer());
}

async function decode(bytes: Uint8Array, encoding: string, maxBytes: number): Promise<Uint8Array> {
  switch (encoding) {
    case "":
    case "identity":
      return bytes;
    case "gzip":
    case "x-gzip":
      return inflate(bytes, "gzip", maxBytes);
    case "deflate":
      return inflate(bytes, "deflate", maxBytes);
    case "br":
      return unpack(() => brotliDecompressSync(bytes, { maxOutputLength: maxBytes }), maxBytes);
    case "zstd":
      return unpack(() => zstdDecompressSync(bytes, { maxOutputLength: maxBytes }), maxBytes);
    default:
      throw new Fault(
        "media_type",
        `Content-Encoding '${encoding}' is not understood; gzip, deflate, br and zstd are.`,
      );
  }
}

async function inflate(bytes: Uint8Array, format: "gzip" | "deflate", maxBytes: number): Promise<Uint8Array> {
  const packed = new Response(bytes).body;
  if (packed === null) return bytes;
  try {
    return await gather(packed.pipeThrough(new DecompressionStream(format)), maxBytes);
  } catch (thrown) {
    throw thrown instanceof Fault ? thrown : broken(thrown);
  }
}

function unpack(run: () => Uint8Array, maxBytes: number): Uint8Array {
  try {
    return run();
  } catch (thrown) {
    const isLimit = thrown instanceof RangeError;
    throw isLimit ? tooLarge(maxBytes) : broken(thrown);
  }
}

async function gather(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  take: (bytes: number) => void = () => undefined,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body ?? []) {
    size += piece.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    take(piece.length);
    pieces.push(piece);
  }
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces, size);
}

function tooLarge(maxBytes: number): Fault {
  return new Fault("too_large", `The request body is larger than ${maxBytes} bytes.`);
}

function broken(cause: unknown): Fault {
  return new Fault("bad_request", "The request body could not be decompressed.", { cause });
}
