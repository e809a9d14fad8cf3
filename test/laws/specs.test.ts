/** What we synthesise is what the public specifications say: every golden answer and every recorded one, as each caller gets it. */
import { describe, expect, it } from "vitest";
import { type Message, replay } from "../../src/canon/event.ts";
import { isObj, type Obj, obj } from "../../src/canon/json.ts";
import type { ProtocolId } from "../../src/canon/request.ts";
import { asFault } from "../../src/fault.ts";
import { framer } from "../../src/http/sse.ts";
import { protocols } from "../../src/protocols/index.ts";
import { outputsOf, protocolIds, readCases } from "../goldens.ts";
import { haveRecordings, kinds, recordings } from "../recordings.ts";
import { context, messageOf } from "./answers.ts";
import { type Check, haveSpecs, type Members, specification } from "./oracle.ts";

/** An object that goes to a caller, and where it comes from. */
interface Said {
  readonly from: string;
  readonly to: ProtocolId;
  readonly way: "whole" | "event";
  readonly value: Obj;
}

describe.skipIf(!haveSpecs)("what we synthesise", () => {
  const specs = haveSpecs ? readSpecs() : () => [];
  const judge = judging(specs);

  it.each(protocolIds)("of the golden answers is what the specifications of %s say", (to) => {
    const { count, mistakes } = judge(to, "golden");
    expect(count).toBeGreaterThan(100);
    expect(mistakes.filter(isMistake)).toEqual([]);
  });

  it.skipIf(!haveRecordings).each(protocolIds)("of recorded answers is what the specifications of %s say", (to) => {
    const { count, mistakes } = judge(to, "recorded");
    expect(count).toBeGreaterThan(1000);
    expect(mistakes.filter(isMistake)).toEqual([]);
  });

  it.skipIf(!haveRecordings)("needs every exception", () => {
    const all = protocolIds.flatMap((to) => [...judge(to, "golden").mistakes, ...judge(to, "recorded").mistakes]);
    expect(exceptions.filter(({ says }) => !all.some((mistake) => says.test(mistake)))).toEqual([]);
  });

  it.each(sloppy)("is found to be wrong where it is: $wrong", ({ wrong, ...said }) => {
    expect(mistakesOf({ from: wrong, ...said }, specs).filter(isMistake)).not.toEqual([]);
  });
});

const sloppy: readonly (Omit<Said, "from"> & { readonly wrong: string })[] = [
  {
    wrong: "a member left out",
    to: "responses",
    way: "event",
    value: { type: "response.created", sequence_number: 0 },
  },
  { wrong: "another type", to: "messages", way: "event", value: { type: "content_block_stop", index: "0" } },
  { wrong: "a member too many", to: "messages", way: "event", value: { type: "message_stop", extra: true } },
  { wrong: "an event of no type", to: "messages", way: "event", value: { type: "message_end" } },
  { wrong: "a word too many", to: "gemini", way: "whole", value: { candidates: [{ finishReason: "ENOUGH" }] } },
  { wrong: "a failure without its code", to: "chat", way: "event", value: { error: { message: "No.", type: "no" } } },
];

interface Judgement {
  /** How many objects were judged. */
  readonly count: number;
  /** Each mistake once, with where it was made. */
  readonly mistakes: readonly string[];
}

/** Judges what one caller gets of one source; twice the same without the work. */
function judging(specs: Specs): (to: ProtocolId, source: "golden" | "recorded") => Judgement {
  const known = new Map<string, Judgement>();
  return (to, source) => {
    const was = known.get(`${to} ${source}`);
    if (was !== undefined) return was;
    const found = new Map<string, string>();
    let count = 0;
    for (const said of source === "golden" ? ofGoldens(to) : ofRecordings(to)) {
      count++;
      for (const mistake of mistakesOf(said, specs)) if (!found.has(mistake)) found.set(mistake, said.from);
    }
    const judgement = { count, mistakes: [...found].map(([mistake, from]) => `${mistake} (${from})`) };
    known.set(`${to} ${source}`, judgement);
    return judgement;
  };
}

function mistakesOf({ to, way, value }: Said, specs: Specs): string[] {
  return specs(to, way, value).flatMap(({ name, check }) =>
    check(value).map((mistake) => `${name}: ${String(value.type ?? way)} ${mistake}`),
  );
}

function isMistake(mistake: string): boolean {
  return !exceptions.some(({ says }) => says.test(mistake));
}

function ofGoldens(to: ProtocolId): Said[] {
  return readCases().flatMap((golden) =>
    [...outputsOf(golden)].flatMap(([path, text]) => ofOutput(`${golden.name}/${path}`, text, to)),
  );
}

function* ofRecordings(to: ProtocolId): Generator<Said> {
  for (const [kind, protocol] of Object.entries(kinds)) {
    if (protocol === to) continue;
    for (const recording of recordings(kind)) {
      const message = messageOf(recording, protocol);
      if (message !== undefined) yield* ofMessage(recording.name, message, to);
    }
  }
}

/** The objects of one golden output, if it is an answer to this caller. */
function ofOutput(from: string, text: string, to: ProtocolId): Said[] {
  if (from.endsWith(`.to.${to}.sse`)) return objectsOf(text).map((value) => ({ from, to, way: "event", value }));
  if (!from.endsWith(`.to.${to}.json`)) return [];
  const value = JSON.parse(text) as Obj;
  // An answer that is a failure is written with its HTTP status.
  return [{ from, to, way: "whole", value: typeof value.status === "number" ? obj(value.body) : value }];
}

function objectsOf(stream: string): Obj[] {
  const frames = framer();
  const all = [...frames.push(new TextEncoder().encode(stream)).frames, ...frames.end().frames];
  const data = all.map(({ frame }) => frame.data).filter((each) => each !== "" && each !== "[DONE]");
  return data.map((each) => JSON.parse(each) as Obj);
}

