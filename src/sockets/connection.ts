/**
 * One caller's connection: its messages become calls, in lanes. It ends after an hour, when nothing is said for long,
 * after as many calls as the platform bears, or when its caller reads too slowly. Whenever the end is ours it is said
 * first, in the words at which callers open another connection and say again what they had said (wire.md A.11).
 */
import type { Deps } from "../deps.ts";
import type { Fault } from "../fault.ts";
import type { Ticket } from "../http/flight.ts";
import { ageOf } from "./age.ts";
import type { Bounds } from "./bounds.ts";
import { exchange, type Line, refusalOf } from "./exchange.ts";
import { type Create, readFrame } from "./frame.ts";
import { lanes } from "./lanes.ts";
import { failureOf, limitReached } from "./message.ts";

/** The caller's end. */
export interface Wire {
  send(message: string): void;
  close(code: number, reason: string): void;
}

export interface Connection {
  /** A message has come. */
  receive(data: unknown): void;
  /** The caller has gone. */
  leave(): void;
}

export interface Setting extends Omit<Line, "send"> {
  readonly bounds: Bounds;
  readonly deps: Line["deps"] & Pick<Deps, "config" | "flight" | "waitUntil">;
}

export function connection(wire: Wire, setting: Setting): Connection {
  const { seat, bounds, deps } = setting;
  const gone = new AbortController();
  const tickets = new Set<Ticket>();
  const age = ageOf(bounds, deps.clock);
  const order = lanes(bounds, () => {
    age.hear();
    endIf(age.retirement());
  });

  function send(message: string): void {
    if (gone.signal.aborted) return;
    age.send();
    const isReading = seat.send(message.length);
    wire.send(isReading ? message : limitReached(tooSlow, undefined));
    if (!isReading) close(tooSlow, 1013);
  }

  /** Every call that runs ends as one whose caller has left. */
  function stop(): void {
    if (gone.signal.aborted) return;
    order.clear();
    gone.abort();
    for (const ticket of tickets) ticket.release();
  }

  /** The seat is taken until the caller has gone: what it did not read lies in memory for as long. */
  function close(why: string, code = 1000): void {
    stop();
    wire.close(code, why);
  }

  function endIf(why: string | undefined): void {
    if (why === undefined || gone.signal.aborted) return;
    wire.send(limitReached(why, undefined));
    close(why);
  }

  async function refuse(fault: Fault, lane: string | undefined): Promise<void> {
    send(await failureOf(refusalOf(fault, setting), lane));
  }

  function giveBack(ticket: Ticket): void {
    tickets.delete(ticket);
    ticket.release();
  }

  function run(create: Create, ticket: Ticket): Promise<void> {
    // From here on the call counts its own bytes.
    giveBack(ticket);
    const done = exchange(create, { ...setting, send }, gone.signal);
    deps.waitUntil(done);
    return done;
  }

  function take(create: Create): void {
    const why = age.retirement();
    if (why !== undefined) {
      send(limitReached(why, create.lane));
      if (order.isEmpty) close(why);
      return;
    }
    const ticket = deps.flight.board();
    tickets.add(ticket);
    try {
      ticket.take(create.bytes.length);
      order.add(create.lane ?? "", () => run(create, ticket));
      age.call();
    } catch (thrown) {
      giveBack(ticket);
      throw thrown;
    }
  }

  async function watch(): Promise<void> {
    const over = new Promise<void>((resolve) => gone.signal.addEventListener("abort", () => resolve(), { once: true }));
    while (!gone.signal.aborted) {
      await Promise.race([over, deps.clock.wait(bounds.tickMs)]);
      const others = seat.isInTheWay ? "others have need of its room" : undefined;
      if (order.isEmpty) endIf(age.retirement() ?? age.idleness() ?? others);
    }
  }

  void watch();
  return {
    leave() {
      stop();
      seat.leave();
    },
    receive(data) {
      if (gone.signal.aborted) return;
      age.hear();
      const read = readFrame(data, deps.config.maxBodyBytes, take);
      if (read !== undefined) deps.waitUntil(refuse(read.fault, read.lane));
    },
  };
}

const tooSlow = "its caller reads too slowly";
