/** What the tests of the Chat protocol share: laws, stand-ins and short ways to write streams. */
import { expect } from "vitest";
import { collect, type Event, type Message, replay } from "../../src/canon/event.ts";
import type { Json, Obj } from "../../src/canon/json.ts";
import type { CanonRequest } from "../../src/canon/request.ts";
import { Fault } from "../../src/fault.ts";
import type { Frame, OutFrame } from "../../src/http/sse.ts";
import { chat } from "../../src/protocols/chat/index.ts";
import type { ReplyContext } from "../../src/protocols/protocol.ts";
import { disorder, eventsOf } from "../laws/laws.ts";

/** The fault that this throws; another error, or none, fails the test. */
export function fault(act: () => unknown): Fault {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
  throw new Error("no fault was thrown");
}

export const hi: Obj = { role: "user", content: "hi" };

export function ask(members: Obj = {}, messages: readonly Obj[] = [hi]): Obj {
  return { model: "m", messages, ...members };
}

export function decode(body: Obj): CanonRequest {
  return chat.request.decode(body, () => undefined);
}

export function encode(request: CanonRequest, lost: string[] = []): Obj {
  return chat.request.encode(request, (field, change = "dropped") => lost.push(`${field}=${change}`));
}

/** A call of a Chat caller's. */
export function context(request: Partial<CanonRequest> = {}, lost: string[] = []): ReplyContext {
  return {
    request: { model: "asked-for", stream: true, turns: [], ...request },
    id: "call1",
    createdAt: 1,
    seal: () => "sealed",
    lose: (field, change = "dropped") => lost.push(`${field}=${change}`),
  };
}

/** The frames a Chat caller gets for these events. */
export function said(events: readonly Event[], asked: ReplyContext = context()): OutFrame[] {
  const encoder = chat.stream.encode(asked);
  return events.flatMap((event) => encoder.event(event));
}

/** The JSON of each frame, or its text where it is none. */
export function chunks(frames: readonly OutFrame[]): Obj[] {
  return frames.flatMap((frame) => ("data" in frame && frame.data !== "[DONE]" ? [JSON.parse(frame.data) as Obj] : []));
}

export function body(...datas: readonly (Obj | string)[]): string {
  return datas.map((data) => `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`).join("");
}

/** A chunk with one choice. */
export function chunk(delta: Obj, finish: string | null = null, others: Obj = {}): Obj {
  return { id: "c1", model: "m", choices: [{ index: 0, delta, finish_reason: finish }], ...others };
}

export const done = "[DONE]";

export const piece = (entry: Obj): Obj => chunk({ tool_calls: [entry] });
export const fn = (name: string | undefined, args?: unknown): Obj => ({
  function: { ...(name !== undefined && { name }), ...(args !== undefined && { arguments: args as string }) },
});

/** The events of a stream, which keep the law of order. */
export function events(...datas: readonly (Obj | string)[]): Event[] {
  const found = eventsOf(chat, body(...datas));
  expect(disorder(found)).toEqual([]);
  return found;
}

export function told(...datas: readonly (Obj | string)[]): Message {
  return collect(events(...datas));
}

/** Blocks in short: kind and what is in it. */
export function short({ blocks }: Message): string[] {
  return blocks.map((block) => {
    switch (block.type) {
      case "text":
      case "refusal":
        return `${block.type}:${block.text}`;
      case "reasoning":
        return `reasoning:${block.summary.join("|")}`;
      case "call":
        return `${block.id}:${block.name}(${block.input})`;
      default:
        return block.type;
    }
  });
}

/** The message as a Chat caller's stream tells it again. */
export function throughStream(message: Message, asked: ReplyContext = context({ streamUsage: true })): Event[] {
  const decoder = chat.stream.decode();
  const frames = said(replay(message), asked).filter((frame): frame is Frame => "data" in frame);
  return [...frames.flatMap((frame) => decoder.frame(frame)), ...decoder.end()];
}

/** How often each leaf is there: values by the member that holds them, under today's names. */
function leaves(value: Json | undefined, name = "", found = new Map<string, number>()): Map<string, number> {
  if (Array.isArray(value)) for (const each of value) leaves(each, name, found);
  else if (typeof value === "object" && value !== null) {
    for (const [member, each] of Object.entries(value as Obj)) leaves(each, member, found);
  } else if (value !== undefined) {
    const leaf = `${renamed[name] ?? name}: ${JSON.stringify(value)}`;
    found.set(leaf, (found.get(leaf) ?? 0) + 1);
  }
  return found;
}

/** Spellings that are not kept: old names, a text alone or as a part, a URL alone or in its object. */
const renamed: Readonly<Record<string, string>> = {
  max_tokens: "max_completion_tokens",
  safety_identifier: "user",
  image_url: "url",
  content: "text",
};

/** The leaves of one body that the other lacks. */
export function missing(value: Obj, other: Obj): string[] {
  const there = leaves(other);
  return [...leaves(value)].filter(([leaf, times]) => (there.get(leaf) ?? 0) < times).map(([leaf]) => leaf);
}
