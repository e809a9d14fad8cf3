/**
 * All calls that are in the air for the keys of one object, and who of their followers pays. Whoever asks for an answer
 * that is on its way follows it from its first byte; the first follower that has reached the end pays for it in full, or
 * the last that leaves, and all others nothing.
 */
import type { ProtocolId } from "../canon/request.ts";
import type { Usage } from "../canon/usage.ts";
import { protocols } from "../protocols/index.ts";
import { dispatch, type Fetch, type Prepared } from "../upstream.ts";
import { type Account, type Flight, flight } from "./flight.ts";
import type { CacheKey } from "./key.ts";
import type { About, Entry } from "./store.ts";
import { suits, wholeTruth } from "./truth.ts";

/** A call that waits for an answer together with others; plain data, as it goes to the object that owns the key. */
export interface Boarding {
  readonly key: CacheKey;
  readonly stream: boolean;
  /** Can this caller be given an answer that comes in the other form? */
  readonly recasts: boolean;
  readonly prepared: Omit<Prepared, "body"> & { readonly body: Uint8Array };
  readonly about: Pick<About, "provider" | "model" | "tags"> & { readonly protocol: ProtocolId };
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly ttlMs: number;
  /** An answer that was kept before is as good as none. */
  readonly notBefore: number;
  /** Is the answer kept by the object itself? */
  readonly isKeptHere: boolean;
}

/** The entry that has just been kept, or a seat in a call that is in the air. */
export type Boarded =
  | { readonly entry: Entry }
  | {
      readonly flight: string;
      readonly follower: number;
      readonly isFirst: boolean;
      readonly records: ReadableStream<Uint8Array>;
    };

/** What a follower's own call came to, were it alone. */
export interface Share {
  readonly flight: string;
  readonly follower: number;
  /** Has it had all of the answer? */
  readonly isWhole: boolean;
  /** Would it be charged? */
  readonly isCharged: boolean;
  readonly usage: Usage;
  readonly cost?: number;
}

export interface Verdict {
  readonly pays: boolean;
  /** What there is to pay for, where the payer has not seen all of it. */
  readonly account?: Account;
}

/** Who paid for which call: outlives the object's memory, so that nothing is paid twice. */
export interface Payers {
  of(flight: string): number | undefined;
  enter(flight: string, follower: number): void;
}

export interface Flights {
  /** `undefined` where there is no room: the caller asks alone. */
  join(boarding: Boarding): Boarded | undefined;
  part(share: Share): Verdict;
}

interface World {
  readonly fetch: Fetch;
  /** Resolves after so many milliseconds. */
  readonly wait: (ms: number) => Promise<void>;
  /** Unique, later ones greater. */
  readonly mint: (now: number) => string;
  readonly payers: Payers;
  readonly get: (key: CacheKey, now: number) => Entry | undefined;
  readonly put: (key: CacheKey, entry: Entry, now: number) => void;
}

interface Airborne {
  readonly flight: Flight;
  /** The first follower's, without what only the sending needs. */
  readonly boarding: Omit<Boarding, "prepared">;
  readonly bodyBytes: number;
  followers: number;
  readonly parted: Set<number>;
  /** Has somebody left who would have paid, had no other been there? */
  isOwed: boolean;
  isKept: boolean;
}

/** Of all buffers and prompts of one object: over it, callers ask for themselves. */
const mostHeldBytes = 16 * 1024 * 1024;
/** A follower whose isolate has died never parts. */
const forgottenMs = 60 * 60 * 1000;

