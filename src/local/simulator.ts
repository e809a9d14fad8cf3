/** The simulated provider as a process beside the gateway, so that a first call needs no account. */
import { join } from "node:path";
import { CannotStart } from "./cannot-start.ts";
import type { Child, Children } from "./children.ts";
import type { Prepared } from "./prepare.ts";

export interface Simulator {
  readonly child: Child;
  /** Where it listens. */
  readonly url: string;
}

type Settings = Prepared["settings"];

/** Starts it on a free port. @throws CannotStart */
export async function simulate(root: string, children: Children): Promise<Simulator> {
  const said: string[] = [];
  const listening = Promise.withResolvers<string>();
  const child = children.run({
    file: process.execPath,
    args: [join(root, "test/sim/main.ts"), "--port", "0", "--attached"],
    env: { PATH: process.env.PATH },
    onLine: (line) => {
      said.push(line);
      const [url] = /http:\/\/\S+/.exec(line) ?? [];
      if (url !== undefined) listening.resolve(url);
    },
  });
  const ended = child.ended.then((outcome) => {
    throw new CannotStart(`The simulated provider ended (${outcome}) before it served:\n${said.join("\n")}`);
  });
  // Once it serves, an end is for the caller to judge.
  ended.catch(() => undefined);
  return { child, url: await Promise.race([listening.promise, ended]) };
}

/** The settings with the simulated provider among PROVIDERS. Like a real one it wants a credential, and takes any. */
export function withSimulator(settings: Settings, { url }: Simulator): Settings {
  const simulated = {
    name: "Simulated provider",
    base: `${url}/v1`,
    speaks: ["responses", "chat", "messages"],
    secret: "SIMULATED_API_KEY",
    headers: { "anthropic-version": "2023-06-01" },
    quirks: ["simulated"],
  };
  const providers = JSON.parse(settings.PROVIDERS ?? "{}") as Readonly<Record<string, unknown>>;
  return { ...settings, PROVIDERS: JSON.stringify({ ...providers, simulated }), SIMULATED_API_KEY: "simulated" };
}
