/**
 * `npm run bench`: what the gateway costs, told as ratios to a Worker that only forwards. All subjects take turns in each
 * measure, so that what disturbs the machine disturbs neighbours alike. Ends by itself; so do all processes it started.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { type Bundle, bundle } from "../../src/local/bundle.ts";
import { CannotStart } from "../../src/local/cannot-start.ts";
import type { Children } from "../../src/local/children.ts";
import { script } from "../../src/local/script.ts";
import { readManifest } from "../../src/local/settings.ts";
import { type Host, startHost, type Yard } from "./hosts.ts";
import { type Hold, hold, type MeasureId, measures, probe, type Range, type Sample, take } from "./measures.ts";
import { picture } from "./picture.ts";
import { type Choice, type Plan, readArguments, shortened } from "./plan.ts";
import { installPortkey } from "./portkey.ts";
import { compile, startMock } from "./programs.ts";
import type { Results, Row } from "./results.ts";
import { choose, type HostId, type Subject } from "./subjects.ts";
import { table } from "./table.ts";

const root = resolve(import.meta.dirname, "../..");

await script(bench);

async function bench(children: Children, stopped: Promise<void>): Promise<number> {
  const choice = readArguments(process.argv.slice(2));
  if (typeof choice === "string") throw new CannotStart(choice);
  const folder = mkdtempSync(join(tmpdir(), "gearbox-bench-"));
  const limit = setTimeout(() => {
    console.error("The benchmark took too long and was stopped.");
    void children.kill().then(() => process.exit(1));
  }, choice.plan.limitMs * 2);
  try {
    const results = await Promise.race([measureAll(choice, folder, children), stopped]);
    if (results === undefined) return 130;
    tell(results, choice);
    return 0;
  } finally {
    clearTimeout(limit);
    await children.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The picture stands for the whole table, so that only a whole run replaces it. */
function tell(results: Results, { only }: Choice): void {
  const file = join(mkdtempSync(join(tmpdir(), "gearbox-bench-results-")), "results.json");
  writeFileSync(file, JSON.stringify(results, undefined, 1));
  if (only.length === 0 && results.rounds > 1) writeFileSync(join(import.meta.dirname, "table.svg"), picture(results));
  console.log(table(results));
  console.error(`All numbers: ${file}`);
}

async function measureAll({ plan, only }: Choice, folder: string, children: Children): Promise<Results> {
  const programs = compile(folder);
  const mock = await startMock(programs, folder, children);
  const made = await bundle(root, join(folder, "bundle"), children);
  const yard = { folder, manifest: readManifest(root), mock, bundle: made, portkey: tryPortkey(folder) };
  const range = { programs, yard, children };
  const chosen = choose(only).filter(({ host }) => host !== "portkey" || yard.portkey !== undefined);
  const hosts = await startAll(chosen, plan, range);
  const { rows, rounds } = await measureRounds(chosen, hosts, plan, range);
  for (const [id, { child }] of hosts) if (id !== "direct") child.end("SIGKILL");
  return {
    rows: await holdAll(rows, plan, range),
    cores: availableParallelism(),
    rounds,
    streams: plan.streams,
    bundleKb: compressedKb(made),
    starts: await measureStarts(plan, yard, children),
  };
}

function tryPortkey(folder: string): string | undefined {
  try {
    return installPortkey(folder);
  } catch (thrown) {
    if (!(thrown instanceof CannotStart)) throw thrown;
    console.error(`WITHOUT PORTKEY. ${thrown.message}`);
    return undefined;
  }
}

/** One process a host, whatever number of subjects it serves; each subject answers rightly and is warm. */
async function startAll(chosen: readonly Subject[], plan: Plan, range: Range): Promise<ReadonlyMap<HostId, Host>> {
  const hosts = new Map<HostId, Host>();
  for (const subject of chosen) {
    const host = hosts.get(subject.host) ?? (await startHost(subject.host, range.yard, range.children));
    hosts.set(subject.host, host);
    await probe(subject, host);
    for (const measure of measures) {
      if (measure.id === "sixteen" || measure.id === "burst")
        await take(shortened(measure, plan), subject, host, range);
    }
  }
  return hosts;
}

/** A, B, C … by each measure, and that again each round. */
async function measureRounds(
  chosen: readonly Subject[],
  hosts: ReadonlyMap<HostId, Host>,
  plan: Plan,
  range: Range,
): Promise<{ rows: readonly Row[]; rounds: number }> {
  const rows = chosen.map((subject) => ({ subject, samples: noSamples() }));
  const begun = performance.now();
  let round = 0;
  for (; round < plan.rounds && performance.now() - begun < plan.limitMs; round++) {
    for (const measure of measures) {
      console.error(`round ${round + 1} of ${plan.rounds}: ${measure.id}`);
      for (const { subject, samples } of rows) {
        const host = hosts.get(subject.host);
        if (host !== undefined) samples[measure.id].push(await take(shortened(measure, plan), subject, host, range));
      }
    }
  }
  return { rows, rounds: round };
}

function noSamples(): Record<MeasureId, Sample[]> {
  return { one: [], sixteen: [], many: [], open: [], burst: [], paced: [] };
}

async function holdAll(rows: readonly Row[], { streams, holdMs }: Plan, range: Range): Promise<readonly Row[]> {
  const held: Row[] = [];
  for (const row of rows) {
    const { subject } = row;
    if (subject.holds === true) console.error(`${streams} open streams: ${subject.id}`);
    const memory: Hold | undefined = subject.holds ? await hold(subject, streams, holdMs, range) : undefined;
    held.push({ ...row, ...(memory !== undefined && { hold: memory }) });
  }
  return held;
}

async function measureStarts({ starts }: Plan, yard: Yard, children: Children): Promise<Results["starts"]> {
  const times = { empty: [] as number[], gateway: [] as number[], portkey: [] as number[] };
  for (let round = 0; round < starts; round++) {
    for (const id of ["empty", "gateway", "portkey"] as const) {
      if (id === "portkey" && yard.portkey === undefined) continue;
      const begun = performance.now();
      const { child } = await startHost(id, yard, children);
      times[id].push(performance.now() - begun);
      child.end("SIGKILL");
      await child.ended;
    }
  }
  return times;
}

function compressedKb({ folder, modules }: Bundle): number {
  const sizes = modules.map((file) => gzipSync(readFileSync(join(folder, file))).length);
  return sizes.reduce((sum, size) => sum + size, 0) / 1024;
}
