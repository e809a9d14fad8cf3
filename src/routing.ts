/** Where a call goes, in the order to try: what its model's name means, what its key may use, what suits its conversation. */
import type { Call } from "./call.ts";
import { list } from "./canon/json.ts";
import type { Deps } from "./deps.ts";
import { Fault } from "./fault.ts";
import { choose } from "./policy/choose.ts";
import { conversationOf } from "./policy/conversation.ts";
import { expectedCost } from "./policy/expected-cost.ts";
import { isAllowed } from "./policy/limits.ts";
import { type Target, type Way, wayOf } from "./policy/route.ts";
import { type Traits, traitsOf } from "./policy/traits.ts";
import { readWishes } from "./policy/wishes.ts";
import type { Grant } from "./stores/store.ts";

export interface Routed {
  readonly way: Way;
  readonly targets: readonly Target[];
  /** What the call itself allows, all attempts together. */
  readonly timeoutMs?: number | undefined;
  /** The target has answered: the conversation stays with it. */
  answered(target: Target): void;
}

/** Throws the Fault of a call that may go nowhere. */
export function routed(call: Call, grant: Grant, headers: Headers, deps: Deps): Routed {
  const { config, affinities, health, chance, clock } = deps;
  const now = clock.now();
  const team = grant.team.id;
  const wishes = readWishes(headers, call.model, call.body);
  let known: Traits | undefined;
  // A walk through the whole body, that a model named directly has no need of.
  const traits = (): Traits => {
    known ??= traitsOf(call, call.bytes.length, team);
    return known;
  };
  const way = wayOf(call, traits, wishes, config);
  const conversation = conversationOf(headers, call);
  const affinity = affinities.of(team, conversation);
  const circumstances = {
    ...{ conversation, fallback: wishes.fallback, health },
    ...(affinity !== undefined && { affinity }),
    costOf: (target: Target) => expectedCost(target, traits(), config.prices, now),
  };
  const candidates = permitted(way.candidates, grant, call.model);
  return {
    way,
    targets: choose({ ...way, candidates }, circumstances, now, chance),
    timeoutMs: wishes.timeoutMs,
    answered: (target) => affinities.answered(team, conversation, target, itemsOf(call), now),
  };
}

/** Those that this key may use. */
export function permitted<Each extends { readonly target: Target }>(
  candidates: readonly Each[],
  grant: Grant,
  model: string,
): readonly Each[] {
  const allowed = candidates.filter(({ target }) => isAllowed(grant, target.provider.id, target.model));
  if (allowed.length > 0 || candidates.length === 0) return allowed;
  const message = `This key may not use the model '${model}'.`;
  throw new Fault("forbidden", message, { param: "model", code: "model_not_allowed" });
}

/** How many items the conversation has. */
function itemsOf({ body }: Call): number {
  return list(body.input ?? body.messages ?? body.contents).length;
}
