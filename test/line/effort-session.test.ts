/** Codex sessions of 40 calls at each class of model: the prompt cache is kept, levels are valid, reasons are told. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isObj, type Obj, obj } from "../../src/canon/json.ts";
import { efforts } from "../../src/canon/request.ts";
import { modelFacts } from "../../src/models/catalog.ts";
import type { TeamSettings } from "../../src/teams/records.ts";
import { type Act, cachingProvider, type Heard, outputOf } from "./caching-provider.ts";
import { gateway, teamAt } from "./gateway.ts";

const provider = cachingProvider();
const at = gateway(
  {
    PRICES: { "gemini/*": { input: 1, output: 1, cache_read: 0.1 } },
  },
  provider.fetch,
);

beforeEach(() => provider.reset());
afterEach(() => at.idle());

const question = "Why does the parser lose the last token of a line that ends in a comment? ".repeat(6);
const shell = { type: "function", name: "shell", parameters: { type: "object", properties: { command: {} } } };

/** A user's turns, and what the agent does in each: 40 calls. */
const turns: readonly { readonly said: string; readonly runs: readonly string[] }[] = [
  {
    said: question,
    runs: [
      ...["rg comment src", "cat src/parser.ts", "cat src/lexer.ts", "cat test/parser.test.ts"],
      ...["apply_patch x", "npm test", "apply_patch y", "npm test", "cat src/token.ts", "apply_patch z", "npm test"],
      ...["git status", "git add -A", "git commit -m fix"],
    ],
  },
  { said: "yes", runs: ["git push", "git log -1", "npm run build"] },
  {
    said: `And the formatter? ${question}`,
    runs: [
      ...["rg format src", "cat src/format.ts", "apply_patch a", "npm test", "apply_patch b", "npm test"],
      ...["cat docs/format.md", "apply_patch c", "npm test", "sleep 30", "npm run build", "git diff"],
    ],
  },
  { said: "commit and push", runs: ["git add -A", "git commit -m format", "git push", "git log", "git status", "ls"] },
  { said: "thanks", runs: [] },
];

const acts: readonly Act[] = turns.flatMap(({ runs }) => [...runs.map((run) => ({ run })), { say: "Done." }]);

/** What a command prints: a test fails until the third time. */
function printed(command: string, tests: number): string {
  if (command === "npm test") return tests < 3 ? "Exit code: 1\n2 failed, 10 passed" : "Exit code: 0\n12 passed";
  return `Exit code: 0\nWall time: 0.4 seconds\nOutput:\n${command.startsWith("cat") ? "x".repeat(5000) : "ok"}`;
}

interface Told {
  readonly header: string | null;
  readonly level: string;
  readonly isTurnStart: boolean;
}

/** Plays the session as Codex does: each answer's items go back with the next call. */
async function play(model: string, settings: TeamSettings = {}, more: Obj = { reasoning: { effort: "auto" } }) {
  const { post, team } = await teamAt(at, settings);
  provider.script(acts);
  const input: Obj[] = [];
  const told: Told[] = [];
  let tests = 0;
  for (const { said, runs } of turns) {
    input.push({ type: "message", role: "user", content: [{ type: "input_text", text: said }] });
    for (const command of [...runs, undefined]) {
      const answer = await post("/v1/responses", {
        ...{ model, input, tools: [shell], instructions: "You are Codex. ".repeat(400), store: false },
        ...{ prompt_cache_key: `session of ${model}`, ...more },
      });
      expect(answer.status, await answer.clone().text()).toBe(200);
      const header = answer.headers.get("x-gearbox-effort");
      const level = header?.replace("advice ", "").split(";")[0] ?? "";
      told.push({ header, level, isTurnStart: input.at(-1)?.role === "user" });
      const items = outputOf(await answer.json());
      input.push(...items);
      if (command === undefined) continue;
      if (command === "npm test") tests++;
      const called = items.find((item) => item.type === "function_call");
      input.push({ type: "function_call_output", call_id: called?.call_id, output: printed(command, tests) });
    }
  }
  await at.idle();
  return { told, heard: [...provider.heard], team };
}

