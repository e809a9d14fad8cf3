/** How strong a model a turn needs: told at its start, and the same all through its loop. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tierOf } from "../../src/effort/tier.ts";
import { body, failed, passed, protocols, type Step, shell, use, user } from "./conversation.ts";

const edit = use("Edit", { file_path: "/a.ts" });
const said: Step = { type: "answer", text: "Done." };
const hard = user("Why does the parser lose the last token of each line? ".repeat(8));

function tier(steps: readonly Step[], protocol: (typeof protocols)[number] = "responses") {
  return tierOf(protocol, body(protocol, steps));
}

describe("the tier", () => {
  it("of a first call is what its score needs, and it may go anywhere", () => {
    expect(tier([hard])).toEqual({ share: 2 / 3, isHeld: false, isAside: false });
  });

  it("holds within the loop", () => {
    expect(tier([hard, edit, passed])).toEqual({ share: 2 / 3, isHeld: true, isAside: false });
  });

  it("is chosen anew where a user speaks, unless only to go on", () => {
    expect(tier([hard, edit, said, hard]).isHeld).toBe(false);
    expect(tier([hard, edit, said, user("yes")])).toEqual({ share: 2 / 3, isHeld: true, isAside: false });
    expect(tier([hard, edit, said, user("commit and push"), edit])).toMatchObject({ share: 2 / 3, isHeld: true });
  });

  it("of a conversation that begins with an errand lies between", () => {
    expect(tier([user("go on")])).toMatchObject({ share: 1 / 3, isHeld: false });
  });

  it("of a title is the lowest, and no place of the conversation's", () => {
    const title = { ...body("messages", [hard]), system: "You are a title generator." };
    expect(tierOf("messages", title)).toEqual({ share: 0, isHeld: false, isAside: true });
  });

  it("of nothing lies between", () => {
    expect(tierOf("chat", {})).toMatchObject({ share: 1 / 3, isHeld: false });
  });
});

it("is the same for all calls of a turn, in any protocol", () => {
  const step = fc.constantFrom<Step>(edit, failed, passed, shell("cat a", "x".repeat(3000)));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.array(step, { minLength: 1, maxLength: 20 }), (before, loop) => {
      const turn = [hard, ...before, said, user("And why does it then find it again?")];
      const { share } = tier(turn);
      for (const protocol of protocols) {
        for (let end = 1; end <= loop.length; end++) {
          expect(tier([...turn, ...loop.slice(0, end)], protocol)).toEqual({ share, isHeld: true, isAside: false });
        }
      }
    }),
  );
});
