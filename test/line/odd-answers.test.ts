/**
 * The odd ways of servers that call themselves compatible: none of them needs a setting, since the decoder of Chat reads
 * them all. Each is a case as it comes off the wire, asked for by a Responses caller (translated) and a Chat caller
 * (relayed), with what must be heard and counted.
 */
import { describe, expect, it } from "vitest";
import { type Caller, dataOf, paths, question, textOf } from "./calls.ts";
import { gateway, sums } from "./gateway.ts";

interface Odd {
  readonly name: string;
  /** The data of the frames. */
  readonly said: readonly (object | "[DONE]")[];
  readonly text?: string;
  readonly reasoning?: string;
  readonly calls?: readonly (readonly [name: string, input: string])[];
  readonly usage?: { readonly input: number; readonly cacheRead?: number; readonly output: number };
}

const usage = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 };
const plain = { input: 10, output: 4 };

const odd: readonly Odd[] = [
  {
    name: "reasoning in reasoning_content (DeepSeek, Moonshot, xAI)",
    said: [
      delta({ reasoning_content: "Hm" }),
      delta({ reasoning_content: "m." }),
      delta({ content: "A" }),
      stop(usage),
      "[DONE]",
    ],
    ...{ text: "A", reasoning: "Hmm.", usage: plain },
  },
  {
    name: "reasoning in reasoning (Groq, OpenRouter, vLLM, Cerebras)",
    said: [delta({ reasoning: "Hm" }), delta({ reasoning: "m." }), delta({ content: "A" }), stop(usage), "[DONE]"],
    ...{ text: "A", reasoning: "Hmm.", usage: plain },
  },
  {
    name: "usage in every chunk, growing",
    said: [
      { ...delta({ content: "A" }), usage: { prompt_tokens: 10, completion_tokens: 1, total_tokens: 11 } },
      { ...delta({ content: "B" }), usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 } },
      stop(usage),
      "[DONE]",
    ],
    ...{ text: "AB", usage: plain },
  },
  {
    name: "usage on the last choice (Moonshot)",
    said: [delta({ content: "A" }), { choices: [{ index: 0, delta: {}, finish_reason: "stop", usage }] }, "[DONE]"],
    ...{ text: "A", usage: plain },
  },
  {
    name: "usage under x_groq (Groq)",
    said: [delta({ content: "A" }), { ...stop(), x_groq: { usage } }, "[DONE]"],
    ...{ text: "A", usage: plain },
  },
  {
    name: "cached tokens outside the prompt's",
    said: [
      delta({ content: "A" }),
      stop({
        prompt_tokens: 10,
        completion_tokens: 4,
        total_tokens: 114,
        prompt_tokens_details: { cached_tokens: 100 },
      }),
      "[DONE]",
    ],
    ...{ text: "A", usage: { input: 110, cacheRead: 100, output: 4 } },
  },
  {
    name: "cached tokens in a member of its own (DeepSeek)",
    said: [
      delta({ content: "A" }),
      stop({ ...usage, prompt_cache_hit_tokens: 6, prompt_cache_miss_tokens: 4 }),
      "[DONE]",
    ],
    ...{ text: "A", usage: { input: 10, cacheRead: 6, output: 4 } },
  },
  {
    name: "two finishes",
    said: [delta({ content: "A" }), stop(), stop(), { choices: [], usage }, "[DONE]"],
    ...{ text: "A", usage: plain },
  },
  {
    name: "no [DONE]",
    said: [delta({ content: "A" }), stop(usage)],
    ...{ text: "A", usage: plain },
  },
  {
    name: "tool deltas without an index",
    said: [
      delta({ tool_calls: [{ id: "c1", type: "function", function: { name: "look", arguments: "" } }] }),
      delta({ tool_calls: [{ function: { arguments: '{"at":' } }] }),
      delta({ tool_calls: [{ function: { arguments: '"x"}' } }] }),
      delta({ tool_calls: [{ id: "c2", type: "function", function: { name: "look", arguments: "{}" } }] }),
      finish("tool_calls", usage),
      "[DONE]",
    ],
    calls: [
      ["look", '{"at":"x"}'],
      ["look", "{}"],
    ],
    usage: plain,
  },
  {
    name: "a call without arguments",
    said: [
      delta({ tool_calls: [{ index: 0, id: "c1", type: "function", function: { name: "look", arguments: "" } }] }),
      finish("tool_calls", usage),
      "[DONE]",
    ],
    ...{ calls: [["look", "{}"]], usage: plain },
  },
  {
    name: "the finish stop where tools were called",
    said: [
      delta({ tool_calls: [{ index: 0, id: "c1", type: "function", function: { name: "look", arguments: "{}" } }] }),
      stop(usage),
      "[DONE]",
    ],
    ...{ calls: [["look", "{}"]], usage: plain },
  },
];

