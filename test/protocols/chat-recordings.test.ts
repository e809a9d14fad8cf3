/** The Chat protocol against recorded traffic of OpenAI and a dozen compatibles, where the recordings are beside us. */
import { describe, expect, test } from "vitest";
import { collect, type Message } from "../../src/canon/event.ts";
import { isObj, type Obj } from "../../src/canon/json.ts";
import { fold, noUsage, type Usage } from "../../src/canon/usage.ts";
import { framer } from "../../src/http/sse.ts";
import { chat } from "../../src/protocols/chat/index.ts";
import { disorder, eventsOf } from "../laws/laws.ts";
import { haveRecordings, isStream, type Recording, recordings } from "../recordings.ts";
import { context, decode, encode, fault, missing, throughStream } from "./chat-laws.ts";

const kinds = ["openai-chat", "openai-compatible"] as const;

/** Recordings of these kinds that are not of this protocol. */
function isChat({ request, response }: Recording): boolean {
  const isOther = request !== undefined && !request.path.includes("chat/completions");
  const { body } = response;
  const isResponse = isObj(body) ? body.object === "response" : /"type":\s?"response\./.test(body ?? "");
  return !isOther && !isResponse;
}

/** Streams that end in an error of the provider's, with what it is. */
const failing: Readonly<Record<string, string>> = {
  "pydantic-ai__test_groq__test_tool_use_failed_error_streaming__0": "bad_request",
  "pydantic-ai__test_groq__test_tool_use_failed_error_streaming_with_text__0": "bad_request",
  "pydantic-ai__test_openrouter__test_openrouter_stream_error__0": "bad_request",
};

/** Usage whose parts do not sum up: what canon makes of it. */
const beside: Readonly<Record<string, Usage>> = {
  // xAI counts its 290 tokens of reasoning beside the one of the text; its total is 303.
  "ai__xai__xai-text__0__stream": { output: 291 },
  // Gemini's Chat endpoint counts its thoughts in the total only.
  "pydantic-ai__test_openai__test_compatible_api_with_tool_calls_without_id__0": { output: 74 },
  "pydantic-ai__test_openai__test_compatible_api_with_tool_calls_without_id__1": { output: 34 },
  // 158 tokens of a prompt of 78 were read from the cache, it says: all of them, we say.
  "ruby_llm__chat_with_schema_with_azure_grok-4-1-fast-non-reasoning_allows_removing_schema_mid-conversation__0": {
    cacheRead: 78,
  },
};

const passes: Record<string, Record<string, number>> = {};

function pass(law: string, kind: string): void {
  const row = passes[law] ?? {};
  passes[law] = { ...row, [kind]: (row[kind] ?? 0) + 1 };
}

describe.skipIf(!haveRecordings).each(kinds)("recorded %s", (kind) => {
  const all = recordings(kind).filter(isChat);
  const other = recordings(kind).length - all.length;
  console.info(`${kind}: ${all.length} recordings, ${other} of other protocols (Responses, embeddings, moderations)`);

  const requests = all.flatMap(({ name, request }) => (isObj(request?.body) ? [{ name, body: request.body }] : []));
  const streams = all.filter(isStream);
  const bodies = all.flatMap((recording) =>
    isObj(recording.response.body) && recording.response.status === 200
      ? [{ name: recording.name, body: recording.response.body }]
      : [],
  );
  const errors = all.filter(({ response }) => response.status >= 400);

  test.each(requests)("request $name", ({ body }) => {
    const canon = decode(body);
    const again = encode(canon);
    expect(decode(again)).toEqual(canon.stream ? { ...canon, streamUsage: true } : canon);
    expect(missing(plain(body), again)).toEqual([]);
    expect(JSON.stringify(encode(decode(body)))).toBe(JSON.stringify(again));
    expect(JSON.stringify(encode(decode(again)))).toBe(JSON.stringify(again));
    pass("request: retract, nothing lost, byte-stable", kind);
  });

  test.each(streams)("stream $name", ({ name, response: { body } }) => {
    const events = eventsOf(chat, body);
    for (const sizes of [[1], [7, 3, 11], [1021]]) expect(eventsOf(chat, body, sizes)).toEqual(events);
    expect(disorder(events)).toEqual([]);
    pass("stream: any split, order", kind);
    const kindOfFault = failing[stem(name)];
    if (kindOfFault !== undefined) {
      expect(fault(() => collect(events)).kind).toBe(kindOfFault);
      pass("stream: ends in the provider's error", kind);
      return;
    }
    const message = collect(events);
    expect(message.usage).toEqual(expectedUsage(name, recordedUsage(body)));
    expect(bare(collect(throughStream(message)))).toEqual(bare(joined(message)));
    expect(bare(chat.reply.decode(chat.reply.encode(message, context())))).toEqual(bare(joined(message)));
    pass("stream: usage, same message through our own stream and JSON", kind);
    expect(watched(body)).toEqual({ usage: message.usage, ends: true, commits: true });
    pass("stream: watched alike", kind);
  });

  test.each(bodies)("reply $name", ({ name, body }) => {
    const message = chat.reply.decode(body);
    expect(message.blocks.length).toBeGreaterThan(0);
    expect(message.usage).toEqual(expectedUsage(name, body.usage));
    const again = chat.reply.decode(chat.reply.encode(message, context()));
    expect(bare(again)).toEqual(bare(joined(message)));
    expect(bare(collect(throughStream(message)))).toEqual(bare(again));
    pass("reply: usage, retract, the same as a stream", kind);
  });

  test.each(errors)("error $name", ({ response: { status, body } }) => {
    const found = chat.fault.decode(status, typeof body === "string" ? body : JSON.stringify(body));
    expect(found.message).not.toBe("");
    expect(found.kind).toBe(kindOf(status, JSON.stringify(body)));
    pass("error: kind", kind);
  });

  test("the table", () => {
    console.info(
      `${kind}: ${requests.length} requests, ${streams.length} streams, ${bodies.length} replies, ${errors.length} errors`,
    );
    console.table(Object.fromEntries(Object.entries(passes).map(([law, row]) => [law, { passed: row[kind] ?? 0 }])));
    expect(requests.length + streams.length + bodies.length + errors.length).toBeGreaterThan(0);
  });
});