function topEffort({ body }: Heard): unknown {
  const { thinkingLevel } = obj(obj(body.generationConfig).thinkingConfig);
  const level = typeof thinkingLevel === "string" ? thinkingLevel.toLowerCase() : undefined;
  return obj(body.reasoning).effort ?? obj(body.output_config).effort ?? level;
}

function updatesIn({ body }: Heard): string[] {
  const items = body.input ?? body.messages;
  return (Array.isArray(items) ? items : []).filter(isObj).flatMap(({ type, role, reasoning, output_config }) => {
    const { effort } = obj(type === "configuration_update" ? reasoning : role === "system" ? output_config : {});
    return typeof effort === "string" ? [effort] : [];
  });
}

/** Every call reads from the cache all that the call before it was made of. */
function expectKept(heard: readonly Heard[]): void {
  for (const [index, { cached }] of heard.slice(1).entries()) {
    expect(cached).toBeGreaterThanOrEqual(heard[index]?.tokens ?? 0);
  }
}

const why = /^(none|low|medium|high|xhigh); because="[^"]+"; policy=\d+$/;
const calls = 40;

describe("a session of 40 calls", () => {
  it.each([
    ["in_band", "openai/gpt-6-sol"],
    ["in_band_turns, crossing to Anthropic", "anthropic/claude-opus-5"],
    ["in_band_turns of a model that binds its thoughts", "anthropic/claude-opus-5-5"],
    ["neutral, crossing to Google", "gemini/gemini-3-flash"],
    ["costly", "openai/gpt-5.5"],
    ["costly, crossing to Anthropic", "anthropic/claude-sonnet-5"],
  ])("keeps the prompt cache, sends what the model takes, says why, and is counted: %s", async (_, model) => {
    const { told, heard, team } = await play(model);
    expect(heard.length).toBe(calls);
    expectKept(heard);
    const { dial } = modelFacts(model);
    const levels = "levels" in dial ? dial.levels : efforts;
    for (const call of heard) for (const sent of [topEffort(call), ...updatesIn(call)]) expect(levels).toContain(sent);
    expect(heard.map((call) => updatesIn(call).at(-1) ?? topEffort(call))).toEqual(told.map(({ level }) => level));
    for (const { header } of told) expect(header).toMatch(why);
    const sums = await at.deps.store.usage(team, { groupBy: ["effort"] }, Date.now());
    const counted = Object.fromEntries(sums.map(({ effort = "", calls }) => [effort, calls]));
    expect(counted).toEqual(countBy(told.map(({ level }) => level)));
  });

  it("changes amid the loop where the model takes that in-band, and tells of the failures", async () => {
    const { told, heard } = await play("openai/gpt-6-sol");
    expect(new Set(heard.map(topEffort)).size).toBe(1);
    expect(updatesIn(heard.at(-1) ?? fail()).length).toBeGreaterThan(5);
    const stuck = told.find(({ header }) => header?.includes("2 failed test or build runs in a row"));
    expect(stuck).toMatchObject({ level: expect.stringMatching(/^x?high$/), isTurnStart: false });
  });

  it("changes only where a user speaks where the model takes it there, and names the beta from the start", async () => {
    const { told, heard } = await play("anthropic/claude-opus-5");
    expect(new Set(heard.map(topEffort)).size).toBe(1);
    const moves = told.filter(({ level }, index) => index > 0 && level !== told[index - 1]?.level);
    expect(moves.length).toBeGreaterThan(0);
    for (const { isTurnStart } of moves) expect(isTurnStart).toBe(true);
    for (const { headers } of heard) expect(headers.get("anthropic-beta")).toContain("mid-conversation-output-config");
  });

  it("changes freely where the cache does not depend on it", async () => {
    const { told } = await play("gemini/gemini-3-flash");
    expect(new Set(told.map(({ level }) => level)).size).toBeGreaterThan(1);
  });

  it("never changes where that costs the cache", async () => {
    const { told } = await play("openai/gpt-5.5");
    expect(new Set(told.map(({ level }) => level)).size).toBe(1);
    expect(told[0]?.header).toContain("for the whole session, since a change costs its cache");
  });

  it("asks nothing of a model that does not reason", async () => {
    const { told, heard } = await play("openai/gpt-4o");
    expectKept(heard);
    for (const { header } of told) expect(header).toBeNull();
    for (const call of heard) expect([topEffort(call) ?? null, updatesIn(call)]).toEqual([null, []]);
  });
});

