/** Conversations compacted on their way, by providers that know nothing of it, and opened again by any other. */
import { describe, expect, it } from "vitest";
import { wish } from "../../src/compaction/words.ts";
import {
  at,
  cases,
  compact,
  done,
  history,
  prefixes,
  providers,
  rows,
  said,
  summary,
  summed,
  told,
  tools,
  trigger,
  usage,
} from "./compacting.ts";
import { callsFor, play, teamAt } from "./gateway.ts";

describe("a wish for compaction", () => {
  it.each(cases)("is answered with one sealed item by $provider, stream: $stream", async ({ provider, stream }) => {
    const { response, items, model } = await compact(provider, "wish", stream);
    expect(items).toEqual([
      { type: "compaction", id: expect.stringMatching(/^cmp_/), encrypted_content: expect.any(String) },
    ]);
    expect(response).toMatchObject({
      status: "completed",
      output: items,
      usage: { input_tokens: 400, output_tokens: 50 },
    });
    expect(items[0]?.encrypted_content).not.toContain("Looked");
    const [call] = await callsFor(model);
    expect(call?.raw).toContain(JSON.stringify(wish).slice(1, 60));
    expect(call?.raw).toContain("nothing-to-see");
    expect(call?.raw).not.toContain("compaction_trigger");
  });

  it.each(cases)("opens for $provider whoever wrote it, stream: $stream", async ({ provider, stream }) => {
    const other = providers[(providers.indexOf(provider) + 1) % providers.length] ?? provider;
    const { items } = await compact(other, `for-${provider}`, stream);
    const model = `${prefixes[provider]}-reader-${stream}`;
    await play(model, done);
    const answer = await at.post("/v1/responses", {
      ...{ model: `${provider}/${model}`, stream, tools, store: false },
      // An agent may send all that was said before, or only what was said to it.
      input: [...(stream ? history.slice(0, 2) : history), ...items],
    });
    expect(JSON.stringify((await told(answer)).response.output)).toContain("Found.");
    expect(answer.headers.get("x-gearbox-lost")).toBeNull();
    const [call] = await callsFor(model);
    for (const kept of ["You find things.", "Find it.", summary]) expect(call?.raw).toContain(kept);
    for (const gone of ["gbxr1", "nothing-to-see"]) expect(call?.raw).not.toContain(gone);
  });

  it("is one call in the account of its team, paid as any", async () => {
    const { team, post } = await teamAt(at, { limits: { requests_per_minute: 1 } });
    await compact("anthropic", "account", true, post);
    expect(await rows(at, team)).toMatchObject([{ provider: "anthropic", state: "settled", usage }]);
    const refused = await post("/v1/responses", { model: "anthropic/x", input: [...history, trigger], stream: true });
    expect(refused.status).toBe(429);
  });

  it("is held to its budget before anything is sent", async () => {
    const { post } = await teamAt(at, { budgets: [{ usd: 0.000001, per: "day" }] });
    const model = "claude-sonnet-5-poor";
    const refused = await post("/v1/responses", { model: `anthropic/${model}`, input: [...history, trigger] });
    expect([refused.status, await refused.json()]).toMatchObject([429, { error: { code: "insufficient_quota" } }]);
    expect(await callsFor(model)).toEqual([]);
  });

  it.each([true, false])("fails where the summary was cut, and its tokens are paid, stream: %s", async (stream) => {
    const { team, post } = await teamAt(at, {});
    const model = `qwen-cut-${stream}`;
    await play(model, { ...summed, finish: "length" });
    const answer = await post("/v1/responses", { model: `compatible/${model}`, input: [...history, trigger], stream });
    if (stream) expect((await told(answer)).response).toMatchObject({ status: "failed", output: [], error: {} });
    else
      expect([answer.status, await answer.json()]).toMatchObject([
        502,
        { error: { message: expect.stringContaining("cut") } },
      ]);
    const [row] = await rows(at, team);
    expect(row).toMatchObject({ usage: { output: 50 } });
  });

  it("must be the last item", async () => {
    const refused = await at.post("/v1/responses", { model: "anthropic/x", input: [trigger, ...history] });
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: { param: "input[0]" } }]);
  });

  it("goes on from a stored conversation, which then goes on from it", async () => {
    const model = "qwen-stored";
    await play(model, done, summed, done);
    const post = async (input: object[], previous?: string) => {
      const ids = previous === undefined ? {} : { previous_response_id: previous };
      return (await told(await at.post("/v1/responses", { model: `compatible/${model}`, input, ...ids }))).response;
    };
    const first = await post([said("user", "Find it.")]);
    const second = await post([trigger], String(first.id));
    expect(second.output.map(({ type }) => type)).toEqual(["compaction"]);
    const third = await post([said("user", "And now?")], String(second.id));
    expect(third.status).toBe("completed");
    const last = (await callsFor(model)).at(-1)?.raw ?? "";
    for (const kept of ["Find it.", summary, "And now?"]) expect(last).toContain(kept);
    for (const gone of ["Found.", "gbxr1", "compaction"]) expect(last).not.toContain(gone);
  });
});

