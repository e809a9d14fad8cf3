/** The response cache as callers meet it: what hits, what never does, and what is told and charged. */
import { describe, expect, it } from "vitest";
import type { TeamSettings } from "../../src/teams/records.ts";
import { dataOf } from "./calls.ts";
import { callsFor, gateway, play, teamAt } from "./gateway.ts";

const at = gateway();
const words = { blocks: [{ text: "the answer that is kept" }], usage: { input: 1000, output: 100 } };
const keep = { "x-gearbox-cache": "ttl=3600" };

const callers = ["chat", "responses", "messages", "gemini"] as const;
type Caller = (typeof callers)[number];
const providers = ["compatible", "openai", "anthropic", "gemini"] as const;

function ask(caller: Caller, model: string, stream: boolean, more: object = {}): [string, object] {
  const messages = [{ role: "user", content: "Say it." }];
  switch (caller) {
    case "chat":
      return ["/v1/chat/completions", { model, messages, ...(stream && { stream }), ...more }];
    case "responses":
      return ["/v1/responses", { model, input: "Say it.", ...(stream && { stream }), ...more }];
    case "messages":
      return ["/v1/messages", { model, messages, max_tokens: 500, ...(stream && { stream }), ...more }];
    case "gemini": {
      const method = stream ? "streamGenerateContent?alt=sse" : "generateContent";
      return [
        `/v1beta/models/${model}:${method}`,
        { contents: [{ role: "user", parts: [{ text: "Say it." }] }], ...more },
      ];
    }
  }
}

async function read(answer: Response): Promise<{ state: string | null; text: string }> {
  const text = await answer.text();
  await at.idle();
  return { state: answer.headers.get("x-gearbox-cache"), text };
}

