/**
 * `npm run dev`: wrangler dev after the same check, with the same data folder, key and simulated provider as `npm start`.
 * Arguments go on to wrangler.
 */
import { join, resolve } from "node:path";
import { isOn, readConfig } from "../config.ts";
import { offline, wrangler } from "./bundle.ts";
import type { Children } from "./children.ts";
import { greeting } from "./greeting.ts";
import { type Prepared, prepare } from "./prepare.ts";
import { script } from "./script.ts";
import { simulate, withSimulator } from "./simulator.ts";

const root = resolve(import.meta.dirname, "../..");

/** Wrangler's tracing of each request into SQLite is off: it grew by 17 MB in 15,000 requests. */
const untraced = { X_LOCAL_OBSERVABILITY: "false", X_LOCAL_EXPLORER: "false", WRANGLER_LOG: "warn" };

await script(dev);

async function dev(children: Children, stopped: Promise<void>): Promise<number> {
  const prepared = prepare(root, process.env);
  const { config, data, key, local, lock } = prepared;
  try {
    const isCallable = [...config.providers.values()].some((provider) => isOn(provider, config));
    const simulator = isCallable ? undefined : await simulate(root, children);
    const settings = simulator === undefined ? prepared.settings : withSimulator(prepared.settings, simulator);
    const child = children.run({
      file: process.execPath,
      args: argumentsOf(local),
      env: environmentOf(settings),
      onLine: (line) => console.log(line),
    });
    lock.note(child.pid);
    const lines = greeting({
      url: `http://${local.host}:${local.port}`,
      ...(key !== undefined && { key }),
      isKeyRenewed: data.isKeyRenewed,
      config: readConfig(settings),
      isSimulated: simulator !== undefined,
      dataDir: local.dataDir,
    });
    console.log(lines.join("\n"));
    void stopped.then(() => child.end("SIGTERM"));
    const outcome = await child.ended;
    return typeof outcome === "number" ? outcome : 0;
  } finally {
    lock.release();
  }
}

/**
 * The empty file of variables keeps wrangler from reading .dev.vars itself, which would then hide the environment: both
 * were read already, and reach it as its environment, so that no secret is written to a file or a command line.
 */
function argumentsOf({ dataDir, host, port }: Prepared["local"]): readonly string[] {
  const place = ["--ip", host, "--port", String(port), "--persist-to", join(dataDir, "dev")];
  const config = ["--config", join(root, "wrangler.toml"), "--env-file", "/dev/null"];
  return [wrangler, "dev", ...config, ...place, "--show-interactive-dev-session=false", ...process.argv.slice(2)];
}

function environmentOf(settings: Prepared["settings"]): Record<string, string | undefined> {
  const { PATH, HOME, TMPDIR } = process.env;
  return { PATH, HOME, TMPDIR, ...offline, ...untraced, CLOUDFLARE_INCLUDE_PROCESS_ENV: "true", ...settings };
}
