/** What one provider signed comes back to it through a caller of another protocol: byte for byte and in place. */
/// <reference types="@cloudflare/vitest-plugin/types" />
import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, inject, it } from "vitest";
import type { Recall } from "../../src/teams/recall.ts";
import type { Block, Turn } from "../sim/script.ts";
import { type AgentKind, agent } from "./agents.ts";
import { callsFor, gateway, play } from "./gateway.ts";

const sim = inject("sim");
const providers = {
  anthropic: "claude-sonnet-5",
  gemini: "gemini-3-pro",
  openai: "gpt-5.5",
} as const;
type ProviderId = keyof typeof providers;

const settings = { GEMINI_API_KEY: "gk-secret", GEMINI_BASE_URL: sim };
const signature = (text: string, length = 60): string => btoa(text.repeat(Math.ceil(length / text.length)));

/** Two rounds of tools, the first with two calls at once, then the answer. */
function turns(long = false): Turn[] {
  const size = long ? 3000 : 60;
  const call = (id: string, at: string): Block => ({ call: "look", id, arguments: { at } });
  return [
    {
      blocks: [
        { reasoning: "Where is it?", signature: signature("one", size) },
        { text: "I look." },
        call("call_1", "here"),
        call("call_2", "there"),
      ],
      proofs: "required",
    },
    { blocks: [{ reasoning: "Again.", signature: signature("two", size) }, call("call_3", "far")], proofs: "required" },
    { blocks: [{ reasoning: "Found.", signature: signature("three", size) }, { text: "Found." }], proofs: "required" },
  ];
}

const foreign: readonly (readonly [AgentKind, readonly ProviderId[]])[] = [
  ["chat-id", ["anthropic", "gemini", "openai"]],
  ["chat-extra", ["anthropic", "gemini", "openai"]],
  ["responses", ["anthropic", "gemini"]],
  ["messages", ["openai", "gemini"]],
  ["gemini", ["openai", "anthropic"]],
];
const cases = foreign.flatMap(([kind, ids]) =>
  ids.flatMap((provider) => [true, false].map((stream) => ({ kind, provider, stream }))),
);

describe("a tool loop with thinking", () => {
  it.each(cases)("of $provider through a $kind caller, stream: $stream", async ({ kind, provider, stream }) => {
    const model = `${providers[provider]}-loop-${kind}-${stream}`;
    await play(model, ...turns());
    const caller = agent(kind, `${provider}/${model}`, stream, gateway(settings));
    await caller.hear(await caller.say("Look."));
    await caller.hear(await caller.answerCalls());
    await caller.hear(await caller.answerCalls());
    expect(saidIn(caller.history.at(-1))).toContain("Found.");
    const [, second, third] = await callsFor(model);
    expect(second?.raw).toContain(signature("one"));
    for (const proof of ["one", "two"]) expect(third?.raw).toContain(signature(proof));
    expect(third?.raw).not.toContain("gbx");
  });

  it.each(cases)(
    "goes on after the user's next word: $provider, $kind, $stream",
    async ({ kind, provider, stream }) => {
      const model = `${providers[provider]}-next-${kind}-${stream}`;
      const again = turns().map((turn) => ({ ...turn, blocks: turn.blocks?.map(renamed) ?? [] }));
      await play(model, ...turns(), ...again);
      const caller = agent(kind, `${provider}/${model}`, stream, gateway(settings));
      for (const word of ["Look.", "Once more."]) {
        await caller.hear(await caller.say(word));
        await caller.hear(await caller.answerCalls());
        await caller.hear(await caller.answerCalls());
      }
      const last = (await callsFor(model))[5];
      // Chat brings nothing of the first loop's last answer, and the rest comes back all the same.
      for (const proof of ["one", "two", "one-again", "two-again"]) expect(last?.raw).toContain(signature(proof));
    },
  );
});

/** The texts of an answer, a streamed one's pieces put together. */
function saidIn(answer: unknown): string {
  return [...JSON.stringify(answer).matchAll(/"(?:text|content)":"([^"]*)"/g)].map(([, said]) => said).join("");
}

function renamed(block: Block): Block {
  if ("call" in block) return { ...block, id: `${block.id}_again`, arguments: { at: `${block.id} again` } };
  if (!("reasoning" in block)) return block;
  return { ...block, signature: signature(`${atob(block.signature ?? "").replace(/(one|two|three).*/, "$1")}-again`) };
}

/** An agent that has heard the first answer of the loop and has not yet answered its calls. */
async function begun(kind: AgentKind, provider: ProviderId, name: string, script = turns(), more: object = {}) {
  const model = `${providers[provider]}-${name}-${kind}`;
  await play(model, ...script);
  const own = gateway(settings);
  const caller = agent(kind, `${provider}/${model}`, true, own, { ...more });
  await caller.hear(await caller.say("Look."));
  return { model, own, caller };
}

/** The history in other words, as a client or somebody else may have changed it. */
function rewrite(history: Record<string, unknown>[], change: (json: string) => string): void {
  const changed = JSON.parse(change(JSON.stringify(history))) as Record<string, unknown>[];
  history.splice(0, history.length, ...changed);
}

