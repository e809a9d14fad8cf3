/** Chat requests into canon and out of it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json, Obj } from "../../src/canon/json.ts";
import { protocols } from "../../src/protocols/index.ts";
import { ask, decode, encode, hi, missing } from "./chat-laws.ts";

/** A body with all that Chat can say, and an unknown member on each level. */
const everything: Obj = {
  model: "gpt-x",
  messages: [
    { role: "developer", content: "Be brief.", name: "dev", x1: 1 },
    { role: "system", content: [{ type: "text", text: "One.", x2: { deep: [0, false, ""] } }] },
    {
      role: "user",
      name: "ann",
      content: [
        { type: "text", text: "Look:", prompt_cache_breakpoint: { mode: "explicit" } },
        { type: "image_url", image_url: { url: "data:image/png;base64,AAAA", detail: "low", x3: 1 }, x4: 2 },
        { type: "image_url", image_url: { url: "https://example.com/a.png" } },
        { type: "input_audio", input_audio: { data: "UklG", format: "wav", x5: 1 } },
        { type: "file", file: { file_data: "data:application/pdf;base64,JVBE", filename: "a.pdf", x6: 1 } },
        { type: "file", file: { file_id: "file-1" } },
        { type: "video_url", video_url: { url: "https://example.com/v.mp4" } },
      ],
    },
    {
      role: "assistant",
      content: null,
      refusal: null,
      reasoning_content: "I think.",
      reasoning_details: [{ type: "reasoning.encrypted", data: "abc" }],
      tool_calls: [
        { id: "call_1", type: "function", function: { name: "f", arguments: '{"a":0}', x7: 1 }, x8: 2 },
        { id: "call_2", type: "custom", custom: { name: "c", input: "free\n", x9: 1 } },
      ],
    },
    { role: "tool", tool_call_id: "call_1", content: "done", name: "f", x10: 1 },
    { role: "tool", tool_call_id: "call_2", content: [{ type: "text", text: "" }] },
    {
      role: "assistant",
      content: [
        { type: "text", text: "Well" },
        { type: "refusal", refusal: "no" },
      ],
      audio: { id: "a1" },
    },
    { role: "assistant", content: "So.", refusal: "cannot", prefix: true },
    { role: "user", content: "" },
  ],
  tools: [
    {
      type: "function",
      function: { name: "f", description: "d", parameters: { type: "object" }, strict: false, x11: 1 },
    },
    { type: "function", function: { name: "g" }, cache_control: { type: "ephemeral", ttl: "1h" } },
    {
      type: "custom",
      custom: { name: "c", format: { type: "grammar", grammar: { syntax: "lark", definition: "s", x: 1 } } },
    },
    { type: "custom", custom: { name: "t", description: "d", format: { type: "text" } } },
    { type: "openrouter:web_search", parameters: { max_uses: 1 } },
  ],
  tool_choice: {
    type: "allowed_tools",
    allowed_tools: { mode: "auto", tools: [{ type: "custom", custom: { name: "c" } }], y: 1 },
  },
  parallel_tool_calls: false,
  reasoning_effort: "xhigh",
  response_format: {
    type: "json_schema",
    json_schema: { name: "n", schema: { type: "object" }, strict: true, y: 0 },
    z: 0,
  },
  verbosity: "low",
  max_completion_tokens: 0,
  stop: ["a", "b"],
  temperature: 0,
  top_p: 0.5,
  seed: 0,
  presence_penalty: 0,
  frequency_penalty: -1,
  service_tier: "flex",
  prompt_cache_key: "k",
  user: "u",
  safety_identifier: "s",
  metadata: { a: "b" },
  stream: true,
  stream_options: { include_usage: true, include_obfuscation: false },
  n: 2,
  logprobs: true,
  top_logprobs: 3,
  logit_bias: { 50256: -100 },
  modalities: ["text", "audio"],
  audio: { format: "wav", voice: "alloy" },
  prediction: { type: "content", content: "x" },
  web_search_options: {},
  store: false,
  top_k: 40,
};

