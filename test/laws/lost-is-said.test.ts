/**
 * Lost is said: what a caller wrote reaches a provider of another protocol, or its loss is reported under the caller's
 * own name for it, or the call is refused.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isObj, type Obj } from "../../src/canon/json.ts";
import type { ProtocolId } from "../../src/canon/request.ts";
import { Fault } from "../../src/fault.ts";
import { type Case, laneOf, protocolIds, readCases } from "../goldens.ts";
import { haveRecordings, kinds, recordings } from "../recordings.ts";
import { finder, leavesOf, planted } from "./leaves.ts";
import { isStructure } from "./structure.ts";

interface Crossing {
  readonly sent: Obj;
  readonly told: readonly string[];
}

/** The request at a provider; `undefined` where it is refused, which says it all. */
function cross(body: Obj, from: ProtocolId, to: ProtocolId, golden: Partial<Case> = {}): Crossing | undefined {
  try {
    const asked = { name: "", targets: {}, replies: {}, ...golden, requests: { [from]: body } };
    const { body: bytes, losses } = laneOf(asked, from, to, body.stream === true);
    return { sent: JSON.parse(Buffer.concat(bytes).toString()) as Obj, told: losses.map(({ field }) => field) };
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.kind !== "internal") return undefined;
    throw thrown;
  }
}

/** Is the loss of this place told: by its own path, by one above it, or without the index of an entry? */
function isTold(path: string, told: readonly string[]): boolean {
  return told.some((loss) => {
    const [field = ""] = loss.split(":");
    return isAbove(field, path) || isAbove(field, path.replace(/\[\d+\]/g, ""));
  });
}

function isAbove(above: string, path: string): boolean {
  return path === above || (path.startsWith(above) && /^[.[]/.test(path.slice(above.length)));
}

function silent(body: Obj, from: ProtocolId, to: ProtocolId, golden: Partial<Case> = {}): string[] {
  const crossing = cross(body, from, to, golden);
  if (crossing === undefined) return [];
  const isThere = finder(crossing.sent);
  return leavesOf(body)
    .filter((leaf) => !isStructure(leaf, body) && !isThere(leaf) && !isTold(leaf.path, crossing.told))
    .map(({ path, value }) => `${from}>${to} ${path} = ${JSON.stringify(value).slice(0, 60)}`);
}

const others = (from: ProtocolId): ProtocolId[] => protocolIds.filter((to) => to !== from);
const cases = readCases();
const asked = cases.flatMap((golden) =>
  protocolIds.flatMap((from) => {
    const body = golden.requests[from];
    return body === undefined ? [] : [{ golden, from, body }];
  }),
);

describe("lost is said", () => {
  it.each(protocolIds)("of every case that a %s caller asks", (caller) => {
    const silences = asked
      .filter(({ from }) => from === caller)
      .flatMap(({ golden, from, body }) =>
        others(from).flatMap((to) => silent(body, from, to, golden).map((one) => `${golden.name}: ${one}`)),
      );
    expect(silences).toEqual([]);
  });

  it.each(protocolIds)("of members that nobody knows, at every level of what a %s caller asks", (caller) => {
    const own = asked.filter(({ from }) => from === caller);
    const run = fc.property(
      fc.constantFrom(...own),
      fc.stringMatching(/^[a-z]{6}$/),
      ({ golden, from, body }, mark) => {
        const strange = planted(body, mark);
        if (!isObj(strange)) return;
        const silences = others(from).flatMap((to) => silent(strange, from, to, golden));
        expect({ case: golden.name, silences }).toEqual({ case: golden.name, silences: [] });
      },
    );
    fc.assert(run, { numRuns: 150 });
  });
});

describe.skipIf(!haveRecordings)("lost is said of recorded requests", () => {
  it.each(Object.entries(kinds))("of %s", (kind, from) => {
    const bodies = [...recordings(kind), ...recordings(kind, "documented")].flatMap(({ name, request }) =>
      isObj(request?.body) && Object.keys(request.body).length > 0 ? [{ name, body: request.body }] : [],
    );
    const silences = bodies.flatMap(({ name, body }) =>
      others(from).flatMap((to) => silent(body, from, to).map((one) => `${name}: ${one}`)),
    );
    expect(silences).toEqual([]);
    expect(bodies.length).toBeGreaterThan(20);
  });
});