const stream = { stream: true, stream_options: { include_usage: true } };

describe("is heard by a Responses caller:", () => {
  it.each(odd.map((each) => [each.name, each] as const))("%s", async (_, { said, ...expected }) => {
    const { body, sum } = await ask("responses", print(said), { stream: true });
    const last = dataOf(body).at(-1) as { type: string; response: { output: Item[]; usage: object } };
    const { output } = last.response;
    expect(last.type, body).toBe("response.completed");
    expect(textOf("responses", body)).toBe(expected.text ?? "");
    const thoughts = output
      .filter(({ type }) => type === "reasoning")
      .flatMap((item) => [...(item.summary ?? []), ...(item.content ?? [])]);
    expect(thoughts.map(({ text }) => text).join("")).toBe(expected.reasoning ?? "");
    const called = output.filter(({ type }) => type === "function_call").map((call) => [call.name, call.arguments]);
    expect(called).toEqual(expected.calls ?? []);
    expect(sum).toMatchObject({ cacheRead: 0, estimated: 0, ...expected.usage });
  });
});

describe("passes a Chat caller as it came, and is counted:", () => {
  it.each(odd.map((each) => [each.name, each] as const))("%s", async (_, { said, usage }) => {
    const { body, sum } = await ask("chat", print(said), stream);
    expect(body).toBe(print(said));
    expect(sum).toMatchObject({ cacheRead: 0, estimated: 0, ...usage });
  });
});

describe("an error under status 200", () => {
  const errors = [
    ["as JSON", JSON.stringify({ error: { message: "No more.", type: "server_error" } }), "application/json"],
    ["as the only frame", print([{ error: { message: "No more.", code: 502 } }]), "text/event-stream"],
    [
      "amid a stream",
      print([delta({ content: "A" }), { error: { message: "No more.", code: 502 } }]),
      "text/event-stream",
    ],
  ] as const;
  const cases = errors.flatMap(([name, body, type]) =>
    (["responses", "chat"] as const).map((caller) => ({ name, body, type, caller })),
  );

  it.each(cases)("$name is told as a failure to $caller", async ({ body, type, caller }) => {
    const answer = await ask(caller, body, stream, type);
    expect(answer.body).toContain("No more.");
    const failed =
      answer.status === 200 ? dataOf(answer.body).filter(isError) : [JSON.parse(answer.body)].filter(isError);
    expect(failed, answer.body).toHaveLength(1);
  });
});

function isError(data: unknown): boolean {
  if (typeof data !== "object" || data === null) return false;
  return "error" in data || ("type" in data && data.type === "response.failed");
}

interface Item {
  readonly type: string;
  readonly name?: string;
  readonly arguments?: string;
  readonly summary?: readonly { readonly text: string }[];
  readonly content?: readonly { readonly text: string }[];
}

async function ask(caller: Caller, said: string, more: object, type = "text/event-stream") {
  const answer = (): Promise<Response> => Promise.resolve(new Response(said, { headers: { "content-type": type } }));
  const { post, deps, team, idle } = gateway({}, answer);
  const tools = [{ type: "function", ...(caller === "chat" ? { function: look } : look) }];
  const answered = await post(paths[caller], question(caller, "compatible/odd", "Hi", { ...more, tools }));
  const body = await answered.text();
  await idle();
  return { status: answered.status, body, sum: (await sums(deps, team))[0] };
}

const look = { name: "look", parameters: { type: "object", properties: {} } };

function delta(delta: object): object {
  return { id: "c", choices: [{ index: 0, delta, finish_reason: null }] };
}

function stop(usage?: object): object {
  return finish("stop", usage);
}

function finish(reason: string, usage?: object): object {
  return { id: "c", choices: [{ index: 0, delta: {}, finish_reason: reason }], ...(usage && { usage }) };
}

function print(said: readonly (object | "[DONE]")[]): string {
  return said.map((data) => `data: ${data === "[DONE]" ? data : JSON.stringify(data)}\n\n`).join("");
}
