/**
 * Nothing lost, and retract: a request that is read and said again in its own protocol is the same one, members that
 * nobody knows included; and reading that again gives the same canon.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isObj, type Obj } from "../../src/canon/json.ts";
import type { ProtocolId } from "../../src/canon/request.ts";
import { Fault } from "../../src/fault.ts";
import { protocols } from "../../src/protocols/index.ts";
import { protocolIds, readCases } from "../goldens.ts";
import { finder, leavesOf, planted } from "./leaves.ts";

/** `undefined` where the protocol refuses the request. */
function again(id: ProtocolId, body: Obj): { said: Obj; lost: string[]; first: unknown; second: unknown } | undefined {
  const { decode, encode } = protocols[id].request;
  const nothingOpens = (): undefined => undefined;
  const lost: string[] = [];
  try {
    const first = decode(body, nothingOpens);
    const said = encode(first, (field) => lost.push(field));
    return { said, lost, first: plain(first), second: plain(decode(said, nothingOpens)) };
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.kind !== "internal") return undefined;
    throw thrown;
  }
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** Why a case is not put to the laws. */
const exclusions: ReadonlyMap<string, string> = new Map([
  ["empty-and-blank-text-blocks", "Anthropic refuses blank texts: they are left out"],
  ["items-without-ids-and-annotations", "a reasoning item that holds nothing is left out"],
  ["streaming-wanted", "a Chat stream is asked for its usage, whatever the caller wants to see of it"],
  ["usage-chunk-that-a-caller-did-not-ask-for", "the same"],
  ["tool-results-in-another-order-than-the-calls", "results are put in the order of their calls"],
]);

const asked = readCases().flatMap(({ name, requests }) =>
  protocolIds.flatMap((id) => {
    const body = requests[id];
    const isSealed = JSON.stringify(body ?? {}).includes("gbxr1");
    if (body === undefined || isSealed || exclusions.has(name)) return [];
    // Gemini says these two in the URL.
    return [{ name, id, body: id === "gemini" ? body : { model: "asked-for", ...body } }];
  }),
);

describe.each(protocolIds)("a %s request that is read and said again", (id) => {
  const own = asked.filter((each) => each.id === id);

  it("reads as it did", () => {
    for (const { name, body } of own) {
      const told = again(id, body);
      if (told !== undefined) expect({ name, canon: told.second }).toEqual({ name, canon: told.first });
    }
  });

  it("holds every member, those that nobody knows included", () => {
    const run = fc.property(fc.constantFrom(...own), fc.stringMatching(/^[a-z]{6}$/), ({ name, body }, mark) => {
      const strange = planted(body, mark);
      const told = isObj(strange) ? again(id, strange) : undefined;
      if (told === undefined) return;
      const isThere = finder(told.said);
      const gone = leavesOf(strange).filter((leaf) => !isThere(leaf));
      expect({ name, gone: gone.map(({ path, value }) => `${path} = ${value}`), lost: told.lost }).toEqual({
        name,
        gone: [],
        lost: [],
      });
    });
    fc.assert(run, { numRuns: 150 });
  });
});
