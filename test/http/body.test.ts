import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readBody } from "../../src/http/body.ts";
import { flight } from "../../src/http/flight.ts";

const limit = 1000;
const text = '{"a":"é"}';

function post(body: Uint8Array | string, headers: Record<string, string> = {}): Request {
  return new Request("http://gearbox.test/", {
    method: "POST",
    body: typeof body === "string" ? body : new Uint8Array(body),
    headers: { "content-type": "application/json", ...headers },
  });
}

const read = (request: Request) => readBody(request, limit, () => undefined);

describe("a request's body", () => {
  it.each([
    ["identity", Buffer.from(text)],
    ["gzip", gzipSync(text)],
    ["deflate", deflateSync(text)],
    ["br", brotliCompressSync(text)],
    ["zstd", zstdCompressSync(text)],
    ["gzip, zstd", zstdCompressSync(gzipSync(text))],
  ])("is decoded: %s", async (encoding, body) => {
    expect(new TextDecoder().decode(await read(post(body, { "content-encoding": encoding })))).toBe(text);
  });

  it.each([
    ["as sent", post("x".repeat(limit + 1)), "too_large"],
    ["decoded, gzip", post(gzipSync("x".repeat(limit + 1)), { "content-encoding": "gzip" }), "too_large"],
    ["decoded, br", post(brotliCompressSync("x".repeat(limit + 1)), { "content-encoding": "br" }), "too_large"],
    ["decoded, zstd", post(zstdCompressSync("x".repeat(limit + 1)), { "content-encoding": "zstd" }), "too_large"],
    ["no gzip", post("hello", { "content-encoding": "gzip" }), "bad_request"],
    ["no zstd", post("hello", { "content-encoding": "zstd" }), "bad_request"],
    ["an unknown encoding", post("hello", { "content-encoding": "rot13" }), "media_type"],
    ["another type", post("a=1", { "content-type": "application/x-www-form-urlencoded" }), "media_type"],
    ["plain text", post("{}", { "content-type": "text/plain" }), "media_type"],
  ])("is refused: %s", async (_, request, kind) => {
    await expect(read(request)).rejects.toMatchObject({ kind });
  });

  it.each(["application/json", "application/json; charset=utf-8", "application/vnd.x+json"])(
    "may be %s",
    async (type) => {
      expect((await read(post(text, { "content-type": type }))).length).toBe(10);
    },
  );
});

describe("bytes in flight", () => {
  it("are bounded over all calls, and given back once", () => {
    const all = flight(100);
    const [first, second] = [all.board(), all.board()];
    first.take(60);
    expect(() => second.take(41)).toThrow(expect.objectContaining({ kind: "busy", retryAfterMs: 1000 }));
    second.take(40);
    first.release();
    first.release();
    expect(all.bytes).toBe(40);
    second.take(60);
  });
});

describe("a large body that is only announced", () => {
  it("takes up no room before it comes", async () => {
    const taken: number[] = [];
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array(10));
        controller.close();
      },
    });
    const headers = { "content-type": "application/json", "content-length": String(4 * 1024 * 1024) };
    // Node's own types lack `duplex`, without which it takes no stream.
    const init = { method: "POST", body, headers, duplex: "half" };
    await readBody(new Request("http://gearbox.test/", init), 8 * 1024 * 1024, (bytes) => taken.push(bytes));
    expect(taken).toEqual([10]);
  });
});
