/** The results as an SVG picture: a few panels of bars, one for each subject that has a colour. Pure. */
import { type Column, callColumns, cell, type Results, type Row, streamColumns } from "./results.ts";

interface Bar {
  readonly name: string;
  readonly colour: string;
  readonly value: number;
  readonly text: string;
}

interface Panel {
  readonly title: string;
  readonly hint: string;
  readonly bars: readonly Bar[];
}

/** What is shown, by the id of the column. */
const shown = [
  ["speed-16", "Calls per second", "16 connections, floor = 1; more is better"],
  ["cost-16", "CPU per call", "floor = 1; less is better"],
  ["paced", "CPU per stream event", "one every 20 ms, floor = 1; less is better"],
  ["first", "Added time to first content", "milliseconds; less is better"],
] as const satisfies readonly (readonly [id: string, title: string, hint: string])[];

const size = { width: 880, panel: 410, bar: 22, row: 30, head: 52, names: 128, gap: 30, margin: 20 } as const;

export function picture(results: Results): string {
  const rows = results.rows.filter(({ subject }) => subject.colour !== undefined);
  const columns = [...callColumns, ...streamColumns];
  const panels = shown.flatMap(([id, title, hint]) => {
    const column = columns.find((each) => each.id === id);
    return column === undefined ? [] : [{ title, hint, bars: rows.flatMap((row) => barOf(row, column, results)) }];
  });
  const tall = size.head + rows.length * size.row + size.gap;
  const height = Math.ceil(panels.length / 2) * tall + size.margin;
  const placed = panels.map((panel, index) => {
    const [x, y] = [size.margin + (index % 2) * (size.panel + size.gap), size.margin + Math.floor(index / 2) * tall];
    return `<g transform="translate(${x} ${y})">\n${draw(panel)}\n</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${height}" font-family="system-ui, sans-serif" font-size="13">
<title>What each gateway costs, against a Worker that only forwards</title>
<rect width="${size.width}" height="${height}" rx="8" fill="#ffffff"/>
${placed.join("\n")}
</svg>
`;
}

function barOf(row: Row, column: Column, results: Results): readonly Bar[] {
  const figure = cell(row, column, results);
  const { colour, picture: name } = row.subject;
  if (figure === undefined || colour === undefined) return [];
  const value = figure.median;
  return [{ name: name ?? row.subject.id, colour, value, text: value.toFixed(Math.abs(value) >= 10 ? 0 : 2) }];
}

function draw({ title, hint, bars }: Panel): string {
  const longest = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const room = size.panel - size.names - 50;
  const lines = bars.map(({ name, colour, value, text }, index) => {
    const [y, width] = [size.head + index * size.row, Math.max(1, (Math.max(0, value) / longest) * room)];
    const middle = y + size.bar / 2 + 4;
    return `<text x="${size.names - 8}" y="${middle}" text-anchor="end" fill="#334155">${escapeText(name)}</text>
<rect x="${size.names}" y="${y}" width="${width.toFixed(1)}" height="${size.bar}" rx="3" fill="${colour}"/>
<text x="${(size.names + width + 6).toFixed(1)}" y="${middle}" fill="#334155">${text}</text>`;
  });
  return `<text y="16" font-size="15" font-weight="600" fill="#0f172a">${escapeText(title)}</text>
<text y="36" fill="#64748b">${escapeText(hint)}</text>
${lines.join("\n")}`;
}

function escapeText(text: string): string {
  return text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}
