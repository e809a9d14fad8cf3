/**
 * The process is killed under load, twenty times, over one data folder: each answer whose end a caller saw is in the
 * account once, as it was settled or as a hold that ran out and is flagged; and the rows sum to the sums.
 */
import type { RequestListener } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { live } from "./live.ts";

const { up, provider, folder, clear } = live();

afterEach(clear);

const rounds = 20;
const adminKey = "an-admin-key-of-more-than-32-characters";
const usage = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 };

/** Answers at once, as a whole or in three frames. */
const answer: RequestListener = async (request, response) => {
  let text = "";
  for await (const part of request) text += part;
  const model = "gpt-4o-mini";
  if (JSON.parse(text).stream !== true) {
    const message = { role: "assistant", content: "five words that were said" };
    const choices = [{ index: 0, message, finish_reason: "stop" }];
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ id: "c", object: "chat.completion", created: 1, model, choices, usage }));
    return;
  }
  const frame = (choices: object[], more: object = {}): string =>
    `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model, choices, ...more })}\n\n`;
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(frame([{ index: 0, delta: { content: "five words that were said" } }]));
  response.write(frame([{ index: 0, delta: {}, finish_reason: "stop" }]));
  response.end(`${frame([], { usage })}data: [DONE]\n\n`);
};

async function admin<T>(url: string, path: string, body?: object): Promise<T> {
  const answer = await fetch(`${url}/admin${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${adminKey}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  expect(answer.ok).toBe(true);
  return (await answer.json()) as T;
}

/** Calls until the process is gone; the ids of the answers that came whole. */
async function caller(url: string, key: string, stream: boolean, saw: (id: string) => void): Promise<void> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const body = JSON.stringify({
    model: "openai/gpt-4o-mini",
    stream,
    messages: [{ role: "user", content: "Say five." }],
  });
  for (;;) {
    try {
      const answer = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body });
      const text = await answer.text();
      if (answer.ok && (!stream || text.includes("[DONE]"))) saw(answer.headers.get("x-gearbox-call") ?? "");
    } catch {
      return;
    }
  }
}

interface Row {
  readonly id: string;
  readonly state: string;
  readonly swept: boolean;
  readonly cost_usd: number;
  readonly usage: { readonly output_tokens: number | null };
}

async function rowsOf(url: string, team: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (let after = ""; ; ) {
    const page = await admin<{ data: Row[]; next: string | null }>(url, `/teams/${team}/calls?limit=500${after}`);
    rows.push(...page.data);
    if (page.next === null) return rows;
    after = `&after=${encodeURIComponent(page.next)}`;
  }
}

it("a call whose end was seen is in the account once, whenever the process was killed", {
  timeout: 240_000,
}, async () => {
  const settings = {
    DATA_DIR: folder(),
    ADMIN_KEY: adminKey,
    HOLD_MS: "1000",
    OPENAI_API_KEY: "sk-test",
    OPENAI_BASE_URL: `${await provider(answer)}/v1`,
  };
  const seen: string[] = [];
  let gateway = await up(settings);
  const budgets = [{ usd: 1000, per: "month" }];
  const team = (await admin<{ id: string }>(gateway.url, "/teams", { name: "killed", settings: { budgets } })).id;
  const { key } = await admin<{ key: string }>(gateway.url, `/teams/${team}/keys`, { name: "killed" });
  for (let round = 0; round < rounds; round++) {
    if (round > 0) gateway = await up(settings);
    const enough = Promise.withResolvers<void>();
    let ended = 0;
    const saw = (id: string): void => {
      seen.push(id);
      ended++;
      // Another point of the settling's way each time.
      if (ended === 20 + round) enough.resolve();
    };
    const callers = Array.from({ length: 8 }, (_, at) => caller(gateway.url, key, at % 2 === 0, saw));
    await enough.promise;
    await gateway.kill();
    await Promise.all(callers);
  }
  gateway = await up(settings);
  // Holds of the last round run out a second after they were made.
  let rows = await rowsOf(gateway.url, team);
  for (let tries = 0; tries < 20 && seen.some((id) => !rows.some((row) => row.id === id)); tries++) {
    await pause(250);
    rows = await rowsOf(gateway.url, team);
  }
  const ids = rows.map(({ id }) => id);
  expect(seen.length).toBeGreaterThan(rounds * 20);
  expect(new Set(ids).size).toBe(ids.length);
  expect(seen.filter((id) => !ids.includes(id))).toEqual([]);
  for (const row of rows) {
    if (row.swept) expect(row).toMatchObject({ state: "estimated" });
    else expect(row).toMatchObject({ state: "settled", usage: { output_tokens: 5 } });
    expect(row.cost_usd).toBeGreaterThan(0);
  }
  const { data } = await admin<{ data: { calls: number; cost_usd: number; estimated_calls: number }[] }>(
    gateway.url,
    `/teams/${team}/usage`,
  );
  const cost = rows.reduce((sum, row) => sum + Math.round(row.cost_usd * 1e9), 0);
  expect(data).toMatchObject([{ calls: rows.length, estimated_calls: rows.filter(({ swept }) => swept).length }]);
  expect(Math.round((data[0]?.cost_usd ?? 0) * 1e9)).toBe(cost);
  console.info(
    `killed ${rounds} times: ${seen.length} answers seen, ${rows.length} rows, ${data[0]?.estimated_calls} swept`,
  );
});
