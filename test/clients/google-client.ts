/** The errand over Google's SDKs: `@google/genai`, by hand and as a chat, and the one before it. */
import { type Content, type GenerateContentConfig, GoogleGenAI, type Part } from "@google/genai";
import {
  type GenerationConfig,
  GoogleGenerativeAI,
  type Part as OldPart,
  type Tool as OldTool,
} from "@google/generative-ai";
import { type Obj, obj, objects, str } from "../sim/json.ts";
import type { Answer } from "./conversation.ts";
import { type Client, type Mode, question, system, type Tool } from "./errand.ts";
import type { Harness } from "./harness.ts";

export const googleClients: readonly Client[] = [
  client("@google/genai, generateContent", converse),
  {
    ...client("@google/genai, chats", chat),
    without: { egress: "gemini", mode: "streamed", why: "its history has a content for each piece" },
  },
  {
    ...client("@google/generative-ai", chatFormerly),
    forgets: true,
    without: { egress: "gemini", why: "its results have the role `function`" },
  },
];

function client(name: string, talk: Client["converse"]): Client {
  return { name, speaks: "gemini", shows: () => true, converse: talk };
}

/** Over /v1. */
function connect({ origin, key }: Harness): GoogleGenAI {
  return new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: origin } });
}

async function converse(harness: Harness, mode: Mode, model: string, tool: Tool): Promise<Answer[]> {
  const { models } = connect(harness);
  const contents: Content[] = [{ role: "user", parts: [{ text: question }] }];
  const answers: Answer[] = [];
  for (;;) {
    const body = { model, contents: [...contents], config: options(tool) };
    const chunks =
      mode === "whole"
        ? [await models.generateContent(body)]
        : await Array.fromAsync(await models.generateContentStream(body));
    answers.push(answerOf(chunks));
    const results = resultsOf(partsOf(chunks), tool);
    if (results.length === 0) return answers;
    contents.push({ role: "model", parts: partsOf(chunks) }, { role: "user", parts: results });
  }
}

/** The SDK keeps the history. */
async function chat(harness: Harness, mode: Mode, model: string, tool: Tool): Promise<Answer[]> {
  const session = connect(harness).chats.create({ model, config: options(tool) });
  const answers: Answer[] = [];
  let message: Part[] = [{ text: question }];
  while (message.length > 0) {
    const chunks =
      mode === "whole"
        ? [await session.sendMessage({ message })]
        : await Array.fromAsync(await session.sendMessageStream({ message }));
    answers.push(answerOf(chunks));
    message = resultsOf(partsOf(chunks), tool);
  }
  return answers;
}

/** Over /v1beta. A name with a slash it takes for a whole path. */
async function chatFormerly({ origin, key }: Harness, mode: Mode, model: string, tool: Tool): Promise<Answer[]> {
  const { name, description, parameters } = tool;
  const thinking: object = { thinkingConfig: { includeThoughts: true } };
  const generationConfig: GenerationConfig = { ...thinking };
  const tools = [{ functionDeclarations: [{ name, description, parameters }] }] as unknown as OldTool[];
  const asked = { model: `models/${model}`, systemInstruction: system, generationConfig, tools };
  const session = new GoogleGenerativeAI(key).getGenerativeModel(asked, { baseUrl: origin }).startChat();
  const answers: Answer[] = [];
  let message: Part[] = [{ text: question }];
  while (message.length > 0) {
    const chunks = await sendFormerly(session, mode, message as OldPart[]);
    answers.push(answerOf(chunks));
    message = resultsOf(partsOf(chunks), tool);
  }
  return answers;
}

async function sendFormerly(
  session: ReturnType<ReturnType<GoogleGenerativeAI["getGenerativeModel"]>["startChat"]>,
  mode: Mode,
  message: OldPart[],
): Promise<readonly object[]> {
  if (mode === "whole") return [(await session.sendMessage(message)).response];
  const { stream, response } = await session.sendMessageStream(message);
  const chunks = await Array.fromAsync(stream);
  await response;
  return chunks;
}

function options({ name, description, parameters }: Tool): GenerateContentConfig {
  return {
    systemInstruction: system,
    thinkingConfig: { includeThoughts: true },
    tools: [{ functionDeclarations: [{ name, description, parametersJsonSchema: parameters }] }],
  };
}

/** The parts of all pieces of an answer; the older SDK does not know all of their members. */
function partsOf(chunks: readonly object[]): Part[] {
  return chunks.flatMap((chunk) => objects(obj(objects(obj(chunk).candidates)[0]?.content).parts) as Part[]);
}

function resultsOf(parts: readonly Part[], tool: Tool): Part[] {
  return parts.flatMap(({ functionCall }) => {
    if (functionCall === undefined) return [];
    const { id, name = "", args } = functionCall;
    const response = { output: tool.run(args) };
    return [{ functionResponse: { ...(id !== undefined && { id }), name, response } }];
  });
}

/** The counts in a stream are those so far. */
function answerOf(chunks: readonly object[]): Answer {
  const parts = partsOf(chunks);
  const usage = obj(obj(chunks.at(-1)).usageMetadata);
  const reasons = chunks
    .flatMap((chunk) => objects(obj(chunk).candidates))
    .map(({ finishReason }) => str(finishReason));
  if (reasons.filter(Boolean).join() !== "STOP") throw new Error(`the answer finished with ${reasons}`);
  const calls = parts.flatMap(({ functionCall }) =>
    functionCall === undefined ? [] : [{ name: functionCall.name ?? "", input: functionCall.args }],
  );
  const said = (isThought: boolean): string =>
    parts.map(({ text = "", thought = false }) => (thought === isThought ? text : "")).join("");
  const reasoning = count(usage, "thoughtsTokenCount");
  return {
    text: said(false),
    reasoning: said(true),
    refusal: "",
    calls,
    finish: calls.length > 0 ? "calls" : "stop",
    usage: {
      input: count(usage, "promptTokenCount"),
      cached: count(usage, "cachedContentTokenCount"),
      output: count(usage, "candidatesTokenCount") + reasoning,
      reasoning,
    },
  };
}

function count(usage: Obj, member: string): number {
  return typeof usage[member] === "number" ? usage[member] : -1;
}
