import { expect, it } from "vitest";
import { gathering } from "../../src/stores/gather.ts";
import type { Settlement } from "../../src/stores/store.ts";

const row = (id: string): Settlement => ({
  row: {
    ...{ id, key: "k", at: 0, protocol: "chat", asked: "m", provider: "p", model: "m" },
    ...{ state: "settled", status: 200, usage: {} },
  },
  sums: [],
  rates: [],
});

/** A wait that ends when it is told to. */
function bell() {
  let ring: () => void = () => undefined;
  const wait = (): Promise<void> =>
    new Promise((resolve) => {
      ring = resolve;
    });
  return { wait, ring: () => ring() };
}

it("rows of one team that come together are written together, each team apart", async () => {
  const { wait, ring } = bell();
  const written: string[][] = [];
  const enter = async (rows: readonly Settlement[]) => void written.push(rows.map(({ row: { id } }) => id));
  const gathered = gathering(wait);
  const first = gathered.add("t", row("1"), enter);
  await gathered.add("t", row("2"), enter);
  await gathered.add("t", row("3"), enter);
  expect(written).toEqual([]);
  ring();
  await first;
  const later = gathered.add("t", row("4"), enter);
  ring();
  await later;
  expect(written).toEqual([["1", "2", "3"], ["4"]]);
});

it("what cannot be written is tried again with the same rows, ever later", async () => {
  const pauses: number[] = [];
  const seen: string[] = [];
  const gathered = gathering(async (ms) => void pauses.push(ms));
  await gathered.add("t", row("1"), async (all) => {
    seen.push(...all.map(({ row: { id } }) => id));
    if (seen.length < 4) throw new Error("the object was restarted");
  });
  expect(seen).toEqual(["1", "1", "1", "1"]);
  expect(pauses).toEqual([20, 100, 1000, 5000]);
});
