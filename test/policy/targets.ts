/** Targets for tests of routing: providers and credentials that exist nowhere. */
import { originOf } from "../../src/policy/origin.ts";
import type { Candidate, Target } from "../../src/policy/route.ts";
import { catalog } from "../../src/providers/catalog.ts";
import type { Provider } from "../../src/providers/provider.ts";

export function providerOf(id: string): Provider {
  const [first] = catalog;
  if (first === undefined) throw new Error("the catalog is empty");
  return { ...first, id };
}

export function targetOf(provider: string, credential: string, model = "m"): Target {
  const credentialName = credential.toUpperCase();
  return { provider: providerOf(provider), protocol: "chat", model, credential, credentialName };
}

export function candidatesOf(targets: readonly Target[], weights: readonly number[] = []): readonly Candidate[] {
  return targets.map((target, rank) => ({ target, rank, weight: weights[rank] ?? 1 }));
}

export const nameOf = (target: Target | undefined): string => (target === undefined ? "none" : originOf(target));

/** A random source that a seed fixes (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
