/** What may end a stream from outside: no money left for it, no word from the provider, no time. */
import type { Deps } from "./deps.ts";
import { Fault } from "./fault.ts";
import type { Guard } from "./http/stream.ts";
import type { Answer } from "./pipes.ts";
import type { Target } from "./policy/route.ts";
import type { Try } from "./tries.ts";

export interface Guarded {
  readonly pipe: Pick<Answer, "committed" | "said">;
  readonly target: Target;
  readonly tried: Pick<Try, "limits" | "watch" | "lease">;
  /** When the attempt set out, in milliseconds since 1970: what says nothing for long may send pings all the while. */
  readonly startedAt: number;
}

export function guardOf({ pipe, target, tried, startedAt }: Guarded, { clock }: Pick<Deps, "clock">): Guard {
  const { limits, watch, lease } = tried;

  function until(heardAt: number): number {
    const quietUntil = pipe.committed ? heardAt + limits.idleMs : startedAt + limits.firstContentMs;
    return Math.min(quietUntil, startedAt + limits.totalMs);
  }

  function keepTime(heardAt: number): void {
    if (pipe.committed) watch.answered();
    if (clock.now() >= until(heardAt)) throw new Fault("timeout", "The provider took too long over its answer.");
  }

  return {
    until,
    due() {
      keepTime(clock.now());
      return lease.due(target, pipe.said);
    },
    silent: (idleMs) => keepTime(clock.now() - idleMs),
  };
}
