/** What a conversation shows before a call, whichever protocol carries it. */
import { describe, expect, it } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import { eachSignals, type Signals, signalsOf, startSignals, turnSignals } from "../../src/effort/signals.ts";
import { memory } from "../../src/effort/trail.ts";
import { body, failed, passed, protocols, type Step, shell, use, user } from "./conversation.ts";

/** The signals, which must be the same in all protocols but for the place. */
function shown(...steps: Step[]): Signals {
  const all = protocols.map((protocol) => signalsOf(protocol, body(protocol, steps)));
  const [first, ...others] = all.map((signals) => signals && { ...signals, at: 0, edits: signals.edits.length });
  for (const other of others) expect(other).toEqual(first);
  const signals = all[0];
  if (signals === undefined) throw new Error("no signals");
  return signals;
}

const said: Obj = { role: "user", content: "x" };
const edit = use("Edit", { file_path: "/a.ts" });

describe("in all four protocols", () => {
  it("sees a turn start", () => {
    expect(shown(user("fix it"))).toMatchObject({ isTurnStart: true, answers: 0, prompt: "fix it", news: 6 });
    const later = shown(user("fix it"), edit, { type: "answer", text: "Done." }, user("now the other"));
    expect(later).toMatchObject({ isTurnStart: true, answers: 2, answersInTurn: 0, prompt: "now the other" });
  });

  it("sees what the last tool did, and how much it brought", () => {
    expect(shown(user("x"), shell("cat a.ts", "123456"))).toMatchObject({ isTurnStart: false, act: "read", news: 6 });
    expect(shown(user("x"), edit)).toMatchObject({ act: "edit", hasFailed: false, answersInTurn: 1 });
  });

  it("takes the weightiest of several calls", () => {
    const uses = [
      { name: "Read", input: {}, output: "a" },
      { name: "Bash", input: { command: "npm test" }, output: "1 failed" },
      { name: "Grep", input: {}, output: "b" },
    ];
    expect(shown(user("x"), { type: "tools", uses })).toMatchObject({ act: "test", hasFailed: true, news: 10 });
  });

  it("counts failed runs until one passes", () => {
    expect(shown(user("x"), failed, edit, failed).failures).toBe(2);
    expect(shown(user("x"), failed, edit, failed, passed).failures).toBe(0);
    expect(shown(user("x"), failed, passed, failed).failures).toBe(1);
  });

  it("forgets failures of long ago", () => {
    const looks = Array.from({ length: memory }, () => shell("ls"));
    expect(shown(user("x"), failed, failed, ...looks.slice(2)).failures).toBe(2);
    expect(shown(user("x"), failed, failed, ...looks).failures).toBe(0);
  });

  it("knows nothing of a command that goes on until who waits for it hears its end", () => {
    const begun = shell("cargo test", "Process running with session ID 7\nOutput:\n");
    const poll = use("write_stdin", { session_id: 7 }, "Process running with session ID 7\nOutput:\n");
    const end = use("write_stdin", { session_id: 7 }, "Process exited with code 101\nOutput:\n3 failed");
    expect(shown(user("x"), begun)).toMatchObject({ act: "wait", hasFailed: false, failures: 0 });
    expect(shown(user("x"), begun, poll)).toMatchObject({ act: "wait", failures: 0 });
    expect(shown(user("x"), begun, poll, end)).toMatchObject({ act: "test", hasFailed: true, failures: 1 });
    expect(shown(user("x"), end)).toMatchObject({ act: "other", hasFailed: false, failures: 0 });
  });

  it("lets a run that ends well clear up those before it, not one that began since", () => {
    const begun = shell("cargo test", "Process running with session ID 7\nOutput:\n");
    const end = use("write_stdin", { session_id: 7 }, "Process exited with code 0\nOutput:\ntest result: ok.");
    expect(shown(user("x"), failed, begun, end).failures).toBe(0);
    expect(shown(user("x"), begun, failed, end).failures).toBe(1);
  });

  it("counts look-ups in a row, which notes do not end", () => {
    const steps = [user("x"), shell("cat a"), use("Grep", {}), use("TodoWrite", {}), use("Read", {})];
    expect(shown(...steps)).toMatchObject({ lookUpsInRow: 3, lookShare: 0.6 });
    expect(shown(...steps, edit)).toMatchObject({ lookUpsInRow: 0, lookShare: 0.5 });
  });

  it("hears the harness without taking it for the user", () => {
    const reminder = user("<system-reminder>\nPlan mode is active. Do not edit.");
    expect(shown(user("plan it"), edit, reminder)).toMatchObject({
      isTurnStart: false,
      prompt: "plan it",
      isPlanning: true,
    });
    expect(shown(reminder, user("plan it"), use("ExitPlanMode", {})).isPlanning).toBe(false);
  });

  it("counts the files edited in this turn", () => {
    const steps = [user("x"), edit, user("y"), edit, use("Write", { file_path: "/b.ts" })];
    expect(shown(...steps).edits).toHaveLength(2);
  });
});

