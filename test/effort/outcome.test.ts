/** Pass or fail, by an exit code, the wire's word, or what the text says. */
import { describe, expect, it } from "vitest";
import type { Act } from "../../src/effort/act.ts";
import { goesOn, hasFailed } from "../../src/effort/outcome.ts";

const fails: readonly (readonly [act: Act, output: string])[] = [
  ["test", "Chunk ID: 7e\nWall time: 0.2 seconds\nProcess exited with code 101\nOutput:\nrunning 3 tests"],
  ["test", "Exit code 1\nsome log"],
  [
    "test",
    'Script completed\nWall time 0.2 seconds\nOutput:\n\n{"chunk_id":"c6","wall_time_seconds":0.1,"exit_code":2,"output":""}',
  ],
  ["test", "Tests: 2 failed, 10 passed"],
  ["test", `${"ok line\n".repeat(400)}--- FAIL: TestX (0.1s)\nFAIL`],
  ["test", "Script completed\nWall time 0.1 seconds\nOutput:\n\nthread 'main' panicked at src/a.rs:3"],
  ["test", "Traceback (most recent call last):\n  File x"],
  ["build", "src/a.ts(3,1): error TS2304: Cannot find name 'x'."],
  ["build", "error[E0425]: cannot find value"],
  ["edit", "apply_patch verification failed: Failed to find expected lines"],
  ["edit", "<tool_use_error>String to replace not found in file.</tool_use_error>"],
];

const passes: readonly (readonly [act: Act, output: string])[] = [
  ["test", "Process exited with code 0\nOutput:\n12 passed, 0 failed"],
  [
    "test",
    `hook failed: 3 errors in the log of a test that expects them\n${"line\n".repeat(300)}ok  \tpkg\t1.2s\nPASS`,
  ],
  ["test", "test result: ok. 40 passed; 0 failed"],
  ["build", "Finished in 2.1s"],
  ["edit", "The file a.ts has been updated. FAIL is a word in it."],
];

describe("fails", () => {
  for (const [act, output] of fails) {
    it(`${act}: ${output.slice(0, 40)}`, () => expect(hasFailed(act, { content: output, isError: false })).toBe(true));
  }
});

describe("passes", () => {
  for (const [act, output] of passes) {
    it(`${act}: ${output.slice(0, 40)}`, () => expect(hasFailed(act, { content: output, isError: false })).toBe(false));
  }
});

it("believes the wire that says so", () => {
  expect(hasFailed("edit", { content: "fine", isError: true })).toBe(true);
});

it("reads a list of parts as their text", () => {
  const content = [
    { type: "input_text", text: "Script completed\nOutput:\n" },
    { type: "input_image", image_url: "data:" },
    { type: "input_text", text: "2 failed" },
  ];
  expect(hasFailed("test", { content, isError: false })).toBe(true);
  expect(hasFailed("test", { content: content.slice(0, 2), isError: false })).toBe(false);
});

describe("a command that goes on", () => {
  const running = [
    "Chunk ID: 2d\nWall time: 30.0018 seconds\nProcess running with session ID 35405\nOutput:\nTests: 1 failed",
    "Script running with cell ID 18\nWall time 1.0 seconds\nOutput:\n",
    'Script completed\nOutput:\n\n{"chunk_id":"5c","wall_time_seconds":30.001,"session_id":44765,"output":""}',
    `Script completed\nOutput:\n\n${"compiling\n".repeat(90)}SESSION_ID=32673`,
    "Command running in background with ID: bash_1. Output is being written to: /tmp/x",
    "<status>running</status>\n\n<stdout>\n</stdout>",
  ];
  const ended = [
    "Chunk ID: 2d\nWall time: 30.0018 seconds\nProcess exited with code 0\nOutput:\nrunning 3 tests",
    '{"session_id":"3f2a"}',
    "<status>completed</status>",
    "",
  ];
  for (const output of running) it(output.slice(0, 60), () => expect(goesOn(output)).toBe(true));
  for (const output of ended) it(`not: ${output.slice(0, 60)}`, () => expect(goesOn(output)).toBe(false));
});
