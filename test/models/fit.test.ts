/** A request as one model accepts it: wire.md B.3.7, B.3.8, C.1, C.7, C.13 and C.14. */
import { describe, expect, it } from "vitest";
import type { Obj } from "../../src/canon/json.ts";
import type { Block, CanonRequest, ProtocolId, Turn } from "../../src/canon/request.ts";
import { Fault } from "../../src/fault.ts";
import { modelFacts } from "../../src/models/catalog.ts";
import { fitModel } from "../../src/models/fit.ts";

const words = (text: string): Block[] => [{ type: "text", text }];
const user = (text: string): Turn => ({ role: "user", blocks: words(text) });
const system = (text: string): Turn => ({ role: "system", blocks: words(text) });
const assistant = (text: string): Turn => ({ role: "assistant", blocks: words(text) });
const call: Turn = {
  role: "assistant",
  blocks: [{ type: "call", id: "c1", kind: "function", name: "look", input: "{}" }],
};
const result: Turn = {
  role: "tool",
  blocks: [{ type: "result", callId: "c1", kind: "function", blocks: words("seen") }],
};
const signed: Turn = {
  role: "assistant",
  blocks: [{ type: "reasoning", summary: ["hm"], native: { protocol: "messages", value: "s", kind: "signature" } }],
};

function fitted(model: string, protocol: ProtocolId, request: Partial<CanonRequest>) {
  const lost: string[] = [];
  const whole: CanonRequest = { model, stream: true, turns: [user("hello")], ...request };
  const fit = fitModel(whole, modelFacts(model), protocol, (field, change = "dropped") =>
    lost.push(`${field}=${change}`),
  );
  return { fit, lost };
}

function refusal(model: string, protocol: ProtocolId, request: Partial<CanonRequest>): Fault {
  try {
    fitted(model, protocol, request);
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
  }
  throw new Error("it was not refused");
}

describe("what is for Anthropic only", () => {
  const billing = words("x-anthropic-billing-header: cc_version=2.1.0; cc_entrypoint=cli;");
  const ofClaudeCode = { instructions: [...billing, ...words("Be brief.")], ext: { messages: {} } };

  it("Claude Code's billing header goes to no other provider, and nobody is told", () => {
    for (const [model, protocol] of [
      ["gpt-5.5", "responses"],
      ["some-model", "chat"],
      ["gemini-3-pro", "gemini"],
    ] as const) {
      const { fit, lost } = fitted(model, protocol, ofClaudeCode);
      expect(fit.instructions).toEqual(words("Be brief."));
      expect(lost).toEqual([]);
      expect(fitted(model, protocol, { ...ofClaudeCode, instructions: billing }).fit).not.toHaveProperty(
        "instructions",
      );
    }
    expect(fitted("claude-opus-5", "messages", ofClaudeCode).fit.instructions).toEqual(ofClaudeCode.instructions);
  });

  it("a prompt that only begins like the header stays", () => {
    const instructions = words("x-anthropic-billing-header: a;\nBe brief.");
    expect(fitted("gpt-5.5", "responses", { ...ofClaudeCode, instructions }).fit.instructions).toEqual(instructions);
  });

  it("limits of a web search are reported, and its filters refused", () => {
    const search = (own: Obj) => ({
      tools: [{ type: "web_search", live: true, ext: { messages: { type: "web_search_20250305", ...own } } }] as const,
    });
    expect(fitted("gpt-5.5", "responses", search({ max_uses: 3, blocked_domains: null })).lost).toEqual([
      "tools[0].max_uses=dropped",
    ]);
    expect(fitted("claude-opus-5", "messages", search({ max_uses: 3, blocked_domains: ["a.example"] })).lost).toEqual(
      [],
    );
    expect(refusal("gpt-5.5", "responses", search({ blocked_domains: ["a.example"] }))).toMatchObject({
      kind: "unsupported",
      param: "tools[0].blocked_domains",
    });
  });
});

