/** Recorded traffic with Gemini: every request, answer and stream, both ways. */
import { describe, expect, it } from "vitest";
import { collect, type Message } from "../../src/canon/event.ts";
import { isObj, list, number, type Obj, obj } from "../../src/canon/json.ts";
import { noUsage } from "../../src/canon/usage.ts";
import { asFault } from "../../src/fault.ts";
import { print } from "../../src/http/sse.ts";
import { gemini } from "../../src/protocols/gemini/index.ts";
import { disorder, eventsOf } from "../laws/laws.ts";
import { haveRecordings, isStream, type Recording, recordings } from "../recordings.ts";
import { again, context, missing, nothingOpens, opens, unexpected } from "./gemini-laws.ts";

const all = recordings("gemini");

/** Other things that Google's servers do: embeddings, counting, and an API of another grammar (`/interactions`). */
function isGenerate(recording: Recording): boolean {
  const { body } = recording.response;
  const path = recording.request?.path ?? "";
  if (path !== "") return path.includes(":generateContent") || path.includes(":streamGenerateContent");
  return isStream(recording) || (isObj(body) && (body.candidates !== undefined || body.error !== undefined));
}

const excluded = all.filter((recording) => !isGenerate(recording)).map(({ name }) => name);
const generate = all.filter(isGenerate);

/** A role that is none: Google refused it, and so do we. */
const refusedRequests = new Set(["opentelemetry-python-contrib__test_generate_content_invalid_role__0"]);

const requests = generate.filter(({ name, request }) => isObj(request?.body) && !refusedRequests.has(name));
const streams = generate.filter(isStream);
const answers = generate.filter(({ response }) => response.status === 200 && isObj(response.body));
const failures = generate.filter(({ response }) => response.status !== 200);
const passed = { requests: 0, answers: 0, streams: 0, failures: 0 };

function bodyOf({ request, model }: Recording): Obj {
  return { ...obj(request?.body), model, stream: request?.path.includes("stream") ?? false };
}

/** The last counts that a list of chunks has, in canon's convention, computed apart from the code under test. */
function counted(chunks: readonly Obj[]) {
  const last = obj(chunks.map(({ usageMetadata }) => obj(usageMetadata)).findLast((each) => each.promptTokenCount));
  const sum = (...counts: (number | undefined)[]) => {
    const known = counts.filter((each) => each !== undefined);
    return known.length > 0 ? known.reduce((one, other) => one + other, 0) : undefined;
  };
  return {
    input: sum(number(last.promptTokenCount), number(last.toolUsePromptTokenCount)),
    cacheRead: number(last.cachedContentTokenCount),
    output: sum(number(last.candidatesTokenCount), number(last.thoughtsTokenCount)),
    reasoning: number(last.thoughtsTokenCount),
    inputAudio: partOf(last.promptTokensDetails, "AUDIO"),
    cacheReadAudio: partOf(last.cacheTokensDetails, "AUDIO"),
    outputAudio: partOf(last.candidatesTokensDetails, "AUDIO"),
    outputImage: partOf(last.candidatesTokensDetails, "IMAGE"),
  };
}

/** Absent where there is none of it. */
function partOf(details: unknown, modality: string): number | undefined {
  return number(obj(list(details).find((each) => obj(each).modality === modality)).tokenCount);
}

function chunksOf(body: string): Obj[] {
  const data = body.split(/\r\n|\n|\r/).filter((line) => line.startsWith("data:"));
  return data.map((line) => obj(JSON.parse(line.slice(5))));
}

/** What an answer is on the wire of ours, whose ids and model name are the call's. */
function renamed(message: Message): Message {
  return { ...message, id: "call1", model: "asked-for" };
}

