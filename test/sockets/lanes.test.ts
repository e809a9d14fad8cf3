/** Calls of one lane run one after another, those of several at once, and never too many. */
import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { lanes } from "../../src/sockets/lanes.ts";

it("keeps the order of each lane and the bound of all, for any calls that end in any order", async () => {
  const calls = fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(calls, fc.integer({ min: 1, max: 4 }), fc.infiniteStream(fc.nat()), async (names, most, picks) => {
      const open: { readonly lane: string; readonly end: () => void }[] = [];
      const begun: [string, number][] = [];
      let emptied = 0;
      const order = lanes({ running: most, waiting: 30 }, () => {
        emptied += 1;
      });
      for (const [at, lane] of names.entries()) {
        order.add(lane, () => {
          begun.push([lane, at]);
          return new Promise((end) => open.push({ lane, end }));
        });
      }
      while (!order.isEmpty) {
        expect(open.length).toBeLessThanOrEqual(most);
        expect(new Set(open.map(({ lane }) => lane)).size).toBe(open.length);
        const [{ value: pick }] = [picks.next()];
        const [ended] = open.splice(pick % open.length, 1);
        ended?.end();
        for (let turns = 0; turns < 5; turns++) await Promise.resolve();
      }
      expect(begun).toHaveLength(names.length);
      for (const lane of new Set(names)) {
        const places = begun.filter(([name]) => name === lane).map(([, at]) => at);
        expect(places).toEqual([...places].sort((one, other) => one - other));
      }
      expect(emptied).toBe(1);
    }),
  );
});

it("goes on after a call that fails", async () => {
  const log = vi.spyOn(console, "error").mockReturnValue();
  const order = lanes({ running: 1, waiting: 2 }, () => undefined);
  const { promise, resolve } = Promise.withResolvers<void>();
  order.add("a", () => Promise.reject(new Error("no")));
  order.add("a", async () => resolve());
  await promise;
  expect(log).toHaveBeenCalledExactlyOnceWith("socket", new Error("no"));
  log.mockRestore();
});

it("refuses what would wait behind too many, and runs nothing that was given up", async () => {
  const first = Promise.withResolvers<void>();
  let ran = 0;
  const order = lanes({ running: 1, waiting: 1 }, () => undefined);
  order.add("a", () => first.promise);
  order.add("b", async () => {
    ran += 1;
  });
  expect(() => order.add("c", async () => undefined)).toThrow(expect.objectContaining({ kind: "rate_limit" }));
  order.clear();
  first.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  expect(ran).toBe(0);
  expect(order.isEmpty).toBe(true);
});
