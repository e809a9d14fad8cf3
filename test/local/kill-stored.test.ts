/**
 * The process is killed while answers are being stored, over one data folder: each whose end a caller saw is there
 * afterwards with everything that it goes on from, and of every other one either all or nothing.
 */
import type { RequestListener } from "node:http";
import { afterEach, expect, it } from "vitest";
import { live } from "./live.ts";

const { up, provider, folder, clear } = live();

afterEach(clear);

const rounds = 5;
const words = "five words that were said";

/** Says the same to everyone, in a stream. */
const answer: RequestListener = async (request, response) => {
  for await (const _ of request);
  const frame = (delta: object, finish: string | null): string =>
    `data: ${JSON.stringify({ id: "c", model: "m", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(frame({ content: words }, null));
  response.end(`${frame({}, "stop")}data: [DONE]\n\n`);
};

interface Seen {
  readonly id: string;
  /** How many responses it goes on from. */
  readonly depth: number;
  isEnded: boolean;
}

/** Asks on from its own last answer until the process is gone. */
async function caller(url: string, key: string, seen: Seen[], ended: () => void): Promise<void> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  let last: Seen | undefined;
  for (;;) {
    const goOn = last === undefined ? {} : { previous_response_id: last.id };
    const body = JSON.stringify({ model: "mine/m", stream: true, input: "Say five.", ...goOn });
    let own: Seen | undefined;
    try {
      const answer = await fetch(`${url}/v1/responses`, { method: "POST", headers, body });
      let text = "";
      for await (const chunk of answer.body ?? []) {
        text += Buffer.from(chunk).toString();
        const id = /"id":"(resp_\w+)"/.exec(text)?.[1];
        if (own !== undefined || id === undefined) continue;
        own = { id, depth: last === undefined ? 0 : last.depth + 1, isEnded: false };
        seen.push(own);
      }
      if (own === undefined || !text.includes("event: response.completed")) throw new Error(text);
      own.isEnded = true;
      last = own;
      ended();
    } catch {
      return;
    }
  }
}

it("a stored answer is whole or absent, whenever the process was killed", { timeout: 120_000 }, async () => {
  const providers = { mine: { base: `${await provider(answer)}/v1`, speaks: ["chat"], secret: "MINE_KEY" } };
  const settings = { DATA_DIR: folder(), MINE_KEY: "mk-test", PROVIDERS: JSON.stringify(providers) };
  const seen: Seen[] = [];
  let gateway = await up(settings);
  const { key } = gateway;
  for (let round = 0; round < rounds; round++) {
    if (round > 0) gateway = await up(settings);
    const enough = Promise.withResolvers<void>();
    let count = 0;
    // Another point of the writing's way each time.
    const ended = (): void => {
      if (++count === 20 + round) enough.resolve();
    };
    const callers = Array.from({ length: 6 }, () => caller(gateway.url, key, seen, ended));
    await enough.promise;
    await gateway.kill();
    await Promise.all(callers);
  }
  gateway = await up(settings);
  const get = (path: string): Promise<Response> =>
    fetch(`${gateway.url}/v1/responses/${path}`, { headers: { authorization: `Bearer ${key}` } });
  for (const { id, depth, isEnded } of seen) {
    const answer = await get(id);
    if (!isEnded && answer.status === 404) continue;
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ id, status: "completed", output: [{ content: [{ text: words }] }] });
    const listed = (await (await get(`${id}/input_items?limit=100`)).json()) as { data: object[] };
    expect(listed.data).toHaveLength(2 * depth + 1);
  }
  expect(seen.filter(({ isEnded }) => isEnded).length).toBeGreaterThan(rounds * 20);
});
