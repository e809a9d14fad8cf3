/** What the tests of the Gemini protocol share: laws and stand-ins. */
import type { Event } from "../../src/canon/event.ts";
import { type Json, list, type Obj, obj } from "../../src/canon/json.ts";
import type { Block, CanonRequest, Reasoning, ToolCall, Turn } from "../../src/canon/request.ts";
import { Fault } from "../../src/fault.ts";
import type { OutFrame } from "../../src/http/sse.ts";
import { gemini } from "../../src/protocols/gemini/index.ts";
import type { ReplyContext } from "../../src/protocols/protocol.ts";
import { judge } from "../sim/check.ts";
import { geminiChecks } from "../sim/gemini-check.ts";

/** No token is ours. */
export const nothingOpens = (): undefined => undefined;

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

/** A loss that the test does not expect. */
export function unexpected(field: string, change = "dropped"): never {
  throw new Error(`lost ${field}=${change}`);
}

/** What the encoder makes of a canon request, and what it lost. */
export function encoded(request: Partial<CanonRequest>): { body: Obj; lost: string[] } {
  const lost: string[] = [];
  const whole: CanonRequest = {
    model: "gemini-3-pro-preview",
    stream: false,
    turns: [{ role: "user", blocks: [{ type: "text", text: "hi" }] }],
    ...request,
  };
  const body = gemini.request.encode(whole, (field, change = "dropped") => lost.push(`${field}=${change}`));
  return { body, lost };
}

/** The body again after a way through canon, without a loss. */
export function again(body: Obj, open = nothingOpens): { canon: CanonRequest; body: Obj } {
  const canon = gemini.request.decode(body, open);
  return { canon, body: gemini.request.encode(canon, unexpected) };
}

const capitals = new Set(["thinkingLevel", "mode"]);
const numbered = ["", "string", "number", "integer", "boolean", "array", "object", "null"];

/** The spelling of a leaf that stated changes of spelling do not change: snake_case, types in capitals, levels. */
function spelt(name: string, value: Json): string {
  const member = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  if (member === "type") {
    const type = typeof value === "number" ? (numbered[value] ?? value) : value;
    return `type: ${JSON.stringify(type).toLowerCase()}`;
  }
  return `${member}: ${capitals.has(member) ? JSON.stringify(value).toLowerCase() : JSON.stringify(value)}`;
}

function leaves(value: Json | undefined, name = "", found = new Map<string, number>()): Map<string, number> {
  if (Array.isArray(value)) for (const each of value) leaves(each, name, found);
  else if (typeof value === "object" && value !== null) {
    for (const [member, each] of Object.entries(value)) leaves(each, member, found);
  } else if (value !== undefined) {
    const leaf = spelt(name, value);
    found.set(leaf, (found.get(leaf) ?? 0) + 1);
  }
  return found;
}

/**
 * The leaves of one value that the other lacks, each with the name of the member that holds it. Neighbours of one role
 * become one content, so one role stands for several.
 */
export function missing(value: Obj, other: Obj): string[] {
  const there = leaves(other);
  const lacks = ([leaf, times]: [string, number]) => (there.get(leaf) ?? 0) < (leaf.startsWith("role: ") ? 1 : times);
  return [...leaves(value)].filter(lacks).map(([leaf]) => leaf);
}

/** A call by a Gemini caller, with a seal that can be read in an assertion. */
export function context(lost: string[] = []): ReplyContext {
  return {
    request: { model: "asked-for", stream: true, turns: [], reasoning: { summary: "auto" } },
    id: "call1",
    createdAt: 1,
    seal: (block: Reasoning) => `gbxr1${Buffer.from(JSON.stringify(block)).toString("base64url")}`,
    lose: (field, change = "dropped") => lost.push(`${field}=${change}`),
  };
}

/** Opens what `context().seal` has made. */
export function opens(token: string): Reasoning | undefined {
  if (!token.startsWith("gbxr1")) return undefined;
  return JSON.parse(Buffer.from(token.slice(5), "base64url").toString()) as Reasoning;
}

/** A chunk of an answer with these parts. */
export function chunk(parts: Obj[], more: Obj = {}): Obj {
  return {
    candidates: [{ content: { role: "model", parts }, index: 0, ...more }],
    modelVersion: "gemini-x",
    responseId: "r1",
  };
}

export const stop: Obj = { finishReason: "STOP" };

/** The frames that a caller gets for these events. */
export function written(events: readonly Event[], lost: string[] = []): OutFrame[] {
  const encoder = gemini.stream.encode(context(lost));
  return events.flatMap((event) => encoder.event(event));
}

export const user = (text: string): Turn => ({ role: "user", blocks: [{ type: "text", text }] });
export const call = (id: string, input = "{}", name = "f"): ToolCall => ({
  type: "call",
  id,
  kind: "function",
  name,
  input,
});
export const result = (callId: string, blocks: Block[] = [{ type: "text", text: callId }]): Block => {
  return { type: "result", callId, kind: "function", blocks };
};
export const image: Block = { type: "image", source: { type: "data", mediaType: "image/png", data: "aa==" } };
/** What a server as strict as Google's says to it; nothing when it is content. */
export function judged(request: Partial<CanonRequest>) {
  const { body } = encoded(request);
  const headers = { "x-goog-api-key": "k" };
  const raw = JSON.stringify(body);
  return judge(geminiChecks, {
    ...{ protocol: "gemini", model: request.model ?? "gemini-3-pro-preview", stream: false, sse: false, headers },
    ...{ query: new URLSearchParams(), body: JSON.parse(raw), raw },
  });
}

export function contents(turns: readonly Turn[], model = "gemini-2.5-pro"): Obj[] {
  return list(encoded({ turns, model }).body.contents).map(obj);
}