it("a caller that changes the effort by itself has its prompt read anew, as with the real providers", async () => {
  const { post } = await teamAt(at, {});
  const ask = async (effort: string): Promise<number> => {
    const input = [{ role: "user", content: question }];
    await post("/v1/responses", { model: "openai/gpt-5.5", reasoning: { effort }, input, store: false });
    const { cached, tokens } = provider.heard.at(-1) ?? fail();
    return cached / tokens;
  };
  await ask("low");
  expect(await ask("low")).toBe(1);
  expect(await ask("high")).toBeLessThan(0.2);
});

describe("advice", () => {
  it.each(["openai/gpt-6-sol", "openai/gpt-5.5"])(
    "to a session of 40 calls changes nothing, and tells what it would have saved: %s",
    async (model) => {
      const asked = { reasoning: { effort: "xhigh", summary: "auto" } };
      const { told, heard, team } = await play(model, { effort: { mode: "advise" } }, asked);
      for (const { body } of heard) expect(body.reasoning).toEqual(asked.reasoning);
      for (const call of heard) expect(updatesIn(call)).toEqual([]);
      for (const { header } of told) expect(header).toMatch(/^advice \w+; because="[^"]+"; policy=\d+; saves=-?\d+$/);
      const rows = (await at.deps.store.calls(team, undefined, calls)).items;
      expect(rows.length).toBe(calls);
      for (const { effort, detail } of rows) {
        expect(effort).toBe("xhigh");
        expect(detail?.effort_because).toBeInstanceOf(Array);
        if (detail?.effort_chosen !== "xhigh") expect(detail?.effort_saves_tokens).toBeGreaterThan(0);
      }
    },
  );
});

describe("what else moves the level", () => {
  const asking = (input: string | readonly Obj[]) => ({
    model: "gemini/gemini-3-flash",
    ...{ reasoning: { effort: "auto" }, store: false, input },
  });
  /** A loop in which so much has just been read. */
  const reading = (length: number): Obj[] => [
    { type: "message", role: "user", content: question },
    { type: "function_call", call_id: "a", name: "shell", arguments: '{"command":["cat a"]}' },
    { type: "function_call_output", call_id: "a", output: "x".repeat(length) },
  ];
  const levelOf = (answer: Response): string => answer.headers.get("x-gearbox-effort")?.split(";")[0] ?? "";
  const levels: readonly string[] = efforts;
  const rank = (level: string): number => levels.indexOf(level);

  it("a target of time, by header and by the team's setting; a header that is none is refused", async () => {
    const { post } = await teamAt(at, {});
    const hasty = { "x-gearbox-latency-ms": "20" };
    expect(levelOf(await post("/v1/responses", asking(question)))).toBe("high");
    expect(levelOf(await post("/v1/responses", asking(question), hasty))).toBe("low");
    const { post: postTeam } = await teamAt(at, { effort: { mode: "fill", latency_ms: 20 } });
    expect(levelOf(await postTeam("/v1/responses", asking(question)))).toBe("low");
    expect((await post("/v1/responses", asking(question), { "x-gearbox-latency-ms": "soon" })).status).toBe(400);
  });

  it("a budget that is nearly spent, as it is entered in the account", async () => {
    const { post, team } = await teamAt(at, { budgets: [{ usd: 1, per: "total" }] });
    const lengths = Array.from({ length: 16 }, (_, index) => 2 ** (index + 1));
    const levels = async (): Promise<string[]> => {
      const found: string[] = [];
      for (const length of lengths) found.push(levelOf(await post("/v1/responses", asking(reading(length)))));
      return found;
    };
    const before = await levels();
    provider.claim(900_000);
    await post("/v1/responses", asking(question));
    await at.idle();
    const after = await levels();
    const raised = after.filter((level, index) => rank(level) > rank(before[index] ?? ""));
    expect(raised).toEqual([]);
    expect(after).not.toEqual(before);
    await at.idle();
    const rows = (await at.deps.store.calls(team, undefined, lengths.length)).items;
    expect(rows.map(({ effort }) => effort).reverse()).toEqual(after);
  });
});

function countBy(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

function fail(): never {
  throw new Error("nothing was heard");
}
