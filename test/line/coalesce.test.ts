/** Equal calls at the same time: one call to the provider, every caller its whole answer, one charge. */
import { listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { app } from "../../src/app.ts";
import { durableJoining } from "../../src/cache/durable-joining.ts";
import type { CacheStore, Entry } from "../../src/cache/store.ts";
import type { CacheShard } from "../../src/teams/cache-shard.ts";
import type { TeamSettings } from "../../src/teams/records.ts";
import { dataOf } from "./calls.ts";
import { callsFor, closing, gateway, play, teamAt } from "./gateway.ts";

const { CACHE } = env as unknown as { CACHE: DurableObjectNamespace<CacheShard> };
const at = gateway({ HEARTBEAT_MS: "1000" });
const words = { blocks: [{ text: "one answer for all who ask for it at once" }], usage: { input: 1000, output: 100 } };
const slowly = { ...words, pace: { firstByteMs: 150, eventMs: 5 } };
const wait = { "x-gearbox-cache": "ttl=3600, coalesce" };
/** A model whose price is known. */
const priced = "gpt-4.1-nano-2025-04-14";
const full = 1000 * 100 + 100 * 400;

type Post = Awaited<ReturnType<typeof teamAt>>["post"];

interface Read {
  readonly status: number;
  readonly state: string | null;
  readonly text: string;
}

function chat(model: string, content: string, stream = true, more: object = {}): [string, object] {
  return ["/v1/chat/completions", { model, stream, messages: [{ role: "user", content }], ...more }];
}

async function read(answer: Response): Promise<Read> {
  return { status: answer.status, state: answer.headers.get("x-gearbox-cache"), text: await answer.text() };
}

function many(count: number, post: Post, asked: [string, object], headers: Record<string, string> = wait) {
  return Promise.all(Array.from({ length: count }, async () => read(await post(...asked, headers))));
}

async function account(team: string) {
  await at.idle();
  const [sum] = await at.deps.store.usage(team, { groupBy: [] }, Date.now());
  return sum;
}

const callsSaying = async (model: string, content: string) =>
  (await callsFor(model)).filter(({ raw }) => raw.includes(JSON.stringify(content)));

function choicesOf(stream: string): Choice[] {
  return dataOf(stream).flatMap((data) => (data === "[DONE]" ? [] : ((data.choices ?? []) as Choice[])));
}

function textOf(stream: string): string {
  return choicesOf(stream)
    .map(({ delta }) => delta?.content ?? "")
    .join("");
}

interface Choice {
  readonly index: number;
  readonly delta?: { readonly content?: string | null };
}

describe("many equal calls at once", () => {
  it("500 streams: one call to the provider, 500 complete and equal answers, one charge; the next is a hit", async () => {
    await play(priced, slowly);
    const { post, team } = await teamAt(at, {});
    const asked = chat(`openai/${priced}`, "for five hundred");
    const answers = await many(500, post, asked);
    expect(await callsSaying(priced, "for five hundred")).toHaveLength(1);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(textOf(answers[0]?.text ?? "")).toBe(words.blocks[0]?.text);
    expect(answers[0]?.text).toMatch(/data: \[DONE\]\n\n$/);
    expect(answers.filter(({ state }) => state === "miss")).toHaveLength(1);
    expect(answers.filter(({ state }) => state === "joined")).toHaveLength(499);
    expect(await account(team)).toMatchObject({
      ...{ calls: 500, hits: 499, cost: full, saved: 499 * full, input: 1000, output: 100, estimated: 0 },
    });
    expect((await read(await post(...asked, wait))).state).toBe("hit");
    expect(await account(team)).toMatchObject({ calls: 501, hits: 500, cost: full, saved: 500 * full });
  });

  it("of a team that has it in its settings, whole ones too: each is told what it cost", async () => {
    await play(priced, slowly);
    const { post, team } = await teamAt(at, { cache: { ttl_seconds: 600, coalesce: true } });
    const asked = chat(`openai/${priced}`, "in one piece", false, { temperature: 0 });
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(...asked)));
    const costs = answers.map((answer) => Number(answer.headers.get("x-gearbox-cost")));
    expect(costs.sort((one, other) => other - one)).toEqual([full / 1e9, ...Array<number>(19).fill(0)]);
    const bodies = await Promise.all(answers.map((answer) => answer.text()));
    expect(new Set(bodies).size).toBe(1);
    expect(await callsSaying(priced, "in one piece")).toHaveLength(1);
    expect(await account(team)).toMatchObject({ calls: 20, hits: 19, cost: full, saved: 19 * full });
  });

  it.each([
    ["nobody has asked for it", {}, { "x-gearbox-cache": "ttl=60" }],
    ["one wants variety and has not asked itself", { cache: { ttl_seconds: 60, coalesce: true } }, {}],
    ["each wants a fresh answer", {}, { ...wait, "cache-control": "no-cache" }],
    ["each wants nothing kept", {}, { ...wait, "cache-control": "no-store" }],
  ] as const)("stay many where %s", async (what, settings: TeamSettings, headers) => {
    const model = `stays-${what.replaceAll(/\W/g, "-")}`;
    await play(model, slowly);
    const { post } = await teamAt(at, settings);
    await many(3, post, chat(`openai/${model}`, "alone"), { ...headers });
    expect(await callsFor(model)).toHaveLength(3);
  });

  it("are refused with a word that is none", async () => {
    const { post } = await teamAt(at, {});
    const headers = { "x-gearbox-cache": "ttl=60, together" };
    expect((await post(...chat("openai/gpt-5.5", "no word"), headers)).status).toBe(400);
  });

  it("stay apart from another team's", async () => {
    await play("joined-by-none", slowly);
    const teams = await Promise.all([teamAt(at, {}), teamAt(at, {})]);
    const all = await Promise.all(teams.map(({ post }) => many(3, post, chat("openai/joined-by-none", "ours"))));
    expect(all.map((answers) => answers.filter(({ state }) => state === "miss").length)).toEqual([1, 1]);
    expect(await callsFor("joined-by-none")).toHaveLength(2);
  });

  it("count as requests each, and as tokens once", async () => {
    await play("counted-once", slowly);
    const limits = { requests_per_minute: 20, tokens_per_minute: 1_000_000 };
    const { post } = await teamAt(at, { limits });
    const bound = { max_completion_tokens: 200 };
    await many(10, post, chat("openai/counted-once", "count", true, bound));
    await at.idle();
    const next = await post(...chat("openai/counted-once", "another", true, bound), {});
    await next.text();
    // One comes back every three seconds.
    expect(Number(next.headers.get("x-ratelimit-remaining-requests"))).toBeLessThan(12);
    expect(Number(next.headers.get("x-ratelimit-remaining-tokens"))).toBeGreaterThan(998_000);
  });

  it("hold what each may cost of a budget, and spend it once", async () => {
    await play(priced, slowly);
    const { post, team } = await teamAt(at, { budgets: [{ usd: 0.01, per: "day" }] });
    const asked = chat(`openai/${priced}`, "on a budget", true, { max_completion_tokens: 1000 });
    const answers = await many(8, post, asked);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await callsSaying(priced, "on a budget")).toHaveLength(1);
    expect(await account(team)).toMatchObject({ calls: 8, cost: full });
  });
});

