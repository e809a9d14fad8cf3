/** What a fault is, for the tables of faults: what the provider does, where, and what kind of failure that is. */
import type { FaultKind } from "../../src/fault.ts";
import type { ProtocolId } from "../sim/wire.ts";
import type { Act } from "./faults-provider.ts";

/** The place of a fault: which protocol the provider speaks, and whether the caller speaks it too. */
export interface Place {
  readonly protocol: ProtocolId;
  readonly relay: boolean;
  readonly stream: boolean;
}

export interface Failure {
  readonly kind: FaultKind;
  /** `refused`: before the answer. `held`: in it, while nothing has been said. `begun`: later. */
  readonly when: "refused" | "held" | "begun";
  /** The provider's own refusal, which a caller of the same protocol is given as it came. */
  readonly own?: number;
  readonly retryAfterMs?: number;
  /** Something was generated, or may have been. */
  readonly costs?: true;
}

export interface FaultCase {
  readonly name: string;
  readonly act: Act;
  /** Where it applies; everywhere, where absent. */
  readonly at?: (place: Place) => boolean;
  /** `undefined`: nothing is wrong with the answer. */
  readonly failure: (place: Place) => Failure | undefined;
  /** The answer says nothing of tokens, as Chat's streams do not unasked. */
  readonly isUncounted?: (place: Place) => boolean;
  /** Frames that are no JSON reach the caller of the same protocol as they came. */
  readonly isGarbled?: true;
}

export const streams = ({ stream }: Place): boolean => stream;
export const wholes = ({ stream }: Place): boolean => !stream;
export const fine = (): undefined => undefined;
export const refused = (kind: FaultKind) => (): Failure => ({ kind, when: "refused" });
export const begun = (kind: FaultKind) => (): Failure => ({ kind, when: "begun" });

export const half = (text: string): string => text.slice(0, Math.ceil(text.length / 2));
