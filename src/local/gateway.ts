/** The Worker served by a plain workerd process. */
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Bundle } from "./bundle.ts";
import { CannotStart } from "./cannot-start.ts";
import { capnp } from "./capnp.ts";
import type { Child, Children } from "./children.ts";
import type { LocalSettings, Manifest } from "./settings.ts";

export interface Gateway {
  readonly child: Child;
  /** `http://host:port`, as it is reached from this machine. */
  readonly url: string;
}

export interface Serving {
  readonly bundle: Bundle;
  readonly manifest: Manifest;
  readonly local: LocalSettings;
  /** By name; they reach workerd through its environment and nothing else. */
  readonly settings: Readonly<Record<string, string>>;
  /** Folder of the Durable Objects' databases. */
  readonly objects: string;
}

/** The path of the program; the package says it under this name and has no types. */
const { default: workerd } = createRequire(import.meta.url)("workerd") as { default: string };
const readyWithinMs = 20_000;

/** Starts workerd; ready when it has answered GET /health. @throws CannotStart */
export async function serve(serving: Serving, children: Children, print: (line: string) => void): Promise<Gateway> {
  const config = join(serving.bundle.folder, "gearbox.capnp");
  writeFileSync(config, configOf(serving));
  const early: string[] = [];
  const listening = Promise.withResolvers<number>();
  let say = (line: string): void => void early.push(line);
  const child = children.run({
    file: workerd,
    // The control descriptor tells the port once the socket listens, also where PORT is 0 (any free one).
    args: ["serve", config, "--control-fd", "3"],
    env: { ...certificates(process.env), ...serving.settings },
    onLine: (line, descriptor) => (descriptor === 3 ? hear(line, listening.resolve) : say(line)),
  });
  const ended = child.ended.then((outcome) => Promise.reject(refusal(early, outcome, serving.local)));
  // Once it serves, an end is for the caller to judge.
  ended.catch(() => undefined);
  const url = `http://${bracket(reachable(serving.local.host))}:${await Promise.race([listening.promise, ended])}`;
  await Promise.race([answerOf(`${url}/health`), ended]);
  say = print;
  for (const line of early) print(line);
  return { child, url };
}

function configOf({ bundle, manifest, local, settings, objects }: Serving): string {
  return capnp({
    address: `${bracket(local.host)}:${local.port}`,
    modules: bundle.modules,
    compatibilityDate: manifest.compatibilityDate,
    compatibilityFlags: manifest.compatibilityFlags,
    settings: Object.keys(settings),
    objects,
  });
}

function hear(line: string, onListen: (port: number) => void): void {
  const message = JSON.parse(line) as { event: string; port?: number };
  if (message.event === "listen" && message.port !== undefined) onListen(message.port);
}

async function answerOf(url: string): Promise<void> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(readyWithinMs) });
    if (answer.ok) return;
    throw new CannotStart(`The gateway is up but not well: GET /health says ${answer.status} ${await answer.text()}`);
  } catch (thrown) {
    if (thrown instanceof CannotStart) throw thrown;
    throw new CannotStart(`The gateway did not answer GET /health within ${readyWithinMs / 1000} s.`);
  }
}

function refusal(said: readonly string[], outcome: number | string, { host, port }: LocalSettings): CannotStart {
  const text = said.join("\n");
  if (text.includes("Address already in use")) {
    return new CannotStart(
      `Port ${port} of ${host} is in use by another program. Stop that one, or set PORT to a free one.`,
    );
  }
  if (/Permission denied/.test(text) && port < 1024) {
    return new CannotStart(`Port ${port} is open to root only. Set PORT to one above 1023.`);
  }
  return new CannotStart(`workerd ended (${outcome}) before it served:\n${text}`);
}

/** Where an operator's certificates are, for TLS to providers behind a proxy of theirs. */
function certificates(environment: NodeJS.ProcessEnv): Record<string, string> {
  const { SSL_CERT_FILE, SSL_CERT_DIR } = environment;
  return { ...(SSL_CERT_FILE !== undefined && { SSL_CERT_FILE }), ...(SSL_CERT_DIR !== undefined && { SSL_CERT_DIR }) };
}

function reachable(host: string): string {
  return { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host;
}

function bracket(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
