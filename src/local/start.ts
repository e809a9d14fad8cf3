/** `npm start`: checks the settings, bundles the Worker, serves it on workerd with its data on disk, says how to call it. */
import { join, resolve } from "node:path";
import { isOn, readConfig } from "../config.ts";
import { bundle } from "./bundle.ts";
import type { Child, Children } from "./children.ts";
import { makeFolder } from "./data.ts";
import { type Gateway, serve } from "./gateway.ts";
import { greeting } from "./greeting.ts";
import { type Prepared, prepare } from "./prepare.ts";
import { script } from "./script.ts";
import { type Simulator, simulate, withSimulator } from "./simulator.ts";

interface Up {
  readonly gateway: Gateway;
  readonly simulator?: Simulator;
  readonly settings: Prepared["settings"];
}

const root = resolve(import.meta.dirname, "../..");

await script(start);

async function start(children: Children, stopped: Promise<void>): Promise<number> {
  const prepared = prepare(root, process.env);
  try {
    const starting = bringUp(prepared, children);
    const up = await Promise.race([starting, stopped]);
    if (up === undefined) return await giveUp(starting, children);
    greet(prepared, up);
    return await serveUntil(stopped, up);
  } finally {
    prepared.lock.release();
  }
}

async function bringUp(prepared: Prepared, children: Children): Promise<Up> {
  const { config, local, manifest } = prepared;
  const objects = join(local.dataDir, "objects");
  makeFolder(objects);
  const isCallable = [...config.providers.values()].some((provider) => isOn(provider, config));
  const [bundled, simulator] = await Promise.all([
    bundle(root, join(local.dataDir, "bundle"), children),
    isCallable ? undefined : simulate(root, children),
  ]);
  const settings = simulator === undefined ? prepared.settings : withSimulator(prepared.settings, simulator);
  const gateway = await serve({ bundle: bundled, manifest, local, settings, objects }, children, console.error);
  prepared.lock.note(gateway.child.pid);
  return { gateway, settings, ...(simulator !== undefined && { simulator }) };
}

function greet({ data, local, key }: Prepared, { gateway, simulator, settings }: Up): void {
  const lines = greeting({
    url: gateway.url,
    ...(key !== undefined && { key }),
    isKeyRenewed: data.isKeyRenewed,
    config: readConfig(settings),
    isSimulated: simulator !== undefined,
    dataDir: local.dataDir,
  });
  console.log(lines.join("\n"));
}

/** The order matters: workerd lets running streams end, and they may come from the simulator. */
async function serveUntil(stopped: Promise<void>, { gateway, simulator }: Up): Promise<number> {
  const lost = [
    died("workerd", gateway.child),
    ...(simulator ? [died("The simulated provider", simulator.child)] : []),
  ];
  const message = await Promise.race([stopped, ...lost]);
  if (message === undefined)
    console.log("Stopping when the running streams and WebSockets have ended; once more to stop at once.");
  else console.error(message);
  gateway.child.end("SIGTERM");
  await gateway.child.ended;
  simulator?.child.end("SIGTERM");
  await simulator?.child.ended;
  return message === undefined ? 0 : 1;
}

async function died(name: string, child: Child): Promise<string> {
  return `${name} ended unexpectedly (${await child.ended}).`;
}

/** Somebody stopped us before we were up: what is under way fails once its processes are gone. */
async function giveUp(starting: Promise<Up>, children: Children): Promise<number> {
  await children.kill();
  await starting.catch(() => undefined);
  return 0;
}
