/**
 * The process is killed under load while it stores answers in the cache, five times over one data folder: whatever is
 * given from the cache afterwards is whole, and what is not whole is not there.
 */
import type { RequestListener } from "node:http";
import { afterEach, expect, it } from "vitest";
import { live } from "./live.ts";

const { up, provider, folder, clear } = live();

afterEach(clear);

const rounds = 5;
const adminKey = "an-admin-key-of-more-than-32-characters";
const usage = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 };
const model = "gpt-4o-mini";
const parts = 20;

/** More than one chunk of a shard, and no part of it like another. */
function textOf(prompt: string): string[] {
  return Array.from({ length: parts }, (_, part) => `${prompt}/${part} `.padEnd(30_000, `${part % 10}`));
}

function vectorOf(input: string): number[] {
  return Array.from(
    { length: 256 },
    (_, at) => ((input.length * 31 + at * (input.charCodeAt(at % input.length) || 7)) % 997) / 997,
  );
}

interface Asked {
  readonly stream?: boolean;
  readonly messages?: readonly { readonly content: string }[];
  readonly input?: readonly string[];
}

/** The same answer to the same call each time, as a whole or as a stream. */
const answer: RequestListener = async (request, response) => {
  let text = "";
  for await (const part of request) text += part;
  const { stream, messages, input } = JSON.parse(text) as Asked;
  response.writeHead(200, { "content-type": stream === true ? "text/event-stream" : "application/json" });
  if (input !== undefined) {
    const data = input.map((each, index) => ({ object: "embedding", index, embedding: vectorOf(each) }));
    response.end(JSON.stringify({ object: "list", data, model, usage: { prompt_tokens: 9, total_tokens: 9 } }));
    return;
  }
  const said = textOf(messages?.[0]?.content ?? "");
  if (stream !== true) {
    const choices = [{ index: 0, message: { role: "assistant", content: said.join("") }, finish_reason: "stop" }];
    response.end(JSON.stringify({ id: "c", object: "chat.completion", created: 1, model, choices, usage }));
    return;
  }
  const frame = (choices: object[], more: object = {}): string =>
    `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model, choices, ...more })}\n\n`;
  for (const content of said) response.write(frame([{ index: 0, delta: { content } }]));
  response.write(frame([{ index: 0, delta: {}, finish_reason: "stop" }]));
  response.end(`${frame([], { usage })}data: [DONE]\n\n`);
};

async function post<T>(url: string, key: string, path: string, body: object): Promise<T> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const answer = await fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  expect(answer.ok).toBe(true);
  return (await answer.json()) as T;
}

/** A call of one kind, and what its answer must be, whoever gives it. */
interface Wish {
  readonly path: string;
  readonly body: object;
  readonly answer: string;
}

const kinds = ["whole", "stream", "embeddings"] as const;

function wishOf(name: string, kind: (typeof kinds)[number]): Wish {
  if (kind === "embeddings") {
    const input = Array.from({ length: 48 }, (_, at) => `${name} ${"x".repeat(at)}`);
    const body = { model: `openai/text-embedding-3-small`, input };
    return { path: "/v1/embeddings", body, answer: JSON.stringify(input.map(vectorOf)) };
  }
  const messages = [{ role: "user", content: name }];
  const body = { model: `openai/${model}`, messages, temperature: 0, stream: kind === "stream" };
  return { path: "/v1/chat/completions", body, answer: textOf(name).join("") };
}

async function ask(url: string, key: string, { path, body }: Wish): Promise<{ state: string | null; answer: string }> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const answer = await fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  const text = await answer.text();
  expect([answer.status, answer.ok ? "" : text]).toEqual([200, ""]);
  return { state: answer.headers.get("x-gearbox-cache"), answer: saidIn(text) };
}

function saidIn(text: string): string {
  if (text.startsWith("data:")) {
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
    const frames = [...text.matchAll(/^data: (\{.*)$/gm)].map(([, data = ""]) => JSON.parse(data));
    return frames.map(({ choices }) => choices[0]?.delta?.content ?? "").join("");
  }
  const { choices, data } = JSON.parse(text);
  return data === undefined
    ? choices[0].message.content
    : JSON.stringify(data.map(({ embedding }: { embedding: number[] }) => embedding));
}

it("an answer from the cache is whole, whenever the process was killed", { timeout: 240_000 }, async () => {
  const settings = {
    DATA_DIR: folder(),
    ADMIN_KEY: adminKey,
    OPENAI_API_KEY: "sk-test",
    OPENAI_BASE_URL: `${await provider(answer)}/v1`,
  };
  const states: Record<string, number> = {};
  let gateway = await up(settings);
  const cache = { ttl_seconds: 3600 };
  const team = (await post<{ id: string }>(gateway.url, adminKey, "/admin/teams", { name: "t", settings: { cache } }))
    .id;
  const { key } = await post<{ key: string }>(gateway.url, adminKey, `/admin/teams/${team}/keys`, { name: "k" });
  for (let round = 0; round < rounds; round++) {
    const asked: Wish[] = [];
    const enough = Promise.withResolvers<void>();
    let ended = 0;
    const caller = async (at: number): Promise<void> => {
      for (let call = 0; ; call++) {
        const wish = wishOf(`${round}-${at}-${call}`, kinds[at % kinds.length] ?? "whole");
        asked.push(wish);
        try {
          await ask(gateway.url, key, wish);
        } catch {
          return;
        }
        ended++;
        // Another point of the storing's way each time.
        if (ended === 9 + 3 * round) enough.resolve();
      }
    };
    const callers = Array.from({ length: 6 }, (_, at) => caller(at));
    await enough.promise;
    await gateway.kill();
    await Promise.all(callers);
    gateway = await up(settings);
    for (const wish of asked) {
      const { state, answer } = await ask(gateway.url, key, wish);
      expect(answer === wish.answer).toBe(true);
      states[state ?? "none"] = (states[state ?? "none"] ?? 0) + 1;
    }
  }
  console.info(`killed ${rounds} times while storing: ${JSON.stringify(states)}`);
  expect(Object.keys(states).filter((state) => !["hit", "miss", "partial"].includes(state))).toEqual([]);
  expect(states.hit).toBeGreaterThan(rounds);
  expect(states.miss).toBeGreaterThan(rounds);
});
