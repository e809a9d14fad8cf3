/** How long an answer may take, in its four parts, as an operator writes it of a provider or a route. */

export interface Timeouts {
  /** Until the answer's headers are here. */
  readonly headersMs: number;
  /** Until a stream says something that a caller can use. */
  readonly firstContentMs: number;
  /** Between two frames of a stream. */
  readonly idleMs: number;
  /** Until the answer is over. */
  readonly totalMs: number;
}

export const timeoutNames = ["headersMs", "firstContentMs", "idleMs", "totalMs"] as const satisfies (keyof Timeouts)[];

/** An hour: no provider works on one answer for longer. */
export const mostTimeoutMs = 3_600_000;
