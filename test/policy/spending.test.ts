/** How much of its budgets a team has spent. */
import { describe, expect, it } from "vitest";
import { spentShare } from "../../src/policy/spending.ts";
import type { Charges, Level } from "../../src/stores/store.ts";

const charges: Charges = {
  rates: [{ meter: "team/requests", limit: 10, windowMs: 60_000, cost: 1 }],
  lives: [{ meter: "team/concurrent", limit: 2 }],
  sums: [
    { meter: "key_a/day/2026-11-24", limit: 1000 },
    { meter: "team/month/2026-11-01", limit: 4000 },
  ],
};

function levels(...left: number[]): Level[] {
  return left.map((each) => ({ meter: "", left: each, resetMs: 0 }));
}

describe("the share that is spent", () => {
  it("is of the budget of which most is, without what this call holds", () => {
    expect(spentShare(charges, levels(0, 0, 900, 2900), 100)).toBe(0.25);
    expect(spentShare(charges, levels(9, 1, 150, 3900), 100)).toBe(0.75);
  });

  it("lies between nothing and all", () => {
    expect(spentShare(charges, levels(0, 0, 1000, 4000), 50)).toBe(0);
    expect(spentShare(charges, levels(0, 0, -500, 4000), 0)).toBe(1);
  });

  it("is nothing where there is no budget, or nobody could be asked", () => {
    expect(spentShare({ ...charges, sums: [] }, levels(0, 0), 100)).toBe(0);
    expect(spentShare(charges, [], 100)).toBe(0);
  });
});
