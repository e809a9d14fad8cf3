/**
 * Weighted rendezvous hashing: every isolate comes to the same order for a conversation without asking anyone. Each
 * target leads for its share of the conversations, and when one goes, only those that it led move, by the others'
 * shares. Pure.
 */
import { createHash } from "node:crypto";

export interface Weighted {
  /** What tells it from the others, and stays. */
  readonly origin: string;
  readonly weight: number;
}

/**
 * Best first. With u uniform in (0, 1) for each pair of conversation and target, `-ln(u) / weight` is exponential of that
 * rate, and the least of several such falls to each in proportion to its weight. A weight of 0 comes last.
 */
export function ranked<Each extends Weighted>(conversation: string, targets: readonly Each[]): Each[] {
  return targets
    .map((target) => ({ target, draw: -Math.log(uniform(conversation, target.origin)) / target.weight }))
    .sort((one, other) => (one.draw === other.draw ? 0 : one.draw - other.draw))
    .map(({ target }) => target);
}

function uniform(conversation: string, origin: string): number {
  const digest = createHash("sha256").update(`${conversation}\n${origin}`).digest();
  return (digest.readUIntBE(0, 6) + 0.5) / 2 ** 48;
}
