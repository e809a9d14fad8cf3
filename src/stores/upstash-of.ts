/** The store on Upstash as the configuration wants it: what a Worker and a Durable Object build alike. */
import type { Config } from "../config.ts";
import type { Gathering } from "./gather.ts";
import type { Spool } from "./spool.ts";
import type { Settlement, Store } from "./store.ts";
import { upstashEntrance, upstashStore } from "./upstash.ts";

/** Beside the store, the way in for what was spooled. */
export interface UpstashStore extends Store {
  enter(team: string, settlements: readonly Settlement[]): Promise<void>;
}

/** `undefined` where the store is in Durable Objects. Holds nothing of a request: one serves an isolate. */
export function upstashOf(
  { upstash, callDays }: Config,
  { PRIVATE }: { readonly PRIVATE?: unknown },
  gathering: Gathering,
  spool: Spool,
): UpstashStore | undefined {
  if (upstash === undefined) return undefined;
  const isFetcher = (value: unknown): value is Fetcher =>
    typeof value === "object" && value !== null && "fetch" in value;
  const now = () => Date.now();
  // The operator wrote the URL: it may lie in a private network, as a provider's base may.
  const send = (url: string, init: RequestInit) => (isFetcher(PRIVATE) ? PRIVATE.fetch(url, init) : fetch(url, init));
  const wait = (ms: number) => scheduler.wait(ms);
  const options = { ...upstash, fetch: send, callDays, now, wait };
  const enter = upstashEntrance(options);
  return { ...upstashStore({ ...options, gathering, spool }), enter };
}
