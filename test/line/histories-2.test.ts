/** The two engines answer the same, whatever happens in whatever order. */
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { expect, inject, it } from "vitest";
import { durableStore } from "../../src/stores/durable.ts";
import { gathering } from "../../src/stores/gather.ts";
import { upstashStore } from "../../src/stores/upstash.ts";
import type { Directory } from "../../src/teams/directory.ts";
import type { Team } from "../../src/teams/team.ts";
import { histories, play } from "../stores/histories.ts";

const redis = inject("redis");
const runs = 1000;

it.skipIf(redis === null)(
  `${runs} random histories have the same answers on Durable Objects and on Redis`,
  { timeout: 240_000 },
  async () => {
    const { TEAM, DIRECTORY } = env as unknown as {
      TEAM: DurableObjectNamespace<Team>;
      DIRECTORY: DurableObjectNamespace<Directory>;
    };
    let clock = 0;
    const now = () => clock;
    const setClock = (at: number): void => {
      clock = at;
    };
    const gather = gathering(async () => undefined);
    const objects = durableStore({ teams: TEAM, directory: DIRECTORY }, gather, now);
    const spool = { keep: async () => Promise.reject(new Error("nothing was to be spooled")) };
    const access = redis ?? { url: "", token: "" };
    const own = { callDays: 35, now, wait: async () => undefined, gathering: gathering(async () => undefined), spool };
    const shared = upstashStore({ ...access, ...own });
    const suffix = crypto.randomUUID().replaceAll("-", "").slice(0, 7);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        const team = `H${String(run++).padStart(4, "0")}${suffix}`;
        const answers = await play(objects, team, history, setClock);
        expect(await play(shared, team, history, setClock)).toEqual(answers);
      }),
      { numRuns: runs, seed: 2, endOnFailure: false },
    );
    expect(run).toBeGreaterThanOrEqual(runs);
  },
);
