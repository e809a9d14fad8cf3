/** The official SDKs read every stream that a golden case gives to a caller, and find in it what the JSON answer says. */
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import { afterEach, describe, expect, it, vi } from "vitest";
import { isObj, list, type Obj, obj } from "../src/canon/json.ts";
import type { ProtocolId } from "../src/canon/request.ts";
import { type Case, outputsOf, protocolIds, readCases } from "./goldens.ts";
import { cut } from "./laws/laws.ts";

/** The answer as the SDK has put it together, in as much of its JSON as the stream tells too. */
type Reader = (stream: string) => Promise<Obj>;

const readers = {
  chat: readChat,
  responses: readResponses,
  messages: readMessages,
  gemini: readGemini,
} as const satisfies Record<ProtocolId, Reader>;

const told = readCases().flatMap((golden) => streamsOf(golden));

describe("the official SDK", () => {
  afterEach(() => vi.unstubAllGlobals());

  const whole = told.filter(({ fault }) => fault === undefined);
  const failed = told.filter(({ fault }) => fault !== undefined);

  it.each(whole)("reads $name", async ({ caller, stream, json }) => {
    const read = await readers[caller](stream);
    if (json !== undefined) expect(essence[caller](JSON.parse(json) as Obj)).toMatchObject(read);
    else expect(Object.keys(read).length).toBeGreaterThan(0);
  });

  it.each(failed)("is told of the failure of $name", async ({ caller, stream }) => {
    await expect(readers[caller](stream)).rejects.toThrow(/./);
  });
});

interface Told {
  readonly name: string;
  readonly caller: ProtocolId;
  readonly stream: string;
  readonly json: string | undefined;
  readonly fault: string | undefined;
}

function streamsOf(golden: Case): Told[] {
  const outputs = outputsOf(golden);
  return protocolIds.flatMap((provider) =>
    protocolIds.flatMap((caller) => {
      const path = `out/reply.${provider}.to.${caller}`;
      const stream = outputs.get(`${path}.sse`);
      if (stream === undefined) return [];
      const fault = /"fault": "([^"]*)"/.exec(outputs.get(`out/reply.${provider}.outcome.json`) ?? "")?.[1];
      return [
        { name: `${golden.name}, ${provider} to ${caller}`, caller, stream, json: outputs.get(`${path}.json`), fault },
      ];
    }),
  );
}

function answer(stream: string): Response {
  const pieces = cut(new TextEncoder().encode(stream), [7, 1, 30]);
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

async function readChat(stream: string): Promise<Obj> {
  const client = new OpenAI({ apiKey: "k", maxRetries: 0, fetch: async () => answer(stream) });
  const messages = [{ role: "user" as const, content: "Go on." }];
  return essence.chat(plain(await client.chat.completions.stream({ model: "m", messages }).finalChatCompletion()));
}

async function readResponses(stream: string): Promise<Obj> {
  const client = new OpenAI({ apiKey: "k", maxRetries: 0, fetch: async () => answer(stream) });
  const final = plain(await client.responses.stream({ model: "m", input: "Go on." }).finalResponse());
  if (final.status === "failed") throw new Error(String(obj(final.error).message));
  return essence.responses(final);
}

async function readMessages(stream: string): Promise<Obj> {
  const client = new Anthropic({ apiKey: "k", maxRetries: 0, fetch: async () => answer(stream) });
  const messages = [{ role: "user" as const, content: "Go on." }];
  return essence.messages(plain(await client.messages.stream({ model: "m", max_tokens: 9, messages }).finalMessage()));
}

/** This SDK takes no fetch of ours, and puts no answer together: the last word of each member counts. */
async function readGemini(stream: string): Promise<Obj> {
  vi.stubGlobal("fetch", async () => answer(stream));
  const client = new GoogleGenAI({ apiKey: "k" });
  const parts: Obj[] = [];
  let last: Obj = {};
  for await (const chunk of await client.models.generateContentStream({ model: "m", contents: "Go on." })) {
    last = { ...last, ...plain(chunk) };
    parts.push(...list(obj(obj(list(plain(chunk).candidates)[0]).content).parts).map(obj));
  }
  const [candidate] = list(last.candidates);
  return essence.gemini({ ...last, candidates: [{ ...obj(candidate), content: { role: "model", parts } }] });
}

function plain(value: unknown): Obj {
  return JSON.parse(JSON.stringify(value)) as Obj;
}

const essence = {
  chat: ({ choices, usage }) => {
    const { finish_reason, message } = obj(list(choices)[0]);
    const { content = null, refusal = null, tool_calls } = obj(message);
    const calls = list(tool_calls).map((call) => ({ id: obj(call).id, arguments: obj(obj(call).function).arguments }));
    return { finish_reason, content: content === "" ? null : content, refusal, calls, ...(isObj(usage) && { usage }) };
  },
  responses: ({ status, output, usage, incomplete_details }) => ({
    ...{ status, incomplete_details, usage: { ...obj(usage) } },
    output: list(output).map((item) => withoutParsed(obj(item))),
  }),
  messages: ({ content, stop_reason, usage }) => ({
    content: list(content).map((block) => withoutRaw(obj(block))),
    ...{ stop_reason, usage: { ...obj(usage) } },
  }),
  gemini: ({ candidates, usageMetadata }) => {
    const { content, finishReason } = obj(list(candidates)[0]);
    return { parts: merged(list(obj(content).parts).map(obj)), finishReason, usage: { ...obj(usageMetadata) } };
  },
} as const satisfies Record<ProtocolId, (answer: Obj) => Obj>;

/** Arguments that broke off are no JSON: the SDK makes of them what it can. */
function withoutRaw(block: Obj): Obj {
  return obj(block.input)._raw === undefined ? block : { ...block, input: {} };
}

/** The SDK adds what it parsed. */
function withoutParsed({ parsed: _, parsed_arguments: __, ...item }: Obj): Obj {
  if (item.content === undefined) return item;
  return { ...item, content: list(item.content).map((part) => withoutParsed(obj(part))) };
}

/** Pieces of one text as one: a signature may stand on any of them. */
function merged(parts: readonly Obj[]): Obj[] {
  const all: Obj[] = [];
  for (const part of parts) {
    const last = all.at(-1);
    const isMore = typeof last?.text === "string" && typeof part.text === "string" && last.thought === part.thought;
    if (isMore) all[all.length - 1] = { ...last, ...part, text: `${last.text}${part.text}` };
    else all.push(part);
  }
  return all;
}
