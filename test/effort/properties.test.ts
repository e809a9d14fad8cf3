/** What holds of decisions for any conversation. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { isObj, type Json, type Obj } from "../../src/canon/json.ts";
import { type Effort, efforts } from "../../src/canon/request.ts";
import { decide, type EffortPolicy, type EffortRequest, positions } from "../../src/effort/policy.ts";
import { score } from "../../src/effort/score.ts";
import { eachSignals, signalsOf } from "../../src/effort/signals.ts";
import type { Switching } from "../../src/effort/switching.ts";
import { body, protocols, type Step, size } from "./conversation.ts";

const words = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.constantFrom(
    "yes",
    "commit and push",
    "why does it fail?",
    "<system-reminder>\nPlan mode is active.",
    "x".repeat(5000),
  ),
);
const name = fc.constantFrom(
  ...[
    "Bash",
    "exec_command",
    "Read",
    "Grep",
    "Edit",
    "apply_patch",
    "TodoWrite",
    "ExitPlanMode",
    "Task",
    "write_stdin",
  ],
  ...["run_shell_command", "read_file", "mcp__x__get_y", "frobnicate"],
);
const command = fc.oneof(
  fc.constantFrom(
    "npm test",
    'rg "a|b" src',
    "sed -i s/a/b/ x",
    "git commit -m 'x'",
    "cd a && cargo test | tail",
    "ls\ncat x",
  ),
  fc.string({ maxLength: 80 }),
);
const input = fc.record({ command, cmd: command, file_path: fc.string(), workdir: fc.string() }, { requiredKeys: [] });
const output = fc.oneof(
  fc.constantFrom("ok", "Exit code 1\nno", "3 failed, 2 passed", "12 passed", "x".repeat(9000)),
  fc.constant("Process running with session ID 7\nOutput:\n"),
  fc.string({ maxLength: 900 }),
);
const uses = fc.array(fc.record({ name, input, output }), { minLength: 1, maxLength: 3 });

/** A user begins; answers without tools are followed by a user, as all protocols can say. */
const conversation: fc.Arbitrary<Step[]> = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: uses.map((each): Step[] => [{ type: "tools", uses: each }]) },
      {
        weight: 1,
        arbitrary: fc.tuple(words, words).map(([answer, next]): Step[] => [
          { type: "answer", text: answer },
          { type: "user", text: next },
        ]),
      },
    ),
    { maxLength: 30 },
  )
  .chain((rest) => words.map((first): Step[] => [{ type: "user", text: first }, ...rest.flat()]));

const effort = fc.constantFrom(...efforts);
const switching = fc.constantFrom<Switching>("in_band", "in_band_turns", "neutral", "costly");
const asked = fc.option(fc.oneof(effort, fc.constant("auto" as const)), { nil: undefined });
const levels = fc.option(fc.uniqueArray(effort, { minLength: 1 }).map(sorted), { nil: undefined });
const policy: fc.Arbitrary<EffortPolicy> = fc.record(
  {
    mode: fc.constantFrom("off", "advise", "fill", "override"),
    level: effort,
    floor: effort,
    ceiling: effort,
    default: effort,
    cutShift: fc.double({ min: -3, max: 3, noNaN: true }),
    latencyMs: fc.integer({ min: 1, max: 100_000 }),
  },
  { requiredKeys: ["mode"] },
);

function request(steps: readonly Step[], more: Partial<EffortRequest> = {}): EffortRequest {
  return { protocol: "responses", body: body("responses", steps), asked: "auto", switching: "neutral", ...more };
}

it("the same request gives the same decision", () => {
  fc.assert(
    fc.property(conversation, switching, policy, (steps, how, team) => {
      const [one, other] = [request(steps, { switching: how }), request(steps, { switching: how })];
      expect(decide(one, team)).toEqual(decide(other, team));
      expect(positions(one, team)).toEqual(positions(other, team));
    }),
  );
});

it("all four protocols give the same decision for what they all can say", () => {
  fc.assert(
    fc.property(conversation, switching, policy, (steps, how, team) => {
      const [first, ...others] = protocols.map((protocol) => {
        return decide(request(steps, { protocol, body: body(protocol, steps), switching: how }), team);
      });
      for (const other of others) expect(other).toEqual(first);
    }),
  );
});

it("the order of an object's members counts for nothing", () => {
  fc.assert(
    fc.property(conversation, switching, policy, fc.constantFrom(...protocols), (steps, how, team, protocol) => {
      const asIs = body(protocol, steps);
      const one = request(steps, { protocol, body: asIs, switching: how });
      const other = request(steps, { protocol, body: turned(asIs), switching: how });
      expect(decide(other, team)).toEqual(decide(one, team));
      expect(positions(other, team)).toEqual(positions(one, team));
    }),
  );
});

