/** One buffer and many readers: whoever keeps up has every byte, whoever does not is cut, and nobody waits for another. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Cursor, fan, patienceMs } from "../../src/cache/fan.ts";

const never = (): Promise<void> => new Promise(() => undefined);
const atOnce = async (): Promise<void> => undefined;

/** Bytes that tell where they are from. */
function stretch(at: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => ((at + index) * 7) % 251);
}

async function readAll(cursor: Cursor): Promise<Uint8Array | "cut"> {
  const parts: Uint8Array[] = [];
  for (;;) {
    const next = await cursor.read();
    if (next === "cut") return "cut";
    if (next === "end") return Buffer.concat(parts);
    parts.push(next);
  }
}

describe("readers that keep up", () => {
  it("have every byte, whenever they came and however it was written", async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.array(fc.nat(40), { maxLength: 10 }), async (writes, arrivals) => {
        const shared = fan(200_000, never);
        const readers: Promise<Uint8Array | "cut">[] = [];
        for (const [turn, length] of writes.entries()) {
          for (const arrival of arrivals) if (arrival === turn) readers.push(readAll(shared.follow()));
          shared.write(stretch(shared.size, length));
          await Promise.resolve();
        }
        readers.push(readAll(shared.follow()));
        shared.close();
        const all = Buffer.from(stretch(0, shared.size));
        for (const read of await Promise.all(readers)) expect(all.equals(Buffer.from(read))).toBe(true);
        expect(all.equals(shared.whole ?? Buffer.alloc(0))).toBe(true);
      }),
    );
  });

  it("are given much in one go where there is much", async () => {
    const shared = fan(100_000, never);
    for (let write = 0; write < 100; write++) shared.write(stretch(write * 500, 500));
    const cursor = shared.follow();
    expect(await cursor.read()).toHaveLength(50_000);
  });
});

describe("a reader that stands still", () => {
  it("is cut once its bytes are gone, and whoever reads has all of them", async () => {
    const shared = fan(1000, atOnce);
    const [stalled, quick] = [shared.follow(), readAll(shared.follow())];
    for (let write = 0; write < 500; write++) {
      await shared.room();
      shared.write(stretch(shared.size, 100));
    }
    shared.close();
    expect(await stalled.read()).toBe("cut");
    expect(Buffer.from(stretch(0, 50_000)).equals(Buffer.from(await quick))).toBe(true);
    expect(shared.whole).toBeUndefined();
  });

  it("holds the others up once, and not for long", async () => {
    const waits: number[] = [];
    const shared = fan(1000, async (ms) => void waits.push(ms));
    shared.follow();
    const quick = readAll(shared.follow());
    for (let write = 0; write < 500; write++) {
      await shared.room();
      shared.write(stretch(shared.size, 100));
    }
    shared.close();
    expect(await quick).toHaveLength(50_000);
    expect(waits).toEqual([patienceMs]);
  });

  it("is not cut while it reads, however slowly", async () => {
    const shared = fan(1000, never);
    const slow = shared.follow();
    const quick = readAll(shared.follow());
    const parts: Uint8Array[] = [];
    for (let write = 0; write < 500; write++) {
      const room = shared.room();
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
      if (write % 9 === 0 && write > 0) parts.push((await slow.read()) as Uint8Array);
      await room;
      shared.write(stretch(shared.size, 100));
    }
    shared.close();
    parts.push((await readAll(slow)) as Uint8Array);
    const all = Buffer.from(stretch(0, 50_000));
    expect([all.equals(Buffer.from(await quick)), all.equals(Buffer.concat(parts))]).toEqual([true, true]);
  });

  it("holds up the writer where it is the only one, until it leaves", async () => {
    const shared = fan(1000, never);
    const cursor = shared.follow();
    shared.write(stretch(0, 1000));
    let hasRoom = false;
    const room = shared.room().then(() => {
      hasRoom = true;
    });
    await Promise.resolve();
    expect(hasRoom).toBe(false);
    cursor.leave();
    await room;
    expect(hasRoom).toBe(true);
  });

  it("is not woken in vain: it leaves while it waits", async () => {
    const cursor = fan(1000, never).follow();
    const waiting = cursor.read();
    cursor.leave();
    expect(await waiting).toBe("end");
  });
});

it("the buffer does not grow with the answer", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 50, maxLength: 300 }), async (writes) => {
      const shared = fan(10_000, atOnce);
      const read = readAll(shared.follow());
      shared.follow();
      for (const length of writes) {
        await shared.room();
        shared.write(stretch(shared.size, length));
        expect(shared.held).toBeLessThanOrEqual(36_000);
      }
      shared.close();
      expect(Buffer.from(stretch(0, shared.size)).equals(Buffer.from(await read))).toBe(true);
    }),
    { numRuns: 50 },
  );
});