it("where answers are kept elsewhere, who pays keeps it there, once", async () => {
  const kept: Entry[] = [];
  const cache: CacheStore = {
    get: async () => kept[0],
    put: async (_team, _key, entry) => void kept.push(entry),
    getMany: async () => new Map(),
    putMany: async () => undefined,
    forget: async () => 0,
  };
  const deps = { ...at.deps, cache, joining: durableJoining(CACHE, false) };
  await play("kept-elsewhere", slowly);
  const { key, team } = await teamAt(at, {});
  const [path, body] = chat("openai/kept-elsewhere", "elsewhere");
  const headers = { ...wait, authorization: `Bearer ${key}`, "content-type": "application/json" };
  const ask = async () => {
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    return read(await app.fetch(new Request(`http://gearbox.test${path}`, init), { deps }));
  };
  const answers = await Promise.all(Array.from({ length: 10 }, ask));
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  expect(await callsFor("kept-elsewhere")).toHaveLength(1);
  expect(await account(team)).toMatchObject({ calls: 10, hits: 9, input: 1000, output: 100 });
  expect(kept.map(({ body }) => textOf(Buffer.from(body).toString()))).toEqual([words.blocks[0]?.text]);
  expect((await ask()).state).toBe("hit");
});

describe("callers of several kinds", () => {
  it("of two protocols share a call where it is the same, and each is answered in its own", async () => {
    await play("two-protocols", slowly);
    const { post } = await teamAt(at, {});
    const gemini: [string, object] = [
      "/v1beta/models/compatible/two-protocols:streamGenerateContent?alt=sse",
      { contents: [{ role: "user", parts: [{ text: "same" }] }] },
    ];
    const [one, other] = await Promise.all([
      post(...chat("compatible/two-protocols", "same"), wait).then(read),
      post(...gemini, wait).then(read),
    ]);
    expect(await callsFor("two-protocols")).toHaveLength(1);
    expect([one.state, other.state].sort()).toEqual(["joined", "miss"]);
    expect(textOf(one.text)).toBe(words.blocks[0]?.text);
    const parts = dataOf(other.text).flatMap((data) => JSON.stringify(data).match(/"text":"([^"]*)"/)?.[1] ?? []);
    expect(parts.join("")).toBe(words.blocks[0]?.text);
  });

  it("who want no stream share one, and who want one never wait for an answer in one piece", async () => {
    await play("both-forms", { ...words, pace: { firstByteMs: 300, eventMs: 5 } });
    const { post } = await teamAt(at, {});
    const ask = (stream: boolean) => post(...chat("openai/both-forms", "forms", stream), wait).then(read);
    const streamed = ask(true);
    await expect.poll(() => callsFor("both-forms")).toHaveLength(1);
    const whole = await ask(false);
    expect([(await streamed).state, whole.state]).toEqual(["miss", "joined"]);
    expect(JSON.parse(whole.text).choices[0].message.content).toBe(words.blocks[0]?.text);

    const other = (stream: boolean) => post(...chat("openai/both-forms", "other way", stream), wait).then(read);
    const first = other(false);
    await expect.poll(() => callsSaying("both-forms", "other way")).toHaveLength(1);
    expect([(await other(true)).state, (await first).state]).toEqual(["miss", "miss"]);
  });

  it("who cannot be given a stream in one piece ask for themselves, and are not given a kept one either", async () => {
    await play("several-choices", { ...words, pace: { firstByteMs: 300 } });
    const { post } = await teamAt(at, {});
    const ask = (stream: boolean) => post(...chat("openai/several-choices", "two", stream, { n: 2 }), wait).then(read);
    const streamed = ask(true);
    await expect.poll(() => callsFor("several-choices")).toHaveLength(1);
    const whole = await ask(false);
    expect([(await streamed).state, whole.status, whole.state]).toEqual(["miss", 200, "miss"]);
    await at.idle();
    for (const stream of [true, false, true, false]) {
      const { text } = await ask(stream);
      await at.idle();
      const choices = stream
        ? new Set(choicesOf(text).map(({ index }) => index)).size
        : JSON.parse(text).choices.length;
      expect([stream, choices]).toEqual([stream, 2]);
    }
  });
});

