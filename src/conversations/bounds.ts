/** How much is kept. What is larger is answered as ever, and not kept. */
import type { Turn } from "../stores/conversations.ts";

const mib = 1024 * 1024;

/** A picture or a file of usual size. */
export const mostItemBytes = 8 * mib;

/** New items and answer of one response, together. An object takes no message above 32 MiB. */
export const mostTurnBytes = 16 * mib;

/** A conversation that is said again in full; as much as an object can hand over at once. */
export const mostHistoryBytes = 24 * mib;

/** Of one shard: a team has sixteen. Beyond it the oldest responses go. */
export const mostShardBytes = 64 * mib;

/** What a row takes beside its text. */
export const rowBytes = 256;

/** Is it small enough to be kept? */
export function fits({ input, output, body }: Turn): boolean {
  const sizes = [...input, ...output].map(({ json }) => Buffer.byteLength(json));
  const sum = sizes.reduce((bytes, size) => bytes + size, Buffer.byteLength(body));
  return sum <= mostTurnBytes && sizes.every((size) => size <= mostItemBytes);
}
