/** The gateway as `npm start` runs it, in front of the simulated provider: both for one test file. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Sim, startSim } from "../sim/sim.ts";
import { type Program, run } from "./program.ts";

export interface Harness {
  readonly sim: Sim;
  /** `http://127.0.0.1:PORT/v1`. */
  readonly base: string;
  /** The same without `/v1`: for SDKs that add a version of their own. */
  readonly origin: string;
  readonly key: string;
  /** A new empty folder of this run; all are removed at its end. */
  folder(name: string): Promise<string>;
  close(): Promise<void>;
}

/** The credentials that the gateway has of its providers; no caller may ever see one. */
export const credentials = {
  OPENAI_API_KEY: "sk-openai-credential-of-the-operator",
  ANTHROPIC_API_KEY: "sk-ant-credential-of-the-operator",
  COMPATIBLE_KEY: "ck-credential-of-the-operator",
  MODERN_KEY: "mk-credential-of-the-operator",
  GEMINI_API_KEY: "gk-credential-of-the-operator",
};

const root = resolve(import.meta.dirname, "../..");
const startMs = 45_000;
const stopMs = 15_000;

/**
 * Starts both. `openai/<model>` is spoken to in Responses or Chat, `anthropic/<model>` in Messages, `gemini/<model>`
 * in Gemini's own, and `compatible/<model>` in Chat alone, `modern/<model>` in Responses alone.
 */
export async function start(settings: Readonly<Record<string, string>> = {}): Promise<Harness> {
  const sim = await startSim();
  const folder = await mkdtemp(join(tmpdir(), "gearbox-clients-"));
  const gateway = run({
    args: [join(root, "src/local/start.ts")],
    cwd: root,
    env: {
      PATH: process.env.PATH ?? "",
      HOME: folder,
      PORT: "0",
      DATA_DIR: join(folder, "data"),
      ...credentials,
      OPENAI_BASE_URL: `${sim.url}/v1`,
      ANTHROPIC_BASE_URL: sim.url,
      GEMINI_BASE_URL: sim.url,
      PROVIDERS: JSON.stringify({
        compatible: { base: `${sim.url}/v1`, speaks: ["chat"], secret: "COMPATIBLE_KEY" },
        modern: { base: `${sim.url}/v1`, speaks: ["responses"], secret: "MODERN_KEY", quirks: [] },
      }),
      ...settings,
    },
  });
  try {
    return { ...(await address(gateway)), ...parts(sim, gateway, folder) };
  } catch (cause) {
    await close(sim, gateway, folder).catch(() => undefined);
    throw cause;
  }
}

async function address(gateway: Program): Promise<Pick<Harness, "base" | "origin" | "key">> {
  const [, base = ""] = await gateway.line(/^ {2}base URL {3}(\S+)$/, startMs);
  const [, key = ""] = await gateway.line(/^ {2}key {8}(\S+)$/, startMs);
  return { base, origin: base.replace(/\/v1$/, ""), key };
}

function parts(sim: Sim, gateway: Program, folder: string): Omit<Harness, "base" | "origin" | "key"> {
  return {
    sim,
    async folder(name) {
      const made = join(folder, name);
      await mkdir(made);
      return made;
    },
    close: () => close(sim, gateway, folder),
  };
}

/** Throws where the gateway logged an error of its own or did not end well. The simulator goes first: a stream that a test left hanging would keep the gateway from ending. */
async function close(sim: Sim, gateway: Program, folder: string): Promise<void> {
  await sim.close();
  try {
    const code = await gateway.stop(stopMs);
    if (code !== 0) throw new Error(`the gateway ended with ${code}: ${gateway.errors.join("\n")}`);
    if (gateway.errors.length > 0) throw new Error(`the gateway complained: ${gateway.errors.join("\n")}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
