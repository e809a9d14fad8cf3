/** Embeddings in the cache, each input by itself, as callers meet them: what is bought, what is told and charged. */
import { describe, expect, it } from "vitest";
import type { TeamSettings } from "../../src/teams/records.ts";
import { callsFor, gateway, play, sums, teamAt } from "./gateway.ts";

const at = gateway({
  PRICES: Object.fromEntries(["openai", "compatible", "gemini"].map((id) => [`${id}/*`, { input: 1000, output: 0 }])),
});
const cached: TeamSettings = { cache: { ttl_seconds: 600 } };
const keep = { "x-gearbox-cache": "ttl=3600" };
/** A token costs a thousandth of a dollar. */
const nano = 1_000_000;

interface Answer {
  readonly state: string | null;
  readonly cost: string | null;
  readonly text: string;
  readonly body: { readonly data: { index: number; embedding: unknown }[]; readonly usage: { prompt_tokens: number } };
}

async function read(pending: Promise<Response>): Promise<Answer> {
  const answer = await pending;
  const text = await answer.text();
  expect([answer.status, text.slice(0, 200)]).toEqual([200, expect.any(String)]);
  await at.idle();
  const told = (name: string) => answer.headers.get(name);
  return { state: told("x-gearbox-cache"), cost: told("x-gearbox-cost"), text, body: JSON.parse(text) };
}

/** The simulator's own answers, each call at so many tokens. */
const counted = (...tokens: number[]) => tokens.map((input) => ({ usage: { input, output: 0 } }));

const inputsOf = async (model: string) => (await callsFor(model)).map(({ body }) => body.input);

