/** The two compiled programs of the benchmark: the mock provider and the load generator. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CannotStart } from "../../src/local/cannot-start.ts";
import type { Child, Children } from "../../src/local/children.ts";
import { canned, mark } from "./canned.ts";

export interface Programs {
  readonly mock: string;
  readonly load: string;
}

export interface Mock {
  readonly child: Child;
  readonly port: number;
  /** How many events it has sent so far, JSON answers included. */
  readonly events: () => Promise<number>;
}

/** One run of the load generator. */
export interface Shot {
  readonly port: number;
  /** A file with the bytes of the request. */
  readonly request: string;
  readonly connections: number;
  readonly ms: number;
  /** Calls started each second, whatever becomes of those before; 0: as fast as answers come. */
  readonly rate: number;
}

/** What the load generator saw. Calls under way at the end are in none of the counts but `events` and `firsts`. */
export interface Seen {
  readonly calls: number;
  readonly errors: number;
  readonly events: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Streams whose first content came, and the median time until then. */
  readonly firsts: number;
  readonly firstMs: number;
}

const compiler = "cc";

export function hasCompiler(): boolean {
  return spawnSync(compiler, ["--version"]).status === 0;
}

/** Compiles both into the folder. @throws CannotStart */
export function compile(folder: string): Programs {
  return { mock: compileOne("mock", folder), load: compileOne("load", folder) };
}

function compileOne(name: string, folder: string): string {
  const [source, program] = [join(import.meta.dirname, `${name}.c`), join(folder, name)];
  const { status, stderr } = spawnSync(compiler, [
    "-std=gnu17",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-o",
    program,
    source,
  ]);
  if (status === 0) return program;
  const reason = status === null ? `There is no C compiler named ${compiler}.` : String(stderr);
  throw new CannotStart(`${name}.c could not be compiled:\n${reason}`);
}

/** Starts the mock provider with the canned answers. */
export async function startMock(programs: Programs, folder: string, children: Children): Promise<Mock> {
  const answers = join(folder, "answers");
  mkdirSync(answers, { recursive: true });
  for (const [name, { json, stream }] of Object.entries(canned())) {
    writeFileSync(join(answers, `${name}.json`), json);
    writeFileSync(join(answers, `${name}.sse`), stream);
  }
  const { promise: listening, resolve } = Promise.withResolvers<number>();
  const child = children.run({
    file: programs.mock,
    args: [answers],
    env: {},
    onLine: (line) => resolve(Number(line)),
  });
  const lost = child.ended.then((outcome) => Promise.reject(new CannotStart(`The mock provider ended (${outcome}).`)));
  lost.catch(() => undefined);
  const port = await Promise.race([listening, lost]);
  const events = async (): Promise<number> => Number(await (await fetch(`http://127.0.0.1:${port}/events`)).text());
  return { child, port, events };
}

/** Runs the load generator to its end. @throws CannotStart where it could not ask */
export async function shoot(programs: Programs, shot: Shot, children: Children): Promise<Seen> {
  const said: string[] = [];
  const { port, request, connections, ms, rate } = shot;
  const args = [String(port), request, String(connections), String(ms), String(rate), mark];
  const child = children.run({ file: programs.load, args, env: {}, onLine: (line) => said.push(line) });
  const outcome = await child.ended;
  if (outcome !== 0) throw new CannotStart(`The load generator ended (${outcome}): ${said.join(" ")}`);
  return JSON.parse(said.join("")) as Seen;
}
