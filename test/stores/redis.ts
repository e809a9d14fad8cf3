/** A Redis of the test's own, real, without a port and without persistence, behind Upstash's REST interface. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBridge } from "./redis-bridge.ts";

export interface Redis {
  /** What `UPSTASH_REDIS_REST_URL` and `UPSTASH_REDIS_REST_TOKEN` are set to. */
  readonly url: string;
  readonly token: string;
  close(): Promise<void>;
}

const token = "a-token-of-the-tests";

/** `undefined`, said aloud, where no `redis-server` is installed. */
export async function startRedis(): Promise<Redis | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "gearbox-redis-"));
  const socket = join(folder, "redis.sock");
  const settings = { port: "0", unixsocket: socket, save: "", appendonly: "no", dir: folder, loglevel: "notice" };
  const words = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const server = spawn("redis-server", words, { stdio: ["ignore", "pipe", "inherit"] });
  const isThere = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.once("exit", () => resolve(false));
    server.stdout.on("data", (text: Buffer) => text.includes("eady to accept connections") && resolve(true));
  });
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  if (!isThere) {
    rmSync(folder, { recursive: true });
    console.warn(
      "\n*** redis-server is not installed: ALL TESTS OF THE UPSTASH STORE ARE SKIPPED (README, Tests) ***\n",
    );
    return undefined;
  }
  const bridge = await startBridge(socket, token);
  return {
    url: bridge.url,
    token,
    async close() {
      await bridge.close();
      server.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}
