/** Of a batch whose parts are kept each by itself: how much of it was there. */
export interface Part {
  /** `hit`: all of it, `miss`: nothing, `partial`: the rest was bought. `bypass`: nothing of it is kept. */
  readonly state: "hit" | "miss" | "partial" | "bypass";
  /** Nano-dollars that what was there did not cost. */
  readonly saved?: number;
  /** Seconds since the oldest of what was there was made. */
  readonly age?: number;
}
