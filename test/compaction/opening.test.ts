import { describe, expect, it } from "vitest";
import { openSummaries } from "../../src/compaction/opening.ts";
import { told } from "../../src/compaction/words.ts";
import { members } from "../../src/http/json.ts";
import { teamSealer } from "../../src/policy/seal.ts";
import { call, callOf, compactionItem, result, said, sealerOf, trigger } from "./calls.ts";

const own = sealerOf("one");

function opened(input: unknown, open = own.open) {
  const { call: made, lost } = openSummaries(callOf({ input, tools: [] }), open);
  // Whatever becomes of it, the bytes say what the body says.
  expect(JSON.parse(new TextDecoder().decode(made.bytes))).toEqual(made.body);
  expect(members(made.bytes).spans).toEqual(made.spans);
  return { input: made.body.input, lost };
}

describe("a summary that comes back", () => {
  it("is a message of the user's, behind what was said to the model", () => {
    const { input, lost } = opened([
      said("developer", "Be brief."),
      said("user", "Look."),
      compactionItem("Looked & found."),
      said("user", "Go on."),
    ]);
    expect(lost).toEqual([]);
    expect(input).toEqual([
      said("developer", "Be brief."),
      said("user", "Look."),
      said("user", told("Looked & found.")),
      said("user", "Go on."),
    ]);
  });

  it("stands for all that the model said and did before it, and for older summaries", () => {
    const tools = { type: "additional_tools", role: "developer", tools: [] };
    const before = [{ role: "user", content: "Look." }, call, result, said("assistant", "Looked."), tools];
    const { input } = opened([
      ...before,
      compactionItem("old"),
      call,
      result,
      trigger,
      compactionItem("new"),
      call,
      result,
    ]);
    expect(input).toEqual([{ role: "user", content: "Look." }, tools, said("user", told("new")), call, result]);
  });

  it("opens for no other team, nor where it was changed, and is told of", () => {
    const changed = compactionItem("secret");
    const token = changed.encrypted_content;
    const flipped = { ...changed, encrypted_content: `${token.slice(0, -2)}${token.endsWith("AA") ? "BB" : "AA"}` };
    const cut = { ...changed, encrypted_content: token.slice(0, 20) };
    for (const item of [compactionItem("secret", "two"), flipped, cut]) {
      const { input, lost } = opened([said("user", "Look."), said("assistant", "Looked."), item, said("user", "And?")]);
      expect(lost).toEqual(["input[2]"]);
      // What it would have stood for is not taken away.
      expect(input).toEqual([said("user", "Look."), said("assistant", "Looked."), said("user", "And?")]);
    }
  });

  it("is no reasoning in the place of one", () => {
    const reasoning = {
      type: "reasoning",
      summary: ["thought"],
      native: { protocol: "messages", value: "sig" },
    } as const;
    const item = { type: "compaction", encrypted_content: own.seal(reasoning, "p/m/c") };
    expect(opened([item, said("user", "Go on.")])).toEqual({ input: [said("user", "Go on.")], lost: ["input[0]"] });
  });

  it("opens under the secret before this one, and under no other", () => {
    const [now, former] = ["a-new-secret-of-more-than-32-characters", "a-root-secret-of-more-than-32-characters"];
    const roots = { secret: now, previousSecret: former };
    const after = teamSealer(roots, "one", (bytes) => new Uint8Array(bytes));
    const call = callOf({ input: [compactionItem("kept")] });
    expect(openSummaries(call, after.open)).toMatchObject({ lost: [], call: { body: { input: [{ role: "user" }] } } });
    expect(openSummaries(call, sealerOf("one", now).open).lost).toEqual(["input[0]"]);
  });
});

describe("what is none of ours", () => {
  it("passes as it came, byte for byte", () => {
    const native = { type: "compaction", id: "cmp_2", encrypted_content: "gAAAAAB-of-openai" };
    for (const input of [
      "Hello",
      [said("user", "x"), native, said("user", "y")],
      [said("user", "x"), trigger],
      7,
      null,
    ]) {
      const made = callOf({ input });
      expect(openSummaries(made, own.open)).toEqual({ call: made, lost: [] });
    }
  });

  it("loses only a wish that it has answered", () => {
    const native = { type: "compaction", id: "cmp_2", encrypted_content: "gAAAAAB-of-openai" };
    expect(opened([said("user", "x"), call, result, trigger, native]).input).toEqual([
      said("user", "x"),
      call,
      result,
      native,
    ]);
  });
});

it("refuses a wish for compaction that is not the last item", () => {
  const call = callOf({ input: [said("user", "x"), trigger, said("user", "y")] });
  expect(() => openSummaries(call, own.open)).toThrow(
    expect.objectContaining({ kind: "bad_request", message: expect.stringContaining("input[1]") }),
  );
});
