/** What every engine has to keep that remembers who has which conversation. Runs inside workerd. */
import { describe, expect, it } from "vitest";
import type { KeptAffinities } from "../../src/stores/affinities.ts";
import { now } from "./contract-world.ts";

const hourMs = 3_600_000;
let teams = 0;
const newTeam = (): string => `A${String(++teams).padStart(4, "0")}${Math.random().toString(36).slice(2, 9)}`;

/** @param open the engine, whose own clock stands at the time it is given */
export function affinitiesContract(name: string, open: (clock: () => number) => KeptAffinities): void {
  const kept = open(() => now);

  describe(`${name}: who has which conversation`, () => {
    it("the last record is told until it expires, on whichever day", async () => {
      const team = newTeam();
      for (const hours of [1, 11, 13, 24]) {
        const expiresAt = now + hours * hourMs;
        await kept.put(team, "c", `until ${hours} "ü"`, expiresAt);
        expect(await kept.get(team, "c", now)).toBe(`until ${hours} "ü"`);
        expect(await kept.get(team, "c", expiresAt - 1)).toBe(`until ${hours} "ü"`);
        expect(await kept.get(team, "c", expiresAt)).toBeUndefined();
      }
    });

    it("nobody has what was never told of, or was told of another team", async () => {
      const team = newTeam();
      await kept.put(team, "c", "x", now + hourMs);
      expect(await kept.get(team, "d", now)).toBeUndefined();
      expect(await kept.get(newTeam(), "c", now)).toBeUndefined();
    });

    it("a team's are forgotten together, and nobody else's", async () => {
      const [team, other] = [newTeam(), newTeam()];
      for (const each of [team, other]) await kept.put(each, "c", "x", now + hourMs);
      await kept.put(team, "d", "x", now + 20 * hourMs);
      await kept.forget(team);
      expect(await Promise.all(["c", "d"].map((each) => kept.get(team, each, now)))).toEqual([undefined, undefined]);
      expect(await kept.get(other, "c", now)).toBe("x");
      await kept.forget(newTeam());
    });
  });
}
