/** Google's generateContent, as Gemini speaks it. */

import type { Names } from "../../canon/place.ts";
import { saidIn } from "../../canon/said.ts";
import type { Protocol } from "../protocol.ts";
import { disown } from "./disown.ts";
import { decodeFault, encodeFault } from "./fault.ts";
import { flaw } from "./finish.ts";
import * as reply from "./reply.ts";
import * as request from "./request.ts";
import * as stream from "./stream.ts";
import { usage } from "./usage.ts";
import { watch } from "./watch.ts";

/** Canon's fields in the words of Gemini's callers, where they differ. */
const names = {
  instructions: "systemInstruction",
  turns: "contents",
  // Contents are joined and cut on the way into canon, and so have no index that would be the caller's.
  "turns[]": "contents",
  "turns[].blocks[]": "contents.parts",
  "turns[].blocks[].blocks[]": "contents.parts.functionResponse.parts",
  "turns[].blocks[].isError": "contents.parts.functionResponse.response.error",
  "instructions[]": "systemInstruction.parts[]",
  "tools[]": "tools",
  "tools[].name": "tools.functionDeclarations.name",
  "tools[].schema": "tools.functionDeclarations.parameters",
  "tools[].web_search": "tools.googleSearch",
  toolChoice: "toolConfig.functionCallingConfig",
  format: "generationConfig.responseJsonSchema",
  "format.schema": "generationConfig.responseJsonSchema",
  reasoning: "generationConfig.thinkingConfig",
  "reasoning.effort": "generationConfig.thinkingConfig.thinkingLevel",
  "reasoning.budget": "generationConfig.thinkingConfig.thinkingBudget",
  "reasoning.mode": "generationConfig.thinkingConfig.thinkingBudget",
  "reasoning.summary": "generationConfig.thinkingConfig.includeThoughts",
  "reasoning.native": "contents.parts.thoughtSignature",
  maxOutput: "generationConfig.maxOutputTokens",
  stop: "generationConfig.stopSequences",
  temperature: "generationConfig.temperature",
  topP: "generationConfig.topP",
  topK: "generationConfig.topK",
  seed: "generationConfig.seed",
  presencePenalty: "generationConfig.presencePenalty",
  frequencyPenalty: "generationConfig.frequencyPenalty",
  tier: "serviceTier",
} as const satisfies Names;

export const gemini: Protocol = {
  id: "gemini",
  newline: "\r\n",
  names,
  request: { decode: request.decode, encode: request.encode, disown },
  reply: { decode: reply.decode, encode: reply.encode, flaw },
  stream: { decode: stream.decode, encode: stream.encode, watch, said: saidIn("text") },
  fault: { decode: decodeFault, encode: encodeFault },
  usage,
};
