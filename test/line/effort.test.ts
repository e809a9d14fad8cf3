/** Adaptive effort as callers meet it: who chooses, what goes up, and what is told. */
import { describe, expect, it } from "vitest";
import { callsFor, gateway, teamAt } from "./gateway.ts";

const at = gateway();
const cases = [
  ["responses", "/v1/responses", "openai/gpt-5.5", ["reasoning", "effort"]],
  ["chat", "/v1/chat/completions", "openai/gpt-5.5", ["reasoning_effort"]],
  ["messages", "/v1/messages", "anthropic/claude-sonnet-5", ["output_config", "effort"]],
] as const;

function asking(caller: string, model: string, more: object = {}): object {
  const messages = [{ role: "user", content: "Why does this test fail on every second run?" }];
  if (caller === "responses") return { model, input: messages, ...more };
  return { model, messages, ...(caller === "messages" && { max_tokens: 4000 }), ...more };
}

function valueAt(path: readonly string[], body: unknown): unknown {
  return path.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], body);
}

function wish(path: readonly string[], word: string): object {
  return path.reduceRight<unknown>((value, name) => ({ [name]: value }), word) as object;
}

async function sentFor(model: string): Promise<Record<string, unknown>> {
  return (await callsFor(model.slice(model.indexOf("/") + 1))).at(-1)?.body ?? {};
}

describe("auto", () => {
  it.each(cases)(
    "from a %s caller becomes a level that the model takes, and says why",
    async (caller, path, model, where) => {
      const { post, team } = await teamAt(at, {});
      const answer = await post(path, asking(caller, model, wish(where, "auto")));
      expect(answer.status).toBe(200);
      const told = answer.headers.get("x-gearbox-effort") ?? "";
      expect(told).toMatch(/^(low|medium|high|xhigh); because=".+"; policy=1$/);
      const level = told.split(";")[0];
      expect(valueAt(where, await sentFor(model))).toBe(level);
      await at.idle();
      const [row] = (await at.deps.store.calls(team, undefined, 1)).items;
      expect(row).toMatchObject({ effort: level, detail: { effort_chosen: level } });
    },
  );

  it.each([
    ["a header", "openai/gpt-5.5", { "x-gearbox-effort": "auto" }],
    ["a name", "openai/gpt-5.5:auto", {}],
    ["a bare name", "gpt-5.5:auto", {}],
  ])("may be asked for by %s", async (_, model, headers) => {
    const { post } = await teamAt(at, {});
    const answer = await post("/v1/responses", asking("responses", model), headers);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-gearbox-model")).toBe("gpt-5.5");
    expect(answer.headers.get("x-gearbox-effort")).toContain("policy=1");
    expect(await sentFor("openai/gpt-5.5")).toMatchObject({
      model: "gpt-5.5",
      reasoning: { effort: expect.any(String) },
    });
  });

  it("crosses to another provider in its words", async () => {
    const { post } = await teamAt(at, {});
    const answer = await post(
      "/v1/responses",
      asking("responses", "anthropic/claude-sonnet-5", { reasoning: { effort: "auto" } }),
    );
    const level = answer.headers.get("x-gearbox-effort")?.split(";")[0];
    expect(await sentFor("anthropic/claude-sonnet-5")).toMatchObject({ output_config: { effort: level } });
  });

  it("of a model that does not reason asks for nothing", async () => {
    const { post } = await teamAt(at, {});
    const answer = await post("/v1/responses", asking("responses", "openai/gpt-4o", { reasoning: { effort: "auto" } }));
    expect(answer.status).toBe(200);
    expect(JSON.stringify(await sentFor("openai/gpt-4o"))).not.toContain("auto");
  });

  it("and nothing else is a word that is known", async () => {
    const { post } = await teamAt(at, {});
    const refused = await post("/v1/responses", asking("responses", "openai/gpt-5.5"), { "x-gearbox-effort": "huge" });
    expect(refused.status).toBe(400);
  });
});

