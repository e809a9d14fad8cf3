/** What an object tells its followers is read as it was told, wherever the bytes are split, and never half. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { printRecord, recordReader, type Told } from "../../src/cache/records.ts";

const told: readonly Told[] = [
  { type: "head", head: { status: 200, headers: [["content-type", "text/event-stream"]] } },
  { type: "bytes", bytes: Buffer.from("data: ä\n\n") },
  { type: "bytes", bytes: Buffer.alloc(70_000, 1) },
  { type: "failure", failure: { kind: "upstream", message: "It broke." } },
  { type: "end" },
];
const all = Buffer.concat(told.map(printRecord));

function readerOf(bytes: Uint8Array, cuts: readonly number[]) {
  const places = [0, ...[...cuts].sort((one, other) => one - other), bytes.length];
  const parts = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });
  return recordReader(body.getReader());
}

const plain = (record: Told): unknown =>
  record.type === "bytes" ? { ...record, bytes: Buffer.from(record.bytes).toString("hex") } : record;

it("reads what was printed, split anywhere", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(all.length), { maxLength: 30 }), async (cuts) => {
      const next = readerOf(all, cuts);
      for (const record of told) expect(plain(await next())).toEqual(plain(record));
    }),
    { numRuns: 50 },
  );
});

it("is told apart from what broke off in between", async () => {
  for (const length of [0, 3, 5, 20]) {
    await expect(readerOf(all.subarray(0, length), [])()).rejects.toMatchObject({ kind: "upstream" });
  }
});