export function flights(world: World): Flights {
  const airborne = new Map<string, Airborne>();
  /** By key and form. */
  const open = new Map<string, string>();

  function kept({ key, now, notBefore, stream, recasts, isKeptHere }: Boarding): Entry | undefined {
    const entry = isKeptHere ? world.get(key, now) : undefined;
    if (entry === undefined || entry.about.storedAt <= notBefore) return undefined;
    return suits(entry.about.type, stream, () => recasts) ? entry : undefined;
  }

  function found({ key, notBefore }: Boarding, stream: boolean): string | undefined {
    const id = open.get(nameOf(key, stream));
    const seat = id === undefined ? undefined : airborne.get(id);
    return seat?.flight.isOpen === true && seat.boarding.now > notBefore ? id : undefined;
  }

  /** A stream may be given in one piece; who wants a stream cannot wait until an answer is there in one piece. */
  function followed(boarding: Boarding): string | undefined {
    const { stream, recasts } = boarding;
    const streamed = stream || recasts ? found(boarding, true) : undefined;
    return streamed ?? (stream ? undefined : found(boarding, false));
  }

  function begin(boarding: Boarding): string | undefined {
    sweep(boarding.now);
    const held = [...airborne.values()].reduce((sum, { flight, bodyBytes }) => sum + flight.held + bodyBytes, 0);
    if (held > mostHeldBytes) return undefined;
    const { prepared, ...rest } = boarding;
    const { about, key, stream, now } = rest;
    const ask = (signal: AbortSignal) => dispatch({ ...prepared, body: [prepared.body] }, signal, world.fetch);
    const id = world.mint(now);
    const begun = flight(protocols[about.protocol], ask, world.wait);
    const none = { followers: 0, parted: new Set<number>(), isOwed: false, isKept: false };
    airborne.set(id, { flight: begun, boarding: rest, bodyBytes: prepared.body.length, ...none });
    open.set(nameOf(key, stream), id);
    return id;
  }

  function sweep(now: number): void {
    for (const [id, { flight, boarding }] of airborne) {
      if (flight.present.size === 0 && boarding.now < now - forgottenMs) airborne.delete(id);
    }
  }

  function keep(seat: Airborne, { usage, cost }: Share): void {
    const { key, about, now, ttlMs, isKeptHere } = seat.boarding;
    const taken = isKeptHere && !seat.isKept ? seat.flight.taken : undefined;
    const body = taken === undefined ? undefined : wholeTruth(about.protocol, taken.bytes.slice(), taken.type);
    // What may yet come makes no difference to what is whole, but may to what is not.
    seat.isKept ||= body !== undefined || seat.flight.isOver;
    if (taken === undefined || body === undefined) return;
    const times = { storedAt: now, expiresAt: now + ttlMs };
    const known = { ...about, ...times, type: taken.type, usage, ...(cost !== undefined && { cost }) };
    world.put(key, { body, about: known }, now);
  }

  function verdict(share: Share, seat: Airborne | undefined): Verdict {
    const payer = world.payers.of(share.flight);
    if (payer !== undefined) return payer === share.follower ? paying(share, seat) : { pays: false };
    const isAlone = seat === undefined || seat.flight.present.size === 0;
    const isCharged = share.isCharged || seat?.isOwed === true;
    if (!isCharged) return { pays: false };
    if (!share.isWhole && !isAlone && !seat.flight.isOver) {
      seat.isOwed = true;
      return { pays: false };
    }
    world.payers.enter(share.flight, share.follower);
    return paying(share, seat);
  }

  return {
    join(boarding) {
      const entry = kept(boarding);
      if (entry !== undefined) return { entry };
      const known = followed(boarding);
      const id = known ?? begin(boarding);
      const seat = id === undefined ? undefined : airborne.get(id);
      if (id === undefined || seat === undefined) return undefined;
      seat.followers += 1;
      const { followers: follower, flight } = seat;
      return { flight: id, follower, isFirst: known === undefined, records: flight.follow(follower) };
    },
    part(share) {
      const seat = airborne.get(share.flight);
      seat?.flight.leave(share.follower);
      const judged = verdict(share, seat);
      if (seat === undefined) return judged;
      const { flight, boarding } = seat;
      // Who comes from now on finds the answer where it is kept, or asks anew where it could not be.
      if (share.isWhole || flight.isOver) {
        const name = nameOf(boarding.key, boarding.stream);
        if (open.get(name) === share.flight) open.delete(name);
      }
      if (share.isWhole) keep(seat, share);
      seat.parted.add(share.follower);
      if (seat.parted.size === seat.followers) airborne.delete(share.flight);
      return judged;
    },
  };
}

function paying({ isWhole }: Share, seat: Airborne | undefined): Verdict {
  return { pays: true, ...(seat !== undefined && !isWhole && { account: seat.flight.account() }) };
}

function nameOf(key: CacheKey, stream: boolean): string {
  return `${key}/${stream ? "stream" : "whole"}`;
}
