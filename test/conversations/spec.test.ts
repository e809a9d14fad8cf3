/** What is told of stored answers is what the public specifications say: each golden answer, told again and listed. */
import { describe, expect, it } from "vitest";
import { list, type Obj, obj } from "../../src/canon/json.ts";
import { eventsOf } from "../../src/conversations/replay.ts";
import { listed } from "../../src/conversations/said.ts";
import { outputsOf, readCases } from "../goldens.ts";
import { haveSpecs, specification } from "../laws/oracle.ts";

/** Where OpenAI's document and Open Responses cannot both be had (test/laws/specs.test.ts says more). */
const exceptions: readonly RegExp[] = [/#(\/response)?\/usage: Instance type "null"/];

describe.skipIf(!haveSpecs)("a stored answer", () => {
  const check = (pointer: string) =>
    specification("openai-openapi.json", `/components/schemas/${pointer}`, "as it says");

  const openResponses = (media: string) =>
    specification(
      "openresponses-2026-04-24.json",
      `/paths/~1responses/post/responses/200/content/${media}/schema`,
      "as it says",
    );

  it("is told again in events as OpenAI and Open Responses specify them", () => {
    const events = answers().flatMap((response) => eventsOf({ response }));
    expect(events.length).toBeGreaterThan(300);
    expect(mistakes(events, check("ResponseStreamEvent"))).toEqual([]);
    const plain = answers()
      .filter(hasPlainTools)
      .flatMap((response) => eventsOf({ response }));
    expect(plain.length).toBeGreaterThan(200);
    expect(mistakes(plain, openResponses("text~1event-stream"))).toEqual([]);
  });

  it("is shown whole as both specify it, with what it goes on from", () => {
    const whole = answers().map((response) => ({ ...response, store: true, previous_response_id: "resp_before" }));
    expect(mistakes(whole, check("Response"))).toEqual([]);
    expect(mistakes(whole.filter(hasPlainTools), openResponses("application~1json"))).toEqual([]);
  });

  it("lists items as OpenAI specifies them", () => {
    const input: Obj[] = [
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Hi" },
      { type: "message", role: "developer", content: [{ type: "input_text", text: "Hi" }] },
      { type: "function_call_output", call_id: "call_1", output: "1", status: "completed" },
    ];
    const items = [...input, ...answers().flatMap(({ output }) => list(output).map(obj))];
    const pages = items.map((item, at): Obj => {
      const ends = { object: "list", first_id: "item_0", last_id: "item_0", has_more: false };
      return { ...ends, type: String(item.type), data: [listed(`item_${at}`, item)] };
    });
    expect(items.length).toBeGreaterThan(50);
    expect(mistakes(pages, check("ResponseItemList"))).toEqual([]);
  });
});

/** The golden answers that could have been stored. */
function answers(): Obj[] {
  const texts = readCases().flatMap((golden) => [...outputsOf(golden)]);
  const bodies = texts.filter(([path]) => path.endsWith(".to.responses.json")).map(([, text]) => obj(JSON.parse(text)));
  return bodies.filter(
    ({ object, status }) => object === "response" && (status === "completed" || status === "incomplete"),
  );
}

/** Open Responses knows functions only. */
function hasPlainTools(response: Obj): boolean {
  return !/"type":"(custom|namespace|web_search|tool_search)/.test(JSON.stringify(response));
}

function mistakes(values: readonly Obj[], check: (value: Obj) => readonly string[]): string[] {
  const all = values.flatMap((value) => check(value).map((mistake) => `${String(value.type)} ${mistake}`));
  return [...new Set(all)].filter((mistake) => !exceptions.some((says) => says.test(mistake)));
}
