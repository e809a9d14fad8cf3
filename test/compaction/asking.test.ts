import { expect, it } from "vitest";
import { asking, growth } from "../../src/compaction/asking.ts";
import { wish } from "../../src/compaction/words.ts";
import { call, callOf, result, said, trigger } from "./calls.ts";

const tools = [{ type: "function", name: "look", parameters: {} }];
const schema = { type: "json_schema", name: "x", schema: {} };
const plan = [{ type: "compaction", compact_threshold: 1000 }];

it("asks for a summary in words, with the tools at hand but not to be called", () => {
  const asked = callOf({
    input: [said("user", "Look."), call, result, trigger],
    tools,
    tool_choice: "required",
    text: { format: schema, verbosity: "low" },
    context_management: plan,
    prompt_cache_key: "k",
  });
  const { call: made, lost } = asking(asked, true);
  expect(lost).toEqual([]);
  expect(made.body).toEqual({
    model: "m",
    input: [said("user", "Look."), call, result, said("user", wish)],
    tools,
    tool_choice: "none",
    text: { verbosity: "low" },
    prompt_cache_key: "k",
  });
  expect(JSON.parse(new TextDecoder().decode(made.bytes))).toEqual(made.body);
  expect(made.bytes.length).toBeLessThan(asked.bytes.length + growth);
});

it("names no choice of tools where there are none", () => {
  expect(asking(callOf({ input: "Hello", tool_choice: "auto" }), true).call.body).toEqual({
    model: "m",
    input: [{ type: "message", role: "user", content: "Hello" }, said("user", wish)],
  });
});

it("keeps from a provider without compaction what another one made, and says so", () => {
  const native = { type: "compaction", encrypted_content: "of-another-provider" };
  const asked = asking(callOf({ input: [said("user", "x"), native], context_management: plan }), false);
  expect(asked.lost).toEqual(["input[1]"]);
  expect(asked.call.body).toEqual({ model: "m", input: [said("user", "x")] });
});

it("leaves any other call alone", () => {
  for (const body of [{ input: "x" }, { input: [said("user", "x")], context_management: [{ type: "unheard_of" }] }]) {
    const whole = callOf(body);
    expect(asking(whole, false).call).toBe(whole);
  }
});