describe("a team's policy", () => {
  const low = { reasoning: { effort: "low" } };

  it.each([
    ["off", { mode: "off" }, low, "low", null],
    ["fill, where the caller chose", { mode: "fill" }, low, "low", /^low; because="asked for"/],
    ["fill, where it did not", { mode: "fill" }, {}, /low|medium|high|xhigh/, /policy=1/],
    ["fill with a floor", { mode: "fill", floor: "high" }, low, "high", /^high/],
    [
      "override with a level",
      { mode: "override", level: "medium" },
      low,
      "medium",
      /^medium; because="set by the team"/,
    ],
    ["override with a ceiling", { mode: "override", ceiling: "low" }, {}, "low", /^low/],
    ["advise", { mode: "advise" }, low, "low", /^advice (low|medium|high|xhigh); /],
  ] as const)("%s", async (_, effort, more, sent, told) => {
    const { post } = await teamAt(at, { effort });
    const answer = await post("/v1/responses", asking("responses", "openai/gpt-5.5", more));
    const { reasoning } = (await sentFor("openai/gpt-5.5")) as { reasoning?: { effort?: string } };
    if (sent instanceof RegExp) expect(reasoning?.effort).toMatch(sent);
    else expect(reasoning?.effort).toBe(sent);
    const header = answer.headers.get("x-gearbox-effort");
    if (told === null) expect(header).toBeNull();
    else expect(header).toMatch(told);
  });
});

describe("amid a conversation", () => {
  const question = "Why does this test fail on every second run? ".repeat(10);
  const done = "Exit code: 0\n12 passed";
  const conversations = {
    responses: {
      input: [
        { role: "user", content: question },
        { type: "function_call", call_id: "call_1", name: "shell", arguments: '{"command":["npm test"]}' },
        { type: "function_call_output", call_id: "call_1", output: done },
        { role: "assistant", content: "It passes." },
        { role: "user", content: "yes" },
      ],
    },
    messages: {
      max_tokens: 4000,
      messages: [
        { role: "user", content: question },
        {
          role: "assistant",
          content: [{ type: "tool_use", id: "call_1", name: "Bash", input: { command: "npm test" } }],
        },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "call_1", content: done }] },
        { role: "assistant", content: [{ type: "text", text: "It passes." }] },
        { role: "user", content: "yes" },
      ],
    },
  } as const;

  it.each([
    ["responses", "/v1/responses", "openai/gpt-6-sol"],
    ["messages", "/v1/messages", "openai/gpt-6-sol"],
    ["messages", "/v1/messages", "anthropic/claude-opus-5"],
    ["messages", "/v1/messages", "anthropic/claude-opus-5-5"],
    ["responses", "/v1/responses", "anthropic/claude-fable-5-2"],
  ] as const)("what a %s caller at %s has put in for %s is taken", async (caller, path, model) => {
    const { post } = await teamAt(at, {});
    const answer = await post(path, { model: `${model}:auto`, ...conversations[caller] });
    expect(answer.status, await answer.clone().text()).toBe(200);
    expect(answer.headers.get("x-gearbox-effort")).toMatch(/^low; because="an acknowledgement"/);
    const sent = await sentFor(model);
    expect([valueAt(["reasoning", "effort"], sent), valueAt(["output_config", "effort"], sent)]).toContain("high");
    const items = (sent.input ?? sent.messages) as unknown[];
    const updates = items.map(
      (item) => valueAt(["reasoning", "effort"], item) ?? valueAt(["output_config", "effort"], item),
    );
    expect(updates.findLast((effort) => effort !== undefined)).toBe("low");
  });
});

it("the same conversation gets the same effort, and the body is touched nowhere else", async () => {
  const { post } = await teamAt(at, {});
  const body = asking("responses", "openai/gpt-5.5", {
    reasoning: { effort: "auto", summary: "auto" },
    metadata: { a: "1.0" },
    store: false,
  });
  const levels = new Set<string>();
  for (let time = 0; time < 3; time++) {
    levels.add((await post("/v1/responses", body)).headers.get("x-gearbox-effort") ?? "");
  }
  expect(levels.size).toBe(1);
  const sent = await sentFor("openai/gpt-5.5");
  expect(sent).toEqual({ ...body, model: "gpt-5.5", reasoning: { effort: expect.any(String), summary: "auto" } });
});
