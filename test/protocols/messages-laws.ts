/** What the tests of the Messages protocol share: laws and stand-ins. */
import type { Json, Obj } from "../../src/canon/json.ts";
import type { Reasoning } from "../../src/canon/request.ts";
import { Fault } from "../../src/fault.ts";
import type { ReplyContext } from "../../src/protocols/protocol.ts";

/** No token is ours. */
export const nothingOpens = (): undefined => undefined;

/** The fault that this throws; another error, or none, fails the test. */
export function fault(act: () => unknown): Fault {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
  throw new Error("no fault was thrown");
}

/** How often each leaf of a value is there: values with the name of the member that holds them. */
export function leaves(value: Json | undefined, name = "", found = new Map<string, number>()): Map<string, number> {
  if (Array.isArray(value)) for (const each of value) leaves(each, name, found);
  else if (typeof value === "object" && value !== null) {
    for (const [member, each] of Object.entries(value)) leaves(each, member, found);
  } else if (value !== undefined) {
    // A text that stands alone and the same text in a block say the same.
    const member = name === "content" || name === "system" ? "text" : name;
    const leaf = `${member}: ${JSON.stringify(value)}`;
    found.set(leaf, (found.get(leaf) ?? 0) + 1);
  }
  return found;
}

/** The leaves of one value that the other lacks. */
export function missing(value: Obj, other: Obj): string[] {
  const there = leaves(other);
  return [...leaves(value)].filter(([leaf, times]) => (there.get(leaf) ?? 0) < times).map(([leaf]) => leaf);
}

/** A call by a Messages caller, with a seal that can be read in an assertion. */
export function context(lost: string[] = []): ReplyContext {
  return {
    request: { model: "asked-for", stream: true, turns: [] },
    id: "call1",
    createdAt: 1,
    seal: ({ summary, native }: Reasoning) => `sealed:${native?.protocol}:${native?.value}:${summary.join("|")}`,
    lose: (field, change = "dropped") => lost.push(`${field}=${change}`),
  };
}
