/** A wire between a client and the gateway: it sees how the client comes, and cuts a WebSocket where a test wants it. */
import { connect, createServer, type Socket } from "node:net";

export interface Between {
  /** `http://127.0.0.1:PORT/v1`. */
  readonly base: string;
  /** What came, in order: `POST /v1/responses`, or `socket 101` with the status of the answer. */
  readonly seen: readonly string[];
  close(): Promise<void>;
}

export interface Cut {
  /** The type of an event. */
  readonly event: string;
  /** At which of them on the first WebSocket; it still reaches the client. */
  readonly at: number;
}

/** @param origin the gateway's, `http://127.0.0.1:PORT` */
export async function between(origin: string, cut?: Cut): Promise<Between> {
  const { hostname, port } = new URL(origin);
  const seen: string[] = [];
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const gateway = connect(Number(port), hostname);
    for (const socket of [client, gateway]) {
      open.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        open.delete(socket);
        client.destroy();
        gateway.destroy();
      });
    }
    const watch = watcher(seen, cut, () => client.destroy());
    client.on("data", (bytes: Buffer) => gateway.write(watch.up(bytes)));
    gateway.on("data", (bytes: Buffer) => client.write(bytes, () => watch.down(bytes)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the wire listens nowhere");
  return {
    base: `http://127.0.0.1:${address.port}/v1`,
    seen,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Follows one connection. Compression is not passed on, so that what is said can be read. */
function watcher(seen: string[], cut: Cut | undefined, drop: () => void) {
  let state: "calls" | "asked" | "socket" = "calls";
  let isFirst = false;
  let said = "";
  return {
    up(bytes: Buffer): Buffer {
      if (state !== "calls") return bytes;
      const head = bytes.toString("latin1");
      const [, line] = /^((?:GET|POST|HEAD) \S+) HTTP/.exec(head) ?? [];
      if (line === undefined) return bytes;
      if (!/^upgrade: websocket\r$/im.test(head)) {
        seen.push(line);
        return bytes;
      }
      state = "asked";
      return Buffer.from(head.replace(/^sec-websocket-extensions:.*\r\n/im, ""), "latin1");
    },
    down(bytes: Buffer): void {
      if (state === "asked") {
        const [, status = "?"] = /^HTTP\/1\.1 (\d+)/.exec(bytes.toString("latin1")) ?? [];
        isFirst = !seen.includes("socket 101");
        seen.push(`socket ${status}`);
        state = status === "101" ? "socket" : "calls";
      }
      if (state !== "socket" || !isFirst || cut === undefined) return;
      said += bytes.toString("utf8");
      if (said.split(`"type":"${cut.event}"`).length > cut.at) drop();
    },
  };
}
