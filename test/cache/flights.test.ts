/** Who pays for a call that several wait for: exactly one, whoever leaves when, and nobody twice. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Boarded, type Boarding, type Flights, flights, type Share } from "../../src/cache/flights.ts";
import { cacheKey } from "../../src/cache/key.ts";
import { recordReader, type Told } from "../../src/cache/records.ts";
import type { Entry } from "../../src/cache/store.ts";

const key = cacheKey({ team: "team", protocol: "chat", origin: "o", body: Buffer.from("{}") });
if (key === undefined) throw new Error("no key");

const boarding: Boarding = {
  key,
  stream: true,
  recasts: true,
  prepared: { url: "https://provider.test/", headers: {}, body: Buffer.from("{}"), isPrivate: false, provider: "p" },
  about: { protocol: "chat", provider: "p", model: "m", tags: [] },
  now: 1000,
  ttlMs: 60_000,
  notBefore: 0,
  isKeptHere: true,
};

const frame = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;
const delta = (content: string): string =>
  frame({ id: "c", object: "chat.completion.chunk", choices: [{ index: 0, delta: { content }, finish_reason: null }] });
const stop = frame({ id: "c", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
const counted = frame({ id: "c", choices: [], usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 } });
const done = "data: [DONE]\n\n";

/** An upstream that says what it is told to, when it is told to. */
function upstream() {
  const calls: { say(text: string): Promise<void>; end(): Promise<void>; signal: AbortSignal }[] = [];
  const fetch = async (_: string, { signal }: RequestInit): Promise<Response> => {
    const { readable, writable } = new TransformStream<Uint8Array>();
    const writer = writable.getWriter();
    if (!signal) throw new Error("a call without a signal cannot be ended");
    writer.closed.catch(() => undefined);
    signal.addEventListener("abort", () => void writer.abort(signal.reason).catch(() => undefined));
    const say = (text: string) => writer.write(Buffer.from(text)).catch(() => undefined);
    calls.push({ say, signal, end: () => writer.close().catch(() => undefined) });
    return new Response(readable, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
  };
  return { calls, fetch };
}

function world() {
  const paid = new Map<string, number>();
  const kept = new Map<string, Entry>();
  const { calls, fetch } = upstream();
  let minted = 0;
  const made = (): Flights =>
    flights({
      fetch,
      wait: () => new Promise(() => undefined),
      mint: () => `flight${minted++}`,
      payers: { of: (flight) => paid.get(flight), enter: (flight, follower) => void paid.set(flight, follower) },
      get: (wanted) => kept.get(wanted),
      put: (wanted, entry) => void kept.set(wanted, entry),
    });
  return { air: made(), reborn: made, calls, kept };
}

type Seat = Exclude<Boarded, { readonly entry: unknown }>;

function seated(air: Flights, asked: Boarding = boarding): Seat {
  const boarded = air.join(asked);
  if (boarded === undefined || "entry" in boarded) throw new Error("no seat");
  return boarded;
}

/** Reads until so many bytes are here, or to the end. */
async function read(
  { records }: Seat,
  bytes = Number.POSITIVE_INFINITY,
): Promise<{ text: string; last: Told["type"] }> {
  const reader = records.getReader();
  const next = recordReader(reader);
  let text = "";
  for (;;) {
    const told = await next();
    if (told.type === "bytes") text += Buffer.from(told.bytes).toString();
    const isOver = told.type === "end" || told.type === "failure";
    if (!isOver && text.length < bytes) continue;
    if (!isOver) await reader.cancel();
    return { text, last: told.type };
  }
}

const shareOf = ({ flight, follower }: Seat, isWhole: boolean): Share => ({
  ...{ flight, follower, isWhole, isCharged: true },
  usage: { input: 9, output: 3 },
  cost: 7,
});

async function turn(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}

describe("one call for many", () => {
  it("is followed by all, late ones included, from its first byte; the first at its end pays, and it is kept once", async () => {
    const { air, calls, kept } = world();
    const seats = [seated(air), seated(air)];
    const reading = seats.map((seat) => read(seat));
    await turn();
    await calls[0]?.say(delta("one"));
    seats.push(seated(air));
    reading.push(...seats.slice(2).map((seat) => read(seat)));
    await calls[0]?.say(delta("two") + stop + counted + done);
    await calls[0]?.end();
    const all = await Promise.all(reading);
    seats.push(seated(air));
    all.push(await read(seats.at(-1) as Seat));
    expect(calls).toHaveLength(1);
    expect(new Set(all.map(({ text }) => text))).toEqual(
      new Set([delta("one") + delta("two") + stop + counted + done]),
    );
    expect(seats.map(({ isFirst }) => isFirst)).toEqual([true, false, false, false]);
    const verdicts = [...seats].reverse().map((seat) => air.part(shareOf(seat, true)));
    expect(verdicts.map(({ pays }) => pays)).toEqual([true, false, false, false]);
    expect(kept.get(boarding.key)?.about).toMatchObject({ cost: 7, usage: { output: 3 }, storedAt: 1000 });
    expect(air.join(boarding)).toMatchObject({ entry: { about: { type: "text/event-stream" } } });
  });

  it("goes on when the first leaves, and ends when the last has", async () => {
    const { air, calls } = world();
    const [first, second] = [seated(air), seated(air)];
    await turn();
    await calls[0]?.say(delta("one"));
    await read(first, 1);
    expect(air.part(shareOf(first, false))).toEqual({ pays: false });
    expect(calls[0]?.signal.aborted).toBe(false);
    await read(second, 1);
    expect(calls[0]?.signal.aborted).toBe(true);
    const verdict = air.part(shareOf(second, false));
    expect(verdict).toMatchObject({ pays: true, account: { ended: "left", said: 3 } });
    expect(seated(air).isFirst).toBe(true);
  });

  it("tells all of a failure, and the next to ask asks anew", async () => {
    const air = flights({
      ...{
        wait: () => new Promise<void>(() => undefined),
        mint: () => "flight",
        get: () => undefined,
        put: () => undefined,
      },
      payers: { of: () => undefined, enter: () => undefined },
      fetch: () => Promise.reject(new TypeError("refused")),
    });
    const seats = [seated(air), seated(air)];
    for (const seat of seats) expect(await read(seat)).toEqual({ text: "", last: "failure" });
    for (const seat of seats) expect(air.part({ ...shareOf(seat, false), isCharged: false }).pays).toBe(false);
    expect(seated(air).isFirst).toBe(true);
  });
});

describe("does not follow", () => {
  it.each([
    ["a caller who wants a stream, an answer in one piece", { stream: false }, { stream: true }],
    ["a caller whose answer cannot be put together, a stream", { stream: true }, { stream: false, recasts: false }],
    ["a caller who wants it fresher than it is", {}, { now: 9000, notBefore: 5000 }],
  ])("%s", (_, one, other) => {
    const { air } = world();
    expect(seated(air, { ...boarding, ...one }).isFirst).toBe(true);
    expect(seated(air, { ...boarding, ...other }).isFirst).toBe(true);
  });

  it("a caller in one piece follows a stream where it can be put together", () => {
    const { air } = world();
    seated(air);
    expect(seated(air, { ...boarding, stream: false }).isFirst).toBe(false);
  });
});

it("has room for so many bytes, and for more once they are gone", async () => {
  const { air, calls } = world();
  const large = { ...boarding, prepared: { ...boarding.prepared, body: Buffer.alloc(4 * 1024 * 1024) } };
  const boarded = Array.from({ length: 10 }, (_, index) => air.join({ ...large, now: 1000, notBefore: 1000 + index }));
  const seats = boarded.flatMap((each) => (each === undefined || "entry" in each ? [] : [each]));
  expect(boarded.map((each) => each !== undefined)).toEqual([true, true, true, true, ...Array(6).fill(false)]);
  await turn();
  expect(calls).toHaveLength(4);
  for (const seat of seats) air.part({ ...shareOf(seat, false), isCharged: false });
  expect(air.join(large)).toBeDefined();
});

describe("who pays", () => {
  it("is one of them, whoever leaves when and in which order they ask", async () => {
    const follower = fc.record({ reads: fc.constantFrom("none", "some", "all"), asksAt: fc.nat(1000) });
    await fc.assert(
      fc.asyncProperty(fc.array(follower, { minLength: 1, maxLength: 8 }), async (followers) => {
        const { air, calls } = world();
        const all = followers.map((plan) => ({ ...plan, seat: seated(air) }));
        await turn();
        await calls[0]?.say(delta("one"));
        await Promise.all(all.filter(({ reads }) => reads === "some").map(({ seat }) => read(seat, 1)));
        const readers = all.filter(({ reads }) => reads === "all").map(({ seat }) => read(seat));
        await calls[0]?.say(delta("two") + stop + counted + done);
        await calls[0]?.end();
        for (const { last } of await Promise.all(readers)) expect(last).toBe("end");
        const inOrder = [...all].sort((one, other) => one.asksAt - other.asksAt);
        const verdicts = inOrder.map(({ seat, reads }) => air.part(shareOf(seat, reads === "all")));
        expect(verdicts.filter(({ pays }) => pays)).toHaveLength(1);
        // Asked again, each is told the same.
        const again = inOrder.map(({ seat, reads }) => air.part(shareOf(seat, reads === "all")));
        expect(again.map(({ pays }) => pays)).toEqual(verdicts.map(({ pays }) => pays));
      }),
      { numRuns: 60 },
    );
  });

  it("pays in full, though it has seen little of it", async () => {
    const { air, calls } = world();
    const seat = seated(air);
    await turn();
    await calls[0]?.say(delta("one"));
    await read(seat, 1);
    const other = seated(air);
    expect(other.isFirst).toBe(true);
    expect(air.part(shareOf(seat, false))).toMatchObject({ pays: true, account: { said: 3 } });
  });

  it("is known after the object was put out of memory", () => {
    const { air, reborn } = world();
    const seats = [seated(air), seated(air), seated(air)];
    const later = reborn();
    expect(seats.map((seat) => later.part(shareOf(seat, false)).pays)).toEqual([true, false, false]);
    const latest = reborn();
    expect(seats.map((seat) => latest.part(shareOf(seat, false)).pays)).toEqual([true, false, false]);
  });

  it("is whoever leaves last, even if it would not have been charged alone, where others were excused", async () => {
    const { air, calls } = world();
    const [one, other] = [seated(air), seated(air)];
    await turn();
    await calls[0]?.say(delta("one"));
    await read(one, 1);
    expect(air.part(shareOf(one, false)).pays).toBe(false);
    expect(air.part({ ...shareOf(other, false), isCharged: false })).toMatchObject({
      pays: true,
      account: { said: 3 },
    });
  });
});
