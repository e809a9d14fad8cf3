/** The format of keys. It cannot change: these strings are in people's hands. */
import { createHash, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkKey, mintKey, mintTeam } from "../src/policy/key.ts";

const root = "0123456789abcdef0123456789abcdef";
const digits = /^[0-9A-Za-z]+$/;

describe("a key", () => {
  it("is what it was on the day the format was fixed", () => {
    const key = mintKey(root, "TeamTeamTeam", (length) => new Uint8Array(length).fill(61));
    expect(key).toBe("gbx_TeamTeamTeam_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzN0ufkNUxqZhyd3M7");
    expect(checkKey([root], key)).toEqual({
      team: "TeamTeamTeam",
      hash: createHash("sha256").update(key).digest("hex"),
    });
  });

  it("has fixed lengths", () => {
    const [prefix, team, rest, more] = mintKey(root, mintTeam(randomBytes), randomBytes).split("_");
    expect([prefix, team?.length, rest?.length, more]).toEqual(["gbx", 12, 48, undefined]);
  });

  it("is checked by the root secret that made it, the current or the previous one", () => {
    const key = mintKey(root, mintTeam(randomBytes), randomBytes);
    expect(checkKey(["another".repeat(6), root], key)).toBeDefined();
    expect(checkKey(["another".repeat(6)], key)).toBeUndefined();
    expect(checkKey([], key)).toBeUndefined();
  });

  it("is refused with any one character changed, removed or added", () => {
    const key = mintKey(root, mintTeam(randomBytes), randomBytes);
    const place = fc.nat(key.length - 1);
    const character = fc.constantFrom(..."09AZaz_-. é");
    fc.assert(
      fc.property(place, character, (at, other) => {
        const changed = [
          key.slice(0, at) + other + key.slice(at + 1),
          key.slice(0, at) + key.slice(at + 1),
          key.slice(0, at) + other + key.slice(at),
        ];
        return changed.every((text) => text === key || checkKey([root], text) === undefined);
      }),
    );
  });

  it("is refused whatever else it is", () => {
    fc.assert(fc.property(fc.string({ maxLength: 100 }), (text) => checkKey([root], text) === undefined));
  });

  it("is not made for a team whose id has another form", () => {
    for (const team of ["", "short", "TeamTeamTea_", "TeamTeamTeamT"]) {
      expect(() => mintKey(root, team, randomBytes)).toThrow(RangeError);
    }
  });
});

describe("a team's id", () => {
  it("throws away the bytes that would make some characters likelier", () => {
    const bytes = [255, 248, 247, 0, 61, 62];
    const given = (length: number): Uint8Array => Uint8Array.from({ length }, () => bytes.shift() ?? 10);
    expect(mintTeam(given)).toBe("z0z0AAAAAAAA");
  });

  it("uses all 62 characters", () => {
    const seen = new Set(Array.from({ length: 400 }, () => mintTeam(randomBytes)).join(""));
    expect(seen.size).toBe(62);
    expect([...seen].join("")).toMatch(digits);
  });
});