describe("callers that leave", () => {
  const leaver = fc.record({
    mode: fc.constantFrom("stays", "leaves", "leaves at once"),
    bytes: fc.integer({ min: 1, max: 3000 }),
  });

  it("take nothing from those who stay, and one pays: 100 runs, the first among the leavers", async () => {
    await play(priced, { ...words, pace: { firstByteMs: 60, eventMs: 2 } });
    const runs = fc.sample(fc.array(leaver, { minLength: 2, maxLength: 8 }), { numRuns: 100, seed: 20261124 });
    expect(runs.filter(([first]) => first?.mode !== "stays").length).toBeGreaterThan(30);
    for (const [run, callers] of runs.entries()) {
      const { post, key, team } = await teamAt(at, {});
      const asked = chat(`openai/${priced}`, `run ${run}`);
      const texts = await Promise.all(
        callers.map(async ({ mode, bytes }) => {
          if (mode === "leaves at once") return leftAtOnce(key, asked);
          const answer = await post(...asked, wait);
          return mode === "stays" ? answer.text() : readSome(answer, bytes);
        }),
      );
      const sum = await account(team);
      const staying = texts.filter((_, index) => callers[index]?.mode === "stays");
      for (const text of staying) expect([run, textOf(text ?? "")]).toEqual([run, words.blocks[0]?.text]);
      expect(new Set(staying).size).toBeLessThanOrEqual(1);
      const rows = (await at.deps.store.calls(team, undefined, 500)).items;
      const paid = rows.filter(({ cost = 0 }) => cost > 0);
      expect([run, paid.length]).toEqual([run, callers.some(({ mode }) => mode !== "leaves at once") ? 1 : 0]);
      if (staying.length > 0) expect([run, sum?.cost, sum?.output]).toEqual([run, full, 100]);
    }
  }, 120_000);

  async function leftAtOnce(key: string, [path, body]: [string, object]): Promise<undefined> {
    const leaving = new AbortController();
    const headers = { ...wait, authorization: `Bearer ${key}` };
    const asked = at.ask(path, { method: "POST", body: JSON.stringify(body), headers, signal: leaving.signal });
    // Its request is under way, wherever it has got to.
    await scheduler.wait(0);
    leaving.abort();
    await asked.then((answer) => answer.body?.cancel()).catch(() => undefined);
    return undefined;
  }

  it("end the provider's work when the last has left, and no sooner", async () => {
    await play(priced, { ...words, fault: { kind: "stall", afterEvents: 6 } });
    const { post, team } = await teamAt(at, {});
    const asked = chat(`openai/${priced}`, "stalled for good");
    const answers = await Promise.all(Array.from({ length: 3 }, () => post(...asked, wait)));
    const [call, ...more] = await callsSaying(priced, "stalled for good");
    expect([call?.closed, more.length]).toEqual(["open", 0]);
    for (const [index, answer] of answers.entries()) {
      expect([index, (await callsSaying(priced, "stalled for good"))[0]?.closed]).toEqual([index, "open"]);
      await readSome(answer, 100);
    }
    if (call === undefined) throw new Error("no call");
    expect(await closing(call)).toBe("client-left");
    const sum = await account(team);
    expect(sum).toMatchObject({ calls: 3, hits: 2, estimated: 1 });
    expect(sum?.cost).toBeGreaterThan(0);
    expect(sum?.cost).toBeLessThan(full);
  });
});

