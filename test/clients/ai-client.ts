/** The errand over Vercel's AI SDK, with each of its providers. */
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, isStepCount, jsonSchema, type LanguageModel, streamText, tool as toolOf } from "ai";
import type { Answer } from "./conversation.ts";
import { type Client, type Egress, question, system } from "./errand.ts";
import type { Harness } from "./harness.ts";

type Options = NonNullable<Parameters<typeof generateText>[0]["providerOptions"]>;

interface Provider {
  readonly name: string;
  readonly speaks: Egress;
  readonly shows?: (egress: Egress) => boolean;
  readonly model: (harness: Harness, model: string) => LanguageModel;
  readonly options: Options;
}

/** Without `store` off, the SDK refers to items by their ids, which nobody has kept (wire.md fact 16). */
const providers: readonly Provider[] = [
  {
    name: "openai, responses",
    speaks: "responses",
    model: ({ base, key }, model) => createOpenAI({ apiKey: key, baseURL: base }).responses(model),
    options: {
      openai: {
        store: false,
        include: ["reasoning.encrypted_content"],
        forceReasoning: true,
        reasoningEffort: "medium",
        reasoningSummary: "auto",
      },
    },
  },
  {
    name: "openai, chat",
    speaks: "chat",
    shows: () => false,
    model: ({ base, key }, model) => createOpenAI({ apiKey: key, baseURL: base }).chat(model),
    options: { openai: { forceReasoning: true, reasoningEffort: "medium" } },
  },
  {
    name: "openai-compatible",
    speaks: "chat",
    // Chat cannot ask to see reasoning, and Anthropic shows none unasked (wire.md C.9).
    shows: (egress) => egress !== "messages",
    model: ({ base, key }, model) =>
      createOpenAICompatible({ name: "gearbox", apiKey: key, baseURL: base, includeUsage: true })(model),
    options: { gearbox: { reasoningEffort: "medium" } },
  },
  {
    name: "anthropic",
    speaks: "messages",
    model: ({ base, key }, model) => createAnthropic({ apiKey: key, baseURL: base })(model),
    options: { anthropic: { thinking: { type: "adaptive", display: "summarized" } } },
  },
  {
    name: "google",
    speaks: "gemini",
    model: ({ origin, key }, model) => createGoogle({ apiKey: key, baseURL: `${origin}/v1beta` })(`models/${model}`),
    options: { google: { thinkingConfig: { includeThoughts: true } } },
  },
];

export const aiClients: readonly Client[] = providers.map(({ name, speaks, shows = () => true, model, options }) => ({
  name: `ai, ${name}`,
  speaks,
  shows,
  async converse(harness, mode, asked, { name: called, description, parameters, run }) {
    const execute = (input: unknown): string => run(input);
    const tools = { [called]: toolOf({ description, inputSchema: jsonSchema({ ...parameters }), execute }) };
    const call = {
      model: model(harness, asked),
      instructions: system,
      prompt: question,
      maxRetries: 0,
      stopWhen: isStepCount(4),
      providerOptions: options,
      tools,
    };
    const steps = mode === "whole" ? (await generateText(call)).steps : await streamed(call);
    return steps.map(answerOf);
  },
}));

async function streamed(call: Parameters<typeof streamText>[0]): Promise<readonly Step[]> {
  const failures: unknown[] = [];
  const { fullStream, steps } = streamText({ ...call, onError: ({ error }) => void failures.push(error) });
  for await (const part of fullStream) if (part.type === "error") throw part.error;
  return steps;
}

interface Step {
  readonly text: string;
  readonly reasoningText: string | undefined;
  readonly toolCalls: readonly { readonly toolName: string; readonly input: unknown }[];
  readonly finishReason: string;
  readonly usage: {
    readonly inputTokens: number | undefined;
    readonly inputTokenDetails: { readonly cacheReadTokens: number | undefined };
    readonly outputTokens: number | undefined;
    readonly outputTokenDetails: { readonly reasoningTokens: number | undefined };
  };
}

function answerOf({ text, reasoningText = "", toolCalls, finishReason, usage }: Step): Answer {
  return {
    text,
    reasoning: reasoningText,
    refusal: "",
    calls: toolCalls.map(({ toolName, input }) => ({ name: toolName, input })),
    finish: finishOf(finishReason),
    usage: {
      input: usage.inputTokens ?? -1,
      cached: usage.inputTokenDetails.cacheReadTokens ?? -1,
      output: usage.outputTokens ?? -1,
      reasoning: usage.outputTokenDetails.reasoningTokens ?? -1,
    },
  };
}

function finishOf(reason: string): Answer["finish"] {
  if (reason === "stop") return reason;
  if (reason === "tool-calls") return "calls";
  throw new Error(`the answer finished with ${reason}`);
}
