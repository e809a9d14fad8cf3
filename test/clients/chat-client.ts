/** Conversations over the SDK's Chat Completions. */
import type OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { obj, str } from "../sim/json.ts";
import type { Answer, Mode, Question, Scenario } from "./conversation.ts";

type Params = Omit<OpenAI.Chat.ChatCompletionCreateParamsNonStreaming, "stream">;
type Message = OpenAI.Chat.ChatCompletionMessageParam;
type Completion = OpenAI.Chat.ChatCompletion;
type ToolCall = OpenAI.Chat.ChatCompletionMessageToolCall;

/** Asks, answers the calls of tools, and asks on, until nothing is called any more. */
export async function converse(
  client: OpenAI,
  mode: Mode,
  model: string,
  { question, results = {} }: Scenario,
): Promise<Answer[]> {
  const messages: Message[] = opening(question);
  const answers: Answer[] = [];
  for (;;) {
    const completion = await complete(client, mode, { model, messages: [...messages], ...options(question) });
    const message = completion.choices[0]?.message;
    if (message === undefined) throw new Error("an answer without a choice");
    answers.push(answerOf(completion));
    if (message.tool_calls === undefined || message.tool_calls.length === 0) return answers;
    messages.push(message);
    for (const call of message.tool_calls) {
      messages.push({ role: "tool", tool_call_id: call.id, content: results[nameOf(call)] ?? "" });
    }
  }
}

function opening({ system, text, image, pdf }: Question): Message[] {
  const url = (type: string, data: string): string => `data:${type};base64,${data}`;
  const content: OpenAI.Chat.ChatCompletionContentPart[] = [
    { type: "text", text },
    ...(image === undefined ? [] : [{ type: "image_url", image_url: { url: url("image/png", image) } } as const]),
    ...(pdf === undefined
      ? []
      : [{ type: "file", file: { filename: "a.pdf", file_data: url("application/pdf", pdf) } } as const]),
  ];
  return [...(system === undefined ? [] : [{ role: "system", content: system } as const]), { role: "user", content }];
}

function options({ tools, schema, effort, maxOutput }: Question): Partial<Params> {
  return {
    ...(tools && {
      tools: tools.map(({ name, description, parameters }) =>
        parameters === undefined
          ? { type: "custom", custom: { name, description } }
          : { type: "function", function: { name, description, parameters } },
      ),
    }),
    ...(schema && { response_format: zodResponseFormat(schema, "forecast") }),
    ...(effort && { reasoning_effort: effort }),
    ...(maxOutput !== undefined && { max_completion_tokens: maxOutput }),
  };
}

async function complete(client: OpenAI, mode: Mode, body: Params): Promise<Completion> {
  const streamed = { ...body, stream_options: { include_usage: true } };
  switch (mode) {
    case "create":
      return client.chat.completions.create(body);
    case "parse":
      return client.chat.completions.parse(body);
    case "helper":
      return client.chat.completions.stream(streamed).finalChatCompletion();
    case "raw":
      return fold(await client.chat.completions.create({ ...streamed, stream: true }));
  }
}

/** Puts the deltas together, as a caller does who reads the stream without the helper. */
async function fold(stream: AsyncIterable<OpenAI.Chat.ChatCompletionChunk>): Promise<Completion> {
  const message = { role: "assistant" as const, content: "", refusal: "", reasoning_content: "" };
  const calls: ToolCall[] = [];
  let last: OpenAI.Chat.ChatCompletionChunk | undefined;
  let finish: Completion["choices"][0]["finish_reason"] | undefined;
  for await (const chunk of stream) {
    last = chunk;
    const [choice] = chunk.choices;
    if (choice === undefined) continue;
    message.content += choice.delta.content ?? "";
    message.refusal += choice.delta.refusal ?? "";
    message.reasoning_content += str(obj(choice.delta).reasoning_content);
    for (const piece of choice.delta.tool_calls ?? []) addPiece(calls, piece);
    finish = choice.finish_reason ?? finish;
  }
  if (last === undefined || finish === undefined) throw new Error("a stream without a finish");
  const { id, created, model, usage } = last;
  const whole = calls.length === 0 ? message : { ...message, tool_calls: calls };
  const choices = [
    { index: 0, finish_reason: finish, logprobs: null, message: { ...whole, refusal: message.refusal || null } },
  ];
  return { id, created, model, object: "chat.completion", choices, ...(usage && { usage }) };
}

function addPiece(calls: ToolCall[], piece: OpenAI.Chat.ChatCompletionChunk.Choice.Delta.ToolCall): void {
  const { index, id = "", function: func } = piece;
  const custom = obj(obj(piece).custom);
  const known = calls[index];
  if (known === undefined) {
    calls[index] =
      str(obj(piece).type) === "custom"
        ? { id, type: "custom", custom: { name: str(custom.name), input: str(custom.input) } }
        : { id, type: "function", function: { name: func?.name ?? "", arguments: func?.arguments ?? "" } };
  } else if (known.type === "function") known.function.arguments += func?.arguments ?? "";
  else known.custom.input += str(custom.input);
}

function nameOf(call: ToolCall): string {
  return call.type === "custom" ? call.custom.name : call.function.name;
}

function answerOf(completion: Completion): Answer {
  const [choice] = completion.choices;
  if (choice === undefined) throw new Error("an answer without a choice");
  const { message } = choice;
  const calls = (message.tool_calls ?? []).map((call) => ({
    name: nameOf(call),
    input: call.type === "custom" ? call.custom.input : (JSON.parse(call.function.arguments) as unknown),
  }));
  const parsed = obj(message).parsed;
  return {
    text: message.content ?? "",
    reasoning: str(obj(message).reasoning_content),
    refusal: message.refusal ?? "",
    calls,
    finish: finishOf(choice.finish_reason, message.refusal ?? ""),
    usage: {
      input: completion.usage?.prompt_tokens ?? -1,
      cached: completion.usage?.prompt_tokens_details?.cached_tokens ?? -1,
      output: completion.usage?.completion_tokens ?? -1,
      reasoning: completion.usage?.completion_tokens_details?.reasoning_tokens ?? -1,
    },
    ...(parsed !== undefined && parsed !== null && { parsed }),
  };
}

/** OpenAI says `stop` of a refusal, and of what a filter kept back `content_filter`. */
function finishOf(reason: Completion["choices"][0]["finish_reason"], refusal: string): Answer["finish"] {
  if (reason === "content_filter" || (refusal !== "" && reason === "stop")) return "refusal";
  if (reason === "stop" || reason === "length") return reason;
  if (reason === "tool_calls") return "calls";
  throw new Error(`the answer finished with ${reason}`);
}
