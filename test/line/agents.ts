/** Agents of the four protocols, as small as they can be: they ask, keep the answer as real clients do, and run tools. */
import { serve } from "../../src/pipeline.ts";
import { dataOf } from "./calls.ts";
import type { Gateway } from "./gateway.ts";

type Json = Record<string, unknown>;

/** `chat-id`: keeps of an answer what every Chat client keeps. `chat-extra`: keeps `extra_content` too, and cuts ids. */
export type AgentKind = "chat-id" | "chat-extra" | "responses" | "messages" | "gemini";

export interface Agent {
  /** The conversation as it will be sent. */
  readonly history: Json[];
  /** Sends the conversation with a message of the user's, or with results of the calls in the last answer. */
  say(text: string): Promise<Response>;
  answerCalls(): Promise<Response>;
  /** Takes in the answer. */
  hear(answer: Response): Promise<void>;
}

/** @param model as the gateway names it */
export function agent(
  kind: AgentKind,
  model: string,
  stream: boolean,
  gateway: Pick<Gateway, "key" | "deps">,
  more: Json = {},
): Agent {
  const grammar = grammars[kind];
  const history: Json[] = [];
  const send = (): Promise<Response> => {
    // Gemini's path says the model and whether to stream.
    const named = { model, stream };
    const isNamed = grammar.protocol === "gemini";
    const body = { ...(isNamed ? {} : named), ...grammar.body(history), ...more };
    const headers = { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    return serve(
      grammar.protocol,
      new Request("http://gearbox.test/", init),
      gateway.deps,
      isNamed ? named : undefined,
    );
  };
  return {
    history,
    say(text) {
      history.push(grammar.user(text));
      return send();
    },
    answerCalls() {
      history.push(...grammar.results(history));
      return send();
    },
    async hear(answer) {
      const text = await answer.text();
      if (answer.status !== 200) throw new Error(`${answer.status}: ${text}`);
      const isStream = answer.headers.get("content-type")?.startsWith("text/event-stream") === true;
      const frames = isStream ? dataOf(text).filter((frame): frame is Json => frame !== "[DONE]") : [JSON.parse(text)];
      history.push(...(isStream ? grammar.collect(frames) : grammar.whole(frames[0] ?? {})));
    },
  };
}

interface Grammar {
  readonly protocol: "chat" | "responses" | "messages" | "gemini";
  body(history: readonly Json[]): Json;
  user(text: string): Json;
  whole(body: Json): Json[];
  collect(frames: readonly Json[]): Json[];
  results(history: readonly Json[]): Json[];
}

const schema = { type: "object", properties: { at: { type: "string" } } };
const output = (name: unknown): string => `seen by ${name}`;
const list = (value: unknown): Json[] => (Array.isArray(value) ? value : []);
const obj = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {});

const chat = {
  protocol: "chat",
  body: (messages) => ({
    messages,
    reasoning_effort: "low",
    tools: [{ type: "function", function: { name: "look", parameters: schema } }],
  }),
  user: (content) => ({ role: "user", content }),
  whole: (body) => [withoutExtra(obj(list(body.choices)[0]?.message))],
  collect: (frames) => [withoutExtra(collectChat(frames))],
  results: (history) =>
    list(history.at(-1)?.tool_calls).map(({ id, function: named }) => ({
      role: "tool",
      tool_call_id: id,
      content: output(obj(named).name),
    })),
} as const satisfies Grammar;

function withoutExtra({ reasoning_content: _, ...message }: Json): Json {
  const calls = list(message.tool_calls).map(({ extra_content: __, ...call }) => call);
  return calls.length > 0 ? { ...message, tool_calls: calls } : message;
}

function collectChat(frames: readonly Json[]): Json {
  const calls: Json[] = [];
  let content = "";
  for (const frame of frames) {
    const delta = obj(list(frame.choices)[0]?.delta);
    content += delta.content ?? "";
    for (const { index, function: piece, ...head } of list(delta.tool_calls)) {
      const call = calls[Number(index)] ?? { ...head, function: { arguments: "", ...obj(piece) } };
      const known = obj(call.function);
      const more = calls[Number(index)] === undefined ? "" : obj(piece).arguments;
      calls[Number(index)] = { ...call, function: { ...known, arguments: `${known.arguments}${more}` } };
    }
  }
  return { role: "assistant", content, ...(calls.length > 0 && { tool_calls: calls }) };
}

