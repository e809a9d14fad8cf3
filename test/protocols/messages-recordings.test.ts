/** The Messages protocol against recorded traffic of Anthropic, where it is there. */
import { afterAll, describe, expect, test } from "vitest";
import { collect, type Message } from "../../src/canon/event.ts";
import { isObj, list, type Obj, obj } from "../../src/canon/json.ts";
import type { CanonRequest, Turn } from "../../src/canon/request.ts";
import { count } from "../../src/canon/usage.ts";
import { framer } from "../../src/http/sse.ts";
import { messages } from "../../src/protocols/messages/index.ts";
import { disorder, eventsOf } from "../laws/laws.ts";
import { haveRecordings, isStream, type Recording, recordings } from "../recordings.ts";
import { context, missing, nothingOpens } from "./messages-laws.ts";

const open = recordings("anthropic");
const passed = new Map<string, number>();
const note = (kind: string): void => void passed.set(kind, (passed.get(kind) ?? 0) + 1);

/** Recordings whose request or answer is left out, and why. */
const excluded = new Map<string, string>();
const leaveOut = (name: string, why: string): boolean => {
  excluded.set(name, why);
  return true;
};

const requests = open.filter(({ name, request }) => {
  if (!isObj(request?.body)) return false;
  if (request.path.includes("count_tokens")) return !leaveOut(`${name} (request)`, "counts tokens: no max_tokens");
  return true;
});
const whole = open.filter(({ response }) => isObj(response.body) && Array.isArray(response.body.content));
const streams = open.filter(isStream);
const failures = [...open, ...recordings("anthropic", "documented")].filter(({ response }) => response.status >= 400);

/** Turns of one role as Anthropic itself joins them; blank texts, which it refuses, are gone. */
function joined({ turns, ...request }: CanonRequest): CanonRequest {
  const all: Turn[] = [];
  for (const turn of turns) {
    const blocks = turn.blocks.filter((block) => block.type !== "text" || block.text.trim() !== "");
    const last = all.at(-1);
    if (last?.role === turn.role) all[all.length - 1] = { ...last, blocks: [...last.blocks, ...blocks] };
    else all.push({ ...turn, blocks });
  }
  return { ...request, turns: all };
}

describe.skipIf(!haveRecordings)("recorded requests", () => {
  test.each(requests.map((recording) => [recording.name, recording] as const))("%s", (_, { request }) => {
    const body = obj(request?.body);
    const lost: string[] = [];
    const once = messages.request.decode(body, nothingOpens);
    const back = messages.request.encode(once, (field) => lost.push(field));
    // A role is said once for turns that were joined, and a blank text is none.
    const gone = missing(body, back).filter((leaf) => !/^role: |^(text|type): "(\s*|text)"$/.test(leaf));
    expect(gone).toEqual([]);
    expect(lost).toEqual([]);
    expect(joined(messages.request.decode(back, nothingOpens))).toEqual(joined(once));
    expect(JSON.stringify(messages.request.encode(messages.request.decode(body, nothingOpens), () => {}))).toBe(
      JSON.stringify(back),
    );
    note("requests");
  });
});

/** What the recorded counts mean in canon's convention, figured here on its own. */
function recordedUsage(frames: readonly Obj[]): Obj {
  const last: Record<string, number> = {};
  for (const usage of frames) {
    for (const [member, value] of Object.entries(usage)) if (typeof value === "number") last[member] = value;
    const passes = list(usage.iterations).filter(isObj);
    for (const member of ["input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"]) {
      const all = passes.reduce((sum, pass) => sum + (count(pass[member]) ?? 0), 0);
      if (passes.length > 0) last[member] = all;
    }
  }
  const { input_tokens = 0, cache_read_input_tokens: read, cache_creation_input_tokens: write, output_tokens } = last;
  return {
    input: input_tokens + (read ?? 0) + (write ?? 0),
    ...(read !== undefined && { cacheRead: read }),
    ...(write !== undefined && { cacheWrite: write }),
    output: output_tokens,
  };
}

function again(message: Message): Message {
  return { ...message, id: "msg_call1", model: "asked-for" };
}

