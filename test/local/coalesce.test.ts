/** Equal calls on the started gateway, over real sockets and to a private address: one call, whoever leaves. */
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { rig } from "./starting.ts";

const { start, folder, clear } = rig();
const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) server.closeAllConnections();
  await clear();
});

const delta = (content: string): string =>
  `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`;
const ending = `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] })}\n\ndata: [DONE]\n\n`;

/** Answers each call with one word; the rest is the test's to say. */
async function upstream() {
  const calls: ServerResponse[] = [];
  const server = createServer((_, response) => {
    calls.push(response);
    response.writeHead(200, { "content-type": "text/event-stream" }).write(delta("first"));
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, calls };
}

it("the first may leave as any other, and when all have left the provider's work ends", async () => {
  const { base, calls } = await upstream();
  const gateway = start({
    DATA_DIR: folder(),
    HEARTBEAT_MS: "100",
    PROVIDERS: JSON.stringify({ own: { base, speaks: ["chat"] } }),
  });
  const printed = await gateway.prints(/^curl /m);
  const [, port] = /base URL\s+http:\/\/127\.0\.0\.1:(\d+)/.exec(printed) ?? [];
  const [key] = /gbx_\w+/.exec(printed) ?? [];
  const ask = async (content: string) => {
    const leaving = new AbortController();
    const answer = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
      method: "POST",
      signal: leaving.signal,
      headers: {
        authorization: `Bearer ${key}`,
        "content-type": "application/json",
        "x-gearbox-cache": "ttl=60, coalesce",
      },
      body: JSON.stringify({ model: "own/x", stream: true, messages: [{ role: "user", content }] }),
    });
    return { answer, leave: () => leaving.abort() };
  };

  const first = await ask("shared");
  const others = await Promise.all(Array.from({ length: 20 }, () => ask("shared")));
  expect([first, ...others].map(({ answer }) => answer.headers.get("x-gearbox-cache"))).toEqual([
    "miss",
    ...Array<string>(20).fill("joined"),
  ]);
  for (const { leave } of [first, ...others.slice(10)]) leave();
  calls[0]?.end(delta(" last") + ending);
  const texts = await Promise.all(others.slice(0, 10).map(({ answer }) => answer.text()));
  for (const text of texts) expect(text).toContain('" last"');
  expect(new Set(texts.map((text) => text.replaceAll(/^: .*\n\n/gm, ""))).size).toBe(1);
  expect(calls).toHaveLength(1);

  const leavers = [await ask("left alone"), await ask("left alone")];
  expect(calls).toHaveLength(2);
  const closed = once(calls[1] as ServerResponse, "close");
  for (const { leave } of leavers) leave();
  await closed;
  expect(calls[1]?.writableEnded).toBe(false);
});
