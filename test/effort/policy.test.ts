/** Who chooses the effort of a call, what bounds it, and what is said of it. */
import { describe, expect, it } from "vitest";
import type { Effort } from "../../src/canon/request.ts";
import { thrift } from "../../src/effort/choice.ts";
import { decide, type EffortPolicy, type EffortRequest, positions, say } from "../../src/effort/policy.ts";
import { switchingOf } from "../../src/effort/switching.ts";
import { body, failed, passed, type Step, shell, use, user } from "./conversation.ts";

const off: EffortPolicy = { mode: "off" };
const edit = use("Edit", { file_path: "/a.ts" });
const long = user("The parser loses the last token of a line when the line ends in a comment. ".repeat(8));
/** A turn of which the next call is easy: the edit went through, after little was read. */
const easy = [long, edit, passed, shell("git commit -m x"), use("TodoWrite", {}), edit, edit, passed];

function asking(steps: readonly Step[], more: Partial<EffortRequest> = {}): EffortRequest {
  return { protocol: "messages", body: body("messages", steps), asked: "auto", switching: "neutral", ...more };
}

function decided(steps: readonly Step[], more: Partial<EffortRequest> = {}, policy: EffortPolicy = off) {
  const decision = decide(asking(steps, more), policy);
  if (decision === undefined) throw new Error("nobody chose");
  return decision;
}

describe("who chooses", () => {
  it("the team's own level goes before the caller's", () => {
    const decision = decided([long], { asked: "low" }, { mode: "override", level: "xhigh" });
    expect(decision).toMatchObject({ level: "xhigh", by: "team" });
  });

  it("the caller's goes before ours", () => {
    for (const mode of ["off", "fill"] as const) {
      expect(decided([long], { asked: "max" }, { mode })).toMatchObject({ level: "max", by: "request" });
    }
  });

  it("an override without a level is ours, whatever was asked", () => {
    expect(decided(easy, { asked: "max" }, { mode: "override" })).toMatchObject({ level: "low", by: "score" });
  });

  it("nobody, where nothing is asked and the team has no policy", () => {
    const { asked: _, ...silent } = asking([long]);
    expect(decide(silent, off)).toBeUndefined();
    expect(decide(silent, { mode: "off", default: "low" })).toMatchObject({ level: "low", by: "default" });
    expect(decide(silent, { mode: "fill" })).toMatchObject({ by: "score" });
  });

  it("advice changes nothing but what is said, and an explicit auto is obeyed", () => {
    expect(decided(easy, { asked: "xhigh" }, { mode: "advise" })).toMatchObject({ level: "low", isAdvice: true });
    expect(decided(easy, {}, { mode: "advise" })).toMatchObject({ isAdvice: false });
    expect(decided(easy, {}, { mode: "fill" })).toMatchObject({ isAdvice: false });
  });

  it("the default, where there is nothing to read", () => {
    expect(decided([])).toMatchObject({ level: "medium", by: "default" });
    expect(decided([], {}, { mode: "fill", default: "high" })).toMatchObject({ level: "high" });
  });
});

describe("rules", () => {
  it("two failed runs in a row are at least high until one passes", () => {
    const steps = [...easy, failed, edit, failed, edit];
    const decision = decided(steps);
    expect(decision).toMatchObject({ level: "high", by: "rule" });
    expect(decision.reasons).toEqual(["2 failed test or build runs in a row", "editing 1 file"]);
    expect(decided([...steps, passed]).by).toBe("score");
  });

  it("plan mode is at least high", () => {
    const steps = [user("<system-reminder>\nPlan mode is active."), ...easy.slice(1)];
    expect(decided(steps)).toMatchObject({ level: "high", by: "rule", reasons: ["plan mode"] });
  });

  it("an acknowledgement or a chore is low, for the first call of its turn", () => {
    expect(decided([...easy, user("commit and push")])).toMatchObject({
      level: "low",
      by: "rule",
      reasons: ["a chore"],
    });
    expect(decided([...easy, user("yes")])).toMatchObject({ level: "low", by: "rule" });
    expect(decided([...easy, user("yes"), shell("git push")]).by).toBe("score");
  });

  it("a title is as low as the model goes", () => {
    const title = { body: { ...body("messages", [long]), system: "You are a title generator." } };
    expect(decided([], { ...title, levels: ["none", "low", "high"] })).toMatchObject({ level: "none", by: "rule" });
    expect(decided([], { ...title, levels: ["low", "high"] })).toMatchObject({ level: "low" });
    expect(decided([], title)).toMatchObject({ level: "low" });
  });
});

describe("the score", () => {
  it("gives a turn's start more than a finished edit", () => {
    expect(decided([long])).toMatchObject({ level: "high", by: "score" });
    expect(decided(easy).level).toBe("low");
  });

  it("says why, weightiest first", () => {
    expect(decided([long]).reasons.slice(0, 2)).toEqual(["a prompt of 600 characters", "the first call"]);
    expect(decided(easy).reasons).toContain("a test passed");
    const looks = [long, ...["a", "b", "c", "d"].map((file) => shell(`cat ${file}`, "x".repeat(20_000)))];
    expect(decided(looks).reasons).toEqual(["20k characters of new text", "4 look-ups in a row"]);
  });
});