/** As each caller says it: a token rides in the ids of Chat's calls. */
const lost = {
  "chat-id": "messages.tool_calls.id=dropped",
  "chat-extra": "messages.tool_calls.id=dropped",
  responses: "input.encrypted_content=dropped",
} as const;

describe("the simulated providers", () => {
  it.each([
    ["altered", "anthropic", (json: string) => json.replaceAll(signature("one"), signature("other"))],
    ["altered", "gemini", (json: string) => json.replaceAll(signature("one"), signature("other"))],
    ["left out", "anthropic", (json: string) => json.replace(/\{"type":"thinking"[^}]*\},/, "")],
    [
      "moved",
      "anthropic",
      (json: string) => json.replace(/(\{"type":"thinking"[^}]*\}),(\{"type":"text"[^}]*\})/, "$2,$1"),
    ],
  ] as const)("refuse what was %s: %s", async (what, provider, change) => {
    const native = provider === "anthropic" ? "messages" : "gemini";
    const { caller } = await begun(native, provider, `strict-${what}`);
    rewrite(caller.history, change);
    const answer = await caller.answerCalls();
    expect(answer.status).toBe(400);
    await expect(answer.text()).resolves.toMatch(/signature|proofs|Expected .thinking/);
  });
});

describe("reasoning too long for an id", () => {
  it.each([true, false])("is kept and comes back, stream: %s", async (stream) => {
    const model = `claude-sonnet-5-long-${stream}`;
    await play(model, ...turns(true));
    const own = gateway(settings);
    const caller = agent("chat-id", `anthropic/${model}`, stream, own);
    await caller.hear(await caller.say("Look."));
    const [first] = (caller.history.at(-1)?.tool_calls ?? []) as { id: string }[];
    expect(first?.id).toMatch(/^call_1_gbxk[0-9a-f]{24}$/);
    await own.idle();
    await caller.hear(await caller.answerCalls());
    await own.idle();
    await caller.hear(await caller.answerCalls());
    const [, , third] = await callsFor(model);
    for (const proof of ["one", "two"]) expect(third?.raw).toContain(signature(proof, 3000));
  });

  it("is gone after a day, for other teams, and under a made-up name", async () => {
    const { RECALL } = env as unknown as { RECALL: DurableObjectNamespace<Recall> };
    const day = 24 * 60 * 60 * 1000;
    const now = Date.now();
    const { tokens } = gateway().deps;
    await tokens.keep("team-a", "gbxk-old", "old", now - day);
    await tokens.keep("team-a", "gbxk-new", "new", now);
    const names = ["gbxk-old", "gbxk-new", "gbxk-none"];
    expect(await tokens.recall("team-a", names, now)).toEqual(new Map([["gbxk-new", "new"]]));
    expect(await tokens.recall("team-a", names, now - 1)).toEqual(
      new Map([
        ["gbxk-old", "old"],
        ["gbxk-new", "new"],
      ]),
    );
    expect(await tokens.recall("team-b", names, now)).toEqual(new Map());
    expect(await runDurableObjectAlarm(RECALL.getByName("team-a"))).toBe(true);
    expect(await tokens.recall("team-a", names, now - 1)).toEqual(new Map([["gbxk-new", "new"]]));
  });

  it("is bounded for each team: the oldest goes first", async () => {
    const { tokens } = gateway().deps;
    const token = "x".repeat(1_500_000);
    const names = Array.from({ length: 46 }, (_, at) => `gbxk-${at}`);
    for (const [at, name] of names.entries()) await tokens.keep("team-full", name, token, at + 1);
    const first = await tokens.recall("team-full", names.slice(0, 4), 1000);
    expect([...first.keys()]).toEqual(["gbxk-2", "gbxk-3"]);
    expect((await tokens.recall("team-full", names.slice(-2), 1000)).size).toBe(2);
  });

  it("that is not there any more is reported, and the call goes on without", async () => {
    const { caller } = await begun("chat-id", "gemini", "expired", checked(turns(true)));
    rewrite(caller.history, (json) => json.replace(/_gbxk[0-9a-f]{24}/g, `_gbxk${"0".repeat(24)}`));
    const answer = await caller.answerCalls();
    expect([answer.status, answer.headers.get("x-gearbox-lost")]).toEqual([200, lost["chat-id"]]);
  });
});

function checked(script: Turn[]): Turn[] {
  return script.map((turn) => ({ ...turn, proofs: "checked" as const }));
}

