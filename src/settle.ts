/** The end of a call: it is entered into its team's account, once. Nothing is charged that nobody generated. */
import { noUsage } from "./canon/usage.ts";
import type { Deps } from "./deps.ts";
import type { Ticket } from "./http/flight.ts";
import type { Outcome } from "./pipes.ts";
import type { Target } from "./policy/route.ts";
import type { Key, UsageState } from "./stores/store.ts";

interface Settled {
  readonly id: string;
  readonly key: Key;
  readonly ticket: Ticket;
  readonly deps: Deps;
}

export function settle(outcome: Outcome, target: Target, { id, key, ticket, deps }: Settled): void {
  ticket.release();
  const row = {
    ...{ id, key: key.hash, at: deps.clock.now(), provider: target.provider.id, model: target.model },
    ...{ state: stateOf(outcome), status: 200, usage: outcome.usage },
  };
  const settled = deps.store.settle(key.team, row).catch((cause) => console.error("settle", id, cause));
  deps.waitUntil(settled);
}

function stateOf({ usage, ended }: Outcome): UsageState {
  if (usage.output !== undefined && (ended === "whole" || ended === "failed")) return "settled";
  return ended === "failed" && usage === noUsage ? "released" : "estimated";
}
