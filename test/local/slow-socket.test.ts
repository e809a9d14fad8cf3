/** A caller that does not read its WebSocket, over real ones: what piles up has a bound, and the provider is let go. */
import { once } from "node:events";
import { afterEach, expect, it } from "vitest";
import { live } from "./live.ts";

const { up, provider, dial, folder, clear } = live();

afterEach(clear);

/** What a connection may be ahead of its caller, and the buffers of four sockets. */
const most = 24 * 1024 * 1024;

const chunk = (text: string): string =>
  `data: {"id":"c","choices":[{"index":0,"delta":{"content":"${text}"},"finish_reason":null}]}\n\n`;

/** Answers without end; `left` tells the bytes that were taken when the gateway has gone. */
async function endless() {
  const { promise: left, resolve } = Promise.withResolvers<number>();
  const url = await provider(async (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const closed = once(response, "close");
    const piece = chunk("x".repeat(4000));
    let bytes = 0;
    while (!response.destroyed && bytes < 4 * most) {
      bytes += piece.length;
      if (!response.write(piece)) await Promise.race([once(response, "drain"), closed]);
    }
    resolve(bytes);
  });
  return { url, left };
}

/** A message of a client: masked, with a mask of zeros. */
function frame(message: object): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  return Buffer.concat([Buffer.from([0x81, 0x80 | body.length, 0, 0, 0, 0]), body]);
}

it("a caller that does not read its WebSocket is given up", async () => {
  const upstream = await endless();
  const gateway = await up({
    DATA_DIR: folder(),
    COMPATIBLE_KEY: "k",
    PROVIDERS: JSON.stringify({
      compatible: { base: `${upstream.url}/v1`, speaks: ["chat"], secret: "COMPATIBLE_KEY" },
    }),
  });
  const socket = dial(gateway);
  socket.write(
    `GET /v1/responses HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.key}\r\nupgrade: websocket\r\n` +
      "connection: Upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  const [head] = await once(socket, "data");
  socket.pause();
  expect(String(head)).toMatch(/^HTTP\/1.1 101/);
  socket.write(frame({ type: "response.create", model: "compatible/x", input: "Go on.", store: false }));
  expect(await upstream.left).toBeLessThan(most);
});
