/** Models at which a change of effort costs the prompt cache: what holds a level, and what moves it. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import { decide, type EffortPolicy, type EffortRequest } from "../../src/effort/policy.ts";
import type { CachePrices } from "../../src/effort/session.ts";
import { body, failed, passed, type Step, shell, use, user } from "./conversation.ts";

/** Nano-dollars a token: $5, $0.50 and $30 a million. */
const prices: CachePrices = { fresh: 5000, kept: 500, output: 30_000 };
const edit = use("Edit", { file_path: "/a.ts" });
/** Begins with an errand, and so at medium. */
const begin = user("yes");
const filler = (characters: number): Step => shell("cat notes", "x".repeat(characters));
const big = filler(400_000);

function asking(steps: readonly Step[], more: Partial<EffortRequest> = {}): EffortRequest {
  const written = body("responses", steps);
  return { protocol: "responses", body: written, asked: "auto", switching: "costly", prices, ...more };
}

function levelOf(steps: readonly Step[], policy: EffortPolicy = { mode: "off" }, more: Partial<EffortRequest> = {}) {
  return decide(asking(steps, more), policy)?.level;
}

function compacted(steps: readonly Step[], at: number): Obj {
  const { input } = body("responses", steps);
  const items = Array.isArray(input) ? [...input] : [];
  items.splice(at, 0, { type: "compaction", encrypted_content: "x" });
  return { input: items };
}

describe("what is held", () => {
  it("is the level of the start, through failing loops that are not worth a prompt of this length", () => {
    const steps = [begin, big, edit, failed, failed, failed, failed, failed];
    expect(levelOf(steps)).toBe("medium");
    expect(decide(asking(steps), { mode: "off" })?.reasons.at(-1)).toContain("whole session");
  });

  it("holds for ever where no price is known", () => {
    const { prices: _, ...unpriced } = asking([begin, filler(6000), edit, failed, failed, failed]);
    expect(decide(unpriced, { mode: "off" })?.level).toBe("medium");
  });

  it("is not moved by spending", () => {
    const steps = [user("Why does the parser lose a token? ".repeat(20)), big];
    expect(levelOf(steps, { mode: "off", cutShift: 9 })).toBe("high");
  });
});

describe("an escalation", () => {
  const stuck = [edit, failed, edit, failed];

  it("comes where the failures to be expected cost more than the prompt read again", () => {
    const steps = [begin, filler(6000), ...stuck];
    const decision = decide(asking(steps), { mode: "off" });
    expect(decision).toMatchObject({ level: "high", by: "rule" });
    expect(decision?.reasons).toEqual(["2 failed test or build runs in a row", "worth reading the prompt again"]);
  });

  it("comes only after a second failure in a row", () => {
    expect(levelOf([begin, filler(6000), edit, failed])).toBe("medium");
    expect(levelOf([begin, filler(6000), edit, failed, passed, edit, failed])).toBe("medium");
  });

  it("stays, since each effort has a cache of its own", () => {
    const later = decide(asking([begin, filler(6000), ...stuck, passed, big, edit, passed]), { mode: "off" });
    expect(later).toMatchObject({ level: "high", by: "rule" });
    expect(later?.reasons).toEqual(["held for its cache", "since 2 failed test or build runs in a row"]);
  });

  it("is worth what the team says where that is more", () => {
    const steps = [begin, big, ...stuck];
    // 100k tokens at $4.50 a million beyond what they cost from the cache.
    expect(levelOf(steps, { mode: "off", escalationNano: 440_000_000 })).toBe("medium");
    expect(levelOf(steps, { mode: "off", escalationNano: 460_000_000 })).toBe("high");
  });

  it("costs nothing where the cache saves nothing", () => {
    const flat = { prices: { ...prices, kept: prices.fresh } };
    expect(levelOf([begin, big, ...stuck], { mode: "off" }, flat)).toBe("high");
  });
});

describe("a cold prefix", () => {
  const asked = user("Why does the parser lose the last token of each line? ".repeat(8));

  it("lets the session choose again: behind a compaction", () => {
    const steps = [begin, big, edit, asked];
    expect(levelOf(steps)).toBe("medium");
    expect(levelOf(steps, { mode: "off" }, { body: compacted(steps, 5) })).toBe("high");
  });

  it("or when a command ran for longer than any prompt is kept", () => {
    const ran = (seconds: number): Step => shell("make", `Exit code: 0\nWall time: ${seconds} seconds\nOutput:\nok`);
    expect(levelOf([begin, big, ran(3500), asked])).toBe("medium");
    const steps: Step[] = [begin, big, { type: "answer", text: "Done." }, asked];
    expect(levelOf(steps)).toBe("medium");
    const hour = body("responses", [begin, big, ran(3700)]);
    const [more] = Array.isArray(hour.input) ? [[...hour.input, ...asList(body("responses", [asked]).input)]] : [[]];
    expect(levelOf([], { mode: "off" }, { body: { input: more } })).toBe("high");
  });

  it("or while there is too little for any provider to keep", () => {
    expect(levelOf([begin, { type: "answer", text: "Done." }, asked])).toBe("high");
    expect(levelOf([begin, { type: "answer", text: "Done." }, asked], { mode: "off" }, longInstructions())).toBe(
      "medium",
    );
  });

  function longInstructions(): Partial<EffortRequest> {
    const steps: Step[] = [begin, { type: "answer", text: "Done." }, asked];
    return { body: { ...body("responses", steps), instructions: "x".repeat(5000) } };
  }
});

it("each call of a conversation says what the call before it said, but for one escalation", () => {
  const step = fc.constantFrom<Step>(edit, failed, passed, filler(3000), filler(40_000), user("go on"));
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
      const all = [begin, filler(20_000), ...steps];
      const levels = all.map((_, at) => levelOf(all.slice(0, at + 1)));
      const changes = levels.slice(2).filter((level, at) => level !== levels[at + 1]);
      expect(changes.length).toBeLessThanOrEqual(1);
      expect(levels.at(-1)).toBe(changes.length === 1 ? "high" : levels[1]);
    }),
  );
});

function asList(value: unknown): Obj[] {
  return Array.isArray(value) ? value : [];
}
