/**
 * A provider of any protocol inside the test's own process, in place of `fetch`: it answers well, or as one fault has it.
 * What it says in each protocol is the simulator's.
 */
import type { Fetch } from "../../src/upstream.ts";
import { obj, parse } from "../sim/json.ts";
import { findRoute } from "../sim/route.ts";
import { resolve } from "../sim/take.ts";
import type { ProtocolId, ProviderRequest, Wire } from "../sim/wire.ts";

/** What each of the two targets says when it is well. */
export const words = {
  failing: "one two three four five six seven eight nine ten eleven twelve",
  spare: "From the spare one.",
} as const;

/** What an act has to work with: the good answer in pieces, and the provider's words for a failure. */
export interface Script {
  readonly protocol: ProtocolId;
  readonly stream: boolean;
  /** The good answer as JSON. */
  readonly whole: string;
  /** The good answer as a stream. */
  readonly frames: readonly string[];
  /** So many frames say nothing yet. */
  readonly preamble: number;
  /** After so many a caller has heard some of the text. */
  readonly begun: number;
  readonly badFrame: string;
  /** The body of a refusal. */
  refusal(status: number, retryAfter?: string): string;
  /** The frames of a failure after so many good ones. */
  failure(after: number): readonly string[];
  /** Passes time. */
  wait(ms: number): Promise<void>;
  /** Aborted when the gateway gives up. */
  readonly signal: AbortSignal;
}

export type Act = (script: Script) => Response | Promise<Response>;

const preambles = { chat: 1, responses: 2, messages: 2, gemini: 0 } as const satisfies Record<ProtocolId, number>;
const beginnings = { chat: 4, responses: 7, messages: 6, gemini: 3 } as const satisfies Record<ProtocolId, number>;

export type Who = keyof typeof words;

/** @param actOf told of each call: who is asked */
export function provider(actOf: (who: Who) => Act, wait: (ms: number) => Promise<void>): Fetch {
  return async (url, init) => {
    const { who, wire, request } = await read(url, init);
    const act = actOf(who);
    return act(scriptOf(who, wire, request, wait, init?.signal ?? new AbortController().signal));
  };
}

/** The spare target lives under a path of its own. */
async function read(url: string, init: RequestInit | undefined) {
  const address = new URL(url);
  const who = address.pathname.startsWith("/spare") ? "spare" : "failing";
  address.pathname = address.pathname.replace(/^\/spare/, "");
  const route = findRoute(address);
  if (route === undefined) throw new Error(`nobody lives at ${address.pathname}`);
  const raw = await new Response(init?.body ?? null).text();
  const body = obj(parse(raw));
  const request: ProviderRequest = {
    ...{ protocol: route.wire.protocol, model: route.model ?? String(body.model), headers: {}, raw, body },
    ...{ sse: true, query: address.searchParams },
    stream: route.method === undefined ? body.stream === true : route.method === "streamGenerateContent",
  };
  return { who, wire: route.wire, request } as const;
}

function scriptOf(
  who: Who,
  wire: Wire,
  request: ProviderRequest,
  wait: (ms: number) => Promise<void>,
  signal: AbortSignal,
): Script {
  const take = resolve({ blocks: [{ text: words[who] }], usage: { input: 20, output: 12 } }, request, 0);
  const protocol = wire.protocol as ProtocolId;
  return {
    ...{ protocol, stream: request.stream, wait, signal, badFrame: wire.badFrame },
    whole: JSON.stringify(wire.json(take, request)),
    frames: wire.stream(take, request).frames,
    preamble: preambles[protocol],
    begun: beginnings[protocol],
    refusal(status, retryAfter) {
      const problem = { status, message: `[simulated] ${status}.`, ...(retryAfter !== undefined && { retryAfter }) };
      return JSON.stringify(wire.error(problem, take));
    },
    failure: (after) => wire.streamError(after, take, request),
  };
}

export const types = { json: "application/json", stream: "text/event-stream", html: "text/html" } as const;

/** The answer without a fault. */
export function good(script: Script): Response {
  return script.stream ? streamOf(script, script.frames) : jsonOf(script.whole);
}

export function jsonOf(body: string, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(body, { status, headers: { "content-type": types.json, ...headers } });
}

/** How a body ends: well, with the connection, or never. */
type Ending = "end" | "reset" | "stall";

/** A body in pieces, each read on its own. One that never ends breaks when the gateway gives up. */
export function bodyOf(script: Script, pieces: readonly (string | Uint8Array)[], ending: Ending = "end") {
  const { signal } = script;
  const left = [...pieces];
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const piece = left.shift();
        if (piece !== undefined) return controller.enqueue(typeof piece === "string" ? Buffer.from(piece) : piece);
        if (ending === "end") return controller.close();
        if (ending === "stall") await aborted(signal);
        controller.error(new TypeError("Network connection lost."));
      },
    },
    { highWaterMark: 0 },
  );
}

export function streamOf(script: Script, pieces: readonly (string | Uint8Array)[], ending?: Ending): Response {
  return new Response(bodyOf(script, pieces, ending), { headers: { "content-type": types.stream } });
}

/** Rejects when the gateway gives up, as a `fetch` does; until then it is silent. */
export async function silence(signal: AbortSignal): Promise<never> {
  await aborted(signal);
  throw new DOMException("The operation was aborted.", "AbortError");
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
