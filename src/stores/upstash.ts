/**
 * The store on Upstash Redis: all that admission and the admin's side read of a team stands there, so that any number of
 * gateways share it. Each operation is one script (lua/): atomic, and harmless when it runs twice.
 */
import type { Gathering } from "./gather.ts";
import type { Spool } from "./spool.ts";
import type { Settlement, Store } from "./store.ts";
import { type Access, asking } from "./upstash-client.ts";
import { enter, ledgerOn } from "./upstash-ledger.ts";
import { registryOn } from "./upstash-registry.ts";

export interface UpstashOptions extends Access {
  /** So long are the single calls of an account kept. */
  readonly callDays: number;
  /** For what the contract has no time of its own. */
  readonly now: () => number;
  /** Resolves after so many milliseconds. */
  readonly wait: (ms: number) => Promise<void>;
  readonly gathering: Gathering;
  readonly spool: Spool;
}

/** Holds nothing that belongs to a request: one serves all of an isolate. Every method rejects with StoreDown. */
export function upstashStore(options: UpstashOptions): Store {
  const redis = asking(options);
  return { ...ledgerOn(redis, options), ...registryOn(redis, options) };
}

/** Enters what was spooled. Rejects with StoreDown; all of it may then be entered again. */
export function upstashEntrance(
  options: Access & Pick<UpstashOptions, "callDays" | "now">,
): (team: string, settlements: readonly Settlement[]) => Promise<void> {
  const redis = asking(options);
  return (team, settlements) => enter(redis, options, team, settlements);
}
