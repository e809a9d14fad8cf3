/** How much one connection may do, and all of an isolate together. */

const mib = 1024 * 1024;

export interface Bounds {
  /** Calls of a connection that run at once; more of them wait. */
  readonly running: number;
  /** Calls that wait for others of their lane, or for room. */
  readonly waiting: number;
  /** Calls of a connection in all. */
  readonly calls: number;
  /** Messages of a connection in all, sent by us. */
  readonly messages: number;
  readonly lifeMs: number;
  readonly idleMs: number;
  /** How often a connection looks at the clock. */
  readonly tickMs: number;
  /** Bytes sent of which nothing shows that they were read. */
  readonly unreadBytes: number;
  /** The same, of all connections of the isolate: the more there is, the less one may have; but so much in any case. */
  readonly unreadTogether: number;
  readonly unreadShare: number;
  /** Bytes of conversations that live in memory alone, of all connections. */
  readonly remembered: number;
  readonly connections: number;
}

/**
 * On Cloudflare a connection is one request, with a request's 1,000 calls to others, 30 s of CPU and six answers whose
 * headers are waited for: a call takes up to ten of the first, and a message a seventh of a millisecond of the second.
 * The hour is OpenAI's. An isolate has 128 MB, of which bodies take half.
 */
export const usual: Bounds = {
  running: 6,
  waiting: 32,
  calls: 100,
  messages: 50_000,
  lifeMs: 60 * 60_000,
  idleMs: 5 * 60_000,
  tickMs: 15_000,
  unreadBytes: 16 * mib,
  unreadTogether: 64 * mib,
  unreadShare: mib / 4,
  remembered: 16 * mib,
  connections: 256,
};
