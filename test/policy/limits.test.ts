import { describe, expect, it } from "vitest";
import { limitHeaders } from "../../src/policy/limit-headers.ts";
import { chargesOf, corrections, endOf, isAllowed, startOf } from "../../src/policy/limits.ts";
import { readMeter, refusedBy } from "../../src/policy/refusal.ts";
import type { Grant } from "../../src/stores/store.ts";
import type { Settings, TeamSettings } from "../../src/teams/records.ts";

const now = Date.UTC(2026, 10, 24, 9, 30);

function grantOf(team: TeamSettings, key: Settings = {}): Grant {
  const made = { name: "a name", created_at: 0 };
  return {
    team: { id: "T".repeat(12), settings: team, ...made },
    key: { id: "key_1", hash: "h", prefix: "gbx_", settings: key, ...made },
  };
}

const need = { input: 500, output: 4000 };
const metersOf = (grant: Grant, models: readonly string[]): string[] => {
  const { rates, lives, sums } = chargesOf(grant, models, need, now);
  return [...rates, ...lives, ...sums].map(({ meter }) => meter);
};

describe("a call is charged", () => {
  it("on every limit and budget of its key and team, the key's first", () => {
    const rules = { limits: { requests_per_minute: 5, concurrent: 2 }, budgets: [{ usd: 1, per: "day" as const }] };
    expect(metersOf(grantOf(rules, rules), [])).toEqual([
      "key_1/requests",
      "team/requests",
      "key_1/concurrent",
      "team/concurrent",
      "key_1/day/2026-11-24",
      "team/day/2026-11-24",
    ]);
  });

  it("on a model's rule where it may go to such a model, and only there", () => {
    const grant = grantOf({ models: { "openai/*": { limits: { requests_per_minute: 1 } } } });
    expect(metersOf(grant, ["openai/gpt-5.5"])).toEqual(["team:openai/*/requests"]);
    expect(metersOf(grant, ["anthropic/claude"])).toEqual([]);
    expect(metersOf(grant, ["anthropic/claude", "openai/gpt-5.5"])).toEqual(["team:openai/*/requests"]);
  });

  it.each([
    ["requests_per_minute", 100, 1],
    ["input_tokens_per_minute", 10_000, 500],
    // What it will answer is not known yet: a tenth of the limit at the most.
    ["output_tokens_per_minute", 10_000, 1000],
    ["tokens_per_minute", 10_000, 1500],
    ["tokens_per_minute", 1_000_000, 4500],
    // A call larger than the limit waits for an empty bucket instead of for ever.
    ["input_tokens_per_minute", 100, 100],
  ])("%s of %i with %i", (name, limit, cost) => {
    const { rates } = chargesOf(grantOf({ limits: { [name]: limit } }), [], need, now);
    expect(rates).toMatchObject([{ limit, windowMs: 60_000, cost }]);
  });

  it("what it really took, at its end", () => {
    const limits = { requests_per_minute: 9, tokens_per_minute: 1_000_000, input_tokens_per_minute: 1_000_000 };
    const { rates } = chargesOf(grantOf({ limits }), [], need, now);
    const costs = corrections(rates, { input: 700, output: 100 }).map(({ meter, cost }) => [meter, cost]);
    expect(costs).toEqual([
      ["team/tokens", 800 - 4500],
      ["team/input", 200],
    ]);
  });
});

describe("a budget's period", () => {
  it.each([
    ["day", now, "2026-11-24", "2026-11-25"],
    ["week", now, "2026-11-23", "2026-11-30"],
    ["week", Date.UTC(2026, 10, 29, 23, 59), "2026-11-23", "2026-11-30"],
    ["month", now, "2026-11-01", "2026-12-01"],
    ["month", Date.UTC(2026, 11, 31, 23, 59), "2026-12-01", "2027-01-01"],
  ] as const)("%s", (per, at, start, end) => {
    const days = [startOf(per, at), endOf(per, at) ?? 0].map((time) => new Date(time).toISOString().slice(0, 10));
    expect(days).toEqual([start, end]);
  });

  it("is part of the meter's name, so that a new one begins at nothing; a total never ends", () => {
    const grant = grantOf({ budgets: [{ usd: 0.5, per: "total", warn_at: 0.5 }] });
    expect(chargesOf(grant, [], need, now).sums).toEqual([
      { meter: "team/total", limit: 500_000_000, marks: [250_000_000, 500_000_000] },
    ]);
    expect(endOf("total", now)).toBeUndefined();
  });
});

