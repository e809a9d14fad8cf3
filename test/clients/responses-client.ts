/** Conversations over the SDK's Responses. */
import type OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { expect } from "vitest";
import { obj } from "../sim/json.ts";
import type { Answer, Mode, Question, Scenario } from "./conversation.ts";

type Params = Omit<OpenAI.Responses.ResponseCreateParamsNonStreaming, "stream">;
type Item = OpenAI.Responses.ResponseInputItem;
type Response = OpenAI.Responses.Response;
type Event = OpenAI.Responses.ResponseStreamEvent;

/** Asks, answers the calls of tools, and asks on with all that was said, until nothing is called any more. */
export async function converse(
  client: OpenAI,
  mode: Mode,
  model: string,
  { question, results = {} }: Scenario,
): Promise<Answer[]> {
  const input: Item[] = [opening(question)];
  const answers: Answer[] = [];
  for (;;) {
    const response = await respond(client, mode, { model, input: [...input], ...options(question) });
    answers.push(answerOf(response));
    const outputs = response.output.flatMap((item): Item[] => {
      if (item.type === "function_call")
        return [{ type: "function_call_output", call_id: item.call_id, output: results[item.name] ?? "" }];
      if (item.type === "custom_tool_call")
        return [{ type: "custom_tool_call_output", call_id: item.call_id, output: results[item.name] ?? "" }];
      return [];
    });
    if (outputs.length === 0) return answers;
    input.push(...(response.output as Item[]), ...outputs);
  }
}

function opening({ text, image, pdf }: Question): Item {
  const url = (type: string, data: string): string => `data:${type};base64,${data}`;
  const content: OpenAI.Responses.ResponseInputContent[] = [
    { type: "input_text", text },
    ...(image === undefined
      ? []
      : [{ type: "input_image", detail: "auto", image_url: url("image/png", image) } as const]),
    ...(pdf === undefined
      ? []
      : [{ type: "input_file", filename: "a.pdf", file_data: url("application/pdf", pdf) } as const]),
  ];
  return { role: "user", content };
}

function options({ system, tools, schema, effort, maxOutput }: Question): Partial<Params> {
  return {
    ...(system !== undefined && { instructions: system }),
    ...(tools && {
      tools: tools.map(({ name, description, parameters }) =>
        parameters === undefined
          ? { type: "custom", name, description }
          : { type: "function", name, description, parameters, strict: false },
      ),
    }),
    ...(schema && { text: { format: zodTextFormat(schema, "forecast") } }),
    ...(effort && { reasoning: { effort, summary: "auto" } }),
    ...(maxOutput !== undefined && { max_output_tokens: maxOutput }),
  };
}

async function respond(client: OpenAI, mode: Mode, body: Params): Promise<Response> {
  switch (mode) {
    case "create":
      return client.responses.create(body);
    case "parse":
      return client.responses.parse(body);
    case "helper":
      return client.responses.stream(body).finalResponse();
    case "raw":
      return read(await client.responses.create({ ...body, stream: true }));
  }
}

/** Reads the events, and holds them against the response that the last of them brings. */
async function read(stream: AsyncIterable<Event>): Promise<Response> {
  const heard = { text: "", reasoning: "", refusal: "", inputs: "" };
  const items: OpenAI.Responses.ResponseOutputItem[] = [];
  const numbers: number[] = [];
  let last: Response | undefined;
  for await (const event of stream) {
    if ("sequence_number" in event) numbers.push(event.sequence_number);
    if (event.type === "response.output_text.delta") heard.text += event.delta;
    if (event.type === "response.reasoning_summary_text.delta") heard.reasoning += event.delta;
    if (event.type === "response.refusal.delta") heard.refusal += event.delta;
    if (event.type === "response.function_call_arguments.delta") heard.inputs += event.delta;
    if (event.type === "response.custom_tool_call_input.delta") heard.inputs += event.delta;
    if (event.type === "response.output_item.done") items.push(event.item);
    if (event.type === "response.completed" || event.type === "response.incomplete") last = event.response;
  }
  if (last === undefined) throw new Error("a stream without a last response");
  const { text, reasoning, refusal } = answerOf(last);
  expect(heard).toEqual({ text, reasoning, refusal, inputs: last.output.map(inputOf).join("") });
  expect(items).toEqual(last.output);
  expect(numbers).toEqual(numbers.map((_, at) => at));
  return last;
}

function inputOf(item: OpenAI.Responses.ResponseOutputItem): string {
  if (item.type === "function_call") return item.arguments;
  return item.type === "custom_tool_call" ? item.input : "";
}

function answerOf(response: Response): Answer {
  const parts = response.output.flatMap((item) => (item.type === "message" ? item.content : []));
  const summaries = response.output.flatMap((item) => (item.type === "reasoning" ? item.summary : []));
  const calls = response.output.flatMap((item) => {
    if (item.type === "custom_tool_call") return [{ name: item.name, input: item.input }];
    return item.type === "function_call" ? [{ name: item.name, input: JSON.parse(item.arguments) as unknown }] : [];
  });
  const refusal = parts.map((part) => (part.type === "refusal" ? part.refusal : "")).join("");
  const parsed = obj(response).output_parsed;
  return {
    text: parts.map((part) => (part.type === "output_text" ? part.text : "")).join(""),
    reasoning: summaries.map((part) => part.text).join(""),
    refusal,
    calls,
    finish: finishOf(response, calls.length > 0, refusal),
    usage: {
      input: response.usage?.input_tokens ?? -1,
      cached: response.usage?.input_tokens_details.cached_tokens ?? -1,
      output: response.usage?.output_tokens ?? -1,
      reasoning: response.usage?.output_tokens_details.reasoning_tokens ?? -1,
    },
    ...(parsed !== undefined && parsed !== null && { parsed }),
  };
}

function finishOf(
  { status, incomplete_details: details }: Response,
  isCalling: boolean,
  refusal: string,
): Answer["finish"] {
  if (status === "incomplete" && details?.reason === "max_output_tokens") return "length";
  if (status !== "completed") throw new Error(`the answer is ${status}: ${details?.reason}`);
  if (isCalling) return "calls";
  return refusal === "" ? "stop" : "refusal";
}