it("sees nothing in an empty conversation", () => {
  for (const protocol of protocols) expect(signalsOf(protocol, {})).toBeUndefined();
  for (const protocol of protocols) expect(eachSignals(protocol, {})).toEqual([]);
});

it("takes an input that is one text for a user's words", () => {
  expect(signalsOf("responses", { input: "hello" })).toMatchObject({ isTurnStart: true, prompt: "hello" });
});

describe("reasoning, as it is carried", () => {
  const plain = "x".repeat(1000);
  /** A cipher of no thought has 200 characters. */
  const sealed = "x".repeat(1200);
  const bodies: readonly (readonly [name: string, Parameters<typeof signalsOf>])[] = [
    [
      "encrypted items",
      [
        "responses",
        {
          input: [
            { role: "user", content: "x" },
            { type: "reasoning", encrypted_content: sealed },
          ],
        },
      ],
    ],
    [
      "signatures",
      [
        "messages",
        { messages: [said, { role: "assistant", content: [{ type: "thinking", thinking: "", signature: sealed }] }] },
      ],
    ],
    [
      "redacted blocks",
      ["messages", { messages: [said, { role: "assistant", content: [{ type: "redacted_thinking", data: sealed }] }] }],
    ],
    ["reasoning_content", ["chat", { messages: [said, { role: "assistant", content: "", reasoning_content: plain }] }]],
    [
      "thought signatures",
      [
        "gemini",
        {
          contents: [
            { role: "user", parts: [{ text: "x" }] },
            { role: "model", parts: [{ text: "y", thoughtSignature: sealed }] },
          ],
        },
      ],
    ],
  ];
  for (const [name, [protocol, asked]] of bodies) {
    it(name, () =>
      expect(signalsOf(protocol, asked)).toMatchObject({ turnReasoning: 1000, meanReasoning: expect.closeTo(200) }),
    );
  }
});

it("sees no reasoning in the shortest ciphers", () => {
  const input = [
    { role: "user", content: "x" },
    { type: "reasoning", encrypted_content: "x".repeat(200) },
  ];
  expect(signalsOf("responses", { input })).toMatchObject({ turnReasoning: 0, meanReasoning: 0 });
});

it("reads a custom tool call and its parts", () => {
  const input = [
    { role: "user", content: "x" },
    { type: "custom_tool_call", call_id: "c", name: "exec", input: 'await tools.exec_command({cmd:"cargo test"})' },
    { type: "custom_tool_call_output", call_id: "c", output: [{ type: "input_text", text: "3 failed" }] },
  ];
  expect(signalsOf("responses", { input })).toMatchObject({ act: "test", failures: 1, news: 8 });
});

it("believes an error flag", () => {
  const messages = [
    said,
    { role: "assistant", content: [{ type: "tool_use", id: "t", name: "Edit", input: {} }] },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "t", is_error: true, content: "no" }] },
  ];
  expect(signalsOf("messages", { messages })).toMatchObject({ act: "edit", hasFailed: true });
});

it("finds the start of the session and of the turn", () => {
  for (const protocol of protocols) {
    const asked = body(protocol, [user("one"), edit, failed, user("two"), passed, shell("ls")]);
    expect(startSignals(protocol, asked)).toMatchObject({ prompt: "one", answers: 0 });
    expect(turnSignals(protocol, asked)).toMatchObject({ prompt: "two", answers: 2, isTurnStart: true });
  }
});

it("shows each place once, the last one being what is asked for", () => {
  for (const protocol of protocols) {
    const asked: Obj = body(protocol, [user("one"), edit, failed, user("two"), passed]);
    const each = eachSignals(protocol, asked);
    expect(each.map(({ isTurnStart }) => isTurnStart)).toEqual([true, false, true, false]);
    expect(each.at(-1)).toEqual(signalsOf(protocol, asked));
  }
});
