/** A caller that does not read holds the provider back, over real sockets: nothing piles up in between. */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { live } from "./live.ts";

const { up, provider, dial, folder, clear } = live();

afterEach(clear);

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
  const url = await provider((request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const [first, second, more] = request.url?.includes("messages")
      ? chunk.messages
      : [chunk.chat, chunk.chat, chunk.chat];
    response.write(`${first}${second}`);
    void pour(response, more ?? "", resolve);
  });
  return { url, stalled };
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
  ])("holds the provider back on the lane %s", async (_, id) => {
    const upstream = await endless();
    const gateway = await up({
      DATA_DIR: folder(),
      ANTHROPIC_API_KEY: "k",
      ANTHROPIC_BASE_URL: upstream.url,
      COMPATIBLE_KEY: "k",
      PROVIDERS: JSON.stringify({
        compatible: { base: `${upstream.url}/v1`, speaks: ["chat"], secret: "COMPATIBLE_KEY" },
      }),
    });
    const body = JSON.stringify({
      model: `${id}/x`,
      stream: true,
      messages: [{ role: "user", content: "Go on." }],
    });
    const socket = dial(gateway);
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.key}\r\n` +
        `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    const [head] = await once(socket, "data");
    socket.pause();
    expect(String(head)).toMatch(/^HTTP\/1.1 200/);
    expect(await upstream.stalled).toBeLessThan(most);
  });
});