/** Bodies that are right, by what they are about. */
const bodies: readonly (readonly [string, Obj])[] = [
  ["everything", everything],
  ["a text", ask()],
  ["one part", ask({}, [{ role: "user", content: [{ type: "text", text: "hi" }] }])],
  ["a bare image URL", ask({}, [{ role: "user", content: [{ type: "image_url", image_url: "https://e.com/a" }] }])],
  ["stop alone", ask({ stop: "x" })],
  ["the old limit", ask({ max_tokens: 5 })],
  ["a forced function", ask({ tool_choice: { type: "function", function: { name: "f", x: 1 } } })],
  [
    "one allowed tool",
    ask({
      tool_choice: {
        type: "allowed_tools",
        allowed_tools: { mode: "required", tools: [{ type: "function", function: { name: "f" } }] },
      },
    }),
  ],
  ["a tier of Groq's", ask({ service_tier: "on_demand", safety_identifier: "s" })],
  [
    "a file by URL",
    ask({}, [{ role: "user", content: [{ type: "file", file: { file_data: "https://e.com/a.pdf" } }] }]),
  ],
  ["reasoning of @openai/agents", ask({}, [hi, { role: "assistant", content: "yes", reasoning: "hm" }, hi])],
  ["both reasonings", ask({}, [hi, { role: "assistant", content: "y", reasoning: "a", reasoning_content: "b" }, hi])],
  ["two answers in a row", ask({}, [hi, { role: "assistant", content: "a" }, { role: "assistant", content: "b" }, hi])],
  [
    "an image from a tool",
    ask({}, [
      hi,
      calls("a"),
      {
        role: "tool",
        tool_call_id: "a",
        content: [{ type: "image_url", image_url: { url: "data:image/png;base64,AA" } }],
      },
    ]),
  ],
];

function calls(...ids: readonly string[]): Obj {
  const list = ids.map((id): Obj => ({ id, type: "function", function: { name: "f", arguments: "{}" } }));
  return { role: "assistant", content: null, tool_calls: list };
}

