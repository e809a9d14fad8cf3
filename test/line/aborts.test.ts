/** A caller that leaves at any point of a stream: the provider's work ends, and what came so far is in the account. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { callsFor, closing, gateway, play, teamAt } from "./gateway.ts";

const at = gateway({ HEARTBEAT_MS: "100" });
const protocols = ["responses", "chat", "messages", "gemini"] as const;
type Protocol = (typeof protocols)[number];

/** A provider of each protocol, so that every caller meets its own and another's. */
const providers = { responses: "openai", chat: "compatible", messages: "anthropic", gemini: "gemini" } as const;
const foreign = { responses: "anthropic", chat: "gemini", messages: "openai", gemini: "compatible" } as const;
const cases = protocols.flatMap((caller) =>
  [providers[caller], foreign[caller]].map((provider, index) => ({
    caller,
    provider,
    lane: index === 0 ? "relay" : "translate",
  })),
);

function asked(caller: Protocol, model: string): [string, object] {
  const messages = [{ role: "user", content: "Count." }];
  switch (caller) {
    case "responses":
      return ["/v1/responses", { model, stream: true, input: "Count." }];
    case "chat":
      return ["/v1/chat/completions", { model, stream: true, messages }];
    case "messages":
      return ["/v1/messages", { model, stream: true, messages, max_tokens: 1000 }];
    case "gemini":
      return [`/v1beta/models/${model}:streamGenerateContent?alt=sse`, { contents: [{ parts: [{ text: "Count." }] }] }];
  }
}

const points = 50;

describe("a caller that leaves", () => {
  it.each(cases)(`at ${points} points of a stream: $caller, $lane`, async ({ caller, provider, lane }) => {
    const model = `leaves-${caller}-${lane}`;
    // Long, and never over: what ended by itself would prove nothing.
    const text = Array.from({ length: 3000 }, (_, word) => `word${word}`).join(" ");
    await play(model, { blocks: [{ text }], fault: { kind: "stall", afterEvents: 400 } });
    const { team, post } = await teamAt(at, { limits: { concurrent: 1 } });
    const sizes = fc.sample(fc.integer({ min: 1, max: 20_000 }), { numRuns: points, seed: 20261124 });
    for (const size of sizes) {
      const answer = await post(...asked(caller, `${provider}/${model}`));
      expect(answer.status).toBe(200);
      const reader = answer.body?.getReader();
      for (let read = 0; read < size; ) read += (await reader?.read())?.value?.length ?? size;
      await reader?.cancel();
      await at.idle();
    }
    const calls = await callsFor(model);
    expect(calls).toHaveLength(points);
    expect(new Set(await Promise.all(calls.map(closing)))).toEqual(new Set(["client-left"]));
    const rows = (await at.deps.store.calls(team, undefined, 500)).items;
    expect(rows).toHaveLength(points);
    for (const row of rows) expect(row).toMatchObject({ state: "estimated", status: 200 });
    expect(rows.every(({ usage }) => (usage.input ?? 0) > 0)).toBe(true);
    expect(rows.filter(({ usage }) => (usage.output ?? 0) > 0).length).toBeGreaterThan(points / 2);
    // The one place for a running call is free again.
    const levels = await at.deps.store.levels(
      team,
      { rates: [], lives: [{ meter: "team/concurrent", limit: 1 }], sums: [] },
      Date.now(),
    );
    expect(levels[0]?.left).toBe(1);
  });
});