describe("the bound of the answer", () => {
  it("is filled for messages, where it is required", () => {
    expect(fitted("claude-opus-5-5", "messages", {})).toMatchObject({ fit: { maxOutput: 128_000 }, lost: [] });
    expect(fitted("claude-opus-4-1-20250805", "messages", {}).fit.maxOutput).toBe(32_000);
    expect(fitted("kimi-k9", "messages", {}).fit.maxOutput).toBe(32_000);
    expect(fitted("gpt-5.5", "responses", {}).fit.maxOutput).toBeUndefined();
  });

  it("is cut to the model's longest answer", () => {
    expect(fitted("claude-haiku-4-5", "messages", { maxOutput: 100_000 })).toMatchObject({
      fit: { maxOutput: 64_000 },
      lost: ["maxOutput=100000>64000"],
    });
    expect(fitted("kimi-k9", "messages", { maxOutput: 100_000 }).fit.maxOutput).toBe(100_000);
  });

  it("is raised to the least that OpenAI's Responses API takes", () => {
    expect(fitted("gpt-5.5", "responses", { maxOutput: 1 })).toMatchObject({
      fit: { maxOutput: 16 },
      lost: ["maxOutput=1>16"],
    });
    expect(fitted("gpt-5.5", "chat", { maxOutput: 1 }).fit.maxOutput).toBe(1);
  });
});

describe("reasoning", () => {
  it("is dialled, and what changed is reported", () => {
    expect(fitted("gpt-5.1", "responses", { reasoning: { effort: "max", summary: "auto" } })).toMatchObject({
      fit: { reasoning: { effort: "high", summary: "auto" } },
      lost: ["reasoning.effort=max>high"],
    });
    expect(fitted("gpt-4o", "chat", { reasoning: { effort: "low" } }).fit).not.toHaveProperty("reasoning");
    expect(fitted("claude-haiku-4-5", "messages", { reasoning: { effort: "low" }, maxOutput: 500 })).toMatchObject({
      fit: { maxOutput: 6900, reasoning: { mode: "budget", budget: 6400 } },
      lost: ["maxOutput=500>6900"],
    });
  });

  it("gives way to a forced call where both are refused", () => {
    const request: Partial<CanonRequest> = {
      toolChoice: { mode: "required" },
      reasoning: { effort: "high" },
      maxOutput: 9,
    };
    for (const model of ["claude-sonnet-4-5", "claude-opus-4-6"]) {
      expect(fitted(model, "messages", request)).toMatchObject({
        fit: { reasoning: { mode: "off" }, maxOutput: 9, toolChoice: { mode: "required" } },
        lost: ["reasoning.effort=high>none"],
      });
    }
    expect(fitted("claude-opus-5", "messages", request).fit.reasoning).toEqual({ mode: "adaptive", effort: "high" });
    expect(fitted("claude-sonnet-4-5", "messages", { ...request, reasoning: { mode: "off" } }).lost).toEqual([]);
  });

  it("is off amid a tool loop of an older Claude whose signed thinking was lost", () => {
    const reasoning = { effort: "high" } as const;
    const loop = { reasoning, turns: [user("go"), call, result] };
    expect(fitted("claude-sonnet-4-5", "messages", loop)).toMatchObject({
      fit: { reasoning: { mode: "off" } },
      lost: ["reasoning.effort=high>none"],
    });
    const whole = { reasoning, turns: [user("go"), signed, call, result] };
    expect(fitted("claude-sonnet-4-5", "messages", whole).fit.reasoning?.mode).toBe("budget");
    const second = { reasoning, turns: [user("go"), signed, call, result, call, result] };
    expect(fitted("claude-sonnet-4-5", "messages", second).fit.reasoning?.mode).toBe("off");
    const over = { reasoning, turns: [user("go"), call, result, assistant("done"), user("more")] };
    expect(fitted("claude-sonnet-4-5", "messages", over).fit.reasoning?.mode).toBe("budget");
    expect(fitted("claude-opus-4-6", "messages", loop).fit.reasoning?.mode).toBe("adaptive");
  });
});

