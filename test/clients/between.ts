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
    const watch = watcher(seen, cut);
    client.on("data", (bytes: Buffer) => gateway.write(watch.up(bytes)));
    gateway.on("data", (bytes: Buffer) => {
      const { passed, isCut } = watch.down(bytes);
      client.write(passed, () => isCut && client.destroy());
      if (isCut) gateway.destroy();
    });
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
function watcher(seen: string[], cut: Cut | undefined) {
  let state: "calls" | "asked" | "socket" = "calls";
  let isFirst = false;
  let rest: Buffer = Buffer.alloc(0);
  let count = 0;
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
    /** What of the bytes reaches the client: up to the end of the message behind which the wire is cut. */
    down(bytes: Buffer): { passed: Buffer; isCut: boolean } {
      if (state === "asked") {
        const [, status = "?"] = /^HTTP\/1\.1 (\d+)/.exec(bytes.toString("latin1")) ?? [];
        isFirst = !seen.includes("socket 101");
        seen.push(`socket ${status}`);
        state = status === "101" ? "socket" : "calls";
        return { passed: bytes, isCut: false };
      }
      if (state !== "socket" || !isFirst || cut === undefined) return { passed: bytes, isCut: false };
      rest = Buffer.concat([rest, bytes]);
      let end = 0;
      for (let size = messageSize(rest); size <= rest.length - end; size = messageSize(rest.subarray(end))) {
        if (rest.toString("utf8", end, end + size).includes(`"type":"${cut.event}"`)) count += 1;
        end += size;
        if (count >= cut.at) return { passed: rest.subarray(0, end), isCut: true };
      }
      const passed = rest.subarray(0, end);
      rest = rest.subarray(end);
      return { passed, isCut: false };
    },
  };
}

/** Bytes of the message at the beginning, which a server does not mask; more than there are while its head is not here. */
function messageSize(bytes: Buffer): number {
  const [, length = 0] = bytes;
  if (bytes.length < 2 || (length === 126 && bytes.length < 4) || (length === 127 && bytes.length < 10))
    return Infinity;
  if (length === 126) return 4 + bytes.readUInt16BE(2);
  return length === 127 ? 10 + Number(bytes.readBigUInt64BE(2)) : 2 + length;
}
