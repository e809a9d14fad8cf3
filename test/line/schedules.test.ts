/**
 * Random schedules of faults through the whole line: whoever fails, however, in whatever order, there is one answer, each
 * attempt is entered at most once, and the caller's deadline is kept.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { mostTimeoutMs } from "../../src/providers/timeouts.ts";
import { hearRefusal } from "./faults-heard.ts";
import { type Asking, ask, callers, faultGateway, heard, type Seen } from "./faults-line.ts";
import { type Act, good, words } from "./faults-provider.ts";
import { faultCases } from "./faults-table.ts";

const models = ["openai/m", "compatible/m", "anthropic/m", "gemini/m", "spare/m"];

/** Up to three of them, in every order. */
const orders = models.flatMap((first) => {
  const others = models.filter((each) => each !== first);
  return [
    [first],
    ...others.flatMap((second) => [
      [first, second],
      ...others.filter((each) => each !== second).map((third) => [first, second, third]),
    ]),
  ];
});
const at = faultGateway(Object.fromEntries(orders.map((order, number) => [`order-${number}`, order])));

const limits: readonly (number | undefined)[] = [undefined, 300, 2500, 11_000, 35_000, 100_000];

const schedule = fc.record({
  caller: fc.constantFrom(...callers),
  stream: fc.boolean(),
  order: fc.nat({ max: orders.length - 1 }),
  timeoutMs: fc.constantFrom(...limits),
  faults: fc.array(fc.nat({ max: faultCases.length - 1 }), { minLength: 8, maxLength: 8 }),
  /** Whether the attempt of that number goes well after all. */
  goesWell: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 8, maxLength: 8 }),
});
type Schedule = typeof schedule extends fc.Arbitrary<infer Value> ? Value : never;

function askingOf({ caller, stream, order, timeoutMs, faults, goesWell }: Schedule): Asking {
  let attempts = 0;
  const actOf = (): Act => {
    const number = attempts++;
    const each = faultCases[faults[number] ?? 0];
    return (script) => {
      const place = { protocol: script.protocol, relay: script.protocol === caller, stream: script.stream };
      const applies = each !== undefined && each.at?.(place) !== false && goesWell[number] !== 0;
      return applies ? each.act(script) : good(script);
    };
  };
  const headers = timeoutMs === undefined ? {} : { "x-gearbox-timeout-ms": String(timeoutMs) };
  return { caller, stream, headers, model: `order-${order}`, actOf };
}

function check(seen: Seen, asking: Asking, { timeoutMs = mostTimeoutMs }: Schedule): void {
  const { answer, body, asked, rows, bytesHeld, tookMs } = seen;
  const id = answer.headers.get("x-request-id");
  const said = heard(seen, asking, true);
  if (said === "refused") expect(hearRefusal(asking.caller, body)).toEqual([]);
  else {
    expect({ end: said.end, wrong: said.wrong }).toEqual({ end: expect.stringMatching(/whole|failed/), wrong: [] });
    expect(
      Object.values(words).some((text) => text.startsWith(said.text)),
      said.text,
    ).toBe(true);
  }
  expect(tookMs).toBeLessThanOrEqual(timeoutMs);
  expect(answer.headers.get("x-gearbox-attempts")).toBe(String(asked.length));
  expect(asked.length).toBeLessThanOrEqual(5);
  expect(bytesHeld).toBe(0);
  const numbers = asked.map((_, number) => `${id}.${number + 1}`);
  const entered = rows.map((row) => row.id);
  expect(entered.filter((each) => each === id)).toHaveLength(1);
  expect(new Set(entered).size).toBe(entered.length);
  expect([id, ...numbers]).toEqual(expect.arrayContaining(entered));
  // No attempt costs more than a whole answer to it, with what is estimated of the question.
  for (const row of rows) expect(row.cost).toBeLessThanOrEqual(108_000);
}

it("whatever fails, there is one answer in time, and each attempt is paid for once", { timeout: 120_000 }, async () => {
  let refusals = 0;
  let failures = 0;
  const property = fc.asyncProperty(schedule, async (drawn) => {
    const asking = askingOf(drawn);
    const seen = await ask(at, asking);
    check(seen, asking, drawn);
    if (seen.answer.status !== 200) refusals++;
    else if (!seen.body.includes(words.spare) && seen.rows.some(({ state }) => state !== "settled")) failures++;
  });
  await fc.assert(property, { numRuns: 400, seed: 20261124 });
  // The schedules are not all alike.
  expect(Math.min(refusals, failures)).toBeGreaterThan(20);
});
