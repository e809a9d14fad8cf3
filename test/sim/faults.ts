// How an answer reaches the socket: what a fault makes of it, and at which pace it leaves.

import type { ServerResponse } from "node:http";
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import type { Fault, Pace } from "./script.ts";
import type { Frames, ProviderRequest, Take, Wire } from "./wire.ts";

/** What is sent, and what becomes of the connection after the last piece. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  pieces: string[];
  ending: "end" | "stall" | "reset";
  /** How the pieces are bytes; UTF-8 where absent. */
  encoding?: "latin1";
}

const json = { "content-type": "application/json" };

/** The answer to a request that was accepted. */
export function shape(wire: Wire, take: Take, request: ProviderRequest, fault: Fault | undefined): Answer {
  const whole = wholeAnswer(wire, take, request, fault);
  if (whole !== undefined) return whole;
  const streamed = fault?.kind === "stream-for-json" || (request.stream && fault?.kind !== "json-for-stream");
  const asked = fault?.kind === "stream-for-json" ? { ...request, stream: true, sse: true } : request;
  const bytes = streamed ? undefined : wire.whole?.(take, asked);
  if (bytes !== undefined) {
    const spoiled = spoil(wire, take, asked, halves(bytes.bytes), streamed, fault);
    return { status: 200, headers: { "content-type": bytes.type }, encoding: "latin1", ...spoiled };
  }
  const parts = streamed ? wire.stream(take, asked) : halves(JSON.stringify(wire.json(take, asked)));
  const type = streamed && asked.sse ? streamType(wire) : "application/json; charset=utf-8";
  return {
    status: 200,
    headers: { "content-type": fault?.kind === "wrong-content-type" ? "text/plain; charset=utf-8" : type },
    ...spoil(wire, take, asked, parts, streamed, fault),
  };
}

/** Sends an answer. `signal` aborts when the client leaves or the provider stops; `ended` is called before we hang up. */
export async function deliver(
  response: ServerResponse,
  answer: Answer,
  pace: Pace,
  signal: AbortSignal,
  ended: () => void,
): Promise<void> {
  await wait(pace.firstByteMs, signal);
  if (signal.aborted) return;
  if (answer.ending === "reset" && answer.pieces.length === 0) return hangUp(response, ended);
  response.writeHead(answer.status, answer.headers);
  response.flushHeaders();
  for (const [index, unit] of units(answer.pieces, pace).entries()) {
    if (index > 0) await wait(pace.eventMs, signal);
    for (const chunk of chunks(unit, pace.chunkBytes, answer.encoding)) {
      await write(response, chunk, signal);
      // Without a turn of the event loop Node gathers the chunks into one packet, and the client never sees them apart.
      if (pace.chunkBytes !== undefined) await nextTurn();
      if (signal.aborted) return;
    }
  }
  if (answer.ending === "end") response.end();
  if (answer.ending === "reset") hangUp(response, ended);
}

/** Faults that replace the answer as a whole. */
function wholeAnswer(wire: Wire, take: Take, request: ProviderRequest, fault: Fault | undefined): Answer | undefined {
  const error = (status: number, message: string, retryAfter?: string): string =>
    JSON.stringify(wire.error({ status, message, ...(retryAfter === undefined ? {} : { retryAfter }) }, take));
  const answer = (status: number, headers: Record<string, string>, body: string): Answer => ({
    status,
    headers,
    pieces: [body],
    ending: "end",
  });
  switch (fault?.kind) {
    case "status": {
      const { status, retryAfter, headers } = fault;
      const body = fault.body ?? error(status, `[simulated] The provider answers ${status}.`, retryAfter);
      return answer(
        status,
        { ...json, ...(retryAfter === undefined ? {} : { "retry-after": retryAfter }), ...headers },
        body,
      );
    }
    case "html-200":
      return answer(
        200,
        { "content-type": "text/html" },
        "<!doctype html><title>simulated</title><p>A page, not an answer.</p>",
      );
    case "error-200":
      return answer(200, json, error(500, "[simulated] An error under status 200."));
    case "error-event":
      return request.stream ? undefined : answer(500, json, error(500, "[simulated] The provider failed."));
    default:
      return undefined;
  }
}

/** Faults that cut or change the sequence of frames. */
function spoil(
  wire: Wire,
  take: Take,
  request: ProviderRequest,
  { frames, tail }: Frames,
  streamed: boolean,
  fault: Fault | undefined,
): Pick<Answer, "pieces" | "ending"> {
  const before = frames.slice(0, frames.length - tail);
  const good = (count: number): string[] => before.slice(0, count);
  switch (fault?.kind) {
    case "stall":
      return { pieces: good(fault.afterEvents), ending: "stall" };
    case "reset":
      return { pieces: good(fault.afterEvents), ending: "reset" };
    case "cut": {
      const next = fault.midEvent === true ? frames[good(fault.afterEvents).length] : undefined;
      const half = next === undefined ? [] : [next.slice(0, Math.ceil(next.length / 2))];
      return { pieces: [...good(fault.afterEvents), ...half], ending: "end" };
    }
    case "error-event":
      return {
        pieces: [...good(fault.afterEvents), ...wire.streamError(good(fault.afterEvents).length, take, request)],
        ending: "end",
      };
    case "bad-json": {
      if (!streamed) return { pieces: ['{"id": "broken", '], ending: "end" };
      const count = good(fault.afterEvents).length;
      return { pieces: [...frames.slice(0, count), wire.badFrame, ...frames.slice(count)], ending: "end" };
    }
    case "no-done":
      return { pieces: streamed ? before : frames, ending: "end" };
    case "double-done":
      return { pieces: streamed ? [...frames, ...frames.slice(-tail)] : frames, ending: "end" };
    default:
      return { pieces: frames, ending: "end" };
  }
}

/** A JSON answer in two pieces, so that faults can strike in its middle. */
function halves(body: string): Frames {
  const middle = Math.ceil(body.length / 2);
  return { frames: [body.slice(0, middle), body.slice(middle)], tail: 1 };
}

function streamType(wire: Wire): string {
  return wire.protocol === "gemini" ? "text/event-stream" : "text/event-stream; charset=utf-8";
}

/** With a pause between events each event is cut on its own; otherwise chunks may span events. */
function units(pieces: string[], pace: Pace): string[] {
  return pace.chunkBytes === undefined || pace.eventMs !== undefined ? pieces : [pieces.join("")];
}

function chunks(text: string, size: number | undefined, encoding: "latin1" | "utf8" = "utf8"): Uint8Array[] {
  const bytes = Buffer.from(text, encoding);
  const step = size ?? Math.max(bytes.length, 1);
  return Array.from({ length: Math.ceil(bytes.length / step) }, (_, index) =>
    bytes.subarray(index * step, (index + 1) * step),
  );
}

/** Resolves when the bytes left the process (or never will): so that a reset cannot overtake them. */
function write(response: ServerResponse, chunk: Uint8Array, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener("abort", done);
      resolve();
    };
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", done);
    response.write(chunk, done);
  });
}

async function wait(ms: number | undefined, signal: AbortSignal): Promise<void> {
  if (ms === undefined || ms === 0) return;
  await pause(ms, undefined, { signal }).catch(() => undefined);
}

function hangUp(response: ServerResponse, ended: () => void): void {
  ended();
  response.destroy();
}
