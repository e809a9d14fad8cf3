/** Answers towards callers of the Responses API, as the tests of streams write and read them. */
import OpenAI from "openai";
import { type Event, type Finish, type Message, replay } from "../../src/canon/event.ts";
import { type Obj, obj } from "../../src/canon/json.ts";
import type { Block, CanonRequest, ToolCall } from "../../src/canon/request.ts";
import { type OutFrame, print } from "../../src/http/sse.ts";
import type { ReplyContext } from "../../src/protocols/protocol.ts";
import { responses } from "../../src/protocols/responses/index.ts";

export const asked: CanonRequest = { model: "asked", stream: true, turns: [], ext: { responses: {} } };

export function contextFor(request: CanonRequest = asked, lost: string[] = []): ReplyContext {
  const seal: ReplyContext["seal"] = (block) => `token:${block.native?.value}:${block.summary.join("|")}`;
  return { request, id: "Id7", createdAt: 1700000000, seal, lose: (field) => lost.push(field) };
}

export function framesOf(events: readonly Event[], context = contextFor()): OutFrame[] {
  const encoder = responses.stream.encode(context);
  return events.flatMap((event) => encoder.event(event));
}

export function wire(events: readonly Event[], context = contextFor()): Obj[] {
  return framesOf(events, context).map((frame) => ("comment" in frame ? {} : (JSON.parse(frame.data) as Obj)));
}

export const types = (sent: readonly Obj[]): unknown[] =>
  sent.map((event) => String(event.type).replace("response.", ""));
export const doneItems = (sent: readonly Obj[]): Obj[] =>
  sent.filter((event) => event.type === "response.output_item.done").map((event) => obj(event.item));
export const lastResponse = (sent: readonly Obj[]): Obj => obj(sent.at(-1)?.response);

export const usage = { input: 10, output: 5 };
export const start: Event = { type: "start", id: "up", model: "upstream" };
export const stop: Event = { type: "finish", finish: { reason: "stop" }, usage };
export const finish = (reason: Finish["reason"], more: Partial<Finish> = {}): Event => ({
  type: "finish",
  finish: { reason, ...more },
  usage,
});
export const call = (id: string, input = ""): ToolCall => ({ type: "call", id, kind: "function", name: "f", input });

/** A block as a stream brings it. */
export function streamed(index: number, block: Block): Event[] {
  return replay({ id: "", model: "", blocks: [block], finish: { reason: "stop" }, usage: {} })
    .slice(1, -1)
    .map((event) => ("index" in event ? { ...event, index } : event));
}

export const message = (blocks: readonly Block[], reason: Finish["reason"] = "stop"): Message => ({
  id: "resp_Id7",
  model: "asked",
  blocks,
  finish: { reason },
  usage: { input: 10, cacheRead: 4, cacheWrite: 2, output: 5, reasoning: 3 },
});

/** The answer as the official SDK's helper puts it together. */
export async function throughSdk(frames: readonly OutFrame[]): Promise<OpenAI.Responses.Response> {
  const client = new OpenAI({
    apiKey: "k",
    maxRetries: 0,
    fetch: async () => new Response(print(frames), { headers: { "content-type": "text/event-stream" } }),
  });
  return client.responses.stream({ model: "asked", input: "x" }).finalResponse();
}
