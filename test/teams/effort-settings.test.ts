/** What an administrator may say of how hard a team's calls think. */
import { expect, it } from "vitest";
import { teamSettings } from "../../src/teams/schemas.ts";

it.each([{ latency_ms: 1500 }, { escalation_usd: 0.25 }, { floor: "low", ceiling: "high" }])("%j is taken", (more) => {
  const settings = { effort: { mode: "fill", ...more } };
  expect(teamSettings.parse(settings)).toEqual(settings);
});

it.each([{ latency_ms: 0 }, { latency_ms: 1.5 }, { escalation_usd: -1 }, { level: "huge" }, { budget: 1 }])(
  "%j is refused",
  (more) => {
    expect(teamSettings.safeParse({ effort: { mode: "fill", ...more } }).success).toBe(false);
  },
);
