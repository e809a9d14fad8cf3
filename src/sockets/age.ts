/** How much a connection has done, and whether that is enough. */
import type { Bounds } from "./bounds.ts";

export interface Age {
  /** Something was said, or a call has ended. */
  hear(): void;
  call(): void;
  send(): void;
  /** Why no more calls are taken, where that is so. */
  retirement(): string | undefined;
  /** Why nobody seems to need it, where that is so. */
  idleness(): string | undefined;
}

export function ageOf(bounds: Bounds, clock: { now(): number }): Age {
  const openedAt = clock.now();
  let heardAt = openedAt;
  let calls = 0;
  let sent = 0;
  return {
    hear() {
      heardAt = clock.now();
    },
    call() {
      calls += 1;
    },
    send() {
      sent += 1;
    },
    retirement() {
      if (clock.now() - openedAt >= bounds.lifeMs) return "it is as old as it may be";
      const isSpent = calls >= bounds.calls || sent >= bounds.messages;
      return isSpent ? "it has served as many calls as it may" : undefined;
    },
    idleness: () => (clock.now() - heardAt >= bounds.idleMs ? "nothing was said on it for long" : undefined),
  };
}
