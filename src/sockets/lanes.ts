/** The order of a connection's calls: one after another in each lane, those of different lanes at once. */
import { Fault } from "../fault.ts";

export interface Lanes {
  /** Runs it in its turn; throws the Fault `rate_limit` where too many wait already. */
  add(lane: string, run: () => Promise<void>): void;
  /** Those that wait will not run. */
  clear(): void;
  readonly isEmpty: boolean;
}

interface Waiting {
  readonly lane: string;
  readonly run: () => Promise<void>;
}

/** @param onEmpty told each time when the last call is over */
export function lanes(most: { readonly running: number; readonly waiting: number }, onEmpty: () => void): Lanes {
  const running = new Set<string>();
  let queue: readonly Waiting[] = [];

  function next(): void {
    while (running.size < most.running) {
      const first = queue.find(({ lane }) => !running.has(lane));
      if (first === undefined) return;
      queue = queue.filter((each) => each !== first);
      running.add(first.lane);
      first
        .run()
        .catch((cause) => console.error("socket", cause))
        .then(() => {
          running.delete(first.lane);
          next();
          if (running.size === 0) onEmpty();
        });
    }
  }

  return {
    add(lane, run) {
      if (queue.length >= most.waiting) {
        throw new Fault("rate_limit", "Too many calls wait on this connection.", { retryAfterMs: 1000 });
      }
      queue = [...queue, { lane, run }];
      next();
    },
    clear() {
      queue = [];
    },
    get isEmpty() {
      return running.size === 0 && queue.length === 0;
    },
  };
}
