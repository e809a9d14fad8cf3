/**
 * A provider that caches prompts as the real ones do: what a call has in common with an earlier one from its first
 * character on is read from the cache, settings that are part of the prompt included. Speaks three protocols.
 */
import { isObj, type Json, type Obj, obj } from "../../src/canon/json.ts";
import type { Fetch } from "../../src/upstream.ts";

/** One request as it arrived. */
export interface Heard {
  readonly protocol: "responses" | "messages" | "gemini";
  readonly body: Obj;
  readonly headers: Headers;
  /** Tokens of the prompt, and of it from the cache. */
  readonly tokens: number;
  readonly cached: number;
}

/** What the provider does next: it calls the shell, or says something. */
export type Act = { readonly run: string } | { readonly say: string };

export interface CachingProvider {
  readonly fetch: Fetch;
  readonly heard: readonly Heard[];
  /** The acts of the answers to come, in order; whoever asks for more gets `ok`. */
  script(acts: readonly Act[]): void;
  /** Forgets what it heard and what it cached. */
  reset(): void;
  /** Tokens of input that it claims for the next call, in place of those it counted. */
  claim(tokens: number): void;
}

export function cachingProvider(): CachingProvider {
  const heard: Heard[] = [];
  const prompts: string[] = [];
  let acts: Act[] = [];
  let claimed: number | undefined;
  return {
    heard,
    script: (next) => {
      acts = [...next];
    },
    reset() {
      heard.length = 0;
      prompts.length = 0;
    },
    claim: (tokens) => {
      claimed = tokens;
    },
    async fetch(url, init) {
      const body = obj(await new Response(init.body).json());
      const protocol = protocolAt(url);
      const prompt = promptOf(protocol, body);
      const shared = Math.max(0, ...prompts.map((before) => sharedLength(before, prompt)));
      prompts.push(prompt);
      const count = { tokens: claimed ?? tokensIn(prompt.length), cached: tokensIn(shared) };
      claimed = undefined;
      heard.push({ protocol, body, headers: new Headers(init.headers), ...count });
      return Response.json(answers[protocol](acts.shift() ?? { say: "ok" }, count, heard.length));
    },
  };
}

function protocolAt(url: string): Heard["protocol"] {
  if (url.endsWith("/responses")) return "responses";
  return url.endsWith("/messages") ? "messages" : "gemini";
}

/** Gemini's settings are no part of what it caches; the others' effort stands before everything. */
function promptOf(protocol: Heard["protocol"], body: Obj): string {
  const { model, instructions, system, systemInstruction, tools, input, messages, contents } = body;
  const effort = protocol === "gemini" ? undefined : (obj(body.reasoning).effort ?? obj(body.output_config).effort);
  const before = [model, effort, tools, instructions, system, systemInstruction];
  const items = input ?? messages ?? contents;
  return (
    JSON.stringify(before) + (Array.isArray(items) ? items.map((item: Json) => JSON.stringify(item)).join("") : "")
  );
}

function sharedLength(one: string, other: string): number {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  return at;
}

function tokensIn(characters: number): number {
  return Math.floor(characters / 4);
}

type Count = Pick<Heard, "tokens" | "cached">;

const spoken = { output: 40, reasoning: 20 } as const;

const answers: Record<Heard["protocol"], (act: Act, count: Count, number: number) => object> = {
  responses: (act, { tokens, cached }, number) => ({
    ...{ id: `resp_${number}`, object: "response", created_at: 1, status: "completed", model: "m" },
    output: [
      "run" in act
        ? { type: "function_call", ...idsOf("fc", number), name: "shell", arguments: commandOf(act.run) }
        : {
            ...{ type: "message", id: `msg_${number}`, role: "assistant", status: "completed" },
            content: [{ type: "output_text", text: act.say, annotations: [] }],
          },
    ],
    usage: {
      ...{ input_tokens: tokens, input_tokens_details: { cached_tokens: cached }, output_tokens: spoken.output },
      ...{ output_tokens_details: { reasoning_tokens: spoken.reasoning }, total_tokens: tokens + spoken.output },
    },
  }),
  messages: (act, { tokens, cached }, number) => ({
    ...{ id: `msg_${number}`, type: "message", role: "assistant", model: "m", stop_sequence: null },
    stop_reason: "run" in act ? "tool_use" : "end_turn",
    content: [
      "run" in act
        ? { type: "tool_use", id: `call_${number}`, name: "shell", input: JSON.parse(commandOf(act.run)) }
        : { type: "text", text: act.say },
    ],
    usage: {
      ...{ input_tokens: tokens - cached, cache_read_input_tokens: cached, cache_creation_input_tokens: 0 },
      output_tokens: spoken.output,
    },
  }),
  gemini: (act, { tokens, cached }) => ({
    candidates: [
      {
        content: {
          role: "model",
          parts: [
            "run" in act
              ? { functionCall: { name: "shell", args: JSON.parse(commandOf(act.run)) } }
              : { text: act.say },
          ],
        },
        finishReason: "STOP",
        index: 0,
      },
    ],
    usageMetadata: {
      ...{ promptTokenCount: tokens, cachedContentTokenCount: cached, candidatesTokenCount: spoken.output },
      ...{ thoughtsTokenCount: spoken.reasoning, totalTokenCount: tokens + spoken.output + spoken.reasoning },
    },
  }),
};

function idsOf(kind: string, number: number): object {
  return { id: `${kind}_${number}`, call_id: `call_${number}`, status: "completed" };
}

function commandOf(command: string): string {
  return JSON.stringify({ command: ["bash", "-lc", command] });
}

/** The items of an answer, as a client of the Responses API gets them. */
export function outputOf(answer: unknown): readonly Obj[] {
  const { output } = obj(answer);
  return Array.isArray(output) ? output.filter(isObj) : [];
}
