/** Adds up the groups of an account as a query wants them, alike whatever keeps them. */
import { groupings, type UsageQuery, type UsageSum } from "../stores/store.ts";
import { counts } from "./account.ts";

/** What tells one group from another, in the order in which groups are kept. */
export const groupColumns = ["day", "key", "provider", "model", "effort"] as const;

export type GroupName = Readonly<Record<(typeof groupColumns)[number], string>>;

export interface Group {
  readonly name: GroupName;
  /** In the order of {@link counts}. */
  readonly amounts: readonly number[];
}

export interface Tally {
  add(group: Group): void;
  /** In order of what they are grouped by. */
  sums(): UsageSum[];
}

/** @param values in the order of {@link groupColumns} */
export function nameOfGroup([
  day = "",
  key = "",
  provider = "",
  model = "",
  effort = "",
]: readonly string[]): GroupName {
  return { day, key, provider, model, effort };
}

export function tally({ key: only, groupBy }: UsageQuery): Tally {
  const sums = new Map<string, UsageSum>();
  return {
    add({ name: group, amounts }) {
      if (only !== undefined && group.key !== only) return;
      const names = groupings.filter((name) => groupBy.includes(name)).map((name) => [name, group[name]] as const);
      const place = names.map(([, value]) => value).join("\u0000");
      const before = sums.get(place);
      const added = counts.map((name, at) => [name, (before?.[name] ?? 0) + (amounts[at] ?? 0)] as const);
      // Both name exactly the members of the type.
      sums.set(place, Object.fromEntries([...names, ...added]) as unknown as UsageSum);
    },
    sums: () =>
      [...sums].sort(([one], [other]) => (one < other ? -1 : 1)).flatMap(([, sum]) => (sum.calls > 0 ? sum : [])),
  };
}
