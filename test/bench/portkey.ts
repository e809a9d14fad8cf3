/** Portkey's gateway, from the registry into a temporary folder, on the Node that runs the benchmark. */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { CannotStart } from "../../src/local/cannot-start.ts";
import type { Children } from "../../src/local/children.ts";
import type { Host } from "./hosts.ts";

const server = "node_modules/@portkey-ai/gateway/build/start-server.js";

/** It listens on all addresses and has no option for that. */
const loopbackOnly = `import { Server } from "node:net";
const { listen } = Server.prototype;
Server.prototype.listen = function (port, ...rest) {
  return typeof port === "number" ? listen.call(this, port, "127.0.0.1", ...rest.filter((each) => typeof each === "function")) : listen.call(this, port, ...rest);
};`;

const readyWithinMs = 20_000;
const lookEveryMs = 5;

/** Installs it as locked. Gives the folder; throws CannotStart, saying why, where that fails. */
export function installPortkey(folder: string): string {
  const place = join(folder, "portkey");
  mkdirSync(place, { recursive: true });
  for (const file of ["package.json", "package-lock.json", ".npmrc"]) {
    copyFileSync(join(import.meta.dirname, file), join(place, file));
  }
  const { status, stderr } = spawnSync("npm", ["ci"], { cwd: place, encoding: "utf8", timeout: 120_000 });
  if (status === 0 && existsSync(join(place, server))) return place;
  throw new CannotStart(`Portkey could not be installed (npm ci: ${status}):\n${stderr ?? ""}`);
}

/** Starts it. The upstream is told with each call. @throws CannotStart */
export async function servePortkey(place: string, upstream: string, children: Children): Promise<Host> {
  const port = await freePort();
  const hook = `data:text/javascript,${encodeURIComponent(loopbackOnly)}`;
  const said: string[] = [];
  const child = children.run({
    file: process.execPath,
    args: ["--import", hook, join(place, server), `--port=${port}`, "--headless"],
    env: { PATH: process.env.PATH, NODE_ENV: "production" },
    onLine: (line) => void said.push(line),
  });
  const lost = child.ended.then((outcome) =>
    Promise.reject(new CannotStart(`Portkey ended (${outcome}):\n${said.join("\n")}`)),
  );
  lost.catch(() => undefined);
  await Promise.race([answered(port), lost]);
  const headers = {
    authorization: "Bearer credential-of-the-benchmark",
    "x-portkey-provider": "openai",
    "x-portkey-custom-host": `${upstream}/v1`,
  };
  return { child, port, headers };
}

async function answered(port: number): Promise<void> {
  const deadline = Date.now() + readyWithinMs;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    if (answer?.ok) return;
    if (Date.now() > deadline) throw new CannotStart(`Portkey did not answer within ${readyWithinMs / 1000} s.`);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