describe.skipIf(!haveRecordings)("gemini recordings", () => {
  it("are all there", () => {
    expect([requests.length, answers.length, streams.length, failures.length].every((count) => count > 3)).toBe(true);
    console.info(`gemini: excluded (no generateContent): ${excluded.length}\n  ${excluded.join("\n  ")}`);
  });

  it.each(requests.map((recording) => [recording.name, recording] as const))("request %s", (_, recording) => {
    const body = bodyOf(recording);
    const first = again(body);
    const second = again({ ...first.body, model: body.model, stream: body.stream });
    expect(second.canon).toEqual(first.canon);
    expect(JSON.stringify(second.body)).toBe(JSON.stringify(first.body));
    const { model: _model, stream: _stream, ...sent } = body;
    expect(missing(sent, first.body)).toEqual([]);
    passed.requests++;
  });

  it("refuses what Google refused", () => {
    const refused = generate.filter(({ name }) => refusedRequests.has(name));
    expect(refused.length).toBe(1);
    for (const each of refused) expect(() => gemini.request.decode(bodyOf(each), nothingOpens)).toThrow(/role/);
  });

  it.each(answers.map((recording) => [recording.name, recording] as const))("answer %s", (_, { response }) => {
    const body = obj(response.body);
    const message = gemini.reply.decode(body);
    expect(gemini.reply.decode(gemini.reply.encode(message, context()))).toEqual(renamed(message));
    expect(message.usage).toEqual(JSON.parse(JSON.stringify(counted([body]))));
    expect(gemini.usage(body, noUsage)).toEqual(message.usage);
    const texts = list(obj(obj(list(body.candidates)[0]).content).parts).filter((part) => obj(part).thought !== true);
    const said = message.blocks.map((block) => (block.type === "text" ? block.text : "")).join("");
    expect(said).toBe(texts.map((part) => obj(part).text ?? "").join(""));
    passed.answers++;
  });

  it.each(streams.map((recording) => [recording.name, recording] as const))("stream %s", (_, { response }) => {
    const events = eventsOf(gemini, response.body);
    expect(disorder(events)).toEqual([]);
    expect(eventsOf(gemini, response.body, [1])).toEqual(events);
    expect(eventsOf(gemini, response.body, [3, 7, 1, 11])).toEqual(events);
    const message = collect(events);
    expect(message.usage).toEqual(JSON.parse(JSON.stringify(counted(chunksOf(response.body)))));
    const encoder = gemini.stream.encode(context());
    const frames = events.flatMap((event) => encoder.event(event));
    expect(collect(eventsOf(gemini, print(frames, gemini.newline)))).toEqual(renamed(message));
    const watch = gemini.stream.watch();
    const sights = chunksOf(response.body).map((chunk) => watch.see({ data: JSON.stringify(chunk) }));
    expect(sights.at(-1)?.ends).toBe(true);
    expect(sights.at(-1)?.usage).toEqual(message.usage);
    expect(sights.some(({ commits }) => commits === true)).toBe(true);
    passed.streams++;
  });

  it.each(failures.map((recording) => [recording.name, recording] as const))("failure %s", (_, { response }) => {
    const fault = gemini.fault.decode(response.status, JSON.stringify(response.body));
    expect(fault.kind).not.toBe("upstream");
    expect(fault.message).not.toBe("");
    passed.failures++;
  });

  it("an answer sent back as history keeps its signatures in place", () => {
    for (const { response } of answers) {
      const candidate = obj(list(obj(response.body).candidates)[0]);
      const content = obj(candidate.content);
      if (list(content.parts).length === 0) continue;
      const asked = { role: "user", parts: [{ text: "go on" }] };
      const calls = list(content.parts).flatMap((part) => (isObj(obj(part).functionCall) ? [obj(part)] : []));
      const results = calls.map(({ functionCall }) => ({
        functionResponse: { name: obj(functionCall).name, response: { output: "1" } },
      }));
      const contents = [asked, content, { role: "user", parts: results.length > 0 ? results : [{ text: "and?" }] }];
      const canon = gemini.request.decode({ model: "gemini-2.5-pro", contents }, opens);
      const sent = gemini.request.encode(canon, unexpected);
      expect(missing({ contents }, sent)).toEqual([]);
    }
  });

  it("prints what passed", () => {
    console.info("gemini recordings that passed, by kind");
    console.table(passed);
    expect(passed.requests + passed.answers + passed.streams + passed.failures).toBe(
      requests.length + answers.length + streams.length + failures.length,
    );
  });
});

describe.skipIf(!haveRecordings)("documented gemini answers", () => {
  const documented = recordings("gemini", "documented");

  it.each(documented.map((recording) => [recording.name, recording] as const))("%s", (name, { response }) => {
    const kind = expected[name.replace("documented__gemini-", "")];
    if (isStream({ name, kind: "", model: "", tags: [], fidelity: "", response })) {
      const last = eventsOf(gemini, String(response.body)).at(-1);
      expect(last?.type === "error" && last.fault.kind).toBe(kind);
    } else if (response.status === 200) {
      expect(endOf(obj(response.body))).toBe(kind);
    } else {
      const text = typeof response.body === "string" ? response.body : JSON.stringify(response.body);
      expect(gemini.fault.decode(response.status, text).kind).toBe(kind);
    }
  });
});

/** How a whole answer ended, or the kind of the fault that it is. */
function endOf(body: Obj): string {
  try {
    return gemini.reply.decode(body).finish.reason;
  } catch (thrown) {
    return asFault(thrown).kind;
  }
}

const expected: Readonly<Record<string, string>> = {
  "200-malformed-function-call": "upstream",
  "200-no-candidates-blocked": "refusal",
  "200-stream-error-mid": "overloaded",
  "400-failed_precondition": "credential",
  "400-invalid_argument-key": "credential",
  "403-permission_denied": "credential",
  "429-resource_exhausted": "rate_limit",
  "500-internal": "upstream",
  "503-array-body": "overloaded",
  "503-unavailable": "overloaded",
  "504-deadline_exceeded": "timeout",
};