async function readSome(answer: Response, bytes: number): Promise<undefined> {
  const reader = answer.body?.getReader();
  for (let size = 0; size < bytes; ) {
    const next = await reader?.read();
    if (next === undefined || next.done) break;
    size += next.value.length;
  }
  await reader?.cancel();
  return undefined;
}

it("a caller that reads nothing is cut off with an error in its protocol, and slows nobody", async () => {
  const frames = Array.from({ length: 80 }, (_, index) => delta(`${index}`.padEnd(50_000, "x")));
  let isEverybodyHere = false;
  const isHeld = () => !isEverybodyHere;
  const network = vi
    .spyOn(globalThis, "fetch")
    .mockImplementation(async () => streamOf([...frames, ...ending], isHeld));
  onTestFinished(() => network.mockRestore());
  const { post, team } = await teamAt(at, {});
  const asked = chat("compatible/too-slow", "much");
  const answers = await Promise.all(Array.from({ length: 4 }, () => post(...asked, wait)));
  isEverybodyHere = true;
  const [stalled, ...others] = answers;
  const texts = await Promise.all(others.map((answer) => answer.text()));
  const whole = textOf([...frames, ...ending].join(""));
  for (const each of texts) expect(textOf(each) === whole).toBe(true);
  const late = (await stalled?.text()) ?? "";
  expect(whole.startsWith(textOf(late)) && textOf(late).length < whole.length).toBe(true);
  const last = dataOf(late).findLast((data) => data !== "[DONE]");
  expect(last).toMatchObject({ error: { message: expect.stringContaining("too slowly") } });
  expect(network).toHaveBeenCalledOnce();
  expect(await account(team)).toMatchObject({ calls: 4, hits: 3, output: 7, estimated: 0 });
  // Too large to be kept, it is not.
  expect((await post(...asked, wait).then(read)).state).toBe("miss");
  expect(network).toHaveBeenCalledTimes(2);
});

const frame = (data: object): string =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", ...data })}\n\n`;
const delta = (content: string): string => frame({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
const usage = { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 };
const ending = [frame({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }], usage }), "data: [DONE]\n\n"];