describe("a key may use", () => {
  it.each([
    [{}, {}, true],
    [{ allowed_providers: ["openai"] }, {}, true],
    [{ allowed_providers: ["anthropic"] }, {}, false],
    [{}, { allowed_models: ["openai/gpt-5*"] }, true],
    [{}, { allowed_models: ["openai/gpt-5"] }, false],
    [{ allowed_models: ["openai/*"] }, { allowed_models: [] }, false],
  ])("what team %j and key %j allow: %s", (team, key, allowed) => {
    expect(isAllowed(grantOf(team, key), "openai", "gpt-5.5")).toBe(allowed);
  });
});

describe("a refusal", () => {
  it.each([
    ["team/requests", { scope: "team", what: "requests" }],
    ["key_A/day/2026-11-24", { scope: "key", what: "day", per: "day" }],
    ["key_A:openai/gpt-5.5/month/2026-11-01", { scope: "key", what: "month", per: "month", model: "openai/gpt-5.5" }],
    ["team:openai/ft:x:y/*/total", { scope: "team", what: "total", per: "total", model: "openai/ft:x:y/*" }],
  ])("reads %s", (meter, read) => {
    expect(readMeter(meter)).toEqual(read);
  });

  const refused = { isAdmitted: false, left: 0, levels: [] } as const;

  it("of a rate says when to come back, and whose limit it is", () => {
    const fault = refusedBy({ ...refused, meter: "key_1/requests", retryAfterMs: 1500 }, grantOf({}), now);
    expect(fault).toMatchObject({
      kind: "rate_limit",
      retryAfterMs: 1500,
      extra: { limit_source: "gearbox", scope: "key", limit: "requests", resets_at: "2026-11-24T09:30:01.500Z" },
    });
  });

  it("of a budget says when it ends, and asks for no retry", () => {
    const fault = refusedBy({ ...refused, meter: "team/month/2026-11-01" }, grantOf({}), now);
    expect(fault).toMatchObject({ kind: "quota", extra: { scope: "team", resets_at: "2026-12-01T00:00:00.000Z" } });
    expect(fault.retryAfterMs).toBeUndefined();
  });
});

describe("headers", () => {
  const grant = grantOf(
    { limits: { requests_per_minute: 100, tokens_per_minute: 9000 } },
    { limits: { requests_per_minute: 10 } },
  );
  const charges = chargesOf(grant, [], need, now);
  const levels = [
    { meter: "key_1/requests", left: 9, resetMs: 6000 },
    { meter: "team/requests", left: 60, resetMs: 24_000 },
    { meter: "team/tokens", left: 4000, resetMs: 61_500 },
  ];

  it("are OpenAI's for its callers, of the limit with the least left", () => {
    expect(limitHeaders("responses", charges, levels, now)).toEqual({
      "x-ratelimit-limit-requests": "10",
      "x-ratelimit-remaining-requests": "9",
      "x-ratelimit-reset-requests": "6s",
      "x-ratelimit-limit-tokens": "9000",
      "x-ratelimit-remaining-tokens": "4000",
      "x-ratelimit-reset-tokens": "1m1.5s",
    });
  });

  it("are Anthropic's for its callers, and none for Gemini's", () => {
    expect(limitHeaders("messages", charges, levels, now)).toMatchObject({
      "anthropic-ratelimit-requests-remaining": "9",
      "anthropic-ratelimit-tokens-reset": "2026-11-24T09:31:01.500Z",
    });
    expect(limitHeaders("gemini", charges, levels, now)).toEqual({});
  });
});
