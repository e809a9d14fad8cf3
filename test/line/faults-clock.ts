/**
 * A clock for tests of time-outs: it stands still while anything is under way, and jumps to the next timer when nothing
 * is. So an hour passes in no time, in the order in which it would, and what waits for nothing at all is found out.
 */
import type { Clock } from "../../src/http/stream.ts";

export interface TestClock extends Clock {
  /** The same object; time stands still while one of its promises is pending. */
  watching<T extends object>(worker: T): T;
  /** Lets time pass until the work is done. Throws where it waits for what never comes. */
  run<T>(work: Promise<T>): Promise<T>;
}

/** So many turns of the event loop in which nothing happens are a pause; so many without a timer are a hang. */
const turns = { pause: 3, hang: 2000 };

export function testClock(start: number): TestClock {
  const timers: { readonly at: number; readonly ring: () => void }[] = [];
  let now = start;
  let pending = 0;
  let stirred = 0;

  function track(result: unknown): unknown {
    if (!(result instanceof Promise)) return result;
    pending++;
    stirred++;
    const over = (): void => {
      pending--;
      stirred++;
    };
    result.then(over, over);
    return result;
  }

  /** Resolves when nothing has stirred for a while. */
  async function quiet(isOver: () => boolean): Promise<void> {
    for (let still = 0, seen = stirred; still < turns.pause && !isOver(); still++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (pending > 0 || stirred !== seen) still = -1;
      seen = stirred;
    }
  }

  function jump(): boolean {
    const [next] = timers.sort((one, other) => one.at - other.at);
    if (next === undefined) return false;
    timers.shift();
    now = Math.max(now, next.at);
    next.ring();
    return true;
  }

  return {
    now: () => now,
    wait(ms) {
      stirred++;
      return new Promise((resolve) => timers.push({ at: now + ms, ring: resolve }));
    },
    watching(worker) {
      return new Proxy(worker, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name);
          return typeof member === "function" ? (...given: unknown[]) => track(member.apply(target, given)) : member;
        },
      });
    },
    async run(work) {
      let isOver = false;
      const done = work.finally(() => {
        isOver = true;
      });
      done.catch(() => undefined);
      for (let idle = 0; !isOver; idle++) {
        await quiet(() => isOver);
        if (!isOver && jump()) idle = 0;
        if (idle > turns.hang) throw new Error("the call hangs: it waits, and for no timer");
      }
      return done;
    },
  };
}
