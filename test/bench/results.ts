/** What a run of the benchmark found, and the columns that are told of it. Pure. */
import type { Hold, MeasureId, Sample } from "./measures.ts";
import { against, difference, type Figure, ratio } from "./statistics.ts";
import type { Subject } from "./subjects.ts";

export interface Row {
  readonly subject: Subject;
  /** One a round. */
  readonly samples: Readonly<Record<MeasureId, readonly Sample[]>>;
  readonly hold?: Hold;
}

export interface Results {
  readonly rows: readonly Row[];
  readonly cores: number;
  readonly rounds: number;
  /** How many streams were open for `Row.hold`. */
  readonly streams: number;
  /** Kilobytes of the bundle, compressed. */
  readonly bundleKb: number;
  /** Milliseconds from the start of the process to its first answer. */
  readonly starts: Readonly<Record<"empty" | "gateway" | "portkey", readonly number[]>>;
}

export interface Column {
  readonly id: string;
  readonly title: string;
  readonly measure: MeasureId;
  readonly value: (sample: Sample) => number;
  /** A ratio to the floor, or milliseconds added to a call without a gateway. */
  readonly kind: "ratio" | "added";
}

const speed = { value: (sample: Sample) => sample.callsPerSecond, kind: "ratio" } as const;
const cost = { value: (sample: Sample) => sample.cpuPerCall, kind: "ratio" } as const;

/** Of answers that come whole. */
export const callColumns: readonly Column[] = [
  { id: "speed-1", title: "calls/s, 1 connection", measure: "one", ...speed },
  { id: "speed-16", title: "16", measure: "sixteen", ...speed },
  { id: "speed-64", title: "64", measure: "many", ...speed },
  { id: "cost-1", title: "CPU a call, 1 connection", measure: "one", ...cost },
  { id: "cost-16", title: "16", measure: "sixteen", ...cost },
  { id: "cost-64", title: "64", measure: "many", ...cost },
  { id: "p50", title: "p50 added, ms", measure: "open", value: (sample) => sample.p50Ms, kind: "added" },
  { id: "p99", title: "p99 added, ms", measure: "open", value: (sample) => sample.p99Ms, kind: "added" },
];

/** Of streams. */
export const streamColumns: readonly Column[] = [
  { id: "first", title: "first content added, ms", measure: "burst", value: (sample) => sample.firstMs, kind: "added" },
  {
    id: "burst",
    title: "CPU an event, at once",
    measure: "burst",
    value: (sample) => sample.cpuPerEvent,
    kind: "ratio",
  },
  { id: "paced", title: "CPU an event, paced", measure: "paced", value: (sample) => sample.cpuPerEvent, kind: "ratio" },
];

/** One cell; `undefined` where nothing is known, or nothing to compare with. */
export function cell(row: Row, column: Column, { rows }: Results): Figure | undefined {
  const reference = rows.find(({ subject }) => subject.id === (column.kind === "ratio" ? "floor" : "direct"));
  // The CPU of the direct way would be the mock's.
  const isMock = row.subject.id === "direct" && column.value !== speed.value;
  if (reference === undefined || isMock) return undefined;
  const [values, references] = [row, reference].map((each) => each.samples[column.measure].map(column.value));
  return against(values ?? [], references ?? [], column.kind === "ratio" ? ratio : difference);
}