describe("a batch of embeddings", () => {
  it.each([
    ["floats", {}],
    ["base64", { encoding_format: "base64" }],
    ["few dimensions", { encoding_format: "float", dimensions: 2 }],
  ])("of %s is given again to the byte, and costs nothing", async (name, more) => {
    const model = `kept-${name.replaceAll(" ", "-")}`;
    await play(model, ...counted(40));
    const { post, team } = await teamAt(at, cached);
    const asked = { model: `openai/${model}`, input: ["a", "Grüße", ""], ...more };
    const made = await read(post("/v1/embeddings", asked));
    const again = await read(post("/v1/embeddings", asked));
    expect([made.state, again.state]).toEqual(["miss", "hit"]);
    expect([made.cost, again.cost]).toEqual(["0.04", "0"]);
    expect(again.body).toEqual({ ...made.body, usage: { prompt_tokens: 0, total_tokens: 0 } });
    expect(await callsFor(model)).toHaveLength(1);
    expect(await sums(at.deps, team)).toMatchObject([
      { calls: 2, hits: 1, input: 40, cost: 40 * nano, saved: 40 * nano, estimated: 0 },
    ]);
  });

  it("is bought only where nobody has asked for it before, and put together in its order", async () => {
    await play("in-part", ...counted(10, 30, 99));
    const { post, team } = await teamAt(at, cached);
    const ask = (input: unknown, more: object = {}) =>
      read(post("/v1/embeddings", { model: "openai/in-part", input, ...more }));
    await ask(["a", "b"]);
    const part = await ask(["c", "b", "d", "a", "c"]);
    expect([part.state, part.cost, part.body.usage.prompt_tokens]).toEqual(["partial", "0.03", 30]);
    expect(await inputsOf("in-part")).toEqual([
      ["a", "b"],
      ["c", "d", "c"],
    ]);
    expect(await sums(at.deps, team)).toMatchObject([
      { calls: 2, hits: 0, input: 40, cost: 40 * nano, saved: 10 * nano },
    ]);
    const whole = await read(
      (await teamAt(at, {})).post("/v1/embeddings", { model: "openai/in-part", input: ["c", "b", "d", "a", "c"] }),
    );
    expect(whole.state).toBeNull();
    expect(part.body.data).toEqual(whole.body.data);
    expect(part.body.data.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
  });

  it("of one text is that of the text alone, and tokens are one input", async () => {
    await play("alone", ...counted(1, 1, 1));
    const { post } = await teamAt(at, cached);
    const state = async (input: unknown) =>
      (await read(post("/v1/embeddings", { model: "openai/alone", input }))).state;
    expect([await state("a"), await state(["a"]), await state("b")]).toEqual(["miss", "hit", "miss"]);
    expect([await state([1, 2]), await state([[1, 2]]), await state([1]), await state(["[1,2]"])]).toEqual([
      ...["miss", "hit", "miss", "miss"],
    ]);
  });

  it("shares what it saves and costs among its inputs, and all of it", async () => {
    await play("shares", ...counted(7, 100));
    const { post, team } = await teamAt(at, cached);
    const ask = (input: string[]) => read(post("/v1/embeddings", { model: "openai/shares", input }));
    await ask(["short", "a much longer text than the others are", "third"]);
    for (const input of ["short", "third", "a much longer text than the others are"]) await ask([input]);
    expect(await sums(at.deps, team)).toMatchObject([{ calls: 4, hits: 3, cost: 7 * nano, saved: 7 * nano }]);
  });

  it("is counted by the requests it makes, and by the tokens it buys", async () => {
    await play("limited", ...counted(50));
    const limits = { requests_per_minute: 10, tokens_per_minute: 100_000 };
    const { post } = await teamAt(at, { ...cached, limits });
    const ask = () => post("/v1/embeddings", { model: "openai/limited", input: ["a"] });
    await read(ask());
    await read(ask());
    const answer = await ask();
    await answer.text();
    expect(answer.headers.get("x-ratelimit-remaining-requests")).toBe("7");
    expect(Number(answer.headers.get("x-ratelimit-remaining-tokens"))).toBeGreaterThan(99_900);
  });
});

describe("an embedding is given to", () => {
  const first = { model: "openai/apart", input: ["the same"], dimensions: 3 };

  it.each([
    [
      "whoever is named to ask, in whatever order",
      { user: "me", model: "openai/apart", dimensions: 3, input: ["the same"] },
      "hit",
    ],
    ["none of other dimensions", { ...first, dimensions: 4 }, "miss"],
    ["none of another encoding", { ...first, encoding_format: "base64" }, "miss"],
    ["none of a look-alike text", { ...first, input: ["the sаme"] }, "miss"],
    ["none of another model", { ...first, model: "openai/apart-2" }, "miss"],
    ["none of another provider", { ...first, model: "compatible/apart" }, "miss"],
  ])("%s", async (_, other, state) => {
    for (const model of ["apart", "apart-2"]) await play(model, ...counted(1, 1));
    const { post } = await teamAt(at, cached);
    expect((await read(post("/v1/embeddings", first))).state).toBe("miss");
    expect((await read(post("/v1/embeddings", other))).state).toBe(state);
  });

  it("no other team", async () => {
    await play("not-theirs-either", ...counted(1, 1));
    const asked = { model: "openai/not-theirs-either", input: ["a"] };
    await read((await teamAt(at, cached)).post("/v1/embeddings", asked));
    expect((await read((await teamAt(at, cached)).post("/v1/embeddings", asked))).state).toBe("miss");
  });

  it.each([
    ["who has not asked", {}, {}, [null, null]],
    ["who asks by a header", {}, keep, ["miss", "hit"]],
    ["who refuses it by a header", cached, { "x-gearbox-cache": "off" }, [null, null]],
    ["who wants it fresh", cached, { "cache-control": "no-cache" }, ["miss", "miss"]],
    ["who wants nothing kept", cached, { "cache-control": "no-store" }, ["bypass", "bypass"]],
  ] as const)("%s: as it is said", async (name, settings, headers, states) => {
    const model = `says-${name.replaceAll(" ", "-")}`;
    await play(model, ...counted(1, 1));
    const { post } = await teamAt(at, settings);
    const ask = () => read(post("/v1/embeddings", { model: `openai/${model}`, input: ["a"] }, headers));
    expect([(await ask()).state, (await ask()).state]).toEqual(states);
  });

  it("nobody any more, once its tag or model is forgotten", async () => {
    await play("tagged", ...counted(1, 1, 1));
    const { post, team } = await teamAt(at, cached);
    const tags = { "x-gearbox-cache-tag": "docs" };
    const ask = () => read(post("/v1/embeddings", { model: "openai/tagged", input: ["a", "b"] }, tags));
    expect([(await ask()).state, (await ask()).state]).toEqual(["miss", "hit"]);
    expect(await at.deps.cache.forget(team, { tag: "docs" })).toBe(2);
    expect((await ask()).state).toBe("miss");
    expect(await at.deps.cache.forget(team, { model: "openai/tagged" })).toBe(2);
    expect((await ask()).state).toBe("miss");
  });

  it("a caller of a cache that cannot be reached, as if it were empty", async () => {
    const to = gateway();
    const down = () => Promise.reject(new Error("no connection"));
    Object.assign(to.deps, { cache: { get: down, getMany: down, put: down, putMany: down, forget: down } });
    await play("cache-down", ...counted(1));
    const answer = await to.post("/v1/embeddings", { model: "openai/cache-down", input: ["a"] }, keep);
    expect([answer.status, answer.headers.get("x-gearbox-cache")]).toEqual([200, "miss"]);
    await answer.text();
    await to.idle();
  });
});

describe("nothing is kept", () => {
  it("of an answer that has other vectors than were asked for; in part it is refused, and was paid for", async () => {
    const rows = (count: number) => ({
      fault: {
        kind: "status" as const,
        status: 200,
        body: JSON.stringify({
          data: Array.from({ length: count }, (_, index) => ({ object: "embedding", index, embedding: [1] })),
          usage: { prompt_tokens: 5, total_tokens: 5 },
        }),
      },
    });
    await play("wrong-count", rows(1), rows(2), rows(2), rows(2), rows(2), rows(2));
    const { post } = await teamAt(at, cached);
    const ask = (input: string[]) => post("/v1/embeddings", { model: "openai/wrong-count", input });
    expect((await read(ask(["a", "b"]))).state).toBe("miss");
    expect((await read(ask(["a", "b"]))).state).toBe("miss");
    const refused = await ask(["a", "b", "c"]);
    expect([refused.status, await refused.json()]).toEqual([
      502,
      { error: expect.objectContaining({ message: expect.stringContaining("other embeddings") }) },
    ]);
  });

  it("of a call that fails, and what was there before stays", async () => {
    await play(
      "fails",
      ...counted(1),
      ...Array.from({ length: 5 }, () => ({ fault: { kind: "status" as const, status: 400 } })),
    );
    const { post, team } = await teamAt(at, cached);
    const ask = (input: string[]) => post("/v1/embeddings", { model: "openai/fails", input });
    await read(ask(["a"]));
    expect((await ask(["a", "b"])).status).toBe(400);
    expect((await read(ask(["a"]))).state).toBe("hit");
    expect(await sums(at.deps, team)).toMatchObject([{ calls: 3, hits: 1, cost: nano, saved: nano }]);
  });

  it("of a batch whose answer may be too large to hold", async () => {
    await play("large", ...counted(1));
    const { post } = await teamAt(at, cached);
    const input = Array.from({ length: 400 }, (_, index) => `text ${index}`);
    const { state, body } = await read(post("/v1/embeddings", { model: "openai/large", input }));
    expect([state, body.data.length]).toEqual(["bypass", 400]);
  });
});

describe("embeddings of Gemini's, or in its words,", () => {
  const request = (text: string, more: object = {}) => ({ content: { parts: [{ text }] }, ...more });
  const batch = (model: string, ...texts: string[]) => ({
    requests: texts.map((text) => ({ model: `models/${model}`, ...request(text) })),
  });

  it.each(["float", "base64"])("are kept for callers of OpenAI's (%s)", async (format) => {
    const model = `gemini-${format}`;
    await play(model, ...counted(10, 20));
    const { post, team } = await teamAt(at, cached);
    const ask = (input: string[]) =>
      read(post("/v1/embeddings", { model: `gemini/${model}`, input, encoding_format: format }));
    const made = await ask(["a", "b"]);
    const part = await ask(["b", "c", "a"]);
    const again = await ask(["a", "b"]);
    expect([made.state, part.state, again.state]).toEqual(["miss", "partial", "hit"]);
    expect([made, part, again].map(({ body }) => body.usage.prompt_tokens)).toEqual([10, 20, 0]);
    expect(again.body.data).toEqual(made.body.data);
    expect(part.body.data[2]?.embedding).toEqual(made.body.data[0]?.embedding);
    expect((await callsFor(model))[1]?.body).toEqual(batch(model, "c"));
    expect(await sums(at.deps, team)).toMatchObject([
      { calls: 3, hits: 1, input: 30, cost: 30 * nano, saved: 20 * nano },
    ]);
  });

  it("are kept for callers of Gemini's, of many and of one", async () => {
    await play("own-words", ...counted(10, 20, 5));
    const { post } = await teamAt(at, cached);
    const path = "/v1beta/models/gemini%2Fown-words";
    const many = (...texts: string[]) => read(post(`${path}:batchEmbedContents`, batch("own-words", ...texts)));
    const made = await many("a", "b");
    const part = await many("c", "a");
    const again = await many("a", "b");
    expect([made.state, part.state, again.state]).toEqual(["miss", "partial", "hit"]);
    const embeddings = ({ text }: Answer) => JSON.parse(text).embeddings;
    expect(embeddings(again)).toEqual(embeddings(made));
    expect(embeddings(part)[1]).toEqual(embeddings(made)[0]);
    expect(JSON.parse(part.text).usageMetadata).toEqual({ promptTokenCount: 20 });
    const one = () => read(post(`${path}:embedContent`, request("a", { taskType: "RETRIEVAL_QUERY" })));
    const [first, second] = [await one(), await one()];
    expect([first.state, second.state]).toEqual(["miss", "hit"]);
    expect(JSON.parse(second.text).embedding).toEqual(JSON.parse(first.text).embedding);
  });

  it("made by OpenAI are those of its own callers", async () => {
    await play("shared-words", ...counted(10, 20));
    const { post } = await teamAt(at, cached);
    const path = "/v1beta/models/openai%2Fshared-words:batchEmbedContents";
    const made = await read(post("/v1/embeddings", { model: "openai/shared-words", input: ["a", "b"] }));
    const part = await read(post(path, batch("openai/shared-words", "b", "c")));
    expect(part.state).toBe("partial");
    expect(JSON.parse(part.text).embeddings[0]).toEqual({ values: made.body.data[1]?.embedding });
    expect(await inputsOf("shared-words")).toEqual([["a", "b"], ["c"]]);
  });

  it("are estimated by what was bought where the model does not count", async () => {
    await play("uncounted-part", {}, {});
    const { post, team } = await teamAt(at, cached);
    const ask = (input: string[]) => read(post("/v1/embeddings", { model: "gemini/uncounted-part", input }));
    await ask(["12345678".repeat(100)]);
    const part = await ask(["12345678".repeat(100), "12345678"]);
    expect([part.state, part.body.usage.prompt_tokens]).toEqual(["partial", 2]);
    expect(await sums(at.deps, team)).toMatchObject([{ calls: 2, estimated: 2, input: 202 }]);
  });

  it("are estimated so for callers of Gemini's, too", async () => {
    await play("uncounted-own", {}, {});
    const { post, team } = await teamAt(at, cached);
    const ask = (...texts: string[]) =>
      read(post("/v1beta/models/gemini%2Funcounted-own:batchEmbedContents", batch("uncounted-own", ...texts)));
    const input = async () => (await sums(at.deps, team))[0]?.input ?? 0;
    const long = "12345678".repeat(1000);
    await ask(long);
    const before = await input();
    expect((await ask(long, "12345678")).state).toBe("partial");
    const bought = (await input()) - before;
    expect(bought).toBeGreaterThan(1);
    expect(bought).toBeLessThan(100);
  });
});
