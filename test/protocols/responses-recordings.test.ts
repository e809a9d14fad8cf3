/** What OpenAI and Codex really said, through the Responses codec. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { collect, type Message } from "../../src/canon/event.ts";
import { isObj, type Obj, obj } from "../../src/canon/json.ts";
import type { Block, CanonRequest } from "../../src/canon/request.ts";
import { noUsage } from "../../src/canon/usage.ts";
import { Fault } from "../../src/fault.ts";
import { print } from "../../src/http/sse.ts";
import type { ReplyContext } from "../../src/protocols/protocol.ts";
import { responses } from "../../src/protocols/responses/index.ts";
import { disorder, eventsOf } from "../laws/laws.ts";
import { haveRecordings, isStream, type Recording, recordings } from "../recordings.ts";

const all = haveRecordings ? recordings("openai-responses") : [];
const passes: Record<string, number> = {};
const pass = (kind: string): void => {
  passes[kind] = (passes[kind] ?? 0) + 1;
};

const notOpen = () => undefined;
const lost: string[] = [];
const lose = (field: string): void => {
  lost.push(field);
};

function contextFor(model: string): ReplyContext {
  const request: CanonRequest = { model, stream: true, turns: [], ext: { responses: {} } };
  return { request, id: "Ab1", createdAt: 1, seal: () => "sealed", lose };
}

/** Every value at the end of a path, as often as it occurs. */
function leaves(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(leaves);
  if (isObj(value)) return Object.values(value).flatMap(leaves);
  return value === undefined ? [] : [JSON.stringify(value)];
}

function missingLeaves(from: unknown, to: unknown): string[] {
  const left = leaves(to);
  return leaves(from).filter((leaf) => {
    const found = left.indexOf(leaf);
    if (found >= 0) left.splice(found, 1);
    return found < 0;
  });
}

/** Requests that ask for what the provider keeps: refused here, offered on the relay lane only. */
function isRefused(body: Obj): boolean {
  const input = Array.isArray(body.input) ? body.input : [];
  const references = input.some((item) => obj(item).type === "item_reference");
  return typeof body.previous_response_id === "string" || body.background === true || references;
}

function checkRequest(body: Obj): void {
  const decoded = responses.request.decode(body, notOpen);
  const encoded = responses.request.encode(decoded, lose);
  expect(missingLeaves(body, encoded)).toEqual([]);
  expect(responses.request.decode(encoded, notOpen)).toEqual(decoded);
  const again = responses.request.encode(responses.request.decode(structuredClone(body), notOpen), lose);
  expect(JSON.stringify(again)).toBe(JSON.stringify(encoded));
}

/** Without what each answer makes anew, its own id, and with the count that each has to name: unnamed, nothing was written. */
function told({ id: _, usage, ...message }: Message): Omit<Message, "id"> {
  return { ...message, usage: { cacheWrite: 0, ...usage } };
}

const byName = (recording: Recording): [string, Recording] => [recording.name, recording];
const requests = all.filter((each) => isObj(each.request?.body) && each.request?.path === "/v1/responses");
const streams = all.filter(isStream);
/** `/responses/compact` answers with a conversation, not with an answer: it is another endpoint. */
const whole = all.filter(
  (each) => Array.isArray(obj(each.response.body).output) && each.request?.path !== "/v1/responses/compact",
);
/** Polls of background responses: there is no answer in them yet, and `background` is refused at the door. */
const unfinished = new Set(["queued", "in_progress"]);

describe.skipIf(!haveRecordings)("recorded requests", () => {
  it.each(requests.map(byName))("%s comes back whole", (_, recording) => {
    const body = obj(recording.request?.body);
    if (isRefused(body)) {
      expect(() => responses.request.decode(body, notOpen)).toThrow(Fault);
      pass("request refused (stored state)");
      return;
    }
    lost.length = 0;
    checkRequest(body);
    expect(lost).toEqual([]);
    pass("request");
  });
});

const codex = join(import.meta.dirname, "../../../shared/recordings/codex");
const codexFiles = existsSync(codex) ? readdirSync(codex) : [];

describe.skipIf(codexFiles.length === 0)("what Codex sends and takes", () => {
  it.each(codexFiles.filter((file) => file.endsWith(".request.json")))("%s comes back whole", (file) => {
    const record = JSON.parse(readFileSync(join(codex, file), "utf8")) as Obj;
    lost.length = 0;
    checkRequest(isObj(record.body) ? record.body : record);
    expect(lost).toEqual([]);
    pass("codex request");
  });

  it.each(codexFiles.filter((file) => file.endsWith(".sse")))("%s decodes to a message", (file) => {
    const body = readFileSync(join(codex, file), "utf8");
    const events = eventsOf(responses, body);
    expect(disorder(events)).toEqual([]);
    expect(eventsOf(responses, body, [1])).toEqual(events);
    expect(collect(events).blocks.length).toBeGreaterThan(0);
    pass("codex stream");
  });
});