describe("reasoning that is not the target's own", () => {
  const kinds = ["chat-id", "chat-extra", "responses"] as const satisfies readonly AgentKind[];
  const damage = (json: string): string =>
    json.replace(/gbxr1[\w-]+/g, (token) => `${token.slice(0, 60)}${token[60] === "A" ? "B" : "A"}${token.slice(61)}`);

  /** The same conversation, sent by somebody else or to somewhere else. */
  async function elsewhere(
    kind: AgentKind,
    from: readonly Record<string, unknown>[],
    model: string,
    other: object = {},
  ) {
    const [provider = "", name = ""] = model.split("/");
    await play(name, { blocks: [{ text: `Hello from ${provider}` }], proofs: "checked" });
    const next = agent(kind, model, false, gateway({ ...settings, ...other }));
    next.history.push(...from);
    const answer = await next.answerCalls();
    expect(answer.status, await answer.clone().text()).toBe(200);
    const sent = (await callsFor(name)).at(-1)?.raw ?? "";
    return { sent, told: answer.headers.get("x-gearbox-lost") };
  }

  it.each(kinds)("goes neither to another account, model or provider nor for another team: %s", async (kind) => {
    const { caller, model, own } = await begun(kind, "anthropic", "foreign", checked(turns()));
    const targets: [string, object?][] = [
      [`anthropic/${model}-other`],
      [`gemini/gemini-3-pro-foreign-${kind}`],
      [`openai/gpt-5.5-foreign-${kind}`],
      // A fresh gateway is another team: its sealing key differs.
      [`anthropic/${model}`],
    ];
    for (const [target, other] of targets) {
      const { sent, told } = await elsewhere(kind, caller.history, target, other);
      expect([target, told]).toEqual([target, lost[kind]]);
      expect(sent).not.toContain(signature("one"));
      expect(sent).not.toContain("gbx");
    }
    const another = new Map([["anthropic", [{ name: "ANTHROPIC_API_KEY", value: "sk-ant-another" }]]]);
    const moved = { ...own.deps.config, allCredentials: another };
    const sameTeam = agent(kind, `anthropic/${model}`, false, { ...own, deps: { ...own.deps, config: moved } });
    sameTeam.history.push(...caller.history);
    const answer = await sameTeam.answerCalls();
    expect([answer.status, answer.headers.get("x-gearbox-lost")]).toEqual([200, lost[kind]]);
  });

  it.each(kinds)("nor what is damaged: %s", async (kind) => {
    const { caller, model } = await begun(kind, "anthropic", "damaged", checked(turns()));
    rewrite(caller.history, damage);
    const answer = await caller.answerCalls();
    expect([answer.status, answer.headers.get("x-gearbox-lost")]).toEqual([200, lost[kind]]);
    const raw = (await callsFor(model)).at(-1)?.raw;
    expect(raw).toContain('"call_1"');
    expect(raw).not.toContain('"signature"');
  });

  it("takes the older thinking of the loop along, so that no gap is left", async () => {
    const { caller, model } = await begun("chat-id", "anthropic", "gap", checked(turns()));
    await caller.hear(await caller.answerCalls());
    rewrite(caller.history, (json) => json.replace(/(call_3_gbxr1.{10})[\w-]*/g, "$1"));
    const answer = await caller.answerCalls();
    expect([answer.status, answer.headers.get("x-gearbox-lost")]).toEqual([200, lost["chat-id"]]);
    expect((await callsFor(model)).at(-1)?.raw).not.toContain('"signature"');
  });

  it("switches thinking off for an older Claude, which wants its own or none", async () => {
    const model = "claude-sonnet-4-5-lost";
    await play(model, ...checked(turns()));
    const caller = agent("chat-id", `anthropic/${model}`, true, gateway(settings));
    await caller.hear(await caller.say("Look."));
    rewrite(caller.history, damage);
    const answer = await caller.answerCalls();
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-gearbox-lost")).toContain(lost["chat-id"]);
    const [first, second] = await callsFor(model);
    expect(first?.body.thinking).toMatchObject({ type: "enabled" });
    expect(second?.body.thinking).toMatchObject({ type: "disabled" });
  });

  it("leaves a relayed Chat body by cuts, and nothing else changes", async () => {
    const { caller } = await begun("chat-id", "anthropic", "relay", checked(turns()));
    await play("relay-cut", { blocks: [{ text: "Hi" }] });
    const json = JSON.stringify([...caller.history]).replace(/"tool_calls":\[\{/, (found) => {
      return `${found} "extra_content" : {"gearbox":{"reasoning":["gbxr1AA"]}} ,`;
    });
    const ids = [...json.matchAll(/"id":"([^"]+)"/g)].map(([, id]) => id);
    const results = ids.map((id) => `{"role":"tool","tool_call_id":"${id}","content":"\\"id\\":\\"x_gbxr1y\\" é 1.0"}`);
    const body = `{"seed":1.0,"model":"compatible/relay-cut","messages":${json.slice(0, -1)},${results.join(",")}]}`;
    const own = gateway();
    const answer = await own.ask("/v1/chat/completions", { method: "POST", body });
    expect(answer.status, await answer.clone().text()).toBe(200);
    expect(answer.headers.get("x-gearbox-lost")).toBe(lost["chat-id"]);
    const expected = body
      .replace("compatible/relay-cut", "relay-cut")
      .replace(' "extra_content" : {"gearbox":{"reasoning":["gbxr1AA"]}} ,', " ")
      .replace(/(call_1)_gbxr1[\w-]+/g, "$1");
    expect((await callsFor("relay-cut"))[0]?.raw).toBe(expected);
  });
});
