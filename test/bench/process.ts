/** What Linux knows of a process: the CPU time it took and the memory it holds. */
import { readdirSync, readFileSync } from "node:fs";

export interface Memory {
  /** Megabytes resident now, and at most since it started. */
  readonly now: number;
  readonly peak: number;
}

/**
 * Seconds of CPU, user and system, of all its threads that still run. Taken from the scheduler, which counts nanoseconds;
 * the sums in /proc/PID/stat count hundredths of a second, too few for a run of one. The threads of workerd and Node
 * live as long as the process does.
 */
export function cpuSeconds(id: number): number {
  const tasks = readdirSync(`/proc/${id}/task`);
  const spent = tasks.map((task) => Number(readFileSync(`/proc/${id}/task/${task}/schedstat`, "utf8").split(" ")[0]));
  return spent.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e9;
}

export function memory(id: number): Memory {
  const status = readFileSync(`/proc/${id}/status`, "utf8");
  return { now: megabytes(status, "VmRSS"), peak: megabytes(status, "VmHWM") };
}

function megabytes(status: string, name: string): number {
  const [, kilobytes] = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status) ?? [];
  return Number(kilobytes) / 1024;
}