describe.skipIf(!haveRecordings)("recorded whole answers", () => {
  it.each(whole.map(byName))("%s", (_, recording) => {
    const body = obj(recording.response.body);
    if (unfinished.has(String(body.status))) {
      expect(() => responses.reply.decode(body)).toThrow(Fault);
      pass("answer refused (unfinished)");
      return;
    }
    const message = responses.reply.decode(body);
    expect(message.blocks.length).toBeGreaterThan(0);
    const context = contextFor(message.model);
    const encoded = responses.reply.encode(message, context);
    expect(told(responses.reply.decode(encoded))).toEqual(told(message));
    expect(encoded.usage).toMatchObject(obj(body.usage));
    pass("answer");
  });
});

/**
 * Streams whose events tell less than their last one, or in another order, because the fixture was cut by hand or tools
 * of the provider overlap: they are compared without order.
 */
const outOfOrder = new Set([
  "pydantic-ai__test_openai_responses__test_openai_responses_model_mcp_list_tools_stream_backfills_missing_results__0",
]);

/** Cut by hand: its deltas say other words than its end. What was said stays said. */
const selfContradicting = new Set(["ai__openai__openai-shell-container.1__0__stream"]);

describe.skipIf(!haveRecordings)("recorded streams", () => {
  it.each(streams.map(byName))("%s", (name, recording) => {
    const body = String(recording.response.body);
    const events = eventsOf(responses, body);
    expect(disorder(events)).toEqual([]);
    for (const sizes of [[1], [7, 3, 11], [997]]) expect(eventsOf(responses, body, sizes)).toEqual(events);
    const message = collect(events);
    const last = lastResponse(body);
    expect(message.usage).toEqual(responses.usage(last, noUsage));
    expect(message.usage.input).toBe(obj(last.usage).input_tokens);
    expect(message.usage.output).toBe(obj(last.usage).output_tokens);

    const twin = responses.reply.decode(last);
    const order = (blocks: readonly Block[]) => (outOfOrder.has(name) ? byText(blocks) : unsealed(blocks));
    if (twin.blocks.length > 0 && !selfContradicting.has(name))
      expect(order(message.blocks)).toEqual(order(twin.blocks));
    expect(message.finish).toEqual(twin.finish);

    const encoder = responses.stream.encode(contextFor(message.model));
    const again = print(events.flatMap((event) => encoder.event(event)));
    expect(told(collect(eventsOf(responses, again)))).toEqual(told(message));
    expect(responses.reply.encode(message, contextFor(message.model))).toEqual(lastResponse(again));
    pass("stream");
  });

  it.each(streams.map(byName))("%s is followed on the relay lane", (_, recording) => {
    const watch = responses.stream.watch();
    const sights = framesIn(String(recording.response.body)).map((frame) => watch.see(frame));
    expect(sights.map((sight) => sight.ends === true).lastIndexOf(true)).toBe(sights.length - 1);
    expect(sights[0]?.commits).toBeUndefined();
    expect(sights.some((sight) => sight.commits)).toBe(true);
    expect(sights.at(-1)?.usage).toEqual(responses.usage(lastResponse(String(recording.response.body)), noUsage));
    pass("watch");
  });
});

/** OpenAI seals the same reasoning twice, once for the item's end and once for the answer's: both are good. */
function unsealed(blocks: readonly Block[]): Block[] {
  return blocks.map((block) => {
    if (block.type === "reasoning" && block.native) return { ...block, native: { ...block.native, value: "" } };
    if (block.type !== "opaque" || block.value.type !== "compaction") return block;
    return { ...block, value: { ...block.value, encrypted_content: "" } };
  });
}

function byText(blocks: readonly unknown[]): string[] {
  return blocks.map((block) => JSON.stringify(block)).sort();
}

function framesIn(body: string): { event?: string; data: string }[] {
  return body.split(/\r?\n\r?\n/).flatMap((record) => {
    const data = /^data: ?(.*)$/m.exec(record)?.[1];
    const event = /^event: ?(.*)$/m.exec(record)?.[1];
    if (data === undefined) return [];
    return [event === undefined ? { data } : { event, data }];
  });
}

function lastResponse(body: string): Obj {
  const last = framesIn(body)
    .filter((frame) => frame.data.includes('"response"'))
    .at(-1);
  return obj((JSON.parse(last?.data ?? "{}") as Obj).response);
}

describe.skipIf(!haveRecordings)("documented failures", () => {
  const bodies = haveRecordings ? recordings("openai-responses", "documented") : [];
  const kinds: Record<string, string> = {
    401: "credential",
    429: "rate_limit",
    500: "upstream",
    502: "upstream",
    503: "overloaded",
  };
  it.each(bodies.map(byName))("%s", (name, recording) => {
    const { status, body } = recording.response;
    if (status >= 400) {
      const fault = responses.fault.decode(status, typeof body === "string" ? body : JSON.stringify(body));
      expect(fault.kind).toBe(name.includes("quota") ? "quota" : kinds[status]);
      expect(fault.message).not.toMatch(/sk-|<html/);
    } else if (isStream(recording)) {
      const events = eventsOf(responses, recording.response.body);
      expect(events.at(-1)).toMatchObject({ type: "error", fault: { kind: "upstream" } });
      expect(disorder(events)).toEqual([]);
    } else {
      expect(responses.reply.decode(obj(body)).finish.reason).toBe("length");
    }
    pass("documented");
  });
});

afterAll(() => {
  console.info(
    Object.entries(passes)
      .map(([kind, count]) => `${count}\t${kind}`)
      .join("\n"),
  );
});
