import { describe, expect, it } from "vitest";
import { type Clock, hop, type Pipe } from "../../src/http/stream.ts";

/** A clock that stands still until it is told to go on. */
function handClock(): Clock & { advance(ms: number): Promise<void> } {
  let now = 0;
  let timers: { at: number; ring: () => void }[] = [];
  return {
    now: () => now,
    wait: (ms) => new Promise((ring) => timers.push({ at: now + ms, ring })),
    async advance(ms) {
      now += ms;
      const due = timers.filter(({ at }) => at <= now);
      timers = timers.filter(({ at }) => at > now);
      for (const { ring } of due) ring();
      await settled();
    },
  };
}

/** All that can happen without time or outside help has happened. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

function source() {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  let cancelled = false;
  const reader = readable.getReader();
  writer.closed.catch(() => {
    cancelled = true;
  });
  return {
    reader,
    write: (text: string) => writer.write(bytes(text)),
    close: () => writer.close(),
    abort: (why: unknown) => writer.abort(why),
    gone: () => cancelled,
  };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (chunk: Uint8Array | undefined): string => new TextDecoder().decode(chunk);

function upper(log: string[] = []): Pipe {
  return {
    push: (chunk) => bytes(text(chunk).toUpperCase()),
    end: () => bytes("|end"),
    fail: (thrown) => bytes(`|failed ${String(thrown)}`),
    beat: (idleMs) => bytes(`|beat ${idleMs}`),
    leave: () => void log.push("left"),
    done: false,
  };
}

describe("the hop", () => {
  it("passes what comes through the pipe and ends with it", async () => {
    const { reader, write, close } = source();
    const out = hop(reader, upper(), 1000, handClock()).body().getReader();
    void write("a");
    expect(text((await out.read()).value)).toBe("A");
    void close();
    expect(text((await out.read()).value)).toBe("|end");
    expect((await out.read()).done).toBe(true);
  });

  it("beats while the provider is silent, and only then", async () => {
    const clock = handClock();
    const { reader, write } = source();
    const out = hop(reader, upper(), 1000, clock).body().getReader();
    const first = out.read();
    await settled();
    await clock.advance(1000);
    expect(text((await first).value)).toBe("|beat 1000");
    const second = out.read();
    await settled();
    await clock.advance(1000);
    expect(text((await second).value)).toBe("|beat 2000");
    const third = out.read();
    await settled();
    await clock.advance(900);
    void write("b");
    expect(text((await third).value)).toBe("B");
  });

  it("beats a whole interval after the last bytes, though a timer rings before", async () => {
    const clock = handClock();
    const { reader, write } = source();
    const out = hop(reader, upper(), 1000, clock).body().getReader();
    const first = out.read();
    await settled();
    await clock.advance(900);
    void write("a");
    expect(text((await first).value)).toBe("A");
    const second = out.read();
    await settled();
    await clock.advance(100);
    await clock.advance(900);
    expect(text((await second).value)).toBe("|beat 1000");
  });

  it("reads nothing ahead of a caller that does not read", async () => {
    let reads = 0;
    const counted = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          reads++;
          controller.enqueue(bytes("x"));
        },
      },
      { highWaterMark: 0 },
    );
    const out = hop(counted.getReader(), upper(), 1000, handClock()).body().getReader();
    await settled();
    expect(reads).toBe(0);
    await out.read();
    await settled();
    expect(reads).toBe(1);
  });

  it("tells the provider when the caller leaves, even amid a read", async () => {
    const log: string[] = [];
    const { reader, gone } = source();
    const out = hop(reader, upper(log), 1000, handClock()).body().getReader();
    const pending = out.read();
    await settled();
    await out.cancel("bye");
    expect((await pending).done).toBe(true);
    await settled();
    expect(log).toEqual(["left"]);
    expect(gone()).toBe(true);
  });

  it("ends in the pipe's words when the provider breaks", async () => {
    const { reader, write, abort } = source();
    const out = hop(reader, upper(), 1000, handClock()).body().getReader();
    void write("a");
    await out.read();
    void abort("boom");
    expect(text((await out.read()).value)).toBe("|failed boom");
    expect((await out.read()).done).toBe(true);
  });

  it("holds until enough was said, and says it all afterwards", async () => {
    const { reader, write, close } = source();
    let heard = "";
    const push = (chunk: Uint8Array): Uint8Array => {
      heard += text(chunk);
      return chunk;
    };
    const pipe: Pipe = { ...upper(), push };
    const held = hop(reader, pipe, 1000, handClock());
    const hold = held.hold(() => heard.includes("b"), { waitMs: 10_000, readMs: 1000, bytes: 99 });
    void write("a");
    void write("b");
    await hold;
    expect(heard).toBe("ab");
    void close();
    expect(await new Response(held.body()).text()).toBe("ab|end");
  });

  it("lets go after its time, or throws what breaks within it", async () => {
    const clock = handClock();
    const { reader, write } = source();
    const silent = hop(reader, upper(), 1000, clock).hold(() => false, { waitMs: 10_000, readMs: 1000, bytes: 99 });
    await settled();
    void write("a");
    await settled();
    await clock.advance(1000);
    await expect(silent).resolves.toBeUndefined();
    const broken = source();
    const fails = hop(broken.reader, upper(), 1000, clock).hold(() => false, { waitMs: 1, readMs: 1, bytes: 9 });
    void broken.abort("boom");
    await expect(fails).rejects.toBe("boom");
  });
});
