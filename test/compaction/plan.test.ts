import { describe, expect, it } from "vitest";
import { isDue, isPlan } from "../../src/compaction/plan.ts";
import { callOf, said, trigger } from "./calls.ts";

const words = (tokens: number) => "word".repeat(tokens);

/** A conversation in which the user says so many tokens, and the model so many. */
function conversation(user: number, model: number, more: object = {}) {
  return callOf({ input: [said("user", words(user)), said("assistant", words(model))], ...more });
}

function plan(threshold?: unknown) {
  return {
    context_management: [{ type: "compaction", ...(threshold !== undefined && { compact_threshold: threshold }) }],
  };
}

describe("compaction is due", () => {
  it("from the number of tokens on that the call names", () => {
    expect(isDue(conversation(100, 2000, plan(1000)), "m")).toBe(true);
    expect(isDue(conversation(100, 2000, plan(3000)), "m")).toBe(false);
    expect(isDue(conversation(100, 2000), "m")).toBe(false);
  });

  it("without a number, when the model's context is nearly full", () => {
    expect(isDue(conversation(100, 170_000, plan()), "claude-haiku-4-5")).toBe(true);
    expect(isDue(conversation(100, 100_000, plan(null)), "claude-haiku-4-5")).toBe(false);
    expect(isDue(conversation(100, 170_000, plan()), "a-model-nobody-knows")).toBe(false);
  });

  it("only where a summary replaces the larger part, and never for a call that wants one anyway", () => {
    expect(isDue(conversation(2000, 500, plan(1000)), "m")).toBe(false);
    expect(isDue(callOf({ input: [said("assistant", words(2000)), trigger], ...plan(1000) }), "m")).toBe(false);
  });

  it("at no number that is none", () => {
    for (const threshold of [0, -1, "many", {}]) {
      expect(() => isDue(conversation(1, 1, plan(threshold)), "m")).toThrow(
        expect.objectContaining({ kind: "bad_request", param: "context_management[0].compact_threshold" }),
      );
    }
  });
});

it("is asked for by entries of its own kind only", () => {
  expect(isPlan([{ type: "compaction" }])).toBe(true);
  for (const other of [undefined, null, [], {}, "auto", [{ type: "compaction" }, { type: "unheard_of" }]]) {
    expect(isPlan(other)).toBe(false);
  }
});
