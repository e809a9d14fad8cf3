/** Changes of effort as items amid the conversation: on both lanes, what was sent once is sent again by every later call. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCall } from "../../src/call.ts";
import type { Json, Obj } from "../../src/canon/json.ts";
import type { ProtocolId } from "../../src/canon/request.ts";
import { withUpdatesBeta } from "../../src/effort/updates.ts";

import { elements, members } from "../../src/http/json.ts";
import { laneFor } from "../../src/lanes.ts";
import type { Ranges } from "../../src/protocols/protocol.ts";
import { catalog } from "../../src/providers/catalog.ts";
import type { TeamSettings } from "../../src/teams/records.ts";
import { thinking } from "../../src/think.ts";
import { body, failed, passed, type Step, shell, use, user } from "./conversation.ts";

const edit = use("Edit", { file_path: "/a.ts" });
const look = shell("cat notes", "x".repeat(6000));
const asked = user("Why does the parser lose the last token of each line? ".repeat(8));
const said: Step = { type: "answer", text: "Done." };

/** Targets that take updates, each with a caller on the same protocol and one on another. */
const crossings = [
  ["relayed to OpenAI", "responses", "openai", "responses", "gpt-6-sol", "input"],
  ["translated for OpenAI", "messages", "openai", "responses", "gpt-6.1-terra", "input"],
  ["relayed to Anthropic", "messages", "anthropic", "messages", "claude-opus-5", "messages"],
  ["translated for Anthropic", "responses", "anthropic", "messages", "claude-fable-5-1", "messages"],
  ["relayed to a model that binds its thoughts", "messages", "anthropic", "messages", "claude-opus-5-5", "messages"],
  ["translated from Chat", "chat", "anthropic", "messages", "claude-opus-5", "messages"],
] as const;

interface Sent {
  readonly items: readonly Json[];
  readonly body: Obj;
  readonly text: string;
  readonly level: string | undefined;
}

/** What goes up for this conversation: through thinking and the lane, as a call does. */
function send(
  [, caller, id, protocol, model]: readonly [string, ProtocolId, string, ProtocolId, string, string],
  conversation: Obj,
  {
    policy,
    spent = 0,
    takesUpdates = true,
    foreign = [],
  }: { policy?: TeamSettings["effort"]; spent?: number; takesUpdates?: boolean; foreign?: Ranges } = {},
): Sent {
  const provider = catalog.find((each) => each.id === id);
  if (provider === undefined) throw new Error(`no ${id}`);
  const target = { provider, protocol, model };
  const more = { model, ...(caller === "messages" && { max_tokens: 4000 }), ...conversation };
  const bytes = new TextEncoder().encode(JSON.stringify(more, null, 1));
  const asking = { policy, isSuffixed: true, takesUpdates, pricesOf: () => undefined };
  const think = thinking(readCall("id", caller, bytes), { ...asking, headers: new Headers() });
  const { call, decision, updates } = think(target, spent);
  const lane = laneFor({
    ...{ call, target, updates, foreign, strict: false, createdAt: 0, origin: "x" },
    sealer: { open: () => undefined, seal: () => "" },
    keep: (token) => token,
  });
  const text = Buffer.concat(lane.body).toString();
  const sent = JSON.parse(text) as Obj;
  const items = sent[protocol === "responses" ? "input" : "messages"];
  return { items: Array.isArray(items) ? items : [], body: sent, text, level: decision?.level };
}

function effortOf({ body: { reasoning, output_config } }: Sent): Json | undefined {
  return ((reasoning ?? output_config) as Obj | undefined)?.effort;
}

function updatesIn({ items }: Sent): readonly [at: number, level: Json | undefined][] {
  return items.flatMap((item, at) => {
    const { type, content, reasoning, output_config } = item as Obj;
    const isUpdate = type === "configuration_update" || (Array.isArray(content) && content.length === 0);
    return isUpdate ? [[at, ((reasoning ?? output_config) as Obj).effort] as const] : [];
  });
}

const step = fc.constantFrom<Step>(edit, failed, passed, look, user("yes"), user("commit and push"), asked);

