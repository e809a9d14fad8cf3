/** The benchmark's own arithmetic and pictures, its canned answers, and a hundred calls through its floor. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { ProtocolId } from "../../src/canon/request.ts";
import { children } from "../../src/local/children.ts";
import { readManifest } from "../../src/local/settings.ts";
import { protocols } from "../../src/protocols/index.ts";
import { canned, mark, question } from "./canned.ts";
import type { MeasureId, Sample } from "./measures.ts";
import { picture } from "./picture.ts";
import { readArguments } from "./plan.ts";
import { compile, hasCompiler, shoot, startMock } from "./programs.ts";
import type { Results, Row } from "./results.ts";
import { against, difference, figure, ratio } from "./statistics.ts";
import { choose, type Subject, subjects } from "./subjects.ts";
import { print, table } from "./table.ts";
import { serveWorker } from "./workers.ts";

const all = children();
const folder = mkdtempSync(join(tmpdir(), "gearbox-bench-test-"));

afterAll(async () => {
  await all.kill();
  rmSync(folder, { recursive: true, force: true });
});

describe("statistics", () => {
  it("take the middle, and half of what lies between the ends", () => {
    expect(figure([3, 1, 2])).toEqual({ median: 2, spread: 1 });
    expect(figure([4, 1, 3, 2])).toEqual({ median: 2.5, spread: 1.5 });
    expect(figure([])).toBeUndefined();
    expect(figure([Number.NaN, 5, Number.POSITIVE_INFINITY])).toEqual({ median: 5, spread: 0 });
  });

  it("compare within a round, so that a slow round does no harm", () => {
    expect(against([10, 2, 30], [20, 4, 60], ratio)).toEqual({ median: 0.5, spread: 0 });
    expect(against([5, 7, undefined], [1, undefined, 3], difference)).toEqual({ median: 4, spread: 0 });
    expect(against([], [1], ratio)).toBeUndefined();
  });

  it("are printed with as many places as they have meaning", () => {
    expect([0.274, 2.44, 27.3].map((median) => print({ median, spread: 0.06 }))).toEqual([
      "0.27 ±0.06",
      "2.4 ±0.1",
      "27 ±0",
    ]);
    expect(print(undefined)).toBe("");
  });
});

describe("the table and the picture", () => {
  const results = resultsOf({ direct: 1, floor: 10, "relay-chat-chat": 20, portkey: 40 });

  it("tell each subject against the floor, and waiting against the direct way", () => {
    const lines = table(results).split("\n");
    const line = lines.find((each) => each.startsWith("| Gearbox relay: chat → chat"));
    expect(line?.split(" | ").slice(1)).toEqual([
      ...["2.0 ±0.0", "2.0 ±0.0", "2.0 ±0.0", "2.0 ±0.0", "2.0 ±0.0", "2.0 ±0.0"],
      ...["19 ±0", "19 ±0 |"],
    ]);
    expect(lines.find((each) => each.startsWith("| direct"))).toContain("| 0.10 ±0.00 | 0.10 ±0.00 | 0.10 ±0.00 |  |");
    expect(table(results)).toContain("| 50 → 100 → 90 |");
    expect(table(results)).toContain("added to an empty Worker: 20 ±0 ms; Portkey on Node 200 ±0 ms.");
  });

  it("draw a bar as long as its value, for those that have a colour", () => {
    const drawn = picture(results);
    expect(drawn).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    const [panel = ""] = drawn.split("</g>");
    const widths = [...panel.matchAll(/<rect x="\d+" y="\d+" width="([\d.]+)"/g)].map(([, width]) => Number(width));
    expect(widths.map((width) => Math.round(width))).toEqual([58, 116, 232]);
    expect(panel).toContain(">Gearbox relay<");
    expect(drawn).not.toMatch(/NaN|undefined/);
  });
});

describe("the arguments", () => {
  it("choose how much is measured, and of what", () => {
    expect(readArguments(["--quick"])).toMatchObject({ plan: { rounds: 1 }, only: [] });
    expect(readArguments(["--only", "relay,portkey", "--rounds", "2"])).toMatchObject({
      plan: { rounds: 2, streams: 1000 },
      only: ["relay", "portkey"],
    });
    expect(readArguments(["--fast"])).toContain("--fast");
    expect(choose(["relay"]).map(({ id }) => id)).toEqual([
      "direct",
      "floor",
      "relay-chat-chat",
      "relay-responses-responses",
    ]);
    expect(choose([])).toEqual(subjects);
  });
});

describe("the canned answers", () => {
  it.each(Object.entries(canned()))(
    "of %s have the sizes that are promised, and read as their protocol",
    (name, answer) => {
      const protocol = protocols[name as ProtocolId];
      expect(answer.json.length).toBeGreaterThan(900);
      expect(answer.json.length).toBeLessThan(1200);
      const records = answer.stream.split(/(?<=\n\n|\r\n\r\n)/);
      const sizes = records.map((record) => record.length).sort((a, b) => a - b);
      expect(records.length).toBeGreaterThan(190);
      expect(sizes[100]).toBeGreaterThanOrEqual(150);
      expect(sizes[100]).toBeLessThanOrEqual(180);
      expect(answer.stream.split(mark[0] ?? "").length).toBeGreaterThan(1);
      const decoder = protocol.stream.decode();
      const frames = records.map((record) => ({ data: /^data: (.*?)\r?$/m.exec(record)?.[1] ?? "" }));
      const events = [...frames.flatMap((frame) => decoder.frame(frame)), ...decoder.end()];
      expect(events.at(-1)).toMatchObject({ type: "finish", finish: { reason: "stop" } });
      expect(protocol.reply.decode(JSON.parse(answer.json))).toMatchObject({ finish: { reason: "stop" } });
    },
  );
});

describe.skipIf(!hasCompiler())("the programs", () => {
  it("ask a hundred times through the floor, whole and streamed, and count what comes", {
    timeout: 60_000,
  }, async () => {
    const programs = compile(folder);
    const mock = await startMock(programs, folder, all);
    const upstream = `http://127.0.0.1:${mock.port}`;
    const manifest = readManifest(resolve(import.meta.dirname, "../.."));
    const floor = await serveWorker("floor", { folder: join(folder, "floor"), upstream, manifest }, all);
    const request = join(folder, "request");
    const ask = async (stream: boolean, model: string, rate: number) => {
      const body = question("chat", model, stream);
      const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${body.length}\r\n\r\n`;
      writeFileSync(request, head + body);
      return shoot(programs, { port: floor.port, request, connections: 4, ms: 1000, rate }, all);
    };
    const whole = await ask(false, "burst", 100);
    expect(whole).toMatchObject({ errors: 0, firsts: 0 });
    expect(whole.calls).toBeGreaterThan(80);
    expect(whole.calls).toBeLessThanOrEqual(101);
    expect(whole.p50Ms).toBeGreaterThan(0);
    expect(whole.p99Ms).toBeGreaterThanOrEqual(whole.p50Ms);
    const before = await mock.events();
    const streamed = await ask(true, "burst", 20);
    expect(streamed.errors).toBe(0);
    expect(streamed.calls).toBeGreaterThan(15);
    const inOne = canned().chat.stream.split("\n\n").slice(1).length;
    expect(streamed.events).toBeGreaterThanOrEqual(streamed.calls * inOne);
    expect(streamed.events).toBeLessThan((streamed.calls + 4) * inOne);
    expect((await mock.events()) - before).toBeGreaterThanOrEqual(streamed.events);
    const paced = await ask(true, "paced-20", 0);
    expect(paced).toMatchObject({ errors: 0, calls: 0, firsts: 4 });
    expect(paced.events).toBeGreaterThan(4 * 30);
    expect(paced.events).toBeLessThan(4 * 60);
  });
});

it.runIf(!hasCompiler())("is without a C compiler, so that the programs of the benchmark were NOT tried", () => {
  expect(() => compile(folder)).toThrow("There is no C compiler");
});

/** Results in which everything that is measured of a subject is one number. */
function resultsOf(values: Readonly<Record<string, number>>): Results {
  const rows = Object.entries(values).flatMap(([id, value]): readonly Row[] => {
    const subject = subjects.find((each) => each.id === id);
    return subject === undefined ? [] : [{ subject, samples: samplesOf(value), ...holdOf(subject) }];
  });
  const starts = { empty: [10, 10], gateway: [30, 30], portkey: [210, 210] };
  return { rows, cores: 2, rounds: 2, streams: 1000, bundleKb: 100, starts };
}

function samplesOf(value: number): Record<MeasureId, Sample[]> {
  const sample = {
    callsPerSecond: value,
    cpuPerCall: value,
    cpuPerEvent: value,
    p50Ms: value,
    p99Ms: value,
    firstMs: value,
  };
  const both = [sample, sample];
  return { one: both, sixteen: both, many: both, open: both, burst: both, paced: both };
}

function holdOf({ holds }: Subject): Pick<Row, "hold"> {
  return holds === true ? { hold: { rest: 50, peak: 100, after: 90 } } : {};
}
