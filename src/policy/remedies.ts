/** What a fault means for the rest of its call, and for the target that it came from: the table of both. */
import type { Fault, FaultKind } from "../fault.ts";

/** Where a call may go next: to the same target, the same model with another credential, or another model or provider. */
export type Where = "same" | "credential" | "target";

/**
 * What is learnt of the target. `failure`: it counts towards the breaker. `closed`: this credential is of no use until
 * somebody mends it. `busy`: it wants to be left alone for a while. `alive`: it works, and the call was wrong.
 * `nothing`: it was not asked.
 */
type Verdict = "failure" | "closed" | "busy" | "alive" | "nothing";

export interface Remedy {
  /** In the order to try; none: the fault is the caller's answer. */
  readonly where: readonly Where[];
  /** How often the same target is tried again. */
  readonly again: number;
  readonly verdict: Verdict;
}

const elsewhere = { where: ["target"], again: 0 } as const;
const final = { where: [], again: 0 } as const;

/**
 * By kind, whether it came as a status, as a broken connection or inside a stream: the protocols' `fault.ts` say which
 * is which. A reset or an odd answer is mostly over at the next try; an overload is not, and an answer that took too
 * long would take the caller's time twice.
 */
const remedies = {
  upstream: { where: ["same", "target", "credential"], again: 1, verdict: "failure" },
  overloaded: { where: ["target", "credential", "same"], again: 2, verdict: "failure" },
  timeout: { where: ["target", "credential"], again: 0, verdict: "failure" },
  rate_limit: { where: ["credential", "target", "same"], again: 1, verdict: "busy" },
  quota: { where: ["credential", "target"], again: 0, verdict: "closed" },
  credential: { where: ["credential", "target"], again: 0, verdict: "closed" },
  // The next one may have the model, take as much, or speak the protocol in which the call can be said.
  no_model: { ...elsewhere, verdict: "alive" },
  not_found: { ...elsewhere, verdict: "alive" },
  too_large: { ...elsewhere, verdict: "alive" },
  media_type: { ...elsewhere, verdict: "alive" },
  unsupported: { ...elsewhere, verdict: "nothing" },
  bad_request: { ...final, verdict: "alive" },
  context_length: { ...final, verdict: "alive" },
  bad_key: { ...final, verdict: "nothing" },
  forbidden: { ...final, verdict: "nothing" },
  method: { ...final, verdict: "nothing" },
  conflict: { ...final, verdict: "nothing" },
  upgrade: { ...final, verdict: "nothing" },
  internal: { ...final, verdict: "nothing" },
  busy: { ...final, verdict: "nothing" },
  config: { ...final, verdict: "nothing" },
} as const satisfies Record<FaultKind, Remedy>;

/** The most that any fault has the same target tried again. */
export const mostAgain = Math.max(...Object.values(remedies).map(({ again }) => again));

/** The remedy of a fault; the gateway's own limits, which no provider lifts, have none. */
export function remedyOf({ kind, extra }: Pick<Fault, "kind" | "extra">): Remedy {
  return extra?.limit_source === "gearbox" ? { ...final, verdict: "nothing" } : remedies[kind];
}
