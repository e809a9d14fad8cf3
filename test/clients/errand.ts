/** The errand of the SDKs: the model thinks, says a word, has a tool run, and answers by what the tool gave. */
import type { Call, Turn } from "../sim/sim.ts";
import { type Answer, plain, usage } from "./conversation.ts";
import type { Harness } from "./harness.ts";

export type Egress = Call["protocol"];
export type Mode = "whole" | "streamed";

/** One SDK, or one way to use it. */
export interface Client {
  readonly name: string;
  /** The protocol that it speaks. */
  readonly speaks: Egress;
  /** Does it show the reasoning of a provider that speaks so? */
  readonly shows: (egress: Egress) => boolean;
  /** Does it lose the signatures of what it read as a stream? */
  readonly forgets?: true;
  /** A provider that the simulator does not let it speak to, and why. */
  readonly without?: { readonly egress: Egress; readonly mode?: Mode; readonly why: string };
  /** Sends the errand's question, has its tool run, and asks on until there is nothing left to run. */
  converse(harness: Harness, mode: Mode, model: string, tool: Tool): Promise<Answer[]>;
}

/** The caller's tool, which counts how it is used. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly parameters: {
    readonly type: "object";
    readonly properties: Readonly<Record<string, { readonly type: string }>>;
    readonly required: string[];
  };
  readonly inputs: readonly unknown[];
  run(input: unknown): string;
}

export const question = "How is the weather?";
export const system = "You tell the weather.";
export const result = "0 °C";
export const input = { city: "Zürich", days: 0, metric: false, note: "" };
export const signature = "c2lnbmF0dXJlIG9mIHRob3VnaHQgKy8=";

/** `proofs`: how the provider looks at the signature when it comes back. */
export const turns = (proofs: Turn["proofs"]): Turn[] => [
  {
    blocks: [
      { reasoning: "I should look at the sky first.", signature },
      { text: "Let me have a look." },
      { call: "get_weather", id: "call_sky_1", arguments: input },
    ],
    usage,
    ...(proofs !== undefined && { proofs }),
    pace: { chunkBytes: 7 },
  },
  { blocks: [{ reasoning: "So that is how it is." }, { text: "Zero degrees, 世界 🌍!" }], usage },
];

const answers: readonly Answer[] = [
  {
    ...plain,
    reasoning: "I should look at the sky first.",
    text: "Let me have a look.",
    calls: [{ name: "get_weather", input }],
    finish: "calls",
  },
  { ...plain, reasoning: "So that is how it is.", text: "Zero degrees, 世界 🌍!" },
];

/** What a caller hears to whom reasoning is shown, or is not. */
export function expected(isShown: boolean): readonly Answer[] {
  return isShown ? answers : answers.map((answer) => ({ ...answer, reasoning: "" }));
}

export function newTool(): Tool {
  const inputs: unknown[] = [];
  return {
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
    },
    inputs,
    run(given) {
      inputs.push(given);
      return result;
    },
  };
}