describe.each(crossings)("%s", (...crossing) => {
  const [, caller, , , , member] = crossing;

  it("the items of a call begin with all that the call before it sent", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 14 }), (steps) => {
        const all = [asked, ...withAnswers(steps)];
        let before: Sent | undefined;
        for (let end = 1; end <= all.length; end++) {
          if (!asksForAnswer(all, end)) continue;
          const now = send(crossing, body(caller, all.slice(0, end)));
          if (before !== undefined) {
            expect(effortOf(now)).toBe(effortOf(before));
            expect(inside(now, member).startsWith(inside(before, member))).toBe(true);
          }
          before = now;
        }
      }),
      { numRuns: 40 },
    );
  });

  it("the last update is the level that is told, and no two stand side by side", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const sent = send(crossing, body(caller, [asked, ...withAnswers(steps)]));
        const updates = updatesIn(sent);
        if (asksForAnswer([asked, ...withAnswers(steps)])) {
          expect(updates.at(-1)?.[1] ?? effortOf(sent)).toBe(sent.level);
        }
        for (const [index, [at]] of updates.entries()) {
          expect(at - (updates[index - 1]?.[0] ?? -2)).toBeGreaterThan(1);
        }
      }),
    );
  });

  it("neither a spent budget nor a body written otherwise moves what was sent", () => {
    const steps = body(caller, [asked, edit, passed, look, said, user("yes"), edit, passed]);
    const usual = send(crossing, steps);
    expect(updatesIn(usual).length).toBeGreaterThan(0);
    expect(send(crossing, steps, { spent: 1 })).toEqual(usual);
    expect(send(crossing, steps, { policy: { mode: "fill" } })).toEqual(usual);
  });
});

describe("where they stand", () => {
  const [toOpenAI, , toAnthropic] = crossings;

  it("before the answer that they are for: amid a loop at OpenAI", () => {
    const sent = send(toOpenAI, body("responses", [asked, edit, passed]));
    expect(effortOf(sent)).toBe("high");
    const [[at, level] = [-1, undefined]] = updatesIn(sent);
    expect(level).toBe("low");
    expect(sent.items[at - 1]).toMatchObject({ type: "function_call_output" });
  });

  it("where a user speaks, at Anthropic", () => {
    const sent = send(toAnthropic, body("messages", [asked, edit, passed, said, user("yes"), edit, passed]));
    const updates = updatesIn(sent);
    expect(updates.length).toBe(1);
    expect(sent.items[(updates[0]?.[0] ?? 0) - 1]).toMatchObject({ role: "user", content: [{ text: "yes" }] });
  });

  it("never behind a wish to have the history compacted, which must be last", () => {
    const { input } = body("responses", [asked, edit, passed]);
    const sent = send(toOpenAI, { input: [...(input as Json[]), { type: "compaction_trigger" }] });
    expect(sent.items.at(-1)).toEqual({ type: "compaction_trigger" });
  });

  it("behind a compacted history anew, as it has lost those within it", () => {
    const { input } = body("responses", [asked]);
    const sent = send(toOpenAI, { input: [{ type: "compaction", encrypted_content: "x" }, ...(input as Json[])] });
    expect(updatesIn(sent)).toEqual([[2, effortOf(sent)]]);
  });

  it("whatever goes of what another account has made: places are those of the caller's items", () => {
    const proof = { type: "reasoning", summary: [], encrypted_content: "made elsewhere" };
    const [first, ...rest] = body("responses", [asked, edit, passed, said, asked]).input as Json[];
    const [call, output, ...more] = rest;
    const input = [first, proof, call, output, proof, ...more] as Json[];
    const usual = send(toOpenAI, { input });
    const sent = send(toOpenAI, { input }, { foreign: [[0, 4]] });
    expect(usual.text.split("made elsewhere").length).toBe(3);
    expect(sent.text.split("made elsewhere").length).toBe(2);
    expect(updatesIn(sent).map(([, level]) => level)).toEqual(updatesIn(usual).map(([, level]) => level));
    for (const [at] of updatesIn(sent)) {
      expect((sent.items[at - 1] as Obj).type).not.toMatch(/^(?:reasoning|function_call)$/);
    }
  });

  it("and the rest of a relayed body is untouched", () => {
    const steps = body("responses", [asked, edit, passed]);
    const sent = send(toOpenAI, { ...steps, metadata: { n: "1" } });
    const kept = sent.items.filter((item) => (item as Obj).type !== "configuration_update");
    expect(kept).toEqual(steps.input);
    expect(sent.text).toContain('"metadata": {\n  "n": "1"\n }');
  });
});

