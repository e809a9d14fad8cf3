/** A wish for reasoning in each model's words: the table of wire.md C.9, and what is said of a value that changed. */
import { describe, expect, it } from "vitest";
import { type Effort, efforts, type ProtocolId, type ReasoningOptions } from "../../src/canon/request.ts";
import { dial } from "../../src/effort/dial.ts";
import { modelFacts } from "../../src/models/catalog.ts";

/** What each effort, from none to max, becomes. */
const table = [
  { model: "gpt-6-astra", protocol: "responses", efforts: "low low low medium high xhigh max" },
  { model: "gpt-6.1-sol", protocol: "responses", efforts: "low low low medium high xhigh max" },
  { model: "gpt-6-luna", protocol: "responses", efforts: "none low low medium high xhigh max" },
  { model: "gpt-5.6-terra", protocol: "chat", efforts: "none low low medium high xhigh xhigh" },
  { model: "gpt-5.5", protocol: "responses", efforts: "none low low medium high xhigh xhigh" },
  { model: "gpt-5.1-codex", protocol: "responses", efforts: "none low low medium high high high" },
  { model: "gpt-5-mini", protocol: "responses", efforts: "minimal minimal low medium high high high" },
  { model: "o3", protocol: "chat", efforts: "low low low medium high high high" },
  { model: "gemini-3-pro", protocol: "gemini", efforts: "low low low medium high high high" },
  { model: "gemini-3.7-flash", protocol: "gemini", efforts: "low low low medium high high high" },
  { model: "gemini-3.5-flash", protocol: "gemini", efforts: "minimal minimal low medium high high high" },
  { model: "gemini-4-hydrogen", protocol: "gemini", efforts: "low low low medium high xhigh xhigh" },
] as const satisfies { model: string; protocol: ProtocolId; efforts: string }[];

describe("levels", () => {
  for (const { model, protocol, efforts: expected } of table) {
    it(`${model} on ${protocol}`, () => {
      const got = efforts.map((effort) => set(model, protocol, { effort }));
      expect(got.map(({ reasoning }) => reasoning?.effort).join(" ")).toBe(expected);
      const reported = got.map(({ changes }, at) => changes.map(({ change }) => change).join() || efforts[at]);
      const said = expected.split(" ").map((level, at) => (level === efforts[at] ? level : `${efforts[at]}>${level}`));
      expect(reported).toEqual(said);
    });
  }

  it("keeps the summary", () => {
    const { reasoning } = set("gpt-5.5", "responses", { effort: "high", summary: "auto" });
    expect(reasoning).toEqual({ effort: "high", summary: "auto" });
  });

  it("adds nothing where nothing was asked", () => {
    for (const model of ["gpt-5.5", "claude-opus-5-5", "claude-haiku-4-5", "gemini-2.5-pro", "gemini-3-pro"]) {
      expect(set(model, "messages", { summary: "auto" })).toEqual({ reasoning: { summary: "auto" }, changes: [] });
    }
  });

  it("passes to a model that is not known", () => {
    expect(set("llama-9", "chat", { effort: "xhigh" })).toEqual({ reasoning: { effort: "xhigh" }, changes: [] });
    expect(set("gpt-5.9", "responses", { effort: "max" }).reasoning).toEqual({ effort: "max" });
  });

  it("asks nothing of a model that does not reason", () => {
    expect(set("gpt-4.1-mini", "chat", { effort: "high", summary: "auto" })).toEqual({
      changes: [{ field: "reasoning.effort", change: "dropped" }],
    });
    expect(set("gpt-4o", "responses", { summary: "auto" }).changes).toEqual([
      { field: "reasoning.summary", change: "dropped" },
    ]);
    expect(set("gpt-4o", "responses", { effort: "none" })).toEqual({ changes: [] });
  });
});

describe("Claude, adaptive", () => {
  const off = [
    { model: "claude-opus-5", reasoning: { mode: "off" }, change: undefined },
    { model: "claude-sonnet-4-6", reasoning: { mode: "off" }, change: undefined },
    { model: "claude-sonnet-5-5", reasoning: { mode: "between_tools" }, change: "none>between_tools" },
    { model: "claude-opus-5-5", reasoning: { mode: "adaptive", effort: "low" }, change: "none>low" },
    { model: "claude-fable-5-1", reasoning: { mode: "adaptive", effort: "low" }, change: "none>low" },
  ] as const;
  for (const { model, reasoning, change } of off) {
    it(`none on ${model}`, () => {
      const changes = change === undefined ? [] : [{ field: "reasoning.effort", change }];
      expect(set(model, "messages", { effort: "none" })).toEqual({ reasoning, changes });
      expect(set(model, "messages", { mode: "off" })).toEqual({ reasoning, changes });
    });
  }

  it("has xhigh from 4.7 on", () => {
    expect(set("claude-opus-4-8", "messages", { effort: "xhigh" }).reasoning).toEqual({
      mode: "adaptive",
      effort: "xhigh",
    });
    expect(set("claude-opus-4-6", "messages", { effort: "xhigh" })).toEqual({
      reasoning: { mode: "adaptive", effort: "high" },
      changes: [{ field: "reasoning.effort", change: "xhigh>high" }],
    });
    expect(set("claude-opus-4-6", "messages", { effort: "max" }).reasoning?.effort).toBe("max");
  });

  it("limits the effort while thinking is off", () => {
    expect(set("claude-haiku-5-5", "messages", { mode: "off", effort: "max" })).toEqual({
      reasoning: { mode: "off", effort: "high" },
      changes: [{ field: "reasoning.effort", change: "max>high" }],
    });
    expect(set("claude-sonnet-5-5", "messages", { mode: "between_tools", effort: "xhigh" }).reasoning).toEqual({
      mode: "between_tools",
      effort: "high",
    });
    expect(set("claude-opus-4-8", "messages", { mode: "off", effort: "max" }).reasoning?.effort).toBe("max");
  });

  it("thinks between tools only where it can", () => {
    expect(set("claude-opus-5-5", "messages", { mode: "between_tools", effort: "high" })).toEqual({
      reasoning: { mode: "adaptive", effort: "high" },
      changes: [{ field: "reasoning.mode", change: "between_tools>adaptive" }],
    });
  });

  it("turns a budget into a level", () => {
    expect(set("claude-opus-5", "messages", { mode: "budget", budget: 10_000 }, 32_000)).toEqual({
      reasoning: { mode: "adaptive", effort: "medium" },
      maxOutput: 32_000,
      changes: [{ field: "reasoning.budget", change: "10000>medium" }],
    });
  });

  it("stays without a level that was not asked", () => {
    expect(set("claude-opus-5", "messages", { mode: "adaptive" })).toEqual({
      reasoning: { mode: "adaptive" },
      changes: [],
    });
  });
});

