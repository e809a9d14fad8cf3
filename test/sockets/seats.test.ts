/** What connections have of an isolate's memory stays within its bounds, and is given back. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { usual } from "../../src/sockets/bounds.ts";
import { type Remembered, type Seat, seats } from "../../src/sockets/seats.ts";

const said = (id: string, length = 100): Remembered => ({ id, items: ["x".repeat(length)] });

function seatOf(all: ReturnType<typeof seats>): Seat {
  const seat = all.take();
  if (seat === undefined) throw new Error("no seat is left");
  return seat;
}

describe("conversations in memory", () => {
  it("are those of their connection, the newest of each lane", () => {
    const all = seats();
    const [one, other] = [seatOf(all), seatOf(all)];
    one.remember("", said("a"));
    one.remember("left", said("b"));
    other.remember("", said("c"));
    expect(one.recall("a")?.id).toBe("a");
    expect(one.recall("c")).toBeUndefined();
    expect(other.recall("a")).toBeUndefined();
    one.remember("", said("d"));
    expect(one.recall("a")).toBeUndefined();
    expect(one.recall("b")?.id).toBe("b");
    one.forget("b");
    expect(one.recall("b")).toBeUndefined();
    one.leave();
    expect(one.recall("d")).toBeUndefined();
    expect(other.recall("c")?.id).toBe("c");
  });

  it("take no more than their bound together, and the newest is there where it fits alone", () => {
    const step = fc.record({ seat: fc.nat(2), lane: fc.nat(3), length: fc.nat(4000) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const remembered = 6000;
        const all = seats({ ...usual, remembered });
        const own = [seatOf(all), seatOf(all), seatOf(all)];
        for (const [at, { seat, lane, length }] of steps.entries()) {
          own[seat]?.remember(String(lane), said(`r${at}`, length));
          expect(own[seat]?.recall(`r${at}`)).toBeDefined();
          const ids = steps.slice(0, at + 1).map((_, id) => `r${id}`);
          const kept = own.flatMap((each) => ids.flatMap((id) => each.recall(id) ?? []));
          const bytes = kept.flatMap(({ items }) => items).reduce((sum, item) => sum + item.length, 0);
          expect(bytes).toBeLessThanOrEqual(remembered);
        }
      }),
    );
  });

  it("that are too long for any memory are not kept, and cost nobody theirs", () => {
    const all = seats({ ...usual, remembered: 1000 });
    const [one, other] = [seatOf(all), seatOf(all)];
    other.remember("", said("kept"));
    one.remember("", said("long", 2000));
    expect(one.recall("long")).toBeUndefined();
    expect(other.recall("kept")?.id).toBe("kept");
  });
});

describe("what was sent and not read", () => {
  const bounds = { ...usual, unreadBytes: 1000, unreadTogether: 2000, unreadShare: 100 };

  it("is bounded for a connection, and read with the answer that its caller goes on from", () => {
    const seat = seatOf(seats(bounds));
    expect(seat.send(900)).toBe(true);
    seat.told("a");
    expect(seat.send(100)).toBe(true);
    seat.read("unknown");
    expect(seat.send(1)).toBe(false);
    seat.read("a");
    expect(seat.send(800)).toBe(true);
    expect(seat.send(100)).toBe(false);
    // What was read stays read.
    seat.read("a");
    expect(seat.send(1)).toBe(false);
  });

  it("leaves the less to each the more the others have, and something in any case", () => {
    const all = seats(bounds);
    const [one, two, three, four] = [seatOf(all), seatOf(all), seatOf(all), seatOf(all)];
    expect([one.send(1000), two.send(500), three.send(250)]).toEqual([true, true, true]);
    expect(three.send(1)).toBe(false);
    one.leave();
    expect(three.send(1)).toBe(true);
    one.leave();
    expect(three.send(498)).toBe(true);
    expect(three.send(1)).toBe(false);
    two.send(5000);
    expect(four.send(100)).toBe(true);
    expect(four.send(1)).toBe(false);
  });

  it("makes way for others where it is idle, and nobody with nothing to read", () => {
    const all = seats(bounds);
    const [one, two, three] = [seatOf(all), seatOf(all), seatOf(all)];
    one.send(1000);
    expect([one, two].map(({ isInTheWay }) => isInTheWay)).toEqual([false, false]);
    two.send(1);
    expect([one, two, three].map(({ isInTheWay }) => isInTheWay)).toEqual([true, true, false]);
    one.leave();
    expect(two.isInTheWay).toBe(false);
  });
});

it("there are so many connections at most, and a place is given back once", () => {
  const all = seats({ ...usual, connections: 2 });
  const first = seatOf(all);
  seatOf(all);
  expect(all.take()).toBeUndefined();
  first.leave();
  first.leave();
  seatOf(all);
  expect(all.take()).toBeUndefined();
});