describe("an answer that is kept", () => {
  const pairs = callers.flatMap((caller) => providers.map((provider) => [caller, provider] as const));

  it.each(pairs)(
    "is given again to %s callers of %s, whole or as a stream, whichever it came as",
    async (caller, provider) => {
      for (const [first, second] of [
        [false, true],
        [true, false],
      ] as const) {
        const model = `${provider}/kept-${caller}-${provider}-${first}`;
        await play(model.split("/")[1] ?? "", words);
        const { post } = await teamAt(at, {});
        const made = await read(await post(...ask(caller, model, first), keep));
        const again = await read(await post(...ask(caller, model, second), keep));
        const same = await read(await post(...ask(caller, model, first), keep));
        expect([made.state, again.state, same.state]).toEqual(["miss", "hit", "hit"]);
        expect(await callsFor(model.split("/")[1] ?? "")).toHaveLength(1);
        expect(textOf(again.text)).toBe("the answer that is kept");
        expect(textOf(same.text)).toBe("the answer that is kept");
        for (const { text } of [again, same]) expect(text).not.toMatch(/"error":\s*[{"]/);
      }
    },
  );

  it("is no news of its provider", async () => {
    await play("no-news", words);
    const { post } = await teamAt(at, {});
    const calls = () => at.deps.health.snapshot(Date.now()).find(({ model }) => model === "no-news")?.calls;
    for (const stream of [false, true, false])
      await read(await post(...ask("chat", "compatible/no-news", stream), keep));
    expect(calls()).toBe(1);
  });

  it("costs nothing, says how old it is, and is entered as saved", async () => {
    await play("gpt-4.1-nano-2025-04-14", words);
    const { post, team } = await teamAt(at, { limits: { requests_per_minute: 10, tokens_per_minute: 100_000 } });
    const model = "openai/gpt-4.1-nano-2025-04-14";
    const made = await post(...ask("chat", model, false), keep);
    await read(made);
    const hit = await post(...ask("chat", model, false), keep);
    expect([hit.headers.get("x-gearbox-cost"), hit.headers.get("age")]).toEqual(["0", "0"]);
    expect(((await hit.json()) as { usage: object }).usage).toMatchObject({
      prompt_tokens: 1000,
      completion_tokens: 100,
    });
    await at.idle();
    const cost = Math.round(Number(made.headers.get("x-gearbox-cost")) * 1e9);
    expect(await at.deps.store.usage(team, { groupBy: [] }, Date.now())).toMatchObject([
      { calls: 2, hits: 1, saved: cost, cost, input: 1000, output: 100 },
    ]);
    const left = await post(...ask("chat", model, false), keep);
    expect(left.headers.get("x-ratelimit-remaining-requests")).toBe("7");
    expect(Number(left.headers.get("x-ratelimit-remaining-tokens"))).toBeGreaterThan(85_000);
  });
});

describe("nobody is given", () => {
  it("another team's answer", async () => {
    await play("not-theirs", words);
    const [mine, theirs] = [await teamAt(at, {}), await teamAt(at, {})];
    await read(await mine.post(...ask("chat", "openai/not-theirs", false), keep));
    expect((await read(await theirs.post(...ask("chat", "openai/not-theirs", false), keep))).state).toBe("miss");
    expect(await callsFor("not-theirs")).toHaveLength(2);
  });

  it.each([
    [
      "a system prompt",
      {
        messages: [
          { role: "system", content: "x" },
          { role: "user", content: "Say it." },
        ],
      },
    ],
    ["a look-alike letter", { messages: [{ role: "user", content: "Sаy it." }] }],
    ["a tool", { tools: [{ type: "function", function: { name: "f", parameters: { type: "object" } } }] }],
    ["a schema", { response_format: { type: "json_object" } }],
    ["an effort", { reasoning_effort: "high" }],
    ["a seed", { seed: 2 }],
    ["a bound", { max_completion_tokens: 400 }],
  ])("the answer to a call that differs in %s", async (what, more) => {
    const model = `differs-${what.replaceAll(" ", "-")}`;
    await play(model, words);
    const { post } = await teamAt(at, {});
    const [path, body] = ask("chat", `openai/${model}`, false, { seed: 1 });
    await read(await post(path, body, keep));
    expect((await read(await post(path, { ...body, ...more }, keep))).state).toBe("miss");
    expect((await read(await post(path, body, keep))).state).toBe("hit");
  });

  it.each([
    ["cut short", { finish: "length" as const }],
    ["filtered", { finish: "content_filter" as const }],
    ["broken off", { fault: { kind: "cut" as const, afterEvents: 4 } }],
    ["failed", { fault: { kind: "error-event" as const, afterEvents: 4 } }],
  ])("an answer that was %s", async (name, turn) => {
    const model = `untrue-${name.replaceAll(" ", "-")}`;
    await play(model, { ...words, ...turn });
    const { post } = await teamAt(at, {});
    for (let time = 0; time < 2; time++) {
      expect((await read(await post(...ask("chat", `openai/${model}`, true), keep))).state).toBe("miss");
    }
    expect(await callsFor(model)).toHaveLength(2);
  });

  it("an answer whose caller left", async () => {
    await play("left-early", { ...words, fault: { kind: "stall", afterEvents: 4 } });
    const { post } = await teamAt(at, {});
    const answer = await post(...ask("chat", "openai/left-early", true), keep);
    const reader = answer.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await at.idle();
    await play("left-early", words);
    expect((await read(await post(...ask("chat", "openai/left-early", true), keep))).state).toBe("miss");
  });
});

describe("who asks for it", () => {
  const team: TeamSettings = { cache: { ttl_seconds: 600 } };

  it.each([
    ["a repeatable call of a team that wants it", team, { temperature: 0 }, {}, "hit"],
    ["one that wants variety", team, {}, {}, null],
    ["one that wants variety and says so itself", team, {}, keep, "hit"],
    ["one of a team that has not asked", {}, { temperature: 0 }, {}, null],
    ["one that is refused by its own header", team, { temperature: 0 }, { "x-gearbox-cache": "off" }, null],
    ["one that wants a fresh answer", team, { temperature: 0 }, { "cache-control": "no-cache" }, "miss"],
    ["one that wants nothing kept", team, { temperature: 0 }, { "cache-control": "no-store" }, "bypass"],
    ["one with a tool of the provider's", team, { temperature: 0, web_search_options: {} }, {}, null],
  ] as const)("%s", async (what, settings, more, headers, state) => {
    const model = `asks-${what.replaceAll(/\W/g, "-")}`;
    await play(model, words);
    const { post } = await teamAt(at, settings);
    const asked = ask("chat", `openai/${model}`, false, more);
    await read(await post(...asked, headers));
    expect((await read(await post(...asked, headers))).state).toBe(state);
  });

  it("a stored conversation asks for itself alone, whatever its team does", async () => {
    const { post } = await teamAt(at, { cache: { ttl_seconds: 60 } });
    await play("stored-or-not", words);
    const states = async (more: object, headers: Record<string, string> = {}) => {
      const body = { model: "openai/stored-or-not", input: "Say it.", temperature: 0, ...more };
      return (await read(await post("/v1/responses", body, headers))).state;
    };
    expect([await states({}), await states({}, keep), await states({ store: false })]).toEqual([null, "miss", "miss"]);
    expect([await states({}, keep), await states({ store: false })]).toEqual(["hit", "hit"]);
  });

  it("a header that cannot be read is refused", async () => {
    const { post } = await teamAt(at, {});
    for (const headers of [{ "x-gearbox-cache": "ttl=0" }, { ...keep, "x-gearbox-cache-tag": "a b" }]) {
      expect((await post(...ask("chat", "openai/gpt-5.5", false), headers)).status).toBe(400);
    }
  });
});

it("what is forgotten by its tag or its model is made anew", async () => {
  const adminKey = "an-admin-key-of-more-than-32-characters";
  const to = gateway({ ADMIN_KEY: adminKey });
  await play("forgotten", words);
  const { post, team } = await teamAt(to, {});
  const forget = (query: string) =>
    to.ask(`/admin/teams/${team}/cache?${query}`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${adminKey}` },
    });
  const state = async () => {
    const answer = await post(...ask("chat", "openai/forgotten", false), { ...keep, "x-gearbox-cache-tag": "docs,v1" });
    await answer.text();
    await to.idle();
    return answer.headers.get("x-gearbox-cache");
  };
  expect([await state(), await state()]).toEqual(["miss", "hit"]);
  expect(await (await forget("tag=other")).json()).toEqual({ forgotten: 0 });
  expect(await (await forget("tag=v1")).json()).toEqual({ forgotten: 1 });
  expect([await state(), await state()]).toEqual(["miss", "hit"]);
  expect(await (await forget("model=openai/forgotten")).json()).toEqual({ forgotten: 1 });
  expect(await state()).toBe("miss");
});

/** All text of an answer, in whichever protocol and form. */
function textOf(answer: string): string {
  const frames = answer.trimStart().startsWith("{") ? [JSON.parse(answer)] : dataOf(answer);
  const isStream = !answer.trimStart().startsWith("{");
  const found: string[] = [];
  const walk = (value: unknown, name: string): void => {
    if (typeof value === "string") {
      if (["text", "content", "delta"].includes(name)) found.push(value);
    } else if (Array.isArray(value)) for (const each of value) walk(each, name);
    else if (typeof value === "object" && value !== null) {
      for (const [member, each] of Object.entries(value)) walk(each, member);
    }
  };
  for (const frame of frames) {
    const type = (frame as { type?: string }).type ?? "";
    if (isStream && type.startsWith("response.") && type !== "response.output_text.delta") continue;
    walk(frame, "");
  }
  return found.join("");
}
