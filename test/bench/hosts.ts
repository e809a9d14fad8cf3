/** Starts the processes that are measured. */
import { join } from "node:path";
import type { Bundle } from "../../src/local/bundle.ts";
import type { Child, Children } from "../../src/local/children.ts";
import type { Manifest } from "../../src/local/settings.ts";
import { serveGateway } from "./gateway.ts";
import { servePortkey } from "./portkey.ts";
import type { Mock } from "./programs.ts";
import type { HostId } from "./subjects.ts";
import { serveWorker, type WorkerId } from "./workers.ts";

/** A process that answers calls on the loopback. */
export interface Host {
  readonly child: Child;
  readonly port: number;
  /** What every call to it must say. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What the hosts are made from. */
export interface Yard {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly mock: Mock;
  readonly bundle: Bundle;
  /** Where Portkey is installed; `undefined` where it is not. */
  readonly portkey: string | undefined;
}

let made = 0;

/** Starts a fresh one; ready when it has answered. @throws CannotStart */
export async function startHost(id: HostId | WorkerId, yard: Yard, children: Children): Promise<Host> {
  made += 1;
  const { manifest, mock, bundle, portkey } = yard;
  const [folder, upstream] = [join(yard.folder, `${id}-${made}`), `http://127.0.0.1:${mock.port}`];
  switch (id) {
    case "direct":
      return { child: mock.child, port: mock.port, headers: {} };
    case "floor":
    case "tap":
    case "empty":
      return serveWorker(id, { folder, upstream, manifest }, children);
    case "gateway":
      return serveGateway({ bundle, manifest, folder, upstream }, children);
    case "portkey":
      return servePortkey(portkey ?? "", upstream, children);
  }
}
