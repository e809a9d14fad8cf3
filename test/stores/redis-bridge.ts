/** Upstash's REST interface before a Redis of one's own: as much of it as its client speaks. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { buffer } from "node:stream/consumers";
import { type Reply, replies } from "./redis-protocol.ts";

export interface Bridge {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  close(): Promise<void>;
}

/** @param socketPath of the Redis */
export async function startBridge(socketPath: string, token: string): Promise<Bridge> {
  const socket = connect(socketPath);
  const waiting: ((reply: Reply) => void)[] = [];
  const read = replies((reply) => waiting.shift()?.(reply));
  socket.on("data", read);

  /** Written at once, so that nothing of another caller comes between. */
  function send(commands: readonly Command[]): Promise<Reply[]> {
    socket.write(Buffer.concat(commands.map(printed)));
    return Promise.all(commands.map(() => new Promise<Reply>((resolve) => waiting.push(resolve))));
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.headers.authorization !== `Bearer ${token}`) return say(response, 401, { error: "Unauthorized" });
    const asked = JSON.parse((await buffer(request)).toString()) as unknown[];
    const encoded = request.headers["upstash-encoding"] === "base64";
    response.setHeader("upstash-sync-token", "token");
    if (request.url === "/") {
      const [reply] = (await send([asked as Command])).map((each) => shown(each, encoded));
      return say(response, reply !== undefined && "error" in reply ? 400 : 200, reply);
    }
    if (request.url === "/pipeline") {
      return say(
        response,
        200,
        (await send(asked as Command[])).map((each) => shown(each, encoded)),
      );
    }
    if (request.url !== "/multi-exec") return say(response, 404, { error: "no such path" });
    const last = (await send([["MULTI"], ...(asked as Command[]), ["EXEC"]])).at(-1);
    if (!Array.isArray(last)) return say(response, 400, shown(last ?? null, encoded));
    say(
      response,
      200,
      last.map((each) => shown(each, encoded)),
    );
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((thrown) => say(response, 400, { error: String(thrown) }));
  });
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Command = readonly (string | number)[];

function printed(command: Command): Buffer {
  const words = command.map((word) => Buffer.from(String(word)));
  const parts = words.flatMap((word) => [Buffer.from(`$${word.length}\r\n`), word, Buffer.from("\r\n")]);
  return Buffer.concat([Buffer.from(`*${words.length}\r\n`), ...parts]);
}

function shown(reply: Reply, encoded: boolean): { error: string } | { result: unknown } {
  return reply instanceof Error ? { error: reply.message } : { result: plain(reply, encoded) };
}

/** Strings in base64 where it was asked for, "OK" never. */
function plain(reply: Reply, encoded: boolean): unknown {
  if (Array.isArray(reply)) return reply.map((each) => plain(each, encoded));
  if (reply instanceof Error) return reply.message;
  return reply instanceof Uint8Array ? Buffer.from(reply).toString(encoded ? "base64" : "utf8") : reply;
}

function say(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
