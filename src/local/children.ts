/** The processes that a script starts, and only those: each is ended by its own handle, and none is left behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";

export interface Child {
  readonly pid: number;
  /** Its exit code, or the signal that ended it. Rejects where it could not be started. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Sends a signal; one that has ended gets none. */
  readonly end: (signal: NodeJS.Signals) => void;
}

interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Called with each line of standard output (1), standard error (2) and descriptor 3. */
  readonly onLine: (line: string, descriptor: number) => void;
}

export interface Children {
  readonly run: (command: Command) => Child;
  /** Ends all of them at once; resolves when they are gone. The signals are out when it returns. */
  readonly kill: () => Promise<void>;
}

/** Starts with none. */
export function children(): Children {
  const running = new Map<ChildProcess, Promise<unknown>>();
  return {
    run(command) {
      const child = start(command);
      const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (code, signal) => resolve(code ?? signal ?? 1));
      });
      running.set(child, ended);
      const forget = (): boolean => running.delete(child);
      ended.then(forget, forget);
      return { pid: child.pid ?? 0, ended, end: (signal) => void child.kill(signal) };
    },
    async kill() {
      for (const { pid } of running.keys()) if (pid !== undefined) killGroup(pid);
      await Promise.allSettled(running.values());
    },
  };
}

/**
 * In a process group of its own: Ctrl-C in a terminal reaches this script only, which then ends them in order. Standard
 * input stays open and empty as long as this script lives: its end tells a child that the script was killed.
 */
function start({ file, args, env, onLine }: Command): ChildProcess {
  const stdio = ["pipe", "pipe", "pipe", "pipe"] as const;
  const child = spawn(file, args, { env, stdio: [...stdio], detached: true });
  for (const [descriptor, stream] of child.stdio.entries()) {
    if (stream instanceof Readable) createInterface({ input: stream }).on("line", (line) => onLine(line, descriptor));
  }
  return child;
}

/** A group has its leader's id. Its other members are the child's own children, such as the workerd of wrangler dev. */
function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // It ended meanwhile.
  }
}
