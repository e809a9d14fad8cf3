/** The scenarios of the SDK tests: each is asked over both APIs, in each mode, of each kind of provider. */
import { expect } from "vitest";
import { z } from "zod";
import {
  type Answer,
  type Exception,
  limitOf,
  mediaOf,
  plain,
  type Scenario,
  schemaOf,
  sentText,
  signaturesOf,
  type Tool,
  usage,
} from "./conversation.ts";

/** One red pixel. */
export const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
const pdf = Buffer.from(
  "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
).toString("base64");
const signature = "c2lnbmF0dXJlIG9mIHRob3VnaHQgKy8=";
const hello = "Grüße, 世界 🌍!";

const weather: Tool = {
  name: "get_weather",
  description: "The weather of a city.",
  parameters: {
    type: "object",
    properties: {
      city: { type: "string" },
      days: { type: "number" },
      metric: { type: "boolean" },
      note: { type: "string" },
    },
    required: ["city", "days", "metric", "note"],
    additionalProperties: false,
  },
};
const zurich = { city: "Zürich", days: 0, metric: false, note: "" };
const lisbon = { city: "Lisboa", days: 3, metric: true, note: 'a "quoted" \\ note' };
const shell: Tool = { name: "shell", description: "Runs a line in a shell." };
const line = 'grep -n "a\\b" *.ts | head\n';

const forecast = z.object({ city: z.string(), degrees: z.number(), rain: z.boolean() });
const said = { city: "Zürich", degrees: 0, rain: false };

/** The last delta of the reasoning in each answer of that scenario. */
const lastWords = (["responses", "chat", "gemini"] as const).flatMap((egress) => [
  [egress, 0, " first."] as const,
  [egress, 1, " it."] as const,
]);

const called = (...calls: Answer["calls"]): Partial<Answer> => ({ calls, finish: "calls" });

