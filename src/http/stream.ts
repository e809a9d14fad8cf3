/**
 * The hop: the one stream between a provider and a caller, whatever the lane. It is driven by the caller's reading, so a
 * slow caller holds the provider back; it makes one write of each read; while the provider is silent it beats, and a
 * failed beat is how a caller that left is noticed. A `tee` could do none of this: it hides a caller that has gone and
 * buffers without bound for one that is slow.
 */

/** What happens to the bytes on their way. Synchronous; called in order; the outcome is told exactly once. */
export interface Pipe {
  /** What the caller gets for these bytes of the provider's; may be empty. */
  push(chunk: Uint8Array): Uint8Array;
  /** The provider's body has ended: what is left to say. */
  end(): Uint8Array;
  /** The provider's body broke: what is left to say. */
  fail(thrown: unknown): Uint8Array;
  /** Something to keep the connection alive after so much silence; may be empty. */
  beat(idleMs: number): Uint8Array;
  /** The caller has left. */
  leave(): void;
  /** Nothing more will come, whatever the provider still sends. */
  readonly done: boolean;
  /** Where there is one: what was said last may go on when it is done. Never rejects. */
  readonly ready?: Promise<void> | undefined;
}

export interface Clock {
  now(): number;
  /** Resolves after so many milliseconds. */
  wait(ms: number): Promise<void>;
}

export type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** A burst is taken in few reads of at most so many bytes: each read costs more than what is done with its bytes. */
const readBytes = 16 * 1024;

/** A reader that takes what is there, up to a bound; of a stream that is no native one, chunk by chunk. */
export function greedyReader(body: ReadableStream<Uint8Array>): Reader {
  const reader = byteReader(body);
  if (reader === undefined) return body.getReader();
  return {
    async read() {
      const { done, value } = await reader.read(new Uint8Array(readBytes));
      return done ? { done: true, value: undefined } : { done, value };
    },
    cancel: (reason) => reader.cancel(reason),
    releaseLock: () => reader.releaseLock(),
    closed: reader.closed,
  };
}

function byteReader(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}

const late = Symbol("late");

export interface Hop {
  /**
   * Reads ahead until `enough` says so or the provider ends; what was said meanwhile comes first in the body. Throws
   * what breaks before.
   */
  hold(enough: () => boolean, limits: { waitMs: number; readMs: number; bytes: number }): Promise<void>;
  body(): ReadableStream<Uint8Array>;
}

/** What may end an answer from outside. What is thrown here ends it. */
export interface Guard {
  /** Asked before each read: something that has to be settled before the answer goes on. */
  due(): Promise<void> | undefined;
  /** Told at each beat, and at the end of patience, how long the provider has been silent. */
  silent(idleMs: number): void;
  /** When patience ends with a provider that was last heard then; both in milliseconds since 1970. */
  until?(heardAt: number): number;
}

export function hop(reader: Reader, pipe: Pipe, beatMs: number, clock: Clock, guard?: Guard): Hop {
  const held: Uint8Array[] = [];
  let pending: Promise<ReadableStreamReadResult<Uint8Array>> | undefined;
  let tick: Promise<typeof late> | undefined;
  let heardAt = clock.now();
  let spokeAt = heardAt;
  let ended = false;
  let taken = 0;

  /** The next bytes for the caller; `undefined` when `deadline` (or else the next beat) came first. */
  async function next(deadline: Promise<typeof late>): Promise<Uint8Array | undefined> {
    const first = pending === undefined ? guard?.due() : undefined;
    if (first !== undefined) await first;
    pending ??= reader.read();
    const got = await Promise.race([pending, deadline]);
    if (got === late) return undefined;
    pending = undefined;
    heardAt = clock.now();
    spokeAt = heardAt;
    taken += got.value?.length ?? 0;
    const out = got.done ? pipe.end() : pipe.push(got.value);
    ended = got.done || pipe.done;
    if (pipe.ready !== undefined) await pipe.ready;
    return out;
  }

  const timer = (ms: number): Promise<typeof late> => clock.wait(ms).then(() => late);

  /** One timer serves all reads of a beat's length, so a fast stream sets next to none. */
  function beatTimer(): Promise<typeof late> {
    const dueAt = Math.min(spokeAt + beatMs, guard?.until?.(heardAt) ?? Number.POSITIVE_INFINITY);
    tick ??= timer(Math.max(1, dueAt - clock.now())).finally(() => {
      tick = undefined;
    });
    return tick;
  }

  async function pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    for (;;) {
      const out = held.shift() ?? (ended ? undefined : await nextOrBeat());
      if (out !== undefined && out.length > 0) controller.enqueue(out);
      if (ended && held.length === 0) {
        controller.close();
        await reader.cancel().catch(() => undefined);
        return;
      }
      if (out !== undefined && out.length > 0) return;
    }
  }

  async function nextOrBeat(): Promise<Uint8Array> {
    try {
      const out = await next(beatTimer());
      if (out !== undefined) return out;
      guard?.silent(clock.now() - heardAt);
      if (clock.now() - spokeAt < beatMs) return new Uint8Array(0);
      spokeAt = clock.now();
      return pipe.beat(spokeAt - heardAt);
    } catch (thrown) {
      ended = true;
      return pipe.fail(thrown);
    }
  }

  return {
    async hold(enough, { waitMs, readMs, bytes }) {
      let deadline = timer(waitMs);
      // What is read counts, since of frames that say nothing nothing may come out.
      while (!enough() && !ended && taken < bytes) {
        const out = await next(deadline);
        if (out === undefined) return;
        if (held.length === 0) deadline = timer(readMs);
        held.push(out);
      }
    },
    body() {
      return new ReadableStream<Uint8Array>(
        {
          pull,
          async cancel(reason) {
            pipe.leave();
            await reader.cancel(reason).catch(() => undefined);
          },
        },
        { highWaterMark: 0 },
      );
    },
  };
}