/** The first frame, and the others once nobody holds them back. */
function streamOf(frames: readonly string[], isHeld: () => boolean): Response {
  const left = frames.entries();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value: [index, text] = [] } = left.next();
      while (index !== 0 && isHeld()) await scheduler.wait(5);
      if (done) controller.close();
      else controller.enqueue(Buffer.from(text ?? ""));
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

describe("a failure", () => {
  it("that is final reaches all as what it is", async () => {
    const fault = { kind: "status" as const, status: 400 };
    await play("refuses", { ...words, fault, pace: { firstByteMs: 100 } });
    const { post, team } = await teamAt(at, {});
    const answers = await many(5, post, chat("openai/refuses", "refused"));
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(await callsFor("refuses")).toHaveLength(1);
    expect(await account(team)).toMatchObject({ calls: 5, cost: 0 });
  });

  it("that may pass is tried again by each, together again", async () => {
    const busy = { ...words, fault: { kind: "status" as const, status: 503 }, pace: { firstByteMs: 100 } };
    await play("recovers", busy, slowly);
    const { post } = await teamAt(at, {});
    const answers = await many(3, post, chat("openai/recovers", "again"));
    expect(answers.map(({ status, text }) => [status, textOf(text)])).toEqual(
      Array.from({ length: 3 }, () => [200, words.blocks[0]?.text]),
    );
    expect(await callsFor("recovers")).toHaveLength(2);
  });

  it.each(["error-event", "reset"] as const)("in its midst (%s) is told to all, and charged once", async (kind) => {
    await play(priced, { ...slowly, fault: { kind, afterEvents: 6 } });
    const { post, team } = await teamAt(at, {});
    const answers = await many(5, post, chat(`openai/${priced}`, `breaks by ${kind}`));
    for (const { text } of answers) expect(dataOf(text).findLast((data) => data !== "[DONE]")).toHaveProperty("error");
    expect(await callsSaying(priced, `breaks by ${kind}`)).toHaveLength(1);
    await at.idle();
    const rows = (await at.deps.store.calls(team, undefined, 10)).items;
    expect(rows.filter(({ cost = 0 }) => cost > 0)).toHaveLength(1);
  });
});

/** The team's shards that there are. */
async function shardsOf(team: string): Promise<DurableObjectStub<CacheShard>[]> {
  const known = new Set((await listDurableObjectIds(CACHE)).map(String));
  const all = [..."0123456789abcdef"].map((digit) => CACHE.idFromName(`${team}/${digit}`));
  return all.filter((id) => known.has(String(id))).map((id) => CACHE.get(id));
}

it("an object that is put out of memory in their midst breaks the answers off, and one of them is charged", async () => {
  await play(priced, { ...words, fault: { kind: "stall", afterEvents: 6 } });
  const { post, team } = await teamAt(at, {});
  const asked = chat(`openai/${priced}`, "put out");
  const answers = await Promise.all(Array.from({ length: 4 }, () => post(...asked, wait)));
  for (const shard of await shardsOf(team)) {
    await runInDurableObject(shard, (_, state) => state.abort("put out of memory")).catch(() => undefined);
  }
  for (const answer of answers) expect(await answer.text()).toContain('"error"');
  expect(await account(team)).toMatchObject({ calls: 4, hits: 3, estimated: 1 });
});

it("neither a prompt nor a credential is kept where the call is made", async () => {
  await play("keeps-no-secret", slowly);
  const { post, team } = await teamAt(at, {});
  await many(2, post, chat("openai/keeps-no-secret", "a prompt of nobody else's"));
  await at.idle();
  const [shard] = await shardsOf(team);
  if (shard === undefined) throw new Error("no shard");
  const tables = ["entries", "chunks", "tags", "payers"];
  const all = await runInDurableObject(shard, (_, { storage: { sql } }) =>
    tables.map((table) => sql.exec(`SELECT * FROM ${table}`).toArray()).map(printed),
  );
  expect(all.map((rows) => rows.length > 2)).toEqual([true, true, false, true]);
  for (const rows of all) expect(rows).not.toMatch(/sk-openai-secret|a prompt of nobody/);
});

function printed(rows: readonly Record<string, SqlStorageValue>[]): string {
  return JSON.stringify(rows, (_, value: unknown) =>
    value instanceof ArrayBuffer ? Buffer.from(value).toString() : value,
  );
}
