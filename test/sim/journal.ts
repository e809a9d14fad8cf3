// What the simulated provider was asked: every call, and when its connection closed.

import type { ServerResponse } from "node:http";
import type { WireId } from "./wire.ts";

/** One request to a provider path, refused ones included. */
export interface Call {
  protocol: WireId;
  method: string;
  /** With its query. */
  path: string;
  headers: Record<string, string>;
  /** The parsed body; null if it was not JSON. */
  body: unknown;
  /** The bytes of a form as Latin-1. */
  raw: string;
  /** Milliseconds since the epoch. */
  at: number;
  closed: "open" | "ended" | "client-left";
  model: string;
}

export interface Journal {
  readonly calls: Call[];
  /** The number of calls that were forgotten because of the limit: `calls[0]` has this index. */
  readonly dropped: number;
  open(call: Call, response: ServerResponse): void;
  whenClosed(call: Call): Promise<void>;
  clear(): void;
}

/** Keeps the last `limit` calls. */
export function createJournal(limit: number): Journal {
  const calls: Call[] = [];
  const closings = new WeakMap<Call, Promise<void>>();
  let dropped = 0;
  return {
    calls,
    get dropped() {
      return dropped;
    },
    open(call, response) {
      calls.push(call);
      if (calls.length > limit) {
        calls.shift();
        dropped += 1;
      }
      const closing = new Promise<void>((resolve) => {
        response.once("close", () => {
          if (call.closed === "open") call.closed = response.writableFinished ? "ended" : "client-left";
          resolve();
        });
      });
      closings.set(call, closing);
    },
    whenClosed: (call) => closings.get(call) ?? Promise.reject(new Error("not a call of this simulated provider")),
    clear() {
      calls.length = 0;
      dropped = 0;
    },
  };
}
