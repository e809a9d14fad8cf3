/** The Durable Objects answer as the model in memory does, whatever happens in whatever order; Redis is not needed. */
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { expect, it } from "vitest";
import { durableStore } from "../../src/stores/durable.ts";
import { gathering } from "../../src/stores/gather.ts";
import type { Directory } from "../../src/teams/directory.ts";
import type { Team } from "../../src/teams/team.ts";
import { histories, play } from "../stores/histories.ts";
import { memoryStore } from "../stores/memory.ts";

const runs = 200;

it(`${runs} random histories have the same answers on Durable Objects and in the model`, {
  timeout: 240_000,
}, async () => {
  const { TEAM, DIRECTORY } = env as unknown as {
    TEAM: DurableObjectNamespace<Team>;
    DIRECTORY: DurableObjectNamespace<Directory>;
  };
  let clock = 0;
  const now = () => clock;
  const setClock = (at: number): void => {
    clock = at;
  };
  const objects = durableStore(
    { teams: TEAM, directory: DIRECTORY },
    gathering(async () => undefined),
    now,
  );
  const model = memoryStore(now);
  const suffix = crypto.randomUUID().replaceAll("-", "").slice(0, 7);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const team = `M${String(run++).padStart(4, "0")}${suffix}`;
      const answers = await play(model, team, history, setClock);
      expect(await play(objects, team, history, setClock)).toEqual(answers);
    }),
    { numRuns: runs, seed: 20261124, endOnFailure: false },
  );
  expect(run).toBeGreaterThanOrEqual(runs);
});