describe("sampling", () => {
  const asked = { temperature: 0.3, topP: 0.9, topK: 40, presencePenalty: 0.5, frequencyPenalty: 0.5 };
  const all = ["temperature", "topP", "topK", "presencePenalty", "frequencyPenalty"].map((field) => `${field}=dropped`);

  it("is dropped and reported where the model refuses it", () => {
    for (const [model, protocol] of [
      ["gpt-5-mini", "chat"],
      ["gpt-6.1-sol", "responses"],
      ["claude-sonnet-5", "messages"],
    ] as const) {
      const { fit, lost } = fitted(model, protocol, asked);
      expect(lost).toEqual(all);
      expect(Object.keys(fit)).not.toContain("temperature");
      expect(Object.keys(fit)).not.toContain("frequencyPenalty");
    }
  });

  it("is dropped in silence where it says what holds anyway", () => {
    const usual = { temperature: 1, topP: 1, presencePenalty: 0, frequencyPenalty: 0 };
    const { fit, lost } = fitted("claude-opus-5-5", "messages", usual);
    expect(lost).toEqual([]);
    expect(fit).not.toHaveProperty("temperature");
    expect(fit).not.toHaveProperty("presencePenalty");
  });

  it("stays where it is accepted, zero included", () => {
    expect(fitted("llama-9", "chat", { ...asked, temperature: 0 })).toMatchObject({
      fit: { ...asked, temperature: 0 },
      lost: [],
    });
    expect(fitted("gemini-3-pro", "gemini", asked)).toMatchObject({ fit: asked, lost: [] });
    expect(fitted("claude-haiku-4-5", "messages", { temperature: 0 })).toMatchObject({
      fit: { temperature: 0 },
      lost: [],
    });
  });

  it("depends on the reasoning of the same request", () => {
    const temperature = 0.3;
    expect(fitted("gpt-5.5", "responses", { temperature, reasoning: { effort: "none" } }).fit.temperature).toBe(0.3);
    expect(fitted("gpt-5.5", "responses", { temperature }).lost).toEqual(["temperature=dropped"]);
    expect(fitted("claude-haiku-4-5", "messages", { temperature, reasoning: { effort: "low" } }).lost).toEqual([
      "temperature=dropped",
    ]);
    expect(fitted("claude-haiku-4-5", "messages", { temperature, reasoning: { effort: "none" } }).fit.temperature).toBe(
      0.3,
    );
  });

  it("ends at 1 for Anthropic", () => {
    expect(fitted("claude-haiku-4-5", "messages", { temperature: 1.5 })).toMatchObject({
      fit: { temperature: 1 },
      lost: ["temperature=1.5>1"],
    });
  });
});

describe("what cannot be changed", () => {
  it("refuses a forced call on models without one", () => {
    for (const model of ["claude-opus-5-5", "claude-sonnet-5-5", "claude-fable-5", "claude-mythos-5-1"]) {
      const fault = refusal(model, "messages", {
        toolChoice: { mode: "required", only: [{ kind: "function", name: "look" }] },
      });
      expect(fault).toMatchObject({ kind: "unsupported", param: "toolChoice" });
    }
    const narrowed = { toolChoice: { mode: "auto", only: [{ kind: "function", name: "look" }] } } as const;
    expect(fitted("claude-opus-5-5", "messages", narrowed).fit.toolChoice).toEqual(narrowed.toolChoice);
    expect(fitted("claude-haiku-5-5", "messages", { toolChoice: { mode: "required" } }).lost).toEqual([]);
  });

  it("refuses a prefilled answer on models that continue none", () => {
    const turns = [user("count"), assistant("one, two,")];
    expect(refusal("claude-opus-4-6", "messages", { turns })).toMatchObject({ kind: "unsupported", param: "turns" });
    const thought: Turn = { role: "assistant", blocks: [...signed.blocks, ...words("one, two,")] };
    expect(refusal("claude-opus-5", "messages", { turns: [user("count"), thought] }).param).toBe("turns");
    expect(fitted("claude-haiku-4-5", "messages", { turns }).fit.turns).toEqual(turns);
    expect(fitted("gpt-5.5", "responses", { turns }).fit.turns).toEqual(turns);
  });

  it("leaves out the thoughts of an answer that broke off behind them, and says so", () => {
    const rest: Turn = { role: "assistant", blocks: signed.blocks };
    const { fit, lost } = fitted("claude-opus-5-5", "messages", { turns: [user("count"), rest] });
    expect(fit.turns).toEqual([user("count")]);
    expect(lost).toEqual(["turns[1]=dropped"]);
    expect(fitted("claude-haiku-4-5", "messages", { turns: [user("count"), rest] }).fit.turns).toHaveLength(2);
  });

  it("lets a paused turn go on", () => {
    const paused: Turn = { role: "assistant", blocks: [...words("I look"), { type: "search", id: "s", query: "q" }] };
    expect(fitted("claude-opus-5-5", "messages", { turns: [user("find"), paused] }).fit.turns).toHaveLength(2);
  });
});

