/** A caller's end of a WebSocket to the gateway of a test, inside workerd. */
import { expect } from "vitest";
import type { Deps } from "../../src/deps.ts";
import { serve } from "../../src/pipeline.ts";
import { type Bounds, usual } from "../../src/sockets/bounds.ts";
import { seats } from "../../src/sockets/seats.ts";
import { openSocket } from "../../src/sockets/socket.ts";
import type { Gateway } from "./gateway.ts";

/** An event, or a failure. */
export type Message = Readonly<Record<string, unknown>> & { readonly type: string };

export interface Caller {
  readonly socket: WebSocket;
  send(message: object | string): void;
  /** The next message. */
  next(): Promise<Message>;
  /** The messages up to the end of an answer (of a lane), or up to a failure. */
  answer(lane?: string): Promise<Message[]>;
  /** How the gateway has closed the connection. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

const ends = ["response.completed", "response.incomplete", "response.failed", "error"];

/** Dials the app as it is. */
export async function dial(at: Gateway, headers: Record<string, string> = {}): Promise<Caller> {
  return callerOf(await at.ask("/v1/responses", { headers: { upgrade: "websocket", ...headers } }));
}

/** Dials past the app, with other bounds, and other things of the world. */
export async function dialWith(
  at: Gateway,
  bounds: Partial<Bounds>,
  { key = at.key, ...more }: Partial<Deps> & { readonly key?: string } = {},
): Promise<Caller> {
  const deps = { ...at.deps, sockets: seats({ ...usual, ...bounds }), ...more };
  const headers = { upgrade: "websocket", authorization: `Bearer ${key}` };
  const request = new Request("http://gearbox.test/v1/responses", { headers });
  return callerOf(await openSocket(request, deps, (call) => serve("responses", call, deps)));
}

function callerOf({ status, webSocket: socket }: Response): Caller {
  expect(status).toBe(101);
  if (!socket) throw new Error("no socket");
  const heard: Message[] = [];
  const waiting: ((message: Message) => void)[] = [];
  const closed = Promise.withResolvers<{ code: number; reason: string }>();
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(String(data)) as Message;
    const first = waiting.shift();
    if (first === undefined) heard.push(message);
    else first(message);
  });
  socket.addEventListener("close", ({ code, reason }) => closed.resolve({ code, reason }));
  socket.accept();
  const next = (): Promise<Message> => {
    const first = heard.shift();
    return first === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(first);
  };
  return {
    socket,
    next,
    send: (message) => socket.send(typeof message === "string" ? message : JSON.stringify(message)),
    async answer(lane) {
      const messages: Message[] = [];
      for (;;) {
        const message = await next();
        messages.push(message);
        if (ends.includes(message.type) && (lane === undefined || message.stream_id === lane)) return messages;
      }
    },
    closed: closed.promise,
  };
}

/** A create of a test. */
export function create(model: string, input: unknown, more: object = {}): object {
  return { type: "response.create", model, store: false, input, ...more };
}

/** The response of the last message. */
export function responseOf(messages: readonly Message[]): Readonly<Record<string, unknown>> & { readonly id: string } {
  const response = messages.at(-1)?.response;
  expect(response, JSON.stringify(messages.at(-1))).toBeDefined();
  return response as Readonly<Record<string, unknown>> & { readonly id: string };
}
