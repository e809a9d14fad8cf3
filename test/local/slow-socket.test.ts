/** A caller that does not read its WebSocket, over real ones: what piles up has a bound, and the provider is let go. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { rig } from "./starting.ts";

const { start, folder, clear } = rig();
const servers: Server[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.closeAllConnections();
  await clear();
});

/** What a connection may be ahead of its caller, and the buffers of four sockets. */
const most = 24 * 1024 * 1024;

const chunk = (text: string): string =>
  `data: {"id":"c","choices":[{"index":0,"delta":{"content":"${text}"},"finish_reason":null}]}\n\n`;

/** Answers without end; `left` tells the bytes that were taken when the gateway has gone. */
async function endless() {
  const { promise: left, resolve } = Promise.withResolvers<number>();
  const server = createServer(async (_, response) => {
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
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, left };
}

/** A message of a client: masked, with a mask of zeros. */
function frame(message: object): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  return Buffer.concat([Buffer.from([0x81, 0x80 | body.length, 0, 0, 0, 0]), body]);
}

it("a caller that does not read its WebSocket is given up", async () => {
  const upstream = await endless();
  const gateway = start({
    DATA_DIR: folder(),
    COMPATIBLE_KEY: "k",
    PROVIDERS: JSON.stringify({
      compatible: { base: `${upstream.url}/v1`, speaks: ["chat"], secret: "COMPATIBLE_KEY" },
    }),
  });
  const printed = await gateway.prints(/^curl /m);
  const [, port] = /base URL\s+http:\/\/127\.0\.0\.1:(\d+)/.exec(printed) ?? [];
  const [key] = /gbx_\w+/.exec(printed) ?? [];
  const socket = connect(Number(port), "127.0.0.1");
  sockets.push(socket);
  socket.write(
    `GET /v1/responses HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\nupgrade: websocket\r\n` +
      "connection: Upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  const [head] = await once(socket, "data");
  socket.pause();
  expect(String(head)).toMatch(/^HTTP\/1.1 101/);
  socket.write(frame({ type: "response.create", model: "compatible/x", input: "Go on.", store: false }));
  expect(await upstream.left).toBeLessThan(most);
});