describe("a sealed summary that does not open", () => {
  async function lost(item: object, headers: Record<string, string> = {}) {
    const model = `qwen-lost-${Math.random()}`;
    await play(model, done);
    const input = [said("user", "Find it."), item, said("user", "And?")];
    const answer = await at.post("/v1/responses", { model: `compatible/${model}`, input, store: false }, headers);
    return { answer, calls: await callsFor(model) };
  }

  it("is another team's: dropped, and told of", async () => {
    const { post } = await teamAt(at, {});
    const { items } = await compact("compatible", "other-team", false, post);
    const { answer, calls } = await lost(items[0] ?? {});
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-gearbox-lost")).toBe("input[1]=dropped");
    expect(calls[0]?.raw).not.toMatch(/gbxr1|Looked here/);
    const strict = await lost(items[0] ?? {}, { "x-gearbox-strict": "true" });
    expect([strict.answer.status, await strict.answer.json()]).toMatchObject([400, { error: { param: "input[1]" } }]);
  });

  it("was changed on its way, or is no summary at all", async () => {
    const [item] = (await compact("compatible", "tampered")).items;
    const token = item?.encrypted_content ?? "";
    const changed = [`${token.slice(0, 40)}A${token.slice(41)}`, token.slice(0, -8), token.slice(0, 9), "gbxr1"];
    for (const encrypted_content of changed.filter((each) => each !== token)) {
      const { answer, calls } = await lost({ ...item, encrypted_content });
      expect([answer.status, answer.headers.get("x-gearbox-lost")]).toEqual([200, "input[1]=dropped"]);
      expect(calls[0]?.raw).not.toContain("gbxr1");
    }
  });

  it("is OpenAI's own, and goes to somebody else", async () => {
    const { answer, calls } = await lost({ type: "compaction", encrypted_content: "gAAAAAB-of-openai" });
    expect([answer.status, answer.headers.get("x-gearbox-lost")]).toEqual([200, "input[1]=dropped"]);
    expect(calls[0]?.raw).not.toContain("gAAAAAB");
  });
});

describe("a conversation that is to be compacted by itself", () => {
  const plan = { context_management: [{ type: "compaction", compact_threshold: 1000 }] };
  const long = [said("user", "Find it."), said("assistant", "I look. ".repeat(1000)), said("user", "And?")];

  it.each(cases)("has its summary before the answer of $provider, stream: $stream", async ({ provider, stream }) => {
    const { team, post } = await teamAt(at, { limits: { concurrent: 1 } });
    const model = `${prefixes[provider]}-plan-${stream}`;
    await play(model, summed, done, done);
    const body = { model: `${provider}/${model}`, stream, store: false, ...plan };
    const answer = await post("/v1/responses", { ...body, input: long });
    expect(answer.headers.get("x-gearbox-lost")).toBeNull();
    const { response, items } = await told(answer);
    expect(items.map(({ type }) => type)).toEqual(["compaction", "message"]);
    expect(response.output).toEqual(items);
    // Both are calls of their own in the account.
    expect(await rows(at, team)).toHaveLength(2);
    const [asked, answered] = await callsFor(model);
    expect(asked?.raw).toContain(JSON.stringify(wish).slice(1, 60));
    for (const kept of ["Find it.", "And?", summary]) expect(answered?.raw).toContain(kept);
    for (const gone of ["I look.", "gbxr1", "context_management"]) expect(answered?.raw).not.toContain(gone);
    // Everything sent back, as OpenAI has it, it is not too long any more.
    const next = await post("/v1/responses", { ...body, input: [...long, ...items, said("user", "So?")] });
    expect((await told(next)).items.map(({ type }) => type)).toEqual(["message"]);
    expect(await rows(at, team)).toHaveLength(3);
  });

  it("is left alone below the mark, and where it is only counted", async () => {
    const model = "qwen-short";
    await play(model, done);
    const body = { model: `compatible/${model}`, ...plan, store: false };
    const answer = await at.post("/v1/responses", { ...body, input: long.slice(0, 1) });
    expect(answer.headers.get("x-gearbox-lost")).toBeNull();
    expect((await told(answer)).items.map(({ type }) => type)).toEqual(["message"]);
    expect(await callsFor(model)).toHaveLength(1);
    const counted = await at.post("/v1/responses/input_tokens", { ...body, input: long });
    expect(counted.headers.get("x-gearbox-count")).toBe("upper-bound");
    expect(await callsFor(model)).toHaveLength(1);
  });

  it("is not answered where its team may not buy the summary, or it fails", async () => {
    const { team, post } = await teamAt(at, { limits: { requests_per_minute: 1 } });
    const model = "qwen-one-a-minute";
    await play(model, summed, done);
    const refused = await post("/v1/responses", { model: `compatible/${model}`, ...plan, input: long });
    expect(refused.status).toBe(429);
    expect(await callsFor(model)).toHaveLength(1);
    expect(await rows(at, team)).toHaveLength(1);
    const broke = await teamAt(at, { budgets: [{ usd: 0.000001, per: "day" }] });
    const poor = await broke.post("/v1/responses", { model: "anthropic/claude-sonnet-5", ...plan, input: long });
    expect([poor.status, await poor.json()]).toMatchObject([429, { error: { code: "insufficient_quota" } }]);
    await play("qwen-broken", { fault: { kind: "status", status: 400 } });
    const failed = await at.post("/v1/responses", { model: "compatible/qwen-broken", ...plan, input: long });
    expect([failed.status, await failed.json()]).toMatchObject([400, { error: { message: expect.any(String) } }]);
  });
});