describe("decode and encode", () => {
  test("search options are a web search of any provider's", () => {
    const place = { city: "Utrecht", country: "NL" };
    const options = { search_context_size: "high", user_location: { type: "approximate", approximate: place } };
    const canon = decode(ask({ web_search_options: options, max_tokens: 5 }));
    const location = { type: "approximate", ...place };
    expect(canon.tools).toEqual([{ type: "web_search", live: true, contextSize: "high", location }]);
    const lost: string[] = [];
    const lose = (field: string) => void lost.push(field);
    expect(protocols.messages.request.encode(canon, lose).tools).toEqual([
      { type: "web_search_20250305", name: "web_search", user_location: location },
    ]);
    expect(lost).toEqual(["tools[0].contextSize"]);
    expect(protocols.responses.request.encode(canon, lose).tools).toEqual([
      { type: "web_search", search_context_size: "high", user_location: location },
    ]);
    const anywhere = decode(ask({ web_search_options: {} }));
    expect(protocols.gemini.request.encode(anywhere, lose).tools).toEqual([{ googleSearch: {} }]);
    expect(() => protocols.gemini.request.encode(canon, lose)).toThrow("tools[0].location");
  });

  test.each(bodies)("%s: nothing lost, and the same again", (_, body) => {
    const canon = decode(body);
    const lost: string[] = [];
    const again = encode(canon, lost);
    expect(lost).toEqual([]);
    expect(missing(body, again)).toEqual([]);
    expect(decode(again)).toEqual(canon);
    expect(JSON.stringify(encode(decode(body)))).toBe(JSON.stringify(again));
  });

  test("old functions come back as tools", () => {
    const old = ask({ functions: [{ name: "f", parameters: {}, x: 1 }], function_call: { name: "f" } }, [
      hi,
      { role: "assistant", content: null, function_call: { name: "f", arguments: "" } },
      { role: "function", name: "f", content: "1" },
      { role: "assistant", content: "", function_call: { name: "f", arguments: '{"a":1}' } },
      { role: "function", name: "f", content: "2" },
    ]);
    const again = encode(decode(old));
    expect(again.tools).toEqual([{ type: "function", function: { name: "f", parameters: {}, x: 1 } }]);
    expect(again.tool_choice).toEqual({ type: "function", function: { name: "f" } });
    const messages = again.messages as Obj[];
    expect(messages[1]?.tool_calls).toEqual([
      { id: "call_function_1", type: "function", function: { name: "f", arguments: "{}" } },
    ]);
    expect(messages[4]).toEqual({ role: "tool", tool_call_id: "call_function_2", content: "2", name: "f" });
    expect(decode(again)).toEqual(decode(old));
  });

  test("what only says the default is not kept", () => {
    const body = ask({
      n: 1,
      logprobs: false,
      logit_bias: {},
      modalities: ["text"],
      tools: [],
      stop: null,
      store: null,
    });
    expect(decode(body)).toEqual(decode(ask()));
  });

  test("a stream asks for usage, whatever the caller wants to see", () => {
    expect(encode(decode(ask({ stream: true }))).stream_options).toEqual({ include_usage: true });
    expect(decode(ask({ stream: true })).streamUsage).toBeUndefined();
    expect(decode(ask({ stream: true, stream_options: { include_usage: false } })).streamUsage).toBe(false);
  });

  test("a cache mark is seen on parts and tools", () => {
    const marked = { type: "text", text: "a", cache_control: { type: "ephemeral", ttl: "5m" } };
    const { turns, tools } = decode(everything);
    expect(decode(ask({}, [{ role: "user", content: [marked] }])).turns[0]?.blocks[0]).toMatchObject({
      cache: { ttl: "5m" },
    });
    expect(turns[2]?.blocks[0]).toMatchObject({ cache: {} });
    expect(tools?.[1]).toMatchObject({ cache: { ttl: "1h" } });
  });

  test("unknown members named like those of every object survive", () => {
    const body = JSON.parse(
      '{"model":"m","messages":[{"role":"user","content":"a"}],"__proto__":{"a":1},"constructor":2}',
    ) as Obj;
    expect(JSON.stringify(encode(decode(body)))).toContain('"__proto__":{"a":1},"constructor":2');
  });

  test("the caller's body is not touched", () => {
    const before = JSON.stringify(everything);
    encode(decode(everything));
    expect(JSON.stringify(everything)).toBe(before);
  });

  const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(""), fc.constant(0));
  const text = fc.record(
    { type: fc.constant("text"), text: fc.string(), extra: leaf },
    { requiredKeys: ["type", "text"] },
  );
  const image = fc.record({ type: fc.constant("image_url"), image_url: fc.record({ url: fc.webUrl() }), extra: leaf });
  const content = fc.oneof(fc.string(), fc.array(fc.oneof(text, image), { minLength: 1, maxLength: 4 }));
  const user = fc.record(
    { role: fc.constantFrom("user", "system", "developer"), content, odd: leaf },
    { requiredKeys: ["role", "content"] },
  );
  const exchange = fc
    .record({ said: fc.option(fc.string()), shown: fc.string(), results: fc.array(content, { maxLength: 3 }) })
    .map(({ said, shown, results }) => (at: number): Json[] => [
      { ...calls(...results.map((_, call) => `call_${at}_${call}`)), content: said, reasoning_content: shown },
      ...results.map(
        (result, call): Json => ({ role: "tool", tool_call_id: `call_${at}_${call}`, content: result as Json }),
      ),
    ]);
  const messages = fc
    .array(
      fc.oneof(
        user.map((message) => () => [message as Json]),
        exchange,
      ),
      { minLength: 1, maxLength: 6 },
    )
    .map((made) => made.flatMap((make, at) => make(at)));

  test("generated conversations: nothing lost, and the same again", () => {
    fc.assert(
      fc.property(
        messages,
        fc.dictionary(
          fc.string({ minLength: 1 }).map((name) => `x-${name}`),
          leaf,
        ),
        (said, unknown) => {
          const body: Obj = { model: "m", messages: said, ...unknown };
          const again = encode(decode(body));
          expect(decode(again)).toEqual(decode(body));
          expect(missing(body, again)).toEqual([]);
        },
      ),
    );
  });

  test("a prefix of the conversation is encoded as the same prefix", () => {
    fc.assert(
      fc.property(messages, messages, (first, then) => {
        const renumbered = JSON.parse(JSON.stringify(then).replaceAll('"call_', '"later_')) as Json[];
        const ended: Json[] = [...first, { role: "user", content: "." }];
        const before = encode(decode({ model: "m", messages: ended })).messages as Json[];
        const after = encode(decode({ model: "m", messages: [...ended, ...renumbered] })).messages as Json[];
        expect(JSON.stringify(after.slice(0, before.length))).toBe(JSON.stringify(before));
      }),
    );
  });
});
