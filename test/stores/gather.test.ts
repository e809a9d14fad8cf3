import { expect, it } from "vitest";
import { gathering } from "../../src/stores/gather.ts";
import type { UsageRow } from "../../src/stores/store.ts";

const row = (id: string): UsageRow => ({
  ...{ id, key: "k", at: 0, provider: "p", model: "m", state: "settled", status: 200, usage: {} },
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
  const enter = async (rows: readonly UsageRow[]) => void written.push(rows.map(({ id }) => id));
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

it("a write that failed is tried once more, with the same rows", async () => {
  const { wait, ring } = bell();
  let tries = 0;
  const gathered = gathering(wait);
  const added = gathered.add("t", row("1"), async () => {
    if (tries++ === 0) throw new Error("the object was restarted");
  });
  ring();
  await added;
  expect(tries).toBe(2);
});
