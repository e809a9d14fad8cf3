/** Answers that are told otherwise for the sake of compaction are what the public specifications say they are. */
import { describe, expect, it } from "vitest";
import { type Obj, obj } from "../../src/canon/json.ts";
import { asObject, asSummary, behind, type Reshaping } from "../../src/compaction/reshaping.ts";
import { reshapedFrames } from "../../src/compaction/telling.ts";
import { listed } from "../../src/conversations/said.ts";
import { framer } from "../../src/http/sse.ts";
import { outputsOf, readCases } from "../goldens.ts";
import { haveSpecs, specification } from "../laws/oracle.ts";

const item = { id: "cmp_1", type: "compaction", encrypted_content: "sealed" };
const kinds: readonly (() => Reshaping)[] = [() => asSummary(() => item), () => behind(item)];

describe.skipIf(!haveSpecs)("an answer", () => {
  const openai = (pointer: string) =>
    specification("openai-openapi.json", `/components/schemas/${pointer}`, "as it says");
  const openResponses = (pointer: string) => specification("openresponses-2026-04-24.json", pointer, "as it says");

  it("is streamed as OpenAI and Open Responses specify", () => {
    const schema = "/paths/~1responses/post/responses/200/content/text~1event-stream/schema";
    const streams = texts(".to.responses.sse").flatMap((text) => kinds.map((kind) => eventsIn(text, kind())));
    expect(streams.flat().length).toBeGreaterThan(300);
    expect(mistakes(streams.flat(), openai("ResponseStreamEvent"))).toEqual([]);
    const summaries = streams
      .filter((events) => events.every(isPlain))
      .flat()
      .filter(isKnown);
    expect(summaries.length).toBeGreaterThan(200);
    expect(mistakes(summaries, openResponses(schema))).toEqual([]);
  });

  it("is whole as OpenAI specifies, and as the object of the endpoint both know", () => {
    const bodies = texts(".to.responses.json").map((text) => obj(JSON.parse(text)));
    const whole = bodies.filter(({ status, object }) => object === "response" && status === "completed");
    const spoken = whole.filter((response) => JSON.stringify(response.output).includes('"output_text"'));
    expect(spoken.length).toBeGreaterThan(10);
    expect(mistakes(whole.map(behind(item).whole), openai("Response"))).toEqual([]);
    const said = [listed("msg_1", { role: "user", content: "Hello" })];
    const objects = spoken
      .filter(({ usage }) => usage !== null)
      .map(
        asObject(
          asSummary(() => item),
          said,
        ).whole,
      );
    expect(mistakes(objects, openai("CompactResource"))).toEqual([]);
    expect(mistakes(objects, openResponses("/components/schemas/CompactResource"))).toEqual([]);
  });
});

function texts(end: string): string[] {
  const outputs = readCases().flatMap((golden) => [...outputsOf(golden)]);
  return outputs.filter(([path]) => path.endsWith(end)).map(([, text]) => text);
}

function eventsIn(stream: string, reshaping: Reshaping): Obj[] {
  const frames = framer();
  const { frames: whole } = frames.push(reshapedFrames(new TextEncoder().encode(stream), reshaping));
  return whole.map(({ frame }) => obj(JSON.parse(frame.data)));
}

/** Open Responses knows functions only. */
function isPlain(event: Obj): boolean {
  return !/"type":"(custom|namespace|web_search|tool_search)/.test(JSON.stringify(event));
}

function isKnown({ type }: Obj): boolean {
  return !String(type).startsWith("response.image_generation");
}

/** Where OpenAI's document and Open Responses cannot both be had (test/laws/specs.test.ts says more). */
const exceptions: readonly RegExp[] = [/#(\/response)?\/usage: Instance type "null"/];

function mistakes(values: readonly Obj[], check: (value: Obj) => readonly string[]): string[] {
  const all = values.flatMap((value) => check(value).map((mistake) => `${String(value.type)} ${mistake}`));
  return [...new Set(all)].filter((mistake) => !exceptions.some((says) => says.test(mistake)));
}
