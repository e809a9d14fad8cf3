/** The store on Upstash as the configuration wants it: what a Worker and a Durable Object build alike. */
import type { Config } from "../config.ts";
import type { KeptAffinities } from "./affinities.ts";
import type { Gathering } from "./gather.ts";
import type { Spool } from "./spool.ts";
import type { Settlement, Store } from "./store.ts";
import { upstashEntrance, upstashStore } from "./upstash.ts";
import { upstashAffinities } from "./upstash-affinities.ts";
import type { Access } from "./upstash-client.ts";

/** Beside the store, the way in for what was spooled, and who has which conversation. */
export interface UpstashStore extends Store {
  enter(team: string, settlements: readonly Settlement[]): Promise<void>;
  readonly affinities: KeptAffinities;
}

/** `undefined` where the store is in Durable Objects. Holds nothing of a request: one serves an isolate. */
export function upstashOf(
  { upstash, callDays }: Config,
  { PRIVATE }: { readonly PRIVATE?: unknown },
  gathering: Gathering,
  spool: Spool,
): UpstashStore | undefined {
  if (upstash === undefined) return undefined;
  const now = () => Date.now();
  const wait = (ms: number) => scheduler.wait(ms);
  const options = { ...accessTo(upstash, PRIVATE), callDays, now, wait };
  const enter = upstashEntrance(options);
  return { ...upstashStore({ ...options, gathering, spool }), enter, affinities: upstashAffinities(options, now) };
}

/** The operator wrote the URL: it may lie in a private network, as a provider's base may. */
export function accessTo(upstash: NonNullable<Config["upstash"]>, PRIVATE: unknown): Access {
  const isFetcher = (value: unknown): value is Fetcher =>
    typeof value === "object" && value !== null && "fetch" in value;
  return { ...upstash, fetch: (url, init) => (isFetcher(PRIVATE) ? PRIVATE.fetch(url, init) : fetch(url, init)) };
}
