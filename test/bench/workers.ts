/** Small Workers to compare with, each served by the same workerd program as the gateway. */
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { CannotStart } from "../../src/local/cannot-start.ts";
import type { Children } from "../../src/local/children.ts";
import type { Manifest } from "../../src/local/settings.ts";
import type { Host } from "./hosts.ts";

/**
 * `floor` only forwards: whatever a gateway does on workerd comes on top of it. `tap` also has every chunk of an answer
 * pass through JavaScript, and does nothing to it. `empty` is there to be started.
 */
const workers = {
  floor: `export default {
  fetch(request, env) {
    const { pathname, search } = new URL(request.url);
    return fetch(env.UPSTREAM + pathname + search, request);
  },
};`,
  tap: `export default {
  async fetch(request, env) {
    const { pathname, search } = new URL(request.url);
    const answer = await fetch(env.UPSTREAM + pathname + search, request);
    const reader = answer.body.getReader();
    const pull = async (controller) => {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    };
    const cancel = (reason) => reader.cancel(reason);
    return new Response(new ReadableStream({ pull, cancel }, { highWaterMark: 0 }), answer);
  },
};`,
  empty: `export default { fetch: () => new Response("") };`,
} as const;

export type WorkerId = keyof typeof workers;

export interface WorkerPlace {
  /** A folder of its own. */
  readonly folder: string;
  /** Where its calls go, without a path. */
  readonly upstream: string;
  readonly manifest: Manifest;
}

/** The path of the program; the package says it under this name and has no types. */
const { default: workerd } = createRequire(import.meta.url)("workerd") as { default: string };

/** Starts one. It is ready when it has answered. @throws CannotStart */
export async function serveWorker(id: WorkerId, place: WorkerPlace, children: Children): Promise<Host> {
  mkdirSync(place.folder, { recursive: true });
  const config = join(place.folder, "worker.capnp");
  writeFileSync(config, capnp(workers[id], place));
  const said: string[] = [];
  const { promise: listening, resolve } = Promise.withResolvers<number>();
  const child = children.run({
    file: workerd,
    args: ["serve", config, "--control-fd", "3"],
    env: {},
    onLine(line, descriptor) {
      if (descriptor !== 3) said.push(line);
      else resolve((JSON.parse(line) as { port: number }).port);
    },
  });
  const lost = child.ended.then((outcome) =>
    Promise.reject(new CannotStart(`The ${id} Worker ended (${outcome}):\n${said.join("\n")}`)),
  );
  lost.catch(() => undefined);
  const port = await Promise.race([listening, lost]);
  // Any answer will do; that of the mock provider to a path that it has.
  await (await fetch(`http://127.0.0.1:${port}/events`)).text();
  return { child, port, headers: {} };
}

function capnp(code: string, { upstream, manifest }: WorkerPlace): string {
  const flags = manifest.compatibilityFlags.map((flag) => JSON.stringify(flag)).join(", ");
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "worker", worker = .worker),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
);

const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = ${JSON.stringify(code)})],
  compatibilityDate = ${JSON.stringify(manifest.compatibilityDate)},
  compatibilityFlags = [${flags}],
  bindings = [(name = "UPSTREAM", text = ${JSON.stringify(upstream)})],
);
`;
}
