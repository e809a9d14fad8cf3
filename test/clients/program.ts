/** A program that a test runs: its lines, its end by its own handle, and never longer than a deadline. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

export interface Command {
  /** Its path; this Node where it is not given. */
  readonly binary?: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export interface Program {
  /** Everything it has written so far, standard output and standard error by line. */
  readonly output: readonly string[];
  readonly errors: readonly string[];
  /** The first line of the output that matches, past or to come; rejects at the deadline or when the program ends. */
  line(pattern: RegExp, withinMs: number): Promise<RegExpMatchArray>;
  /** Resolves with its exit code (null where a signal ended it) once all output was read. */
  readonly ended: Promise<number | null>;
  /** Asks it to end and waits for that; a program that does not is killed with all it started. */
  stop(withinMs: number): Promise<number | null>;
}

/** Runs a program. In a process group of its own, so that its handle ends its children as well. */
export function run({ binary = process.execPath, args, env, cwd }: Command): Program {
  const child = spawn(binary, [...args], {
    cwd,
    env: { ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const output: string[] = [];
  const errors: string[] = [];
  const watchers = new Set<(line: string) => void>();
  const hear = (stream: Readable, lines: string[]): void => {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      if (lines === output) for (const watcher of watchers) watcher(line);
    });
  };
  hear(child.stdout, output);
  hear(child.stderr, errors);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return {
    output,
    errors,
    ended,
    line: (pattern, withinMs) => line(pattern, withinMs, { output, errors, watchers, ended }),
    stop: (withinMs) => stop(child, ended, withinMs),
  };
}

/** Rejects with what the program has said where it takes too long. */
export async function within<T>(promise: Promise<T>, ms: number, what: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what()}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

interface Heard {
  readonly output: readonly string[];
  readonly errors: readonly string[];
  readonly watchers: Set<(line: string) => void>;
  readonly ended: Promise<number | null>;
}

async function line(pattern: RegExp, withinMs: number, heard: Heard): Promise<RegExpMatchArray> {
  const { output, errors, watchers, ended } = heard;
  const said = (): string => `${pattern}\n${output.join("\n")}\n${errors.join("\n")}`;
  const { promise, resolve } = Promise.withResolvers<RegExpMatchArray>();
  const watcher = (text: string): void => {
    const found = text.match(pattern);
    if (found !== null) resolve(found);
  };
  watchers.add(watcher);
  for (const text of output) watcher(text);
  const over = ended.then((code) => Promise.reject(new Error(`ended with ${code} before ${said()}`)));
  over.catch(() => undefined);
  try {
    return await within(Promise.race([promise, over]), withinMs, said);
  } finally {
    watchers.delete(watcher);
  }
}

async function stop(child: ChildProcess, ended: Promise<number | null>, withinMs: number): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
  try {
    return await within(ended, withinMs, () => "its end after SIGTERM");
  } catch (late) {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    throw late;
  }
}
