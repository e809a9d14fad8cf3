/** A gateway as `npm start` runs it, with a provider of the test's own behind it and sockets of its callers before it. */
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { childrenOf, rig } from "./starting.ts";

export interface Up {
  readonly url: string;
  /** As the first start printed it. */
  readonly key: string;
  /** Without a warning, and all its processes with it. */
  readonly kill: () => Promise<void>;
}

export function live() {
  const { start, folder, clear } = rig();
  const servers: Server[] = [];
  const sockets: Socket[] = [];
  return {
    folder,
    async up(settings: Readonly<Record<string, string>>): Promise<Up> {
      const gateway = start(settings);
      const printed = await gateway.prints(/^curl /m);
      const kill = async (): Promise<void> => {
        for (const pid of [...childrenOf(gateway.pid), gateway.pid]) process.kill(pid, "SIGKILL");
        await gateway.exit;
      };
      const read = (pattern: RegExp): string => pattern.exec(printed)?.[1] ?? "";
      return { url: read(/base URL +(\S+)\/v1/), key: read(/^ *key +(gbx_\S+)/m), kill };
    },
    /** The address of a provider that answers so, without a path. */
    async provider(answer: RequestListener): Promise<string> {
      const server = createServer(answer);
      servers.push(server);
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    /** A connection to the gateway that is read by hand. */
    dial({ url }: Pick<Up, "url">): Socket {
      const socket = connect(Number(new URL(url).port), "127.0.0.1");
      sockets.push(socket);
      return socket;
    },
    async clear(): Promise<void> {
      for (const socket of sockets.splice(0)) socket.destroy();
      for (const server of servers.splice(0)) server.closeAllConnections();
      await clear();
    },
  };
}
