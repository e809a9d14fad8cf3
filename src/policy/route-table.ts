/** Routes as the operator writes them (`ROUTES`): a name, the targets behind it, and how one of them is chosen. */
import type { Timeouts } from "../providers/timeouts.ts";

/** By name; `route.ts` looks here first, then among the aliases and models. */
export type RouteTable = ReadonlyMap<string, Route>;

/**
 * How a target is chosen for the first call of a conversation. `priority`: the first that is healthy. `weighted`: each
 * by its share of conversations. `fastest`: by the time to first content. `cheapest`: by what such calls cost. `effort`:
 * by what the user's turn needs, of targets written from the cheapest to the strongest; at each turn anew.
 */
export const strategies = ["priority", "weighted", "fastest", "cheapest", "effort"] as const;
export type Strategy = (typeof strategies)[number];

export interface Route {
  readonly strategy: Strategy;
  readonly targets: readonly RouteTarget[];
  /** A call for which it does not hold is looked up as if the route did not exist. */
  readonly when?: Condition;
  readonly timeouts?: Partial<Timeouts>;
  /** Attempts beyond the first. */
  readonly retries?: number;
  /** Ask another target as well where the first is slower than it nearly ever is; both may be charged. */
  readonly hedge?: boolean;
}

export interface RouteTarget {
  /** Id of a provider. */
  readonly provider: string;
  /** The provider's own name for the model. */
  readonly model: string;
  /** Share of the conversations; 0: only where no other is left. */
  readonly weight: number;
  /** The setting that holds it; absent: conversations spread over all of the provider's. */
  readonly credential?: string;
  readonly when?: Condition;
}

/** Content other than text. */
export const modalities = ["image", "audio", "file"] as const;
export type Modality = (typeof modalities)[number];

/** Holds for a call for which every member holds. */
export interface Condition {
  /** Ids; the call's team is one of them. */
  readonly teams?: readonly string[];
  /** The call's `metadata` has one of these values in each of these members. */
  readonly metadata?: Readonly<Record<string, readonly string[]>>;
  /** Tokens of input as estimated, both bounds included. */
  readonly tokensIn?: { readonly least?: number; readonly most?: number };
  /** The call has one of these; an empty list: it is text only. */
  readonly modalities?: readonly Modality[];
  /** Does the call bring tools? */
  readonly tools?: boolean;
  readonly stream?: boolean;
}
