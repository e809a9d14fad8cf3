/** What is measured of a subject, and how. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Children } from "../../src/local/children.ts";
import { mark, paths, question } from "./canned.ts";
import { type Host, startHost, type Yard } from "./hosts.ts";
import { cpuSeconds, memory } from "./process.ts";
import { type Programs, type Seen, shoot } from "./programs.ts";
import type { Subject } from "./subjects.ts";

/** One way of loading a subject. */
export interface Measure {
  readonly id: MeasureId;
  readonly stream: boolean;
  /** Milliseconds between two events; 0: all at once. */
  readonly paceMs: number;
  readonly connections: number;
  readonly ms: number;
  /** Calls a second, started whatever becomes of those before; 0: as fast as answers come. */
  readonly rate: number;
}

export type MeasureId = "one" | "sixteen" | "many" | "open" | "burst" | "paced";

/** What one run gave. CPU is the subject's, user and system, in milliseconds. */
export interface Sample {
  readonly callsPerSecond: number;
  readonly cpuPerCall: number;
  readonly cpuPerEvent: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly firstMs: number;
}

/** Megabytes resident: at rest, at most while many streams are open, and a while after they have gone. */
export interface Hold {
  readonly rest: number;
  readonly peak: number;
  readonly after: number;
}

const json = { stream: false, paceMs: 0, rate: 0, ms: 1000 } as const;
const stream = { stream: true, rate: 0 } as const;

/** 200 calls a second are far below what any subject can do, so that `open` shows what a call waits for, not a queue. */
export const measures: readonly Measure[] = [
  { ...json, id: "one", connections: 1 },
  { ...json, id: "sixteen", connections: 16 },
  { ...json, id: "many", connections: 64 },
  { ...json, id: "open", connections: 32, rate: 200, ms: 2000 },
  { ...stream, id: "burst", paceMs: 0, connections: 1, ms: 1000 },
  { ...stream, id: "paced", paceMs: 20, connections: 64, ms: 2000 },
];

/** Everything a run needs beside its subject. */
export interface Range {
  readonly programs: Programs;
  readonly yard: Yard;
  readonly children: Children;
}

/** Loads a subject once. @throws Error where a call failed or none was answered: a wrong answer may be a fast one */
export async function take(measure: Measure, subject: Subject, host: Host, range: Range): Promise<Sample> {
  const { mock } = range.yard;
  const [cpuBefore, eventsBefore] = [cpuSeconds(host.child.pid), await mock.events()];
  const seen = await load(measure, subject, host, range);
  const [cpuAfter, eventsAfter] = [cpuSeconds(host.child.pid), await mock.events()];
  const cpuMs = (cpuAfter - cpuBefore) * 1000;
  return {
    callsPerSecond: seen.calls / seen.seconds,
    cpuPerCall: cpuMs / seen.calls,
    // Answers from a cache have no events of the mock's: nothing is told of them.
    cpuPerEvent: cpuMs / (eventsAfter - eventsBefore),
    p50Ms: seen.p50Ms,
    p99Ms: seen.p99Ms,
    firstMs: seen.firstMs,
  };
}

/** Many slow streams at once through a process of their own. */
export async function hold(subject: Subject, streams: number, ms: number, range: Range): Promise<Hold> {
  const host = await startHost(subject.host, range.yard, range.children);
  try {
    const slow = { id: "paced", stream: true, paceMs: 200, rate: 0 } as const;
    await load({ ...slow, paceMs: 20, connections: 1, ms: 300 }, subject, host, range);
    const rest = memory(host.child.pid).now;
    const seen = await load({ ...slow, connections: streams, ms }, subject, host, range);
    if (seen.firsts < streams) throw new Error(`${subject.id}: ${seen.firsts} of ${streams} streams began.`);
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    const { now, peak } = memory(host.child.pid);
    return { rest, peak, after: now };
  } finally {
    host.child.end("SIGKILL");
    await host.child.ended;
  }
}

/** So long a process has to give memory back. */
const settleMs = 1000;

async function load(
  measure: Measure,
  subject: Subject,
  host: Host,
  { programs, yard, children }: Range,
): Promise<Seen> {
  const request = join(yard.folder, "request");
  writeFileSync(request, requestOf(measure, subject, host));
  const { connections, ms, rate, stream } = measure;
  const seen = await shoot(programs, { port: host.port, request, connections, ms, rate }, children);
  const answered = stream ? seen.firsts : seen.calls;
  if (seen.errors > 0 || answered === 0) {
    throw new Error(`${subject.id}, ${measure.id}: ${seen.errors} errors, ${answered} answers.`);
  }
  return seen;
}

function requestOf({ stream, paceMs }: Measure, subject: Subject, host: Host): string {
  const body = question(subject.caller, modelOf(subject, stream, paceMs), stream);
  const headers = { ...headersOf(subject, host), host: `127.0.0.1:${host.port}` };
  const lines = Object.entries({ ...headers, "content-length": String(Buffer.byteLength(body)) });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `POST ${paths[subject.caller]} HTTP/1.1\r\n${head}\r\n${body}`;
}

function headersOf({ cached }: Subject, { headers }: Host): Readonly<Record<string, string>> {
  return { ...headers, "content-type": "application/json", ...(cached === true && { "x-gearbox-cache": "ttl=3600" }) };
}

/**
 * The mock reads the pace from the model's name, our gateway the provider. Whole answers have a name of their own, so
 * that a stream from the cache is what came as a stream.
 */
function modelOf({ provider }: Subject, stream: boolean, paceMs: number): string {
  const streamed = paceMs === 0 ? "burst" : `paced-${paceMs}`;
  const model = stream ? streamed : "whole";
  return provider === undefined ? model : `${provider}/${model}`;
}

/** Asks once for a whole answer and once for a stream: are they what the mock sends? @throws Error */
export async function probe(subject: Subject, host: Host): Promise<void> {
  const url = `http://127.0.0.1:${host.port}${paths[subject.caller]}`;
  for (const stream of [false, true]) {
    const body = question(subject.caller, modelOf(subject, stream, 0), stream);
    const headers = headersOf(subject, host);
    const answer = await fetch(url, { method: "POST", headers, body });
    const text = await answer.text();
    const isRight = stream
      ? text.includes(mark) && endings[subject.caller].test(text)
      : text.includes("the quick brown");
    if (!answer.ok || !isRight) throw new Error(`${subject.id} answers ${answer.status}: ${text.slice(0, 500)}`);
  }
}

const endings = {
  chat: /"finish_reason":"stop"[\s\S]*data: \[DONE\]\s*$/,
  responses: /event: response\.completed\s/,
} as const;