it("what is appended changes no position that was there", () => {
  fc.assert(
    fc.property(conversation, conversation, policy, fc.constantFrom(...protocols), (steps, more, team, protocol) => {
      for (const how of ["in_band", "in_band_turns"] as const) {
        const short = request(steps, { protocol, body: body(protocol, steps), switching: how });
        const answered: Step[] = [...steps, { type: "answer", text: "done" }, ...more];
        const long = request(answered, { protocol, body: body(protocol, answered), switching: how });
        const end = size(protocol, steps);
        expect(positions(long, team).filter(({ at }) => at <= end)).toEqual(positions(short, team));
      }
    }),
  );
});

it("the last position is the level that is decided", () => {
  fc.assert(
    fc.property(conversation, policy, fc.constantFrom("in_band", "in_band_turns"), (steps, team, how) => {
      const asking = request(steps, { switching: how });
      const { level: _, ...adaptive } = team;
      expect(positions(asking, adaptive).at(-1)?.level).toBe(decide(asking, adaptive)?.level);
    }),
  );
});

it("what is read from the last answers alone weighs the same as what is read from the start", () => {
  fc.assert(
    fc.property(
      fc.array(conversation, { minLength: 1, maxLength: 3 }),
      fc.constantFrom(...protocols),
      (parts, protocol) => {
        const asked = body(
          protocol,
          parts.flatMap((steps, at): Step[] => (at === 0 ? steps : [{ type: "answer", text: "done" }, ...steps])),
        );
        const [short, long] = [signalsOf(protocol, asked), eachSignals(protocol, asked).at(-1)].map((signals) => {
          return signals && [score(signals), signals.failures, signals.isPlanning];
        });
        expect(short).toEqual(long);
      },
    ),
  );
});

it("no level is above the ceiling, below the floor, or one that the model rejects", () => {
  fc.assert(
    fc.property(conversation, asked, levels, switching, policy, (steps, wish, list, how, team) => {
      const { asked: _, ...rest } = request(steps, { switching: how, ...(list && { levels: list }) });
      const asking = { ...rest, ...(wish !== undefined && { asked: wish }) };
      const decision = decide(asking, team);
      const all = [...positions(asking, team), ...(decision ? [decision] : [])].map(({ level }) => level);
      const ceiling = rank(team.ceiling ?? "max");
      const floor = Math.min(rank(team.floor ?? "none"), ceiling);
      for (const level of all) {
        if (list !== undefined) expect(list).toContain(level);
        if (list?.some((each) => rank(each) >= floor && rank(each) <= ceiling) === false) continue;
        expect(rank(level)).toBeLessThanOrEqual(ceiling);
        expect(rank(level)).toBeGreaterThanOrEqual(floor);
      }
    }),
  );
});

it("we never choose max by ourselves", () => {
  fc.assert(
    fc.property(conversation, fc.double({ min: -99, max: 99, noNaN: true }), (steps, cutShift) => {
      expect(decide(request(steps), { mode: "fill", cutShift })?.level).not.toBe("max");
    }),
  );
});

it("nothing that a body may hold breaks it", () => {
  const holds = fc.record({ input: fc.jsonValue(), messages: fc.jsonValue(), contents: fc.jsonValue() });
  fc.assert(
    fc.property(holds, fc.constantFrom(...protocols), switching, (any, protocol, how) => {
      const asking = { protocol, body: any as Obj, asked: "auto", switching: how } as const;
      expect(efforts).toContain(decide(asking, { mode: "off" })?.level);
      expect(Array.isArray(positions(asking, { mode: "off" }))).toBe(true);
    }),
  );
});

function rank(level: Effort): number {
  return efforts.indexOf(level);
}

function sorted(list: readonly Effort[]): Effort[] {
  return [...list].sort((one, other) => rank(one) - rank(other));
}

/** The same value, each object's members in reverse; arguments in JSON texts as well. */
function turned(value: Obj): Obj;
function turned(value: Json | undefined): Json;
function turned(value: Json | undefined): Json {
  if (Array.isArray(value)) return value.map((each: Json) => turned(each));
  if (!isObj(value)) return value ?? null;
  const members = Object.entries(value).reverse();
  return Object.fromEntries(
    members.map(([member, held]) => {
      if (member !== "arguments" || typeof held !== "string") return [member, turned(held)];
      return [member, JSON.stringify(turned(JSON.parse(held) as Json))];
    }),
  );
}