describe.skipIf(!haveRecordings)("documented openai-chat", () => {
  const ends: Readonly<Record<string, string>> = { "content-filter": "filter", "finish-length": "length" };
  test.each(recordings("openai-chat", "documented").filter(({ response }) => response.status === 200))(
    "$name",
    (found) => {
      const end = Object.entries(ends).find(([part]) => found.name.includes(part))?.[1];
      if (isStream(found)) expect(fault(() => collect(eventsOf(chat, found.response.body))).kind).toBe("upstream");
      else expect(chat.reply.decode(found.response.body as Obj).finish.reason).toBe(end);
    },
  );
});

/** The body without what says only the default: null, `n: 1`, and the usage option that we always write. */
function plain(body: Obj): Obj {
  const given = Object.entries(body).filter(([member, value]) => value !== null && !(member === "n" && value === 1));
  return Object.fromEntries(given.filter(([member]) => member !== "stream_options" || body.stream === true));
}

function stem(name: string): string {
  return name.replace(/\.json$/, "");
}

/** Usage straight off the wire: the last one of each member, wherever the server put it. */
function recordedUsage(body: string): Obj {
  const found = [...body.matchAll(/^data: ?(\{.*\})$/gm)].flatMap(([, data]) => {
    const frame = JSON.parse(data ?? "") as { usage?: Obj; x_groq?: { usage?: Obj } };
    const usage = frame.usage ?? frame.x_groq?.usage;
    return usage === undefined || usage === null ? [] : [usage];
  });
  return Object.assign({}, ...found) as Obj;
}

function expectedUsage(name: string, recorded: unknown): Usage {
  const usage = recorded as {
    prompt_tokens?: number;
    completion_tokens?: number;
    cached_tokens?: number;
    prompt_tokens_details?: { cached_tokens?: number; cache_write_tokens?: number; audio_tokens?: number } | null;
    completion_tokens_details?: { reasoning_tokens?: number; audio_tokens?: number; image_tokens?: number } | null;
    server_tool_use?: { web_search_requests?: number } | null;
    cost?: number | object;
  };
  const some = (count: number | undefined): number | undefined => (count === 0 ? undefined : count);
  const known: Usage = JSON.parse(
    JSON.stringify({
      input: usage.prompt_tokens,
      cacheRead: usage.prompt_tokens_details?.cached_tokens ?? usage.cached_tokens,
      cacheWrite: usage.prompt_tokens_details?.cache_write_tokens,
      output: usage.completion_tokens,
      reasoning: usage.completion_tokens_details?.reasoning_tokens,
      inputAudio: some(usage.prompt_tokens_details?.audio_tokens),
      outputAudio: some(usage.completion_tokens_details?.audio_tokens),
      outputImage: some(usage.completion_tokens_details?.image_tokens),
      searches: usage.server_tool_use?.web_search_requests,
      // In US dollars; Perplexity's is an object of another kind.
      reportedCost: typeof usage.cost === "number" ? Math.round(usage.cost * 1e9) : undefined,
    }),
  ) as Usage;
  return fold(known, beside[stem(name)] ?? noUsage);
}

/** Without what an answer of ours has of its own. */
function bare({ blocks, finish, usage, ext }: Message): Omit<Message, "id" | "model"> {
  return { blocks, finish, usage, ...(ext !== undefined && { ext }) };
}

/** Blocks as Chat can say them: neighbours in meaning joined, reasoning first, then text, then calls. */
function joined(message: Message): Message {
  const { blocks } = message;
  const reasoning = blocks.flatMap((block) => (block.type === "reasoning" ? block.summary : [])).join("\n\n");
  const texts = blocks.filter((block) => block.type === "text");
  const annotations = texts.flatMap((block) => block.annotations ?? []);
  const text = texts.map((block) => block.text).join("");
  return {
    ...message,
    blocks: [
      ...(reasoning === "" ? [] : [{ type: "reasoning" as const, summary: [reasoning] }]),
      ...(texts.length === 0 ? [] : [{ type: "text" as const, text, ...(annotations.length > 0 && { annotations }) }]),
      ...blocks.filter((block) => block.type !== "reasoning" && block.type !== "text"),
    ],
  };
}

/** What the watch of a relayed stream has seen by its end. */
function watched(body: string): { usage: Usage; ends: boolean; commits: boolean } {
  const watch = chat.stream.watch();
  const frames = framer();
  let seen = { usage: noUsage, ends: false, commits: false };
  const placed = [...frames.push(new TextEncoder().encode(body)).frames, ...frames.end().frames];
  for (const { frame } of placed) {
    const sight = watch.see(frame);
    expect(sight.fault).toBeUndefined();
    seen = {
      usage: sight.usage ?? seen.usage,
      ends: seen.ends || sight.ends === true,
      commits: seen.commits || sight.commits === true,
    };
  }
  return seen;
}

function kindOf(status: number, body: string): string {
  if (status === 401) return "credential";
  if (status === 429) return "rate_limit";
  if (status === 404) return "no_model";
  return /context length|too long/.test(body) ? "context_length" : "bad_request";
}
