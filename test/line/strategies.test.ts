/** How a route's strategy shares conversations out, through the whole line: by weight, and by who is faster. */
import { expect, it } from "vitest";
import { seeded } from "../policy/targets.ts";
import { type Asking, ask, faultGateway, world } from "./faults-line.ts";
import { good, type Script, type Who } from "./faults-provider.ts";

const two = (first: object, second: object) => [
  { provider: "openai", model: "m", ...first },
  { provider: "spare", model: "m", ...second },
];
const at = faultGateway(
  {},
  {
    shared: { strategy: "weighted", targets: two({ weight: 70 }, { weight: 30 }) },
    fast: { strategy: "fastest", targets: two({}, {}) },
  },
);

/** The first call of a conversation of this number. */
function asking(model: string, number: number, actOf: Asking["actOf"]): Asking {
  return { caller: "responses", stream: true, model, actOf, headers: { "x-session-id": `conversation-${number}` } };
}

it("a weight is the share of conversations, and a conversation stays", { timeout: 60_000 }, async () => {
  const most = 500;
  const around = world(seeded(7));
  const firsts: (Who | undefined)[] = [];
  for (let number = 0; number < most; number++) {
    firsts.push(
      (
        await ask(
          at,
          asking("shared", number, () => good),
          around,
        )
      ).asked[0],
    );
  }
  const share = firsts.filter((who) => who === "failing").length / most;
  // By chance five hundred conversations miss their share by four points in one of twenty cases.
  expect(Math.abs(share - 0.7)).toBeLessThan(0.04);
  for (let number = 0; number < most; number += 20) {
    const { asked } = await ask(
      at,
      asking("shared", number, () => good),
      around,
    );
    expect(asked[0]).toBe(firsts[number]);
  }
});

it("the faster of two is found within 50 conversations, and again when they swap", async () => {
  const around = world(seeded(11));
  const takesMs = new Map<Who, number>([
    ["failing", 400],
    ["spare", 900],
  ]);
  const slowly = (who: Who) => async (script: Script) => {
    await script.wait(takesMs.get(who) ?? 0);
    return good(script);
  };
  let number = 0;
  /** Who answers so many new conversations, one every two seconds. */
  const answering = async (count: number): Promise<(Who | undefined)[]> => {
    const all: (Who | undefined)[] = [];
    for (let asked = 0; asked < count; asked++) {
      all.push((await ask(at, asking("fast", number++, slowly), around)).asked[0]);
      await around.clock.run(around.clock.wait(2000));
    }
    return all;
  };
  await answering(50);
  const found = await answering(20);
  expect(found.filter((who) => who === "failing").length).toBeGreaterThanOrEqual(18);
  takesMs.set("failing", 2500).set("spare", 300);
  await answering(50);
  const followed = await answering(20);
  expect(followed.filter((who) => who === "spare").length).toBeGreaterThanOrEqual(18);
});