function* ofMessage(from: string, message: Message, to: ProtocolId): Generator<Said> {
  yield { from, to, way: "whole", value: wholeOf(message, to) };
  const encoder = protocols[to].stream.encode(context);
  for (const frame of replay(message).flatMap((event) => encoder.event(event))) {
    if (!("data" in frame) || frame.data === "[DONE]") continue;
    yield { from, to, way: "event", value: JSON.parse(frame.data) as Obj };
  }
}

/** An answer that cannot be said to this caller is a failure in the caller's words. */
function wholeOf(message: Message, to: ProtocolId): Obj {
  try {
    return protocols[to].reply.encode(message, context);
  } catch (thrown) {
    return protocols[to].fault.encode(asFault(thrown), context.id);
  }
}

interface Spec {
  readonly name: string;
  readonly check: Check;
}

/** Which specifications have a say on an object. */
type Specs = (to: ProtocolId, way: Said["way"], value: Obj) => readonly Spec[];

/** Anthropic's and Google's have no word for a failure, nor Anthropic's for a ping, though the vendors document them. */
function readSpecs(): Specs {
  const failure = [openai("ErrorResponse")];
  const gemini = [types("gemini", "GenerateContentResponse")];
  const answers = {
    chat: {
      whole: [types("openai-chat", "ChatCompletion"), openai("CreateChatCompletionResponse")],
      event: [types("openai-chat", "ChatCompletionChunk"), openai("CreateChatCompletionStreamResponse")],
    },
    responses: {
      whole: [types("openai-responses", "Response"), openai("Response"), openResponses("application~1json")],
      event: [
        types("openai-responses", "ResponseStreamEvent"),
        openai("ResponseStreamEvent"),
        openResponses("text~1event-stream"),
      ],
    },
    messages: {
      whole: [anthropic("BetaMessage"), types("anthropic", "Message", "as it says")],
      event: [anthropic("BetaRawMessageStreamEvent"), types("anthropic", "RawMessageStreamEvent", "as it says")],
    },
    gemini: { whole: gemini, event: gemini },
  } as const satisfies Record<ProtocolId, Record<Said["way"], readonly Spec[]>>;
  return (to, way, value) => {
    if (isObj(value.error) && value.object === undefined) return to === "messages" || to === "gemini" ? [] : failure;
    return value.type === "ping" ? [] : answers[to][way];
  };
}

function types(file: string, name: string, members: Members = "closed"): Spec {
  const path = `sdk-types/${file}.${name}.schema.json`;
  return { name: "SDK", check: specification(path, `/definitions/${name}`, members) };
}

function openai(name: string): Spec {
  return {
    name: "OpenAI",
    check: specification("openai-openapi.json", `/components/schemas/${name}`, "as it says"),
  };
}

function openResponses(mediaType: string): Spec {
  const pointer = `/paths/~1responses/post/responses/200/content/${mediaType}/schema`;
  return { name: "Open Responses", check: specification("openresponses-2026-04-24.json", pointer, "as it says") };
}

/** The types of the beta, which has the same endpoint and more members than the others. */
function anthropic(name: string): Spec {
  const pointer = `/components/schemas/${name}`;
  return { name: "Anthropic", check: specification("anthropic-derived.openapi.json", pointer, "closed") };
}

/** Where two specifications cannot both be had, or a vendor sends what it has not specified. */
const exceptions: readonly { readonly says: RegExp; readonly why: string }[] = [
  {
    says: /^(SDK|OpenAI): (response\.\w+|whole) #(\/response)?\/usage: Instance type "null"/,
    why: "Open Responses requires the member, and OpenAI sends null while the counts are unknown.",
  },
  {
    says: /^SDK: (response\.\w+|whole) #(\/response)?: .* required property "output_text"/,
    why: "The SDKs make it from the output; OpenAI sends none.",
  },
  {
    says: /^SDK: (response\.\w+|whole) #(\/response)?: Property "(store|presence_penalty|frequency_penalty)"/,
    why: "Open Responses requires them, and OpenAI sends them.",
  },
  {
    says: /^SDK: response\.function_call_arguments\.done #: Property "name"/,
    why: "OpenAI's document requires it.",
  },
  {
    says: /^SDK: (response\.[\w.]+|whole) #.*\/(item|output\/N): Property "status"/,
    why: "OpenAI's document has it for a call of a custom tool.",
  },
  {
    says: /^Open Responses: .*(\/(output|tools)\/N|\/item)\/type: Instance does not match any of/,
    why: "It has functions only: no custom tools, no hosted ones.",
  },
  {
    says: /^Open Responses: response\.(custom_tool_call_input|web_search_call|image_generation_call)\.\w+ .*no type/,
    why: "The events of those.",
  },
  {
    says: /^OpenAI: event #\/choices\/N\/delta\/tool_calls\/N\/type: .* \["function"\]/,
    why: "Its SDK's types know custom tools in a stream.",
  },
  {
    says: /^SDK: (event|whole) #\/choices\/N\/(delta|message): Property "reasoning_content"/,
    why: "Chat has no reasoning; clients read it in the member that DeepSeek gave it.",
  },
  {
    says: /^SDK: (event|whole) #\/choices\/N\/(delta|message)\/tool_calls\/N: Property "extra_content"/,
    why: "Google's member for the signatures that have to come back.",
  },
  {
    says: /^SDK: event #\/choices\/N\/delta: Property "annotations"/,
    why: "OpenAI streams the citations of its search models so.",
  },
  {
    says: /^SDK: (event|whole) #\/usage\/completion_tokens_details: Property "image_tokens"/,
    why: "Pictures in an answer have a price of their own, and servers that make them count them so.",
  },
];
