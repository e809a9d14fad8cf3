/** Where a call goes, in the order to try: what its model's name means, what its key may use, what suits its conversation. */
import type { Call } from "./call.ts";
import { list } from "./canon/json.ts";
import type { Deps } from "./deps.ts";
import { tierOf } from "./effort/tier.ts";
import { Fault } from "./fault.ts";
import { foreignTo, nobodys } from "./policy/affinity.ts";
import { choose } from "./policy/choose.ts";
import { conversationOf, isBegun } from "./policy/conversation.ts";
import { expectedCost } from "./policy/expected-cost.ts";
import { isAllowed } from "./policy/limits.ts";
import { type Target, type Way, wayOf } from "./policy/route.ts";
import { affinityOf } from "./policy/shared-affinity.ts";
import { type Traits, traitsOf } from "./policy/traits.ts";
import { readWishes } from "./policy/wishes.ts";
import type { Grant } from "./stores/store.ts";

export interface Routed {
  readonly way: Way;
  readonly targets: readonly Target[];
  /** What the call itself allows, all attempts together. */
  readonly timeoutMs?: number | undefined;
  /** The numbers of the call's items that another account than this target's made. */
  foreign(target: Target): ReturnType<typeof foreignTo>;
  /** Those of all items. */
  readonly all: ReturnType<typeof foreignTo>;
  /** A provider could not read what others have sealed: all that was said so far is nobody's. */
  disown(): void;
  /** The target has answered: the conversation stays with it. */
  answered(target: Target): void;
}

/** Throws the Fault of a call that may go nowhere. */
export async function routed(call: Call, grant: Grant, headers: Headers, deps: Deps): Promise<Routed> {
  const { config, health, chance, clock } = deps;
  const now = clock.now();
  const team = grant.team.id;
  const wishes = readWishes(headers, call.model, call.body);
  let known: Traits | undefined;
  // A walk through the whole body, that a model named directly has no need of.
  const traits = (): Traits => {
    known ??= traitsOf(call, call.bytes.length, team);
    return known;
  };
  const way = wayOf(call, traits, wishes, { ...config, routes: deps.routes.table });
  const conversation = conversationOf(headers, call);
  const candidates = permitted(way.candidates, grant, call.model);
  const held = affinityOf({ team, conversation }, { ...way, candidates }, deps);
  const affinity = await held.known(isBegun(headers, call));
  const tier = way.strategy === "effort" ? tierOf(call.protocol, call.body) : undefined;
  const circumstances = {
    ...{ conversation, fallback: wishes.fallback, health },
    ...(affinity !== undefined && { affinity }),
    ...(tier !== undefined && { tier }),
    costOf: (target: Target) => expectedCost(target, traits(), config.prices, now),
  };
  return {
    way,
    targets: choose({ ...way, candidates }, circumstances, now, chance),
    timeoutMs: wishes.timeoutMs,
    foreign: (target) => foreignTo(target, itemsOf(call), affinity),
    all: [[0, itemsOf(call)]],
    disown: () => deps.affinities.learn(team, conversation, nobodys(now)),
    answered(target) {
      if (tier?.isAside !== true) held.answered(target, itemsOf(call), now);
    },
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
