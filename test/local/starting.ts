/** The real start script as a child of the test: what it prints, how it ends, and which processes it has. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

interface Started {
  readonly pid: number;
  /** All that was printed so far, both outputs. */
  readonly printed: () => string;
  /** Resolves with what was printed as soon as that matches. Rejects when the script ends first, or after 20 s. */
  readonly prints: (pattern: RegExp) => Promise<string>;
  readonly exit: Promise<number | NodeJS.Signals>;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Closes our end of its standard output, as `npm start | head` does. */
  readonly deafen: () => void;
}

export interface Rig {
  readonly start: (settings: Readonly<Record<string, string>>) => Started;
  readonly folder: () => string;
  /** Ends what still runs and removes the folders. */
  readonly clear: () => Promise<void>;
}

const root = resolve(import.meta.dirname, "../..");
const deadlineMs = 20_000;

/** Makes start scripts and data folders that are gone after the test. */
export function rig(): Rig {
  const running = new Map<ChildProcess, Started>();
  const folders: string[] = [];
  return {
    start(settings) {
      const { PATH, HOME } = process.env;
      const env = { PATH, HOME, PORT: "0", ...settings };
      const child = spawn(process.execPath, [join(root, "src/local/start.ts")], {
        env,
        stdio: ["ignore", "pipe", "pipe"],
      });
      const started = watch(child);
      running.set(child, started);
      return started;
    },
    folder() {
      const folder = mkdtempSync(join(tmpdir(), "gearbox-start-"));
      folders.push(folder);
      return folder;
    },
    async clear() {
      for (const [child, { exit }] of running) {
        child.kill("SIGTERM");
        await exit;
      }
      running.clear();
      for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The processes that this one started and that have not ended. */
export function childrenOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children.split(" ").filter(Boolean).map(Number);
}

/** Is there such a process? */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function watch(child: ChildProcess): Started {
  let printed = "";
  const watchers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      for (const look of watchers) look();
    });
  }
  const exit = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal ?? 1));
  });
  const matches = (pattern: RegExp): Promise<string> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (pattern.test(printed)) resolve(printed);
      };
      watchers.add(look);
      look();
    });
  const lost = exit.then((outcome) => Promise.reject(new Error(`ended (${outcome}) after printing:\n${printed}`)));
  lost.catch(() => undefined);
  return {
    pid: child.pid ?? 0,
    printed: () => printed,
    prints: (pattern) => Promise.race([matches(pattern), lost, late(() => `${pattern} never came after:\n${printed}`)]),
    exit,
    signal: (signal) => void child.kill(signal),
    deafen: () => void child.stdout?.destroy(),
  };
}

function late(message: () => string): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(message())), deadlineMs).unref();
  });
}
