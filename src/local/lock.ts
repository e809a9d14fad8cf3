/**
 * Who may use a data folder: one gateway at a time. Two workerd processes on the same Durable Objects do not notice each
 * other (tried with 1.20261023.1: both count, each from its own memory), so the lock has to be ours. It is SQLite's,
 * held by the kernel: it ends with its process, also after a crash, and holds across containers that share a volume.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CannotStart } from "./cannot-start.ts";

export interface Lock {
  /** Notes the process that works on the data for us and may outlive us. */
  readonly note: (worker: number) => void;
  readonly release: () => void;
}

interface Holder {
  readonly starter: number;
  readonly worker?: number;
}

/** Takes the folder. @throws CannotStart saying who has it */
export function takeLock(folder: string): Lock {
  const file = join(folder, "holder.json");
  const database = lock(folder, file);
  const orphan = readHolder(file)?.worker;
  if (orphan !== undefined && isServing(orphan, folder)) {
    database.close();
    throw new CannotStart(
      `The data folder ${folder} is in use by workerd, process ${orphan}, whose start script was killed. End it with \`kill ${orphan}\` and start again.`,
    );
  }
  writeHolder(file, { starter: process.pid });
  return {
    note: (worker) => writeHolder(file, { starter: process.pid, worker }),
    release: () => database.close(),
  };
}

function lock(folder: string, file: string): DatabaseSync {
  const database = new DatabaseSync(join(folder, "lock.sqlite"), { timeout: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
    return database;
  } catch (thrown) {
    database.close();
    if (!isBusy(thrown)) throw thrown;
    const starter = readHolder(file)?.starter;
    const holder = starter === undefined ? "another gateway" : `another gateway, process ${starter}`;
    throw new CannotStart(
      `The data folder ${folder} is in use by ${holder}. Stop that one first, or set DATA_DIR to another folder.`,
    );
  }
}

/** SQLITE_BUSY is 5. */
function isBusy(thrown: unknown): boolean {
  return thrown instanceof Error && "errcode" in thrown && thrown.errcode === 5;
}

/** Is the process still there, and is it a workerd of this folder? A process id alone may since belong to another. */
function isServing(worker: number, folder: string): boolean {
  try {
    process.kill(worker, 0);
    return process.platform !== "linux" || readFileSync(`/proc/${worker}/cmdline`, "utf8").includes(folder);
  } catch {
    return false;
  }
}

function readHolder(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}

function writeHolder(file: string, holder: Holder): void {
  writeFileSync(file, JSON.stringify(holder), { mode: 0o600 });
}