/** The ids without what rides in them: only `extra_content` is left to tell. */
function withCutIds(message: Json): Json {
  const calls = list(message.tool_calls).map((call) => ({ ...call, id: String(call.id).replace(/_gbx.*/, "") }));
  return calls.length > 0 ? { ...message, tool_calls: calls } : message;
}

const responses = {
  protocol: "responses",
  body: (input) => ({ input, store: false, tools: [{ type: "function", name: "look", parameters: schema }] }),
  user: (content) => ({ role: "user", content }),
  whole: (body) => list(body.output),
  collect: (frames) => frames.filter(({ type }) => type === "response.output_item.done").map(({ item }) => obj(item)),
  results: (history) => {
    const calls = history.slice(history.findLastIndex(({ type }) => type === "function_call_output") + 1);
    return calls
      .filter(({ type }) => type === "function_call")
      .map(({ call_id, name }) => ({ type: "function_call_output", call_id, output: output(name) }));
  },
} as const satisfies Grammar;

const messages = {
  protocol: "messages",
  body: (messages) => ({
    messages,
    max_tokens: 1000,
    thinking: { type: "adaptive" },
    tools: [{ name: "look", input_schema: schema }],
  }),
  user: (content) => ({ role: "user", content }),
  whole: ({ content }) => [{ role: "assistant", content }],
  collect: (frames) => [{ role: "assistant", content: collectBlocks(frames) }],
  results: (history) => [
    {
      role: "user",
      content: list(history.at(-1)?.content)
        .filter(({ type }) => type === "tool_use")
        .map(({ id, name }) => ({ type: "tool_result", tool_use_id: id, content: output(name) })),
    },
  ],
} as const satisfies Grammar;

function collectBlocks(frames: readonly Json[]): Json[] {
  const blocks: Json[] = [];
  const inputs: string[] = [];
  for (const { type, index, content_block: block, delta: change } of frames) {
    const at = Number(index);
    const delta = obj(change);
    const open = blocks[at] ?? {};
    if (type === "content_block_start") blocks[at] = obj(block);
    if (type !== "content_block_delta") continue;
    if (delta.type === "text_delta") blocks[at] = { ...open, text: `${open.text}${delta.text}` };
    if (delta.type === "thinking_delta") blocks[at] = { ...open, thinking: `${open.thinking}${delta.thinking}` };
    if (delta.type === "signature_delta") blocks[at] = { ...open, signature: delta.signature };
    if (delta.type === "input_json_delta") inputs[at] = (inputs[at] ?? "") + delta.partial_json;
  }
  return blocks.map((block, at) => (inputs[at] ? { ...block, input: JSON.parse(inputs[at]) } : block));
}

const gemini = {
  protocol: "gemini",
  body: (contents) => ({
    contents,
    tools: [{ functionDeclarations: [{ name: "look", parametersJsonSchema: schema }] }],
  }),
  user: (text) => ({ role: "user", parts: [{ text }] }),
  whole: (body) => [obj(list(body.candidates)[0]?.content)],
  collect: (frames) => [
    { role: "model", parts: frames.flatMap((frame) => list(obj(list(frame.candidates)[0]?.content).parts)) },
  ],
  results: (history) => [
    {
      role: "user",
      parts: list(history.at(-1)?.parts).flatMap(({ functionCall: call }): Json[] => {
        if (call === undefined) return [];
        const { id, name } = obj(call);
        return [{ functionResponse: { id, name, response: { output: output(name) } } }];
      }),
    },
  ],
} as const satisfies Grammar;

const grammars: Readonly<Record<AgentKind, Grammar>> = {
  "chat-id": chat,
  "chat-extra": {
    ...chat,
    whole: (body) => [withCutIds(obj(list(body.choices)[0]?.message))],
    collect: (frames) => [withCutIds(collectChat(frames))],
  },
  responses,
  messages,
  gemini,
};