export const scenarios: readonly Scenario[] = [
  {
    name: "text",
    question: { system: "You greet.", text: `Say ${hello}` },
    turns: [
      {
        blocks: [{ text: `${hello} And more words than fit into one piece of a stream.` }],
        usage,
        pace: { chunkBytes: 7 },
      },
    ],
    answers: [{ text: `${hello} And more words than fit into one piece of a stream.` }],
    sent: ([call]) => {
      expect(call && sentText(call)).toContain(hello);
      expect(call && sentText(call)).toContain("You greet.");
    },
  },
  {
    name: "tool",
    question: { text: "How is the weather?", tools: [weather] },
    turns: [
      { blocks: [{ text: "Let me see." }, { call: "get_weather", arguments: zurich }], usage },
      { blocks: [{ text: "Zero degrees." }], usage },
    ],
    results: { get_weather: "0 °C" },
    answers: [{ text: "Let me see.", ...called({ name: "get_weather", input: zurich }) }, { text: "Zero degrees." }],
    sent: ([, second]) => expect(second && sentText(second)).toContain("0 °C"),
  },
  {
    name: "parallel",
    question: { text: "And in two cities?", tools: [weather, { ...weather, name: "get_tide" }] },
    turns: [
      {
        blocks: [
          { call: "get_weather", arguments: zurich },
          { call: "get_weather", arguments: lisbon },
          { call: "get_tide", arguments: lisbon },
        ],
        usage,
      },
      { blocks: [{ text: "Cold, warm, high." }], usage },
    ],
    results: { get_weather: "fine", get_tide: "high" },
    answers: [
      called(
        { name: "get_weather", input: zurich },
        { name: "get_weather", input: lisbon },
        { name: "get_tide", input: lisbon },
      ),
      { text: "Cold, warm, high." },
    ],
  },
  {
    name: "custom-tool",
    question: { text: "List it.", tools: [shell] },
    turns: [
      { blocks: [{ call: "shell", input: line }], usage },
      { blocks: [{ text: "Done." }], usage },
    ],
    results: { shell: "a.ts:1" },
    answers: [called({ name: "shell", input: line }), { text: "Done." }],
  },
  {
    name: "structured",
    question: { text: "The forecast as JSON.", schema: forecast },
    turns: [{ blocks: [{ text: JSON.stringify(said) }], usage }],
    answers: [{ text: JSON.stringify(said), parsed: said }],
    sent: ([call]) =>
      expect(call && schemaOf(call)).toMatchObject({
        type: "object",
        properties: { city: { type: "string" }, degrees: { type: "number" }, rain: { type: "boolean" } },
        required: ["city", "degrees", "rain"],
        additionalProperties: false,
      }),
  },
  {
    name: "image",
    question: { text: "What is this?", image: png },
    turns: [{ blocks: [{ text: "A red dot." }], usage }],
    answers: [{ text: "A red dot." }],
    sent: ([call]) => expect(call && mediaOf(call)).toEqual([{ kind: "image", data: png }]),
  },
  {
    name: "pdf",
    question: { text: "What does it say?", pdf },
    turns: [{ blocks: [{ text: "Nothing." }], usage }],
    answers: [{ text: "Nothing." }],
    sent: ([call]) => expect(call && mediaOf(call)).toEqual([{ kind: "pdf", data: pdf }]),
  },
  {
    name: "reasoning",
    question: { text: "Think.", effort: "medium", tools: [weather] },
    turns: [
      {
        blocks: [
          { reasoning: "I should ask for the weather first.", signature },
          { call: "get_weather", arguments: zurich },
        ],
        usage,
      },
      { blocks: [{ reasoning: "Now I know it." }, { text: "Cold." }], usage },
    ],
    results: { get_weather: "0 °C" },
    answers: [
      { reasoning: "I should ask for the weather first.", ...called({ name: "get_weather", input: zurich }) },
      { reasoning: "Now I know it.", text: "Cold." },
    ],
    exceptions: [
      {
        api: "chat",
        egress: "messages",
        why: "Chat cannot ask to see reasoning, and unasked none is shown (wire.md C.9)",
        answer: { reasoning: "" },
      },
      ...lastWords.map(
        ([egress, at, reasoning]): Exception => ({
          api: "chat",
          mode: "helper",
          egress,
          at,
          why: "the helper overwrites members it does not know with each delta, instead of joining them",
          answer: { reasoning },
        }),
      ),
    ],
    sent(calls, api) {
      const isKept = api === "responses" && calls[0]?.protocol !== "chat";
      if (isKept) expect(calls.map(signaturesOf)).toEqual([[], [signature]]);
    },
  },
  {
    name: "refusal",
    question: { text: "Do harm." },
    turns: [{ blocks: [{ refusal: "I cannot help with that." }], usage }],
    answers: [{ refusal: "I cannot help with that.", finish: "refusal" }],
    exceptions: [
      {
        egress: "messages",
        why: "Anthropic says it as text, and explains it beside: both are told",
        answer: { text: "I cannot help with that." },
      },
      {
        egress: "gemini",
        api: "responses",
        why: "Gemini stops for safety behind what it said, and does not say that it refuses",
        answer: { text: "I cannot help with that.", refusal: "The model declined to answer." },
      },
      {
        egress: "gemini",
        api: "chat",
        why: "in Chat that is a finish reason of its own, behind the text",
        answer: { text: "I cannot help with that.", refusal: "" },
      },
    ],
  },
  {
    name: "length",
    question: { text: "Tell me everything.", maxOutput: 64 },
    turns: [{ blocks: [{ text: "It all began" }], finish: "length", usage }],
    answers: [{ text: "It all began", finish: "length" }],
    sent: ([call]) => expect(call && limitOf(call)).toBe(64),
  },
];

/** What the caller of this scenario hears at this call. */
export function expected(scenario: Scenario, at: number, where: { api: string; egress: string; mode: string }): Answer {
  const exceptions = (scenario.exceptions ?? []).filter(
    ({ api, egress, mode, at: only }) =>
      (only ?? at) === at &&
      (api ?? where.api) === where.api &&
      (egress ?? where.egress) === where.egress &&
      (mode ?? where.mode) === where.mode,
  );
  return Object.assign({}, plain, scenario.answers[at], ...exceptions.map(({ answer }) => answer));
}