describe("none are put in", () => {
  const steps = [asked, edit, passed, user("yes")];
  const conversation = body("responses", steps);
  const none = (place: Parameters<typeof send>[0], more: Obj = {}) => {
    return updatesIn(send(place, { ...conversation, ...more })).filter(([, level]) => level !== "max");
  };

  it.each([
    ["in pro mode", { reasoning: { mode: "pro" } }],
    ["where the provider compacts by itself", { context_management: [{ type: "compaction" }] }],
    ["where it cuts the history", { truncation: "auto" }],
  ])("%s", (_, more) => {
    expect(none(["", "responses", "openai", "responses", "gpt-6-sol", "input"], more)).toEqual([]);
  });

  it("among items that are sent to be compacted", () => {
    const sent = send(["", "responses", "openai", "responses", "gpt-6-sol", "input"], conversation, {
      takesUpdates: false,
    });
    expect(updatesIn(sent)).toEqual([]);
    expect(effortOf(sent)).toBe(sent.level);
  });

  it("where the caller puts in its own", () => {
    const own = { type: "configuration_update", reasoning: { effort: "max" } };
    const input = [...(conversation.input as Json[]), own];
    expect(none(["", "responses", "openai", "responses", "gpt-6-sol", "input"], { input })).toEqual([]);
  });

  it.each([
    ["a model that refuses them", ["", "responses", "openai", "responses", "gpt-6-astra-pro", "input"]],
    ["a server that may not know them", ["", "responses", "openrouter", "responses", "openai/gpt-6-sol", "input"]],
    [
      "the model behind another protocol",
      ["", "responses", "openrouter", "chat", "anthropic/claude-opus-5", "messages"],
    ],
  ] as const)("for %s", (_, place) => {
    expect(none(place)).toEqual([]);
  });
});

describe("Anthropic's betas", () => {
  const [updates, binding] = ["mid-conversation-output-config-2026-07-01", "thinking-binding-controls-2026-08-01"];
  const to = (model: string, protocol: ProtocolId = "messages") => ({ protocol, model });

  it("are named once, beside the caller's own", () => {
    expect(withUpdatesBeta({}, to("claude-opus-5"), [])).toEqual({ "anthropic-beta": updates });
    const all = withUpdatesBeta({ "anthropic-beta": "a, b" }, to("claude-opus-5-5"), []);
    expect(all).toEqual({ "anthropic-beta": `a,b,${updates},${binding}` });
    expect(withUpdatesBeta(all, to("claude-opus-5-5"), [])).toEqual(all);
  });

  it("are no word where nothing is put in, or for others", () => {
    expect(withUpdatesBeta({}, to("claude-opus-5"), undefined)).toEqual({});
    expect(withUpdatesBeta({}, to("gpt-6-sol", "responses"), [])).toEqual({});
  });
});

describe("a model that binds its thoughts to what stands before them", () => {
  const drops = { type: "adaptive", block_binding: { prefix_mismatch_behavior: "drop_block" } };
  const bound = ["", "messages", "anthropic", "messages", "claude-opus-5-5", "messages"] as const;
  const conversation = body("messages", [asked, edit, passed]);

  it("is told to drop them rather than to refuse a conversation that was begun without us, on both lanes", () => {
    expect(send(bound, conversation).body.thinking).toEqual(drops);
    const shown = { ...conversation, thinking: { type: "adaptive", display: "summarized" } };
    expect(send(bound, shown).body.thinking).toEqual({ ...drops, display: "summarized" });
    const crossed = ["", "responses", "anthropic", "messages", "claude-opus-5-5", "messages"] as const;
    expect(send(crossed, body("responses", [asked])).body.thinking).toMatchObject(drops);
  });

  it("but where the caller has said what is to become of them, or nothing is thought", () => {
    const own = { type: "adaptive", block_binding: { prefix_mismatch_behavior: "error" } };
    expect(send(bound, { ...conversation, thinking: own }).body.thinking).toEqual(own);
    const between = ["", "messages", "anthropic", "messages", "claude-sonnet-5-5", "messages"] as const;
    const off = { type: "between_tools" };
    expect(send(between, { ...conversation, thinking: off }).body.thinking).toEqual(off);
  });

  it("and no other is told anything of it", () => {
    expect(send(crossings[2], conversation).body.thinking).toBeUndefined();
  });
});

/** Between two of a user's turns stands an answer, as agents have it. */
function withAnswers(steps: readonly Step[]): Step[] {
  return steps.flatMap((each) => (each.type === "user" ? [said, each] : [each]));
}

/** Only then is a call made: a conversation that ends with the model's own words asks for nothing. */
function asksForAnswer(steps: readonly Step[], end = steps.length): boolean {
  return steps[end - 1]?.type !== "answer";
}

/** The bytes of the items, from the first to the last. */
function inside({ text }: Sent, member: string): string {
  const bytes = Buffer.from(text);
  const span = members(bytes).spans.get(member);
  const found = span === undefined ? [] : elements(bytes, span);
  return bytes.subarray(found[0]?.start ?? 0, found.at(-1)?.end ?? 0).toString();
}
