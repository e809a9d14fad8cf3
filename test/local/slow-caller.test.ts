/** A caller that does not read holds the provider back, over real sockets: nothing piles up in between. */
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { rig } from "./starting.ts";

const { start, folder, clear } = rig();
const servers: Server[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.closeAllConnections();
  await clear();
});

/** More than this may not lie between a provider and a caller: the buffers of four sockets and one read. */
const most = 24 * 1024 * 1024;
const stalledAfterMs = 1500;

const chunk = {
  chat: `data: {"id":"c","choices":[{"index":0,"delta":{"content":"${"x".repeat(16_000)}"},"finish_reason":null}]}\n\n`,
  messages: [
    'event: message_start\ndata: {"type":"message_start","message":{"id":"m","role":"assistant","content":[],"usage":{}}}\n\n',
    'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
    `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"${"x".repeat(16_000)}"}}\n\n`,
  ],
};

/** Answers without end, as fast as it is taken. `stalled` tells the bytes taken once no more are. */
async function endless() {
  const { promise: stalled, resolve } = Promise.withResolvers<number>();
  const server = createServer((request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const [first, second, more] = request.url?.includes("messages")
      ? chunk.messages
      : [chunk.chat, chunk.chat, chunk.chat];
    response.write(`${first}${second}`);
    void pour(response, more ?? "", resolve);
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stalled };
}

async function pour(response: ServerResponse, text: string, stalled: (bytes: number) => void): Promise<void> {
  for (let bytes = 0; !response.destroyed; bytes += text.length) {
    // Far above the bound there is nothing left to learn.
    if (bytes > 4 * most) return stalled(bytes);
    if (response.write(text)) continue;
    const isStalled = setTimeout(() => stalled(bytes), stalledAfterMs);
    await Promise.race([once(response, "drain"), once(response, "close")]);
    clearTimeout(isStalled);
  }
}

describe("a caller that stops reading", () => {
  it.each([
    ["relay", "compatible"],
    ["translate", "anthropic"],
  ])("holds the provider back on the lane %s", async (_, provider) => {
    const upstream = await endless();
    const gateway = start({
      DATA_DIR: folder(),
      ANTHROPIC_API_KEY: "k",
      ANTHROPIC_BASE_URL: upstream.url,
      COMPATIBLE_KEY: "k",
      PROVIDERS: JSON.stringify({
        compatible: { base: `${upstream.url}/v1`, speaks: ["chat"], secret: "COMPATIBLE_KEY" },
      }),
    });
    const printed = await gateway.prints(/^curl /m);
    const [, port] = /base URL\s+http:\/\/127\.0\.0\.1:(\d+)/.exec(printed) ?? [];
    const [key] = /gbx_\w+/.exec(printed) ?? [];
    const body = JSON.stringify({
      model: `${provider}/x`,
      stream: true,
      messages: [{ role: "user", content: "Go on." }],
    });
    const socket = connect(Number(port), "127.0.0.1");
    sockets.push(socket);
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n` +
        `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    const [head] = await once(socket, "data");
    socket.pause();
    expect(String(head)).toMatch(/^HTTP\/1.1 200/);
    expect(await upstream.stalled).toBeLessThan(most);
  });
});
