/** Sums of a team's account as JSON and as CSV. Money is told in US dollars, exact to the nano-dollar. */
import type { CallRow, Grouping, UsageSum } from "../stores/store.ts";

/** Nano-dollars in US dollars; a double holds them exactly as far as anybody spends. */
export function usd(nano: number): number {
  return nano / 1e9;
}

const measures = [
  ["calls", ({ calls }: UsageSum) => calls],
  ["input_tokens", ({ input }: UsageSum) => input],
  ["cache_read_tokens", ({ cacheRead }: UsageSum) => cacheRead],
  ["cache_write_tokens", ({ cacheWrite }: UsageSum) => cacheWrite],
  ["output_tokens", ({ output }: UsageSum) => output],
  ["reasoning_tokens", ({ reasoning }: UsageSum) => reasoning],
  ["cost_usd", ({ cost }: UsageSum) => usd(cost)],
  ["estimated_calls", ({ estimated }: UsageSum) => estimated],
  ["unpriced_calls", ({ unpriced }: UsageSum) => unpriced],
  ["cache_hits", ({ hits }: UsageSum) => hits],
  ["saved_usd", ({ saved }: UsageSum) => usd(saved)],
] as const;

/** The sums as they were asked for. */
export function usageAnswer(
  groupBy: readonly Grouping[],
  sums: readonly UsageSum[],
  format?: "json" | "csv",
): Response {
  if (format !== "csv") return Response.json(usageJson(groupBy, sums));
  return new Response(usageCsv(groupBy, sums), { headers: { "content-type": "text/csv; charset=utf-8" } });
}

export function usageJson(groupBy: readonly Grouping[], sums: readonly UsageSum[]) {
  return { object: "usage", group_by: groupBy, data: sums.map((sum) => record(groupBy, sum)) };
}

function record(groupBy: readonly Grouping[], sum: UsageSum): Record<string, string | number> {
  const groups = groupBy.map((name) => [name, sum[name] ?? ""] as const);
  return Object.fromEntries([...groups, ...measures.map(([name, of]) => [name, of(sum)] as const)]);
}

/** RFC 4180, with a line of names. */
export function usageCsv(groupBy: readonly Grouping[], sums: readonly UsageSum[]): string {
  const names = [...groupBy, ...measures.map(([name]) => name)];
  const lines = sums.map((sum) => Object.values(record(groupBy, sum)).map(cell).join(","));
  return `${[names.join(","), ...lines].join("\r\n")}\r\n`;
}

/** A text that a spreadsheet would take for a formula is marked as text. */
function cell(value: string | number): string {
  if (typeof value === "number") return decimal(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Without an exponent, as spreadsheets and people read it. */
function decimal(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(9).replace(/0+$/, "");
}

/** A row of the log of calls, as the admin API tells it. */
export function callJson({ at, asked, cost, saved, usage, ms, isSwept, detail, ...row }: CallRow) {
  return {
    ...row,
    at: new Date(at).toISOString(),
    asked_model: asked,
    cost_usd: cost === undefined ? null : usd(cost),
    ...(saved !== undefined && { saved_usd: usd(saved) }),
    duration_ms: ms ?? null,
    usage: {
      input_tokens: usage.input ?? null,
      cache_read_tokens: usage.cacheRead ?? null,
      cache_write_tokens: usage.cacheWrite ?? null,
      output_tokens: usage.output ?? null,
      reasoning_tokens: usage.reasoning ?? null,
    },
    swept: isSwept === true,
    ...detail,
  };
}
