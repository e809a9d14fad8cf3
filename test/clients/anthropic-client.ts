/** The errand over Anthropic's SDK, of this year and of the last. */
import Anthropic from "@anthropic-ai/sdk";
import Former from "anthropic-sdk-0";
import type { Answer } from "./conversation.ts";
import { type Client, type Mode, question, system, type Tool } from "./errand.ts";
import type { Harness } from "./harness.ts";

type Params = Anthropic.MessageCreateParamsNonStreaming;

export const anthropicClients: readonly Client[] = [
  client("@anthropic-ai/sdk 1", connect, converse),
  client("@anthropic-ai/sdk 0", connectFormer, converse),
  client("@anthropic-ai/sdk 1, its tool runner", connect, runTools),
  client("@anthropic-ai/sdk 0, its tool runner", connectFormer, runTools),
];

function client(
  name: string,
  open: (harness: Harness) => Anthropic,
  talk: (client: Anthropic, mode: Mode, model: string, tool: Tool) => Promise<Answer[]>,
): Client {
  return {
    name,
    speaks: "messages",
    shows: () => true,
    converse: (harness, mode, model, tool) => talk(open(harness), mode, model, tool),
  };
}

function connect({ origin, key }: Harness): Anthropic {
  return new Anthropic({ apiKey: key, baseURL: origin, maxRetries: 0 });
}

/** As far as it is used here, it has the same methods and types. */
function connectFormer({ origin, key }: Harness): Anthropic {
  return new Former({ apiKey: key, baseURL: origin, maxRetries: 0 }) as unknown as Anthropic;
}

/** `false` is for the runner of the newer SDK, which does not send it on. */
const unthreaded: object = { thread: false };

/** The newer SDK's runner leaves its conversation with the provider (`thread`), which the simulated Anthropic cannot keep. */
function mayThread(model: string): boolean {
  return !model.startsWith("anthropic/");
}

async function converse(client: Anthropic, mode: Mode, model: string, tool: Tool): Promise<Answer[]> {
  const messages: Anthropic.MessageParam[] = [{ role: "user", content: question }];
  const answers: Answer[] = [];
  for (;;) {
    const body = { ...options(model), messages: [...messages], tools: [declared(tool)] };
    const message =
      mode === "whole" ? await client.messages.create(body) : await client.messages.stream(body).finalMessage();
    answers.push(answerOf(message));
    const results = message.content.flatMap((block) =>
      block.type === "tool_use"
        ? [{ type: "tool_result", tool_use_id: block.id, content: tool.run(block.input) } as const]
        : [],
    );
    if (results.length === 0) return answers;
    messages.push({ role: "assistant", content: message.content }, { role: "user", content: results });
  }
}

/** The SDK's own loop. Where another provider answers, that of the newer one is refused its `thread` and goes on without. */
async function runTools(client: Anthropic, mode: Mode, model: string, tool: Tool): Promise<Answer[]> {
  const runnable = { ...declared(tool), run: (input: unknown) => tool.run(input), parse: (input: unknown) => input };
  const body = {
    ...(client instanceof Former || mayThread(model) ? {} : unthreaded),
    ...options(model),
    messages: [{ role: "user" as const, content: question }],
    tools: [runnable],
  };
  const answers: Answer[] = [];
  if (mode === "whole") {
    for await (const message of client.beta.messages.toolRunner({ ...body, stream: false }))
      answers.push(answerOf(message as Anthropic.Message));
  } else {
    for await (const stream of client.beta.messages.toolRunner({ ...body, stream: true }))
      answers.push(answerOf((await stream.finalMessage()) as Anthropic.Message));
  }
  return answers;
}

function options(model: string): Omit<Params, "messages"> {
  return { model, system, max_tokens: 4000, thinking: { type: "adaptive", display: "summarized" } };
}

function declared({ name, description, parameters }: Tool): Anthropic.Tool & { readonly type: "custom" } {
  return { type: "custom", name, description, input_schema: parameters };
}

function answerOf({ content, stop_reason: reason, usage }: Anthropic.Message): Answer {
  return {
    text: content.map((block) => (block.type === "text" ? block.text : "")).join(""),
    reasoning: content.map((block) => (block.type === "thinking" ? block.thinking : "")).join(""),
    refusal: "",
    calls: content.flatMap((block) => (block.type === "tool_use" ? [{ name: block.name, input: block.input }] : [])),
    finish: finishOf(reason),
    usage: usageOf(usage),
  };
}

/** Anthropic counts what its cache holds apart from the input. */
export function usageOf(usage: Anthropic.Usage): Answer["usage"] {
  const cached = usage.cache_read_input_tokens ?? 0;
  return {
    input: usage.input_tokens + cached + (usage.cache_creation_input_tokens ?? 0),
    cached,
    output: usage.output_tokens,
    reasoning: usage.output_tokens_details?.thinking_tokens ?? -1,
  };
}

function finishOf(reason: Anthropic.Message["stop_reason"]): Answer["finish"] {
  if (reason === "end_turn") return "stop";
  if (reason === "tool_use") return "calls";
  throw new Error(`the answer stopped with ${reason}`);
}
