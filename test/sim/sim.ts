// The simulated provider: one server that answers like OpenAI, Anthropic and Gemini, from scripts or by itself.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { judge } from "./check.ts";
import { control, modelList, notFound, sendJson } from "./control.ts";
import { type Answer, deliver, shape } from "./faults.ts";
import { type Call, createJournal, type Journal } from "./journal.ts";
import { findRoute, type Route, readAny, readBody, readRequest, wellFormed } from "./route.ts";
import type { Pace, Turn } from "./script.ts";
import { type Vault, vault } from "./signatures.ts";
import { defaultTurn, identity, resolve } from "./take.ts";
import type { Problem, ProviderRequest, Wire } from "./wire.ts";

export type { Call } from "./journal.ts";
export type { Block, Fault, Turn } from "./script.ts";

export interface Sim {
  /** `http://127.0.0.1:PORT`, without a trailing slash or `/v1`. */
  readonly url: string;
  readonly calls: readonly Call[];
  /** The n-th accepted call for that model id gets turn n, the last turn repeats. Replaces an earlier script and restarts its count. */
  play(model: string, turns: Turn[]): void;
  callsFor(model: string): readonly Call[];
  /** Resolves when that call's connection ended or its client left. */
  whenClosed(call: Call): Promise<void>;
  close(): Promise<void>;
}

export interface SimOptions {
  /** Default 0: any free port. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** How many calls are kept; the default is all of them. */
  keep?: number;
}

interface State {
  journal: Journal;
  scripts: Map<string, Turn[]>;
  /** Accepted calls so far, by model. */
  played: Map<string, number>;
  vault: Vault;
}

/** Starts the simulated provider. Rejects if the port is taken. */
export async function startSim(options: SimOptions = {}): Promise<Sim> {
  const { port = 0, host = "127.0.0.1", keep = Number.POSITIVE_INFINITY } = options;
  const state: State = { journal: createJournal(keep), scripts: new Map(), played: new Map(), vault: vault() };
  const server = createServer((message, response) => {
    answer(state, message, response).catch((error: unknown) => fail(response, error));
  });
  // A client that reuses a connection just as we close it would see a reset that no test asked for.
  server.keepAliveTimeout = 600_000;
  await listen(server, port, host);
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    calls: state.journal.calls,
    play: (model, turns) => play(state, model, turns),
    callsFor: (model) => state.journal.calls.filter((call) => call.model === model),
    whenClosed: state.journal.whenClosed,
    close: () => close(server, state.journal),
  };
}

async function answer(state: State, message: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader("x-gearbox-simulated", "true");
  const url = new URL(message.url ?? "/", "http://localhost");
  if (url.pathname === "/_sim" || url.pathname.startsWith("/_sim/")) {
    return control(controls(state), message, url, response);
  }
  const route = message.method === "POST" ? findRoute(url) : undefined;
  if (route !== undefined) return answerCall(state, route, message, url, response);
  const models = message.method === "GET" && /^\/v1(beta)?\/models$/.test(url.pathname);
  if (!models) return notFound(response, url);
  sendJson(response, 200, modelList([...state.scripts.keys()], message, url));
}

async function answerCall(
  state: State,
  route: Route,
  message: IncomingMessage,
  url: URL,
  response: ServerResponse,
): Promise<void> {
  const at = Date.now();
  const left = new AbortController();
  response.once("close", () => left.abort());
  const raw = await readBody(message);
  const request = readRequest(route, message, url, raw);
  const call: Call = {
    protocol: request.protocol,
    method: message.method ?? "",
    path: message.url ?? "",
    headers: request.headers,
    body: readAny(message, raw) ?? null,
    raw,
    at,
    closed: "open",
    model: request.model,
  };
  state.journal.open(call, response);
  const { pace, ...prepared } = prepare(state, route.wire, request);
  await deliver(response, prepared, pace, left.signal, () => {
    call.closed = "ended";
  });
}

/** Judges the request and chooses its turn. A refused request does not use up a turn. */
function prepare(state: State, wire: Wire, request: ProviderRequest): Answer & { pace: Pace } {
  const ordinal = state.played.get(request.model) ?? 0;
  const headers = wire.headers(request, identity(request, ordinal));
  const problem = judge([wellFormed, ...wire.checks, state.vault.check], request);
  const turn = problem ?? chooseTurn(state, wire, request, ordinal);
  if ("message" in turn) return { ...refuse(wire, request, ordinal, turn, headers), pace: {} };
  state.played.set(request.model, ordinal + 1);
  const take = resolve(turn, request, ordinal);
  if (turn.proofs !== undefined) state.vault.note(wire.json(take, request), turn.proofs, request);
  const answer = shape(wire, take, request, turn.fault);
  return { ...answer, headers: { ...headers, ...answer.headers }, pace: turn.pace ?? {} };
}

function chooseTurn(state: State, wire: Wire, request: ProviderRequest, ordinal: number): Turn | Problem {
  const script = state.scripts.get(request.model);
  if (script !== undefined) return script[Math.min(ordinal, script.length - 1)] ?? {};
  const turn = defaultTurn(request.model, wire.entries(request.body), wire.wantsReasoning(request.body));
  return typeof turn === "string" ? { message: turn } : turn;
}

function refuse(
  wire: Wire,
  request: ProviderRequest,
  ordinal: number,
  problem: Problem,
  headers: Record<string, string>,
): Answer {
  return {
    status: problem.status ?? 400,
    headers: { ...headers, "content-type": "application/json" },
    pieces: [JSON.stringify(wire.error(problem, identity(request, ordinal)))],
    ending: "end",
  };
}

/** A client that left in the middle of its upload, or a defect of ours: then the caller is told. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) response.destroy();
  else sendJson(response, 500, { error: { message: `simulated provider: ${String(error)}`, type: "server_error" } });
}

function play(state: State, model: string, turns: Turn[]): void {
  state.scripts.set(model, turns);
  state.played.delete(model);
}

function controls(state: State): Parameters<typeof control>[0] {
  return {
    calls: state.journal.calls,
    dropped: state.journal.dropped,
    whenClosed: state.journal.whenClosed,
    play: (model, turns) => play(state, model, turns),
    forget: () => {
      state.journal.clear();
      state.scripts.clear();
      state.played.clear();
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve());
  });
}

/** Whoever is still being answered is hung up on by us. */
function close(server: Server, journal: Journal): Promise<void> {
  for (const call of journal.calls) if (call.closed === "open") call.closed = "ended";
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