describe("budgets", () => {
  const budgets = [
    {
      model: "claude-haiku-4-5",
      protocol: "messages",
      tokens: [undefined, 1280, 6400, 19_200, 38_400, 57_600, 60_800],
    },
    { model: "claude-opus-4-1", protocol: "messages", tokens: [undefined, 1024, 3200, 9600, 19_200, 28_800, 30_400] },
    { model: "gemini-2.5-flash", protocol: "gemini", tokens: [undefined, 1024, 2457, 7372, 14_745, 22_118, 23_347] },
    { model: "gemini-2.5-pro", protocol: "gemini", tokens: [128, 1024, 3276, 9830, 19_660, 29_491, 31_129] },
  ] as const;
  for (const { model, protocol, tokens } of budgets) {
    it(model, () => {
      const got = efforts.map((effort) => set(model, protocol, { effort }).reasoning);
      expect(got.map((reasoning) => reasoning?.budget)).toEqual(tokens);
      expect(got.map((reasoning) => reasoning?.mode)).toEqual(tokens.map((n) => (n === undefined ? "off" : "budget")));
      expect(got.every((reasoning) => reasoning?.effort === undefined)).toBe(true);
    });
  }

  it("says that Gemini 2.5 Pro cannot be off", () => {
    expect(set("gemini-2.5-pro", "gemini", { effort: "none" }).changes).toEqual([
      { field: "reasoning.effort", change: "none>128" },
    ]);
  });

  it("makes room below the bound of the answer, up to the longest", () => {
    expect(set("claude-haiku-4-5", "messages", { effort: "low" }, 1000)).toEqual({
      reasoning: { mode: "budget", budget: 6400 },
      maxOutput: 7400,
      changes: [{ field: "maxOutput", change: "1000>7400" }],
    });
    const most = set("claude-opus-4-1", "messages", { effort: "max" }, 30_000);
    expect(most).toMatchObject({ reasoning: { budget: 30_400 }, maxOutput: 32_000 });
    expect(set("claude-haiku-4-5", "messages", { effort: "low" }, 6401).maxOutput).toBe(6401);
    expect(set("claude-haiku-4-5", "messages", { effort: "low" }, 6400).maxOutput).toBe(12_800);
  });

  it("keeps a caller's own number, within what is allowed", () => {
    const own = (budget: number, model: string, protocol: ProtocolId) =>
      set(model, protocol, { mode: "budget", budget }, 20_000);
    expect(own(5000, "claude-sonnet-4-5", "messages").reasoning?.budget).toBe(5000);
    expect(own(10, "claude-sonnet-4-5", "messages")).toMatchObject({
      reasoning: { budget: 1024 },
      changes: [{ field: "reasoning.budget", change: "10>1024" }],
    });
    expect(own(99_000, "gemini-2.5-flash", "gemini").reasoning?.budget).toBe(24_576);
  });

  it("takes adaptive thinking for Anthropic's own default", () => {
    expect(set("claude-haiku-4-5", "messages", { mode: "adaptive" }).reasoning?.budget).toBe(38_400);
  });
});

describe("from one protocol's words to another's", () => {
  const shares: [number, Effort][] = [
    [1000, "low"],
    [4000, "low"],
    [9000, "medium"],
    [15_000, "high"],
    [19_000, "xhigh"],
  ];
  for (const [budget, effort] of shares) {
    it(`${budget} of 20000 tokens are ${effort} to OpenAI`, () => {
      const { reasoning, changes } = set("gpt-5.5", "responses", { mode: "budget", budget }, 20_000);
      expect(reasoning).toEqual({ effort });
      expect(changes).toEqual([{ field: "reasoning.budget", change: `${budget}>${effort}` }]);
    });
  }

  it("off is none", () => {
    expect(set("gpt-5.5", "responses", { mode: "off", effort: "high" }).reasoning).toEqual({ effort: "none" });
    expect(set("llama-9", "chat", { mode: "off" }).reasoning).toEqual({ effort: "none" });
    expect(set("kimi-k9", "messages", { effort: "none" }).reasoning).toEqual({ mode: "off" });
  });

  it("adaptive without a level is the model's own default", () => {
    expect(set("gpt-5.5", "responses", { mode: "adaptive", summary: "auto" })).toEqual({
      reasoning: { summary: "auto" },
      changes: [],
    });
  });

  it("a Claude behind a compatible server is asked in that protocol's words", () => {
    expect(set("anthropic/claude-opus-5-5", "chat", { effort: "max" })).toEqual({
      reasoning: { effort: "max" },
      changes: [],
    });
  });
});

function set(model: string, protocol: ProtocolId, wanted: ReasoningOptions, maxOutput?: number) {
  return dial(modelFacts(model), protocol, wanted, maxOutput);
}