describe("bounds", () => {
  it("hold whoever chose, and are said", () => {
    const capped = decided([long], { asked: "max" }, { mode: "off", ceiling: "medium" });
    expect(capped).toMatchObject({ level: "medium", by: "request", changed: "max>medium" });
    expect(capped.reasons).toContain("at most medium");
    const raised = decided(easy, {}, { mode: "off", floor: "medium" });
    expect(raised).toMatchObject({ level: "medium", by: "score", changed: "low>medium" });
    expect(raised.reasons).toContain("at least medium");
    expect(decided([long], {}, { mode: "override", level: "max", ceiling: "high" }).level).toBe("high");
  });

  it("the model's list holds within them", () => {
    const decision = decided([long], { asked: "xhigh", levels: ["low", "medium", "high"] });
    expect(decision).toMatchObject({ level: "high", changed: "xhigh>high" });
    expect(decision.reasons).toContain("the model takes no xhigh");
    expect(decided([long], { asked: "none", levels: ["low", "high"] }, { mode: "off", floor: "medium" }).level).toBe(
      "high",
    );
  });
});

describe("the cache guard", () => {
  it("holds one level for the session where a change is costly", () => {
    const levels = [[long], [long, edit, passed], [...easy, user("yes")], [...easy, failed, failed]].map((steps) => {
      return decided(steps, { switching: "costly" }).level;
    });
    expect(levels).toEqual(["high", "high", "high", "high"]);
    expect(decided([long], { switching: "costly" }).reasons.at(-1)).toContain("whole session");
  });

  it("takes a session that begins with an errand for a usual one, not for an easy one", () => {
    expect(decided([user("yes")], { switching: "costly" }).level).toBe("medium");
  });

  it("changes only where a user speaks, where that is the only place for it", () => {
    const start = decided([long], { switching: "in_band_turns" });
    expect(decided(easy, { switching: "in_band_turns" }).level).toBe(start.level);
    expect(decided([...easy, user("yes")], { switching: "in_band_turns" }).level).toBe("low");
  });

  it.each([
    ["in_band", ["gpt-6-luna", "openai/gpt-6.1-sol"]],
    ["in_band_turns", ["claude-opus-5", "claude-opus-5-20260701", "claude-opus-5-5", "claude-fable-5.2", "haiku-5-5"]],
    ["costly", ["gpt-5.5", "gpt-6-astra-pro", "claude-sonnet-5", "claude-fable-5", "claude-opus-5-7", "x"]],
    ["neutral", ["gemini-3-pro"]],
  ])("knows what each family offers: %s", (switching, names) => {
    for (const name of names) expect([name, switchingOf(name)]).toEqual([name, switching]);
  });
});

describe("positions", () => {
  it("tell where the level changes, at the entries before which to say so", () => {
    const steps = [long, edit, passed, use("TodoWrite", {}), failed, failed, passed];
    const found = positions(asking(steps, { switching: "in_band" }), off);
    expect(found[0]).toEqual({ at: 1, level: "high" });
    expect(found.at(-2)?.level).toBe("high");
    expect(found.at(-1)).toEqual({ at: 13, level: "low" });
  });

  it("lie at turn starts alone where the provider wants it so", () => {
    const steps = [long, edit, passed, user("yes"), failed, failed];
    const found = positions(asking(steps, { switching: "in_band_turns" }), off);
    expect(found).toEqual([
      { at: 1, level: "high" },
      { at: 6, level: "low" },
    ]);
  });
});

it("spending moves the cut points, from half of the budget on", () => {
  expect([0, 0.5, 0.75, 1, 2].map(thrift)).toEqual([0, 0, Math.LN2 / 2, Math.LN2, Math.LN2]);
  expect(decided([long], {}, { mode: "off", cutShift: 3 }).level).toBe("low");
  expect(decided(easy, {}, { mode: "off", cutShift: -9 }).level).toBe("xhigh");
});

it("a latency target takes the level whose expected reasoning fits", () => {
  const levels = [60_000, 6_000, 100].map((latencyMs) => decided([long], {}, { mode: "off", latencyMs }).level);
  expect(levels).toEqual(["high", "medium", "low"]);
  expect(decided([long], {}, { mode: "off", latencyMs: 100 }).reasons[0]).toBe("to be in time");
});

it("is said in a header, in ASCII and with no quote of its own", () => {
  const decision = { ...decided(easy), reasons: ['a "b" \\ \n', "ü"] };
  expect(say(decision)).toBe("low; because=\"a 'b' ' ?, ?\"; policy=1");
});

describe("advice", () => {
  const advised = (asked: EffortRequest["asked"], more: Partial<EffortRequest> = {}) =>
    decided(easy, { ...(asked !== undefined && { asked }), ...more }, { mode: "advise" });

  it("tells what it would save, or that it would cost more", () => {
    const [much, same, little] = (["xhigh", "low", "none"] as const).map((asked) => advised(asked).saves ?? 0);
    expect(much).toBeGreaterThan(0);
    expect(same).toBe(0);
    expect(little).toBeLessThan(0);
    expect(say(advised("xhigh"))).toMatch(/^advice low; because=".+"; policy=\d+; saves=\d+$/);
  });

  it("is held against what the model does by itself where nothing is asked", () => {
    const { asked: _, ...silent } = asking(easy);
    const saves = (usual: Effort) => decide({ ...silent, usual }, { mode: "advise" })?.saves ?? 0;
    expect(saves("low")).toBe(0);
    expect(saves("xhigh")).toBeGreaterThan(saves("high"));
  });

  it("is no word of decisions that are carried out", () => {
    expect(decided(easy).saves).toBeUndefined();
  });
});
