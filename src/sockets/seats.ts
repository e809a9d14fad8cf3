/**
 * What the connections of an isolate have of its memory, as plain data: how many there are, the conversations that live
 * on a connection alone, and what was sent of which nothing shows that it was read. For the last the platform gives no
 * sign: a WebSocket takes whatever is sent, without bound, and does not say what has left. But who goes on from an
 * answer has read it, and all that was sent before.
 */
import { type Bounds, usual } from "./bounds.ts";

/** What was said up to the end of a response that nobody stored. */
export interface Remembered {
  readonly id: string;
  /** The stored response that all of it goes on from. */
  readonly base?: string;
  /** Items as JSON, several in one text with commas between them. */
  readonly items: readonly string[];
}

export interface Seat {
  /** The newest of a lane takes the place of the one before. Where there is no room the oldest of all go. */
  remember(lane: string, said: Remembered): void;
  recall(id: string): Remembered | undefined;
  forget(id: string): void;
  /** So many bytes are to be sent. False where the caller reads too slowly for that. */
  send(bytes: number): boolean;
  /** The response has been told in full. */
  told(id: string): void;
  /** The caller knows this response. */
  read(id: string): void;
  /** Others have need of what it may still hold. */
  readonly isInTheWay: boolean;
  leave(): void;
}

export interface Seats {
  readonly bounds: Bounds;
  /** `undefined` where all are taken. */
  take(): Seat | undefined;
}

export function seats(bounds: Bounds = usual): Seats {
  const memory = memoryOf(bounds.remembered);
  const unread = { bytes: 0 };
  let taken = 0;
  let made = 0;
  return {
    bounds,
    take() {
      if (taken >= bounds.connections) return undefined;
      taken += 1;
      made += 1;
      const own = memory.of(made);
      const lag = lagOf(bounds, unread);
      let isHere = true;
      return {
        ...own,
        ...lag,
        get isInTheWay() {
          return lag.own() > 0 && unread.bytes > bounds.unreadTogether / 2;
        },
        leave() {
          if (!isHere) return;
          isHere = false;
          taken -= 1;
          own.clear();
          lag.clear();
        },
      };
    },
  };
}

/** Conversations by connection and lane, the longest unused first. */
function memoryOf(mostBytes: number) {
  const entries = new Map<string, Remembered>();
  let bytes = 0;

  function drop(name: string): void {
    bytes -= sizeOf(entries.get(name));
    entries.delete(name);
  }

  return {
    of(seat: number) {
      const prefix = `${seat}/`;
      const own = (): [string, Remembered][] => [...entries].filter(([name]) => name.startsWith(prefix));
      const nameOf = (id: string): string => own().find(([, said]) => said.id === id)?.[0] ?? "";
      return {
        remember(lane: string, said: Remembered): void {
          const name = prefix + lane;
          drop(name);
          if (sizeOf(said) > mostBytes) return;
          entries.set(name, said);
          bytes += sizeOf(said);
          for (const oldest of entries.keys()) {
            if (bytes <= mostBytes) return;
            drop(oldest);
          }
        },
        recall(id: string): Remembered | undefined {
          const name = nameOf(id);
          const said = entries.get(name);
          if (said === undefined) return undefined;
          entries.delete(name);
          entries.set(name, said);
          return said;
        },
        forget: (id: string): void => drop(nameOf(id)),
        clear(): void {
          for (const [name] of own()) drop(name);
        },
      };
    },
  };
}

/** What an entry takes beside its text. */
const entryBytes = 256;

function sizeOf(said: Remembered | undefined): number {
  return said === undefined ? 0 : said.items.reduce((sum, item) => sum + item.length, entryBytes);
}

/** So many ends of answers are remembered: an older one shows nothing that a newer one does not. */
const mostMarks = 64;

function lagOf(bounds: Bounds, together: { bytes: number }) {
  const marks = new Map<string, number>();
  let sent = 0;
  let seen = 0;

  function see(mark: number): void {
    if (mark <= seen) return;
    together.bytes -= mark - seen;
    seen = mark;
  }

  const own = (): number => sent - seen;

  /** What it may have beside the others. */
  function most(): number {
    const free = 1 - (together.bytes - own()) / bounds.unreadTogether;
    return Math.max(bounds.unreadShare, free * bounds.unreadBytes);
  }

  return {
    own,
    send(bytes: number): boolean {
      sent += bytes;
      together.bytes += bytes;
      return own() <= most();
    },
    told(id: string): void {
      marks.set(id, sent);
      if (marks.size > mostMarks) marks.delete(marks.keys().next().value ?? "");
    },
    read: (id: string): void => see(marks.get(id) ?? 0),
    clear: (): void => see(sent),
  };
}
