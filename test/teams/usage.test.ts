/** What a team used, as tables and as JSON. */
import { describe, expect, it } from "vitest";
import type { UsageSum } from "../../src/stores/store.ts";
import { callJson, usageCsv, usageJson } from "../../src/teams/usage.ts";
import { rowOf } from "./desk.ts";

const none = {
  calls: 0,
  input: 0,
  cacheRead: 0,
  cacheWrite: 0,
  output: 0,
  reasoning: 0,
  estimated: 0,
  unpriced: 0,
  hits: 0,
  saved: 0,
};
const sum = (model: string, cost = 0): UsageSum => ({ ...none, model, cost });
const models = (...names: string[]): string[] =>
  usageCsv(
    ["model"],
    names.map((name) => sum(name)),
  )
    .split("\r\n")
    .slice(1, -1)
    .map((line) => line.replace(/(,0){11}$/, ""));

describe("usage as CSV", () => {
  it("has a line of names, and ends every line as RFC 4180 does", () => {
    const lines = usageCsv(["model"], [sum("a"), sum("b")]).split("\r\n");
    expect(lines).toHaveLength(4);
    expect([lines[0]?.startsWith("model,calls,"), lines[3]]).toEqual([true, ""]);
  });

  it("quotes what would break a line, and disarms what a spreadsheet would reckon", () => {
    expect(models('a,b"c', "=1+1", "+1", "-1", "@x", "\tx", "a=1")).toEqual([
      '"a,b""c"',
      "'=1+1",
      "'+1",
      "'-1",
      "'@x",
      "'\tx",
      "a=1",
    ]);
  });

  it.each([
    [1, "0.000000001"],
    [1_000_000_000, "1"],
    [1_234_567_890_123, "1234.567890123"],
    [0, "0"],
  ])("says %d nano-dollars as %s", (cost, said) => {
    const [names = "", line = ""] = usageCsv([], [sum("", cost)]).split("\r\n");
    expect(line.split(",")[names.split(",").indexOf("cost_usd")]).toBe(said);
  });
});

describe("usage as JSON", () => {
  it("names only what was asked to be told apart, and money exactly", () => {
    const { group_by, data } = usageJson(["model"], [{ ...sum("a", 123_456_789), day: "2026-11-24" }]);
    expect([group_by, data[0]?.model, data[0]?.cost_usd, "day" in (data[0] ?? {})]).toEqual([
      ["model"],
      "a",
      0.123456789,
      false,
    ]);
  });

  it("of a call without a price says so, and not that it was free", () => {
    expect(callJson(rowOf("c", "k", "m", 0))).toMatchObject({ cost_usd: null, swept: false, lost: "seed=dropped" });
    expect(callJson({ ...rowOf("c", "k", "m", 0), cost: 0 }).cost_usd).toBe(0);
  });
});
