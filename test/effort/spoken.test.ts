/** What is written into a call, so that the model which gets it takes it. */
import { describe, expect, it } from "vitest";
import { readCall } from "../../src/call.ts";
import type { Obj } from "../../src/canon/json.ts";
import type { ProtocolId } from "../../src/canon/request.ts";
import type { TeamSettings } from "../../src/teams/records.ts";
import { thinking } from "../../src/think.ts";

const question = "Why does the parser lose the last token of each line? ".repeat(8);

function thought(
  protocol: ProtocolId,
  [provider, spoken, model]: readonly [string, ProtocolId, string],
  more: Obj = {},
  policy?: TeamSettings["effort"],
) {
  const asked = {
    responses: { input: question },
    chat: { messages: [{ role: "user", content: question }] },
    messages: { max_tokens: 20_000, messages: [{ role: "user", content: question }] },
    gemini: { contents: [{ role: "user", parts: [{ text: question }] }] },
  }[protocol];
  const bytes = new TextEncoder().encode(JSON.stringify({ model, ...asked, ...more }));
  const call = readCall("id", protocol, bytes);
  const asking = { headers: new Headers(), isSuffixed: policy === undefined, takesUpdates: true };
  const think = thinking(call, { ...asking, policy, pricesOf: () => undefined });
  const told = think({ provider: { id: provider }, protocol: spoken, model });
  expect(JSON.parse(Buffer.from(told.call.bytes).toString())).toEqual(told.call.body);
  return told;
}

describe("a model that takes a number of tokens", () => {
  it("of Google's is told one in place of a level", () => {
    const config = { temperature: 1, thinkingConfig: { thinkingLevel: "auto", includeThoughts: true } };
    const { call, decision } = thought("gemini", ["gemini", "gemini", "gemini-2.5-pro"], { generationConfig: config });
    expect(decision?.level).toBe("high");
    expect(call.body.generationConfig).toEqual({
      temperature: 1,
      thinkingConfig: { includeThoughts: true, thinkingBudget: Math.floor(0.6 * 32_768) },
    });
  });

  const haiku = ["anthropic", "messages", "claude-haiku-4-5"] as const;

  it("of Anthropic's is told one that leaves room for the answer", () => {
    const thinkingNow = { type: "enabled", budget_tokens: 5000 };
    const { call } = thought("messages", haiku, { thinking: thinkingNow, output_config: { effort: "auto" } });
    expect(call.body.thinking).toEqual({ type: "enabled", budget_tokens: 19_999 });
    expect(call.body.output_config).toEqual({});
    const short = thought("messages", haiku, { thinking: thinkingNow, max_tokens: 3000 });
    expect(short.call.body.thinking).toEqual({ type: "enabled", budget_tokens: 2999 });
  });

  it("and does not think yet is left alone, as amid a loop it could not begin to", () => {
    const { call, decision } = thought("messages", haiku, { output_config: { effort: "auto" } });
    expect(call.body).toMatchObject({ output_config: {} });
    expect(call.body.thinking).toBeUndefined();
    expect(decision).toBeUndefined();
  });
});

describe("a level that the model or the call rules out is another one", () => {
  it.each([
    ["max on Chat", "chat", ["openai", "chat", "gpt-5.6-sol"], {}, "xhigh"],
    ["max on Responses", "responses", ["openai", "responses", "gpt-5.6-sol"], {}, "max"],
    [
      "xhigh where thinking is off",
      "messages",
      ["anthropic", "messages", "claude-haiku-5-5"],
      { thinking: { type: "disabled" } },
      "high",
    ],
  ] as const)("%s", (_, protocol, target, more, level) => {
    expect(thought(protocol, target, more, { mode: "override", level: "max" }).decision?.level).toBe(level);
  });

  it("of a model that nobody knows only three are sure, unless the caller knows better", () => {
    const unknown = ["compatible", "chat", "some-model"] as const;
    const hard = { messages: [{ role: "user", content: `${question} `.repeat(2000) }] };
    expect(["low", "medium", "high"]).toContain(thought("chat", unknown, hard).decision?.level);
    expect(thought("chat", unknown, { reasoning_effort: "xhigh" }, { mode: "fill" }).decision?.level).toBe("xhigh");
  });
});
