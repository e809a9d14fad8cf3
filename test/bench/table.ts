/** The results as Markdown: ratios and medians, each with its spread, and the machine by nothing but its cores. Pure. */
import { type Column, callColumns, cell, type Results, type Row, streamColumns } from "./results.ts";
import { against, difference, type Figure } from "./statistics.ts";

export function table(results: Results): string {
  const { cores, rounds, streams } = results;
  return `${grid(results, callColumns, "JSON answers of about 1 KB", [])}

${grid(results, streamColumns, "Streams of 200 events", [[`MB, ${streams} open streams`, memoryOf]])}

${facts(results)}

Medians of ${rounds} interleaved rounds on ${cores} shared cores, upstream and load generator among them; ± is half of what
lies between the lowest and the highest round. Ratios are to the floor, a five-line Worker that only forwards, on the same
workerd; milliseconds are added to a call without a gateway. MB: at rest → at most → a second after the streams have gone.
`;
}

type Extra = readonly [title: string, text: (row: Row) => string];

function grid(results: Results, columns: readonly Column[], title: string, extras: readonly Extra[]): string {
  const titles = [title, ...columns.map((column) => column.title), ...extras.map(([extra]) => extra)];
  const lines = results.rows.map((row) => [
    row.subject.name,
    ...columns.map((column) => print(cell(row, column, results))),
    ...extras.map(([, text]) => text(row)),
  ]);
  return [titles, ["---", ...titles.slice(1).map(() => "--:")], ...lines]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

function memoryOf({ hold }: Row): string {
  return hold === undefined
    ? ""
    : [hold.rest, hold.peak, hold.after].map((megabytes) => megabytes.toFixed(0)).join(" → ");
}

function facts({ bundleKb, starts }: Results): string {
  const added = (values: readonly number[]): string => print(against(values, starts.empty, difference));
  const portkey = starts.portkey.length > 0 ? `; Portkey on Node ${added(starts.portkey)} ms` : "";
  return `Bundle ${bundleKb.toFixed(0)} KB compressed; start to first answer, added to an empty Worker: ${added(starts.gateway)} ms${portkey}.`;
}

/** A figure with its spread, both with as many places as say something. */
export function print(figure: Figure | undefined): string {
  if (figure === undefined) return "";
  const { median, spread } = figure;
  const places = Math.abs(median) >= 10 ? 0 : Math.abs(median) >= 2 ? 1 : 2;
  return `${median.toFixed(places)} ±${spread.toFixed(places)}`;
}
