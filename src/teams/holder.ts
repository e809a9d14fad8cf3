/** What the holder of a key may ask of itself: its limits, what is left of them, and what it used. Never of others. */
import type { Deps } from "../deps.ts";
import { chargesOf, endOf } from "../policy/limits.ts";
import { readMeter } from "../policy/refusal.ts";
import type { Grant, Level } from "../stores/store.ts";
import { shownKey } from "./shown.ts";
import { usd } from "./usage.ts";

/** `GET /v1/key`. Model rules are shown too, whether or not the key has used such a model. */
export async function describeKey(grant: Grant, { store, clock }: Pick<Deps, "store" | "clock">) {
  const now = clock.now();
  const charges = chargesOf(grant, undefined, { input: 0, output: 0 }, now);
  const levels = await store.levels(grant.team.id, charges, now);
  const limits = [...charges.rates, ...charges.lives, ...charges.sums].map(({ limit }) => limit);
  const { id, name, prefix, created_at, expires_at } = shownKey(grant.key);
  return {
    object: "key",
    ...{ id, name, prefix, created_at, expires_at },
    team: { id: grant.team.id, name: grant.team.name },
    limits: levels.map((level, at) => left(level, limits[at] ?? 0, now)),
  };
}

function left({ meter, left, resetMs }: Level, limit: number, now: number) {
  const { scope, model, what, per } = readMeter(meter);
  const rule = { scope, ...(model !== undefined && { model }) };
  if (per === undefined) {
    const resets = what === "concurrent" ? {} : { resets_at: new Date(now + resetMs).toISOString() };
    return { ...rule, what, limit, left, ...resets };
  }
  const end = endOf(per, now);
  const resets = { resets_at: end === undefined ? null : new Date(end).toISOString() };
  return { ...rule, what: "budget", per, limit_usd: usd(limit), left_usd: usd(left), ...resets };
}
