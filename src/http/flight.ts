/**
 * How many bytes of bodies this isolate holds. Its memory is shared by all teams, so one team's large bodies must not
 * end the others' calls: what does not fit is asked to come again.
 */
import { Fault } from "../fault.ts";

export interface Ticket {
  /** Counts more bytes; throws the Fault `busy` where they do not fit. */
  take(bytes: number): void;
  /** Gives all back. Once is enough, twice does no harm. */
  release(): void;
}

export interface Flight {
  board(): Ticket;
  readonly bytes: number;
}

/** @param most the bound, in bytes */
export function flight(most: number): Flight {
  let held = 0;
  return {
    board() {
      let own = 0;
      return {
        take(bytes) {
          if (held + bytes > most) {
            throw new Fault("busy", "The gateway is handling too many large requests.", { retryAfterMs: 1000 });
          }
          held += bytes;
          own += bytes;
        },
        release() {
          held -= own;
          own = 0;
        },
      };
    },
    get bytes() {
      return held;
    },
  };
}