describe.skipIf(!haveRecordings)("recorded answers", () => {
  test.each(whole.map((recording) => [recording.name, recording] as const))("%s", (_, { response }) => {
    const body = obj(response.body);
    const message = messages.reply.decode(body);
    expect(message.usage).toMatchObject(recordedUsage([obj(body.usage)]));
    const lost: string[] = [];
    const back = messages.reply.encode(message, context(lost));
    expect(lost).toEqual([]);
    expect(messages.reply.decode(back)).toEqual(again(message));
    expect(missing({ type: "", content: list(body.content) }, { type: "", content: list(back.content) })).toEqual([]);
    note("answers");
  });
});

const spliced = (recording: Recording): boolean =>
  recording.quirks?.some((quirk) => quirk.includes("message_start twice")) === true;

describe.skipIf(!haveRecordings)("recorded streams", () => {
  test.each(streams.map((recording) => [recording.name, recording] as const))("%s", (_, recording) => {
    const { body } = recording.response;
    const events = eventsOf(messages, body);
    expect(disorder(events)).toEqual([]);
    for (const sizes of [[1], [7, 1, 113], [2, 3, 5]]) expect(eventsOf(messages, body, sizes)).toEqual(events);
    const last = events.at(-1);
    if (last?.type === "error") {
      expect(spliced(recording) || body.includes("event: error")).toBe(true);
      note(spliced(recording) ? "streams of two spliced answers, told as broken off" : "streams that end in an error");
      return;
    }
    const frames = framer()
      .push(new TextEncoder().encode(`${body}\n\n`))
      .frames.map(({ frame }) => obj(JSON.parse(frame.data)));
    const counts = frames.map((frame) => obj(frame.usage ?? obj(frame.message).usage));
    const message = collect(events);
    expect(message.usage).toMatchObject(recordedUsage(counts));
    const lost: string[] = [];
    const encoder = messages.stream.encode(context(lost));
    const decoder = messages.stream.decode();
    const back = events
      .flatMap((event) => encoder.event(event))
      .flatMap((frame) => ("comment" in frame ? [] : decoder.frame(frame)));
    expect(collect([...back, ...decoder.end()])).toEqual(
      again({
        ...message,
        blocks: message.blocks.filter(
          (block) => block.type !== "text" || block.text !== "" || block.annotations !== undefined,
        ),
      }),
    );
    expect(lost).toEqual([]);
    note("streams");
  });

  test.each(streams.map((recording) => [recording.name, recording] as const))("watched: %s", (_, recording) => {
    const watch = messages.stream.watch();
    const sights = framer()
      .push(new TextEncoder().encode(`${recording.response.body}\n\n`))
      .frames.map(({ frame }) => watch.see(frame));
    const usage = sights
      .map((sight) => sight.usage)
      .filter((each) => each !== undefined)
      .at(-1);
    if (!spliced(recording)) {
      const last = eventsOf(messages, recording.response.body).at(-1);
      expect(usage).toEqual(last !== undefined && "usage" in last ? last.usage : undefined);
      expect(sights.filter(({ ends }) => ends === true)).toHaveLength(last?.type === "finish" ? 1 : 0);
    }
    expect(sights[0]?.commits).toBeUndefined();
    note("watched streams");
  });
});

describe.skipIf(!haveRecordings)("recorded failures", () => {
  test.each(failures.map((recording) => [recording.name, recording] as const))("%s", (_, { response }) => {
    const text = typeof response.body === "string" ? response.body : JSON.stringify(response.body);
    const fault = messages.fault.decode(response.status, text);
    expect(fault.kind).not.toBe("internal");
    const said = obj(obj(isObj(response.body) ? response.body : {}).error).message;
    if (typeof said === "string" && fault.kind !== "credential") expect(fault.message).toBe(said);
    note("failures");
  });

  test.each(
    recordings("anthropic", "documented")
      .filter(isStream)
      .map((recording) => [recording.name, recording] as const),
  )("%s", (_, { response }) => {
    const events = eventsOf(messages, response.body, [1]);
    expect(disorder(events)).toEqual([]);
    expect(events.at(-1)).toMatchObject({
      type: "error",
      fault: { kind: expect.stringMatching(/overloaded|upstream|rate_limit/) },
    });
    note("streams that end in an error");
  });
});

afterAll(() => {
  if (!haveRecordings) return;
  console.info(
    [
      "messages: recordings passed",
      ...[...passed].map(([kind, times]) => `  ${String(times).padStart(4)} ${kind}`),
    ].join("\n"),
  );
  console.info(["messages: left out", ...[...excluded].map(([name, why]) => `  ${name}: ${why}`)].join("\n"));
});
