/**
 * One buffer of bytes that several read, each at its own place. Those who read set the pace; one that stands still is
 * waited for but once and not for long, and is cut when its bytes are gone.
 */

export interface Cursor {
  /** The bytes that are next, `end` behind the last ones, `cut` where they are gone. */
  read(): Promise<Uint8Array | "end" | "cut">;
  leave(): void;
}

export interface Fan {
  write(bytes: Uint8Array): void;
  /** Nothing more will come. */
  close(): void;
  follow(): Cursor;
  /** Resolves once those who read are near enough for more, or nobody is left. */
  room(): Promise<void>;
  /** The bytes from this place on that are not gone; good until the next write. */
  since(at: number): Uint8Array;
  /** All bytes that were ever written. */
  readonly size: number;
  /** All of them, while none are gone. */
  readonly whole: Uint8Array | undefined;
  /** Bytes of memory. */
  readonly held: number;
}

/** What a reader is given at once: many small writes are one read for it. */
const readBytes = 64 * 1024;
const firstBytes = 16 * 1024;

/** So long a reader that reads nothing holds the others up, until it reads again. */
export const patienceMs = 500;

interface Place {
  at: number;
  isStill: boolean;
  wake: () => void;
}

/**
 * @param window bytes that a reader may be behind in any case; the buffer is about twice as large at the most
 * @param wait resolves after so many milliseconds
 */
export function fan(window: number, wait: (ms: number) => Promise<void>): Fan {
  const places = new Set<Place>();
  let buffer = new Uint8Array(firstBytes);
  let start = 0;
  let size = 0;
  let isClosed = false;
  let wakeWriter = (): void => undefined;

  const since = (at: number): Uint8Array => buffer.subarray(Math.max(0, at - start), size - start);

  function wakeReaders(): void {
    for (const { wake } of places) wake();
  }

  function fastest(): number {
    let at = start;
    for (const place of places) at = Math.max(at, place.at);
    return at;
  }

  /** Bytes go only when twice the window is full, so that each is moved about once. */
  function makeRoom(more: number): void {
    const used = size - start;
    if (used + more <= buffer.length) return;
    const isFull = used + more > 2 * window;
    const from = isFull ? Math.max(start, Math.min(size - window, fastest())) : start;
    const kept = since(from);
    const length = Math.max(Math.min(2 * kept.length, 2 * window), kept.length + more, firstBytes);
    const next = length <= buffer.length ? buffer : new Uint8Array(length);
    next.set(kept);
    buffer = next;
    start = from;
  }

  function follow(): Cursor {
    const place: Place = { at: 0, isStill: false, wake: () => undefined };
    places.add(place);
    return {
      async read() {
        while (place.at === size && !isClosed && places.has(place)) {
          await new Promise<void>((resolve) => {
            place.wake = resolve;
          });
        }
        if (place.at < start) return "cut";
        const bytes = since(place.at).slice(0, readBytes);
        place.at += bytes.length;
        place.isStill = false;
        wakeWriter();
        return bytes.length === 0 ? "end" : bytes;
      },
      leave() {
        places.delete(place);
        place.wake();
        wakeWriter();
      },
    };
  }

  /** Somebody has read, or left. */
  function read(): Promise<void> {
    return new Promise((resolve) => {
      wakeWriter = resolve;
    });
  }

  async function room(): Promise<void> {
    while (places.size > 0) {
      const isNear = size - fastest() < window;
      const behind = [...places].filter(({ at, isStill }) => !isStill && size - at >= window);
      if (isNear && behind.length === 0) return;
      const seen = behind.map((place) => ({ place, at: place.at }));
      const hasRead = read().then(() => true);
      // Where nobody is near there is nobody to be held up.
      if (await (isNear ? Promise.race([hasRead, wait(patienceMs).then(() => false)]) : hasRead)) continue;
      for (const { place, at } of seen) place.isStill = place.at === at;
    }
  }

  return {
    write(bytes) {
      makeRoom(bytes.length);
      buffer.set(bytes, size - start);
      size += bytes.length;
      wakeReaders();
    },
    close() {
      isClosed = true;
      wakeReaders();
    },
    follow,
    room,
    since,
    get size() {
      return size;
    },
    get whole() {
      return start === 0 ? since(0) : undefined;
    },
    get held() {
      return buffer.length;
    },
  };
}
