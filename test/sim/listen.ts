// What the official SDKs hear of an answer, in one shape.

import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { GoogleGenerativeAI } from "@google/generative-ai";
import OpenAI from "openai";
import { type Obj, obj, objects, parse, str } from "./json.ts";

/** An answer as an SDK understood it. */
export interface Heard {
  text: string;
  reasoning: string;
  refusal: string;
  calls: [string, unknown][];
  finish: string;
  usage: { input: unknown; cached: unknown; output: unknown; reasoning: unknown };
}

export type Listener = "responses" | "chat" | "messages" | "genai" | "generative-ai";

export const listeners: Record<Listener, (url: string, model: string, streamed: boolean) => Promise<Heard>> = {
  responses: async (url, model, streamed) => {
    const { responses } = new OpenAI({ apiKey: "k", baseURL: `${url}/v1`, maxRetries: 0 });
    const ask = { model, input: "hi" };
    const reply = streamed ? await responses.stream(ask).finalResponse() : await responses.create(ask);
    return hearResponse(reply as unknown as Obj);
  },
  chat: async (url, model, streamed) => {
    const { completions } = new OpenAI({ apiKey: "k", baseURL: `${url}/v1`, maxRetries: 0 }).chat;
    const ask = { model, messages: [{ role: "user" as const, content: "hi" }] };
    if (!streamed) return hearCompletion((await completions.create(ask)) as unknown as Obj);
    const stream = completions.stream({ ...ask, stream_options: { include_usage: true } });
    const thoughts: string[] = []; // the helper keeps only the last delta of a member that it does not know
    stream.on("chunk", (chunk) => thoughts.push(str(obj(chunk.choices[0]?.delta).reasoning_content)));
    const whole = (await stream.finalChatCompletion()) as unknown as Obj;
    return { ...hearCompletion(whole), reasoning: thoughts.join("") };
  },
  messages: async (url, model, streamed) => {
    const { messages } = new Anthropic({ apiKey: "k", baseURL: url, maxRetries: 0 });
    const ask = { model, max_tokens: 100, messages: [{ role: "user" as const, content: "hi" }] };
    const reply = streamed ? await messages.stream(ask).finalMessage() : await messages.create(ask);
    return hearMessage(reply as unknown as Obj);
  },
  genai: async (url, model, streamed) => {
    const { models } = new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: url } });
    const ask = { model, contents: "hi" };
    if (!streamed) return hearChunks([(await models.generateContent(ask)) as unknown as Obj]);
    return hearChunks(await collect(await models.generateContentStream(ask)));
  },
  "generative-ai": async (url, model, streamed) => {
    const legacy = new GoogleGenerativeAI("k").getGenerativeModel({ model }, { baseUrl: url });
    if (!streamed) return hearChunks([(await legacy.generateContent("hi")).response as unknown as Obj]);
    const { stream, response } = await legacy.generateContentStream("hi");
    await collect(stream);
    return hearChunks([(await response) as unknown as Obj]);
  },
};

function hearResponse(reply: Obj): Heard {
  const items = objects(reply.output);
  const parts = items.flatMap((item) => objects(item.content));
  const used = obj(reply.usage);
  return {
    text: join(parts, "text"),
    refusal: join(parts, "refusal"),
    reasoning: join(
      items.flatMap((item) => objects(item.summary)),
      "text",
    ),
    calls: items.flatMap((item) =>
      item.type === "function_call" ? [[str(item.name), parse(str(item.arguments))]] : [],
    ),
    finish: str(reply.status),
    usage: {
      input: used.input_tokens,
      cached: obj(used.input_tokens_details).cached_tokens,
      output: used.output_tokens,
      reasoning: obj(used.output_tokens_details).reasoning_tokens,
    },
  };
}

function hearCompletion(reply: Obj): Heard {
  const choice = obj(objects(reply.choices)[0]);
  const message = obj(choice.message);
  const used = obj(reply.usage);
  return {
    text: str(message.content),
    refusal: str(message.refusal),
    reasoning: str(message.reasoning_content),
    calls: objects(message.tool_calls)
      .map((call) => obj(call.function))
      .map((call) => [str(call.name), parse(str(call.arguments))]),
    finish: str(choice.finish_reason),
    usage: {
      input: used.prompt_tokens,
      cached: obj(used.prompt_tokens_details).cached_tokens,
      output: used.completion_tokens,
      reasoning: obj(used.completion_tokens_details).reasoning_tokens,
    },
  };
}

function hearMessage(reply: Obj): Heard {
  const blocks = objects(reply.content);
  const used = obj(reply.usage);
  const refused = reply.stop_reason === "refusal";
  return {
    text: refused ? "" : join(blocks, "text"),
    refusal: refused ? join(blocks, "text") : "",
    reasoning: join(blocks, "thinking"),
    calls: blocks.flatMap((block) => (block.type === "tool_use" ? [[str(block.name), block.input]] : [])),
    finish: str(reply.stop_reason),
    usage: {
      input: used.input_tokens,
      cached: used.cache_read_input_tokens,
      output: used.output_tokens,
      reasoning: obj(used.output_tokens_details).thinking_tokens,
    },
  };
}

/** Usage and finish reason of the last chunk; the parts of all. */
function hearChunks(chunks: Obj[]): Heard {
  const candidates = chunks.flatMap((chunk) => objects(chunk.candidates));
  const parts = candidates.flatMap((candidate) => objects(obj(candidate.content).parts));
  const used = obj(chunks.at(-1)?.usageMetadata);
  const finish = str(candidates.at(-1)?.finishReason);
  const text = join(
    parts.filter((part) => part.thought !== true),
    "text",
  );
  return {
    text: finish === "SAFETY" ? "" : text,
    refusal: finish === "SAFETY" ? text : "",
    reasoning: join(
      parts.filter((part) => part.thought === true),
      "text",
    ),
    calls: parts.flatMap((part) => objects([part.functionCall])).map((call) => [str(call.name), call.args]),
    finish,
    usage: {
      input: used.promptTokenCount,
      cached: used.cachedContentTokenCount,
      output: used.candidatesTokenCount,
      reasoning: used.thoughtsTokenCount,
    },
  };
}

function join(values: Obj[], member: string): string {
  return values.map((value) => str(value[member])).join("");
}

async function collect(stream: AsyncIterable<unknown>): Promise<Obj[]> {
  const chunks: Obj[] = [];
  for await (const chunk of stream) chunks.push(obj(chunk));
  return chunks;
}
