/** One question over either API, on either lane, for tests of what goes wrong. */
import OpenAI from "openai";

export type Api = "responses" | "chat";
export const apis = ["responses", "chat"] as const satisfies readonly Api[];

/** By what the provider speaks. */
export type Lane = "responses" | "chat" | "messages";
export const lanes = ["responses", "chat", "messages"] as const satisfies readonly Lane[];

const providers = { responses: "modern", chat: "compatible", messages: "anthropic" } satisfies Record<Lane, string>;

/** A model of a provider that speaks so: as it is asked for, and as the provider knows it. */
export function modelOn(lane: Lane, model: string): { readonly asked: string; readonly model: string } {
  return { asked: `${providers[lane]}/${model}`, model };
}

/** The text of the answer; of a stream, all that was said. */
export async function ask(
  client: OpenAI,
  api: Api,
  model: string,
  stream = false,
  signal?: AbortSignal,
): Promise<string> {
  if (stream) return (await heard(client, api, model, signal)).join("");
  const options = signal === undefined ? {} : { signal };
  if (api === "responses") return (await client.responses.create({ model, input: "Hello?" }, options)).output_text;
  const messages = [{ role: "user", content: "Hello?" } as const];
  const { choices } = await client.chat.completions.create({ model, messages }, options);
  return choices[0]?.message.content ?? "";
}

/** The text of a stream, put together by the SDK's own helper. */
export async function helped(client: OpenAI, api: Api, model: string): Promise<string> {
  if (api === "responses")
    return (await client.responses.stream({ model, input: "Hello?" }).finalResponse()).output_text;
  const messages = [{ role: "user", content: "Hello?" } as const];
  const { choices } = await client.chat.completions.stream({ model, messages }).finalChatCompletion();
  return choices[0]?.message.content ?? "";
}

/**
 * The pieces of a streamed answer. A Responses stream says that it failed in an event, which becomes an error here, as
 * it would in an application.
 */
export async function heard(
  client: OpenAI,
  api: Api,
  model: string,
  signal?: AbortSignal,
  onPiece: (piece: string) => void = () => undefined,
): Promise<string[]> {
  const pieces: string[] = [];
  const hear = (piece: string): void => {
    pieces.push(piece);
    onPiece(piece);
  };
  const options = signal === undefined ? {} : { signal };
  if (api === "chat") {
    const messages = [{ role: "user", content: "Hello?" } as const];
    const stream = await client.chat.completions.create({ model, messages, stream: true }, options);
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) hear(chunk.choices[0].delta.content);
    return pieces;
  }
  for await (const event of await client.responses.create({ model, input: "Hello?", stream: true }, options)) {
    if (event.type === "response.output_text.delta") hear(event.delta);
    if (event.type === "response.failed") throw failed(event.response.error ?? undefined);
  }
  return pieces;
}

/** A stream that has begun, not read yet. */
export function begun(client: OpenAI, api: Api, model: string): Promise<Response> {
  if (api === "responses") return client.responses.create({ model, input: "Hello?", stream: true }).asResponse();
  const messages = [{ role: "user", content: "Hello?" } as const];
  return client.chat.completions.create({ model, messages, stream: true }).asResponse();
}

/** The heartbeats in a stream: comments, and repetitions of `response.in_progress` (wire.md D.4). */
export async function* beatsOf({ body }: Response): AsyncGenerator<string> {
  if (body === null) throw new Error("a stream without a body");
  let seen = 0;
  let rest = "";
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith(":")) yield line;
      if (line === "event: response.in_progress" && seen++ > 0) yield line;
    }
  }
}

/** The error with which a call ends. */
export async function failureOf(call: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  const outcome = await call.then(
    (answer) => new Error(`no failure, but ${JSON.stringify(answer)}`),
    (error: unknown) => error,
  );
  if (outcome instanceof OpenAI.APIError) return outcome;
  throw outcome;
}

function failed(error: { readonly code: string; readonly message: string } | undefined): Error {
  return new OpenAI.APIError(undefined, { ...error }, error?.message, undefined);
}