describe("system turns", () => {
  const reminded = user("<system-reminder>\nbe brief\n</system-reminder>");
  const turns = [system("rules"), user("hi"), system("be brief")];

  it("amid the conversation become a user's where the model takes none", () => {
    for (const [model, protocol] of [
      ["claude-sonnet-5", "messages"],
      ["claude-opus-4-7", "messages"],
      ["gemini-3-pro", "gemini"],
      ["kimi-k9", "messages"],
    ] as const) {
      expect(fitted(model, protocol, { turns })).toMatchObject({
        fit: { turns: [system("rules"), user("hi"), reminded] },
        lost: ["turns.role=system>user"],
      });
    }
  });

  it("stay where the model takes them", () => {
    for (const [model, protocol] of [
      ["claude-opus-4-8", "messages"],
      ["claude-sonnet-5-5", "messages"],
      ["gpt-5.5", "responses"],
      ["llama-9", "chat"],
    ] as const) {
      expect(fitted(model, protocol, { turns })).toMatchObject({ fit: { turns }, lost: [] });
    }
  });

  it("need the user's side before them at Anthropic", () => {
    const behindAnswer = [user("hi"), assistant("hello"), system("be brief"), user("go")];
    expect(fitted("claude-opus-5-5", "messages", { turns: behindAnswer }).fit.turns[2]).toEqual(reminded);
    // canon/turns.ts moves the result up to its call, so that the system turn stands behind it.
    const amidCall = [user("hi"), call, system("be brief"), result];
    expect(fitted("claude-opus-5-5", "messages", { turns: amidCall }).fit.turns).toEqual(amidCall);
    const talking = [user("hi"), call, assistant("a moment"), system("be brief"), result];
    expect(fitted("claude-opus-5-5", "messages", { turns: talking }).fit.turns).toEqual(talking);
  });

  it("never change because of a later turn", () => {
    const long = [
      ...turns,
      assistant("a"),
      system("b"),
      user("c"),
      call,
      { ...system("d"), role: "developer" as const },
      result,
    ];
    for (const model of ["claude-sonnet-5", "claude-opus-5-5"]) {
      const whole = fitted(model, "messages", { turns: long }).fit.turns;
      for (let length = 2; length < long.length; length++) {
        if (long[length - 1]?.role === "assistant" && long[length - 1] !== call) continue;
        expect(fitted(model, "messages", { turns: long.slice(0, length) }).fit.turns).toEqual(whole.slice(0, length));
      }
    }
  });

  it("alone become the question", () => {
    expect(fitted("claude-opus-5-5", "messages", { turns: [system("do it")] })).toMatchObject({
      fit: { turns: [user("do it")] },
      lost: ["turns.role=system>user"],
    });
    const alone = fitted("gemini-3-pro", "gemini", { turns: [], instructions: words("do it") });
    expect(alone.fit.turns).toEqual([user("do it")]);
    expect(alone.fit).not.toHaveProperty("instructions");
    expect(alone.lost).toEqual(["instructions=system>user"]);
    expect(fitted("gpt-5.5", "responses", { turns: [system("do it")] })).toMatchObject({
      fit: { turns: [system("do it")] },
      lost: [],
    });
  });
});
