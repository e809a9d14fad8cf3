// Gemini generateContent: a take as one response, as SSE chunks and as a JSON array of chunks.

import { geminiChecks, member } from "./gemini-check.ts";
import { type Obj, obj, objects, str } from "./json.ts";
import { flatName } from "./openai.ts";
import type { CallBlock, Finish } from "./script.ts";
import { argumentsValue, words } from "./take.ts";
import type { Entry, Frames, Problem, ProviderRequest, Take, Wire } from "./wire.ts";

export const gemini: Wire = {
  protocol: "gemini",
  checks: geminiChecks,
  entries,
  wantsReasoning: (body) => member(thinkingConfig(body), "includeThoughts") === true,
  json: (take, request) =>
    response(
      take,
      request,
      parts(take, request.body, (text) => [text]),
      1,
      true,
    ),
  stream,
  error,
  streamError: (sent, _take, request) => {
    const data = JSON.stringify(error({ status: 503, message: "[simulated] The model is overloaded." }));
    return request.sse ? [sse(data)] : [`${sent === 0 ? "[" : ",\r\n"}${data}`, "]"];
  },
  badFrame: 'data: {"candidates": [{"content": \r\n\r\n',
  headers: () => ({ "server-timing": "gfet4t7; dur=7", vary: "Origin, X-Origin, Referer" }),
};

const finishReasons: Record<Finish, string> = {
  stop: "STOP",
  length: "MAX_TOKENS",
  tool_calls: "STOP",
  refusal: "SAFETY",
  content_filter: "SAFETY",
  stop_sequence: "STOP",
};

const statuses: Record<number, string> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  409: "ABORTED",
  429: "RESOURCE_EXHAUSTED",
  499: "CANCELLED",
  500: "INTERNAL",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

function error(problem: Problem): Obj {
  const code = problem.status ?? 400;
  const retry = { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: `${problem.retryAfter}s` };
  const details = problem.retryAfter === undefined ? {} : { details: [retry] };
  return { error: { code, message: problem.message, status: statuses[code] ?? "UNKNOWN", ...details } };
}

function thinkingConfig(body: Obj): Obj {
  return obj(member(obj(member(body, "generationConfig")), "thinkingConfig"));
}

function entries(body: Obj): Entry[] {
  return objects(body.contents).flatMap((content): Entry[] => {
    const parts = objects(content.parts);
    if (content.role === "model") return [{ who: "assistant", text: "" }];
    if (parts.some((part) => member(part, "functionResponse") !== undefined)) return [{ who: "tool", text: "" }];
    return parts.filter((part) => typeof part.text === "string").map((part) => ({ who: "user", text: str(part.text) }));
  });
}

/**
 * The parts of the answer, text cut up by `cut`. A signature stands on the call or text that follows the reasoning;
 * the first call of a turn always has one, parallel ones do not. For a text in several pieces it comes in an empty
 * part after them, as the API does it.
 */
function parts(take: Take, body: Obj, cut: (text: string) => string[]): Obj[] {
  const rendered: Obj[] = [];
  let pending: string | undefined;
  let signed = false;
  for (const [index, block] of take.blocks.entries()) {
    if ("reasoning" in block) {
      pending = block.signature ?? take.signature(index);
      const hidden = member(thinkingConfig(body), "includeThoughts") === false;
      if (!hidden) rendered.push(...cut(block.reasoning).map((text) => ({ text, thought: true })));
    } else if ("call" in block) {
      const signature = pending ?? (signed ? undefined : take.signature(index));
      rendered.push({ functionCall: functionCall(block, body), ...sign(signature) });
      signed = true;
      pending = undefined;
    } else if ("image" in block) {
      rendered.push({ inlineData: { mimeType: "image/png", data: block.image }, ...sign(pending) });
      pending = undefined;
    } else if (!("redacted" in block)) {
      const pieces = cut("text" in block ? block.text : block.refusal).map((text): Obj => ({ text }));
      if (pieces.length === 1) Object.assign(pieces[0] ?? {}, sign(pending));
      else if (pending !== undefined) pieces.push({ text: "", ...sign(pending) });
      rendered.push(...pieces);
      pending = undefined;
    }
  }
  return pending === undefined ? rendered : [...rendered, { text: "", ...sign(pending) }];
}

function sign(signature: string | undefined): Obj {
  return signature === undefined ? {} : { thoughtSignature: signature };
}

/** The API often sends no id with a call, so only a scripted one is sent. */
function functionCall(block: CallBlock, body: Obj): Obj {
  const tools = objects(body.tools).flatMap((tool) => objects(member(tool, "functionDeclarations")));
  const name = flatName(
    block,
    tools.map((tool) => str(tool.name)),
  );
  return { ...(block.id === undefined ? {} : { id: block.id }), name, args: argumentsValue(block) };
}

function stream(take: Take, request: ProviderRequest): Frames {
  const all = parts(take, request.body, words);
  const chunks = [
    ...all.map((part, index) => response(take, request, [part], (index + 1) / all.length, false)),
    response(take, request, [{ text: "" }], 1, true),
  ].map((chunk) => JSON.stringify(chunk));
  if (request.sse) return { frames: chunks.map(sse), tail: 1 };
  return { frames: [...chunks.map((chunk, index) => `${index === 0 ? "[" : ",\r\n"}${chunk}`), "]"], tail: 1 };
}

/** A content filter without any content is a blocked prompt: there are no candidates then. */
function response(take: Take, { model }: ProviderRequest, parts: Obj[], share: number, last: boolean): Obj {
  const finish = last ? { finishReason: finishReasons[take.finish] } : {};
  const blocked = take.finish === "content_filter" && take.blocks.length === 0;
  return {
    ...(blocked
      ? { promptFeedback: { blockReason: "PROHIBITED_CONTENT" } }
      : { candidates: [{ content: { parts, role: "model" }, ...finish, index: 0 }] }),
    usageMetadata: usageMetadata(take, share),
    modelVersion: model,
    responseId: take.id("sim").slice("sim_".length),
  };
}

/** Cumulative: `share` is the part of the candidates' tokens that has been sent. */
function usageMetadata({ usage: { input, cached, output, reasoning } }: Take, share: number): Obj {
  const candidates = Math.floor((output - reasoning) * share);
  return {
    promptTokenCount: input,
    ...(cached === 0 ? {} : { cachedContentTokenCount: cached }),
    candidatesTokenCount: candidates,
    totalTokenCount: input + candidates + reasoning,
    promptTokensDetails: [{ modality: "TEXT", tokenCount: input }],
    ...(reasoning === 0 ? {} : { thoughtsTokenCount: reasoning }),
  };
}

function sse(data: string): string {
  return `data: ${data}\r\n\r\n`;
}
