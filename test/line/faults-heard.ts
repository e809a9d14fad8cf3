/** What a caller hears of an answer, read as strictly as the caller's own protocol wants it. */
import { isObj, type Obj, obj, objects, parse, str } from "../sim/json.ts";
import type { ProtocolId } from "../sim/wire.ts";

export interface Heard {
  readonly text: string;
  /** How the answer ended: as it should, with a typed failure, or not at all. */
  readonly end: "whole" | "failed" | "bare";
  /** What is not as the protocol wants it. */
  readonly wrong: readonly string[];
}

/** A refusal: a status with a body. */
export function hearRefusal(caller: ProtocolId, body: string): readonly string[] {
  return failureProblems(caller, obj(parse(body)));
}

export function hearWhole(caller: ProtocolId, body: string): Heard {
  const said = obj(parse(body));
  const text = wholeText[caller](said);
  return { text, end: text === "" ? "bare" : "whole", wrong: [] };
}

const wholeText = {
  chat: (body) => str(obj(objects(body.choices)[0]?.message).content),
  responses: (body) => texts(objects(body.output).flatMap((item) => objects(item.content))),
  messages: (body) => texts(objects(body.content)),
  gemini: (body) => texts(objects(obj(objects(body.candidates)[0]?.content).parts)),
} as const satisfies Record<ProtocolId, (body: Obj) => string>;

function texts(parts: readonly Obj[]): string {
  return parts.map((part) => str(part.text)).join("");
}

interface Frame {
  readonly event: string | undefined;
  readonly data: string;
  readonly body: Obj | undefined;
}

/** @param isGarbled frames that are no JSON are the provider's, and passed on as they came */
export function hearStream(caller: ProtocolId, stream: string, isGarbled: boolean): Heard {
  const wrong: string[] = [];
  if (!/(\r?\n){2}$/.test(stream)) wrong.push("the last frame has no end");
  if (caller === "gemini" && /^:/m.test(stream)) wrong.push("a comment, which breaks Google's older SDK");
  const frames = read(stream).filter(({ body, data }) => body !== undefined || data === "[DONE]" || !isGarbled);
  wrong.push(...frames.flatMap((frame) => frameProblems(caller, frame)));
  const ends = frames.flatMap((frame, at) => {
    const end = endOf(caller, frame);
    return end === undefined ? [] : [{ end, at }];
  });
  if (ends.length > 1) wrong.push(`${ends.length} ends`);
  const [first] = ends;
  if (first !== undefined && first.at < lastOf(caller, frames)) wrong.push("something behind the end");
  wrong.push(...orderProblems[caller](frames.map(({ body }) => body ?? {})));
  return { text: frames.map(({ body }) => delta(caller, body ?? {})).join(""), end: first?.end ?? "bare", wrong };
}

function read(stream: string): Frame[] {
  return stream
    .split(/\r?\n\r?\n/)
    .map((block) => block.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith(":")))
    .filter((lines) => lines.length > 0)
    .map((lines) => {
      const of = (name: string) => lines.find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1);
      const data = (of("data") ?? "").trim();
      const body = parse(data);
      return { event: of("event")?.trim(), data, body: isObj(body) ? body : undefined };
    });
}

function frameProblems(caller: ProtocolId, { event, data, body }: Frame): string[] {
  if (data === "[DONE]") return caller === "chat" ? [] : ["[DONE], which is Chat's"];
  if (body === undefined) return [`no JSON: ${data.slice(0, 40)}`];
  const isNamed = caller === "responses" || caller === "messages";
  if (!isNamed) return event === undefined ? [] : [`an event line: ${event}`];
  return event === body.type ? [] : [`the event line ${event} of ${str(body.type)}`];
}

/** Chat's `[DONE]` and usage come behind the end, and OpenAI's own failures say `error` before `response.failed`. */
function lastOf(caller: ProtocolId, frames: readonly Frame[]): number {
  return frames.findLastIndex(({ data, body }) => {
    return caller !== "chat" || (data !== "[DONE]" && objects(body?.choices).length > 0) || isObj(body?.error);
  });
}

function endOf(caller: ProtocolId, { body = {} }: Frame): "whole" | "failed" | undefined {
  switch (caller) {
    case "chat":
      if (failureProblems(caller, body).length === 0) return "failed";
      return typeof objects(body.choices)[0]?.finish_reason === "string" ? "whole" : undefined;
    case "gemini":
      if (failureProblems(caller, body).length === 0) return "failed";
      return objects(body.candidates)[0]?.finishReason === undefined ? undefined : "whole";
    case "messages":
      if (body.type === "error" && failureProblems(caller, body).length === 0) return "failed";
      return body.type === "message_stop" ? "whole" : undefined;
    case "responses": {
      const { error, status } = obj(body.response);
      if (body.type === "response.failed") {
        return status === "failed" && str(obj(error).code) !== "" && str(obj(error).message) !== ""
          ? "failed"
          : undefined;
      }
      return body.type === "response.completed" || body.type === "response.incomplete" ? "whole" : undefined;
    }
  }
}

function delta(caller: ProtocolId, body: Obj): string {
  switch (caller) {
    case "chat":
      return str(obj(objects(body.choices)[0]?.delta).content);
    case "gemini":
      return wholeText.gemini(body);
    case "messages":
      return body.type === "content_block_delta" ? str(obj(body.delta).text) : "";
    case "responses":
      return body.type === "response.output_text.delta" ? str(body.delta) : "";
  }
}

/** What the error object of a failure lacks. */
function failureProblems(caller: ProtocolId, body: Obj): string[] {
  const error = obj(body.error);
  const needed = { chat: ["type"], responses: ["type"], messages: ["type"], gemini: ["status"] } as const;
  const missing = ["message", ...needed[caller]].filter((name) => str(error[name]) === "");
  const problems = missing.map((name) => `the error has no ${name}`);
  if (caller === "gemini" && typeof error.code !== "number") problems.push("the error has no code");
  if (caller === "messages" && body.type !== "error") problems.push("the error is no error event");
  return problems;
}

/** What follows what. */
const orderProblems = {
  chat: () => [],
  gemini: () => [],
  responses(events) {
    const numbers = events.filter(({ type }) => type !== "keepalive").map((event) => event.sequence_number);
    const isCounted = numbers.every((number, at) => number === at);
    const isCreated = events[0]?.type === "response.created";
    const created = events.filter(({ type }) => type === "response.created").length;
    return [
      ...(isCounted ? [] : [`the sequence ${numbers.join(" ")}`]),
      ...(isCreated && created === 1 ? [] : [`response.created ${created} times`]),
    ];
  },
  messages(events) {
    const starts = events.filter(({ type }) => type === "message_start").length;
    const isLone = events.every(({ type }) => type === "ping" || type === "error");
    const open = new Set<unknown>();
    const wrong = starts === 1 || isLone ? [] : [`message_start ${starts} times`];
    for (const { type, index } of events) {
      if (type === "content_block_start") open.add(index);
      if (type === "content_block_delta" && !open.has(index)) wrong.push("a delta outside its block");
      if (type === "content_block_stop" && !open.delete(index)) wrong.push("a block closed twice");
    }
    return wrong;
  },
} as const satisfies Record<ProtocolId, (events: readonly Obj[]) => string[]>;
