/**
 * The line: what happens to a call, read top to bottom. A call comes in on a path that says its protocol; it is
 * authenticated, read, routed, sent to the first target that answers, and its answer goes back through one hop.
 * OpenAI's other endpoints take the same line, but for the middle: they are passed on, not spoken.
 * Whatever goes wrong on the way is a Fault, told in the caller's protocol by the one catch below.
 */
import { type AttemptContext, answerFrom } from "./attempt.ts";
import { type Call, type Named, readCall, readCounted } from "./call.ts";
import type { ProtocolId } from "./canon/request.ts";
import type { Deps } from "./deps.ts";
import { asFault, Fault } from "./fault.ts";
import { readBody } from "./http/body.ts";
import type { Ticket } from "./http/flight.ts";
import { countAt } from "./operations/count.ts";
import { type EmbedMethod, embedContent } from "./operations/embed-content.ts";
import type { Operation } from "./operations/operation.ts";
import { perform } from "./operations/perform.ts";
import { routeTask } from "./operations/route.ts";
import { readTask } from "./operations/task.ts";
import { refuseResources } from "./policy/resources.ts";
import { route, type Target } from "./policy/route.ts";
import { protocols } from "./protocols/index.ts";
import type { Protocol } from "./protocols/protocol.ts";
import { recall } from "./recall.ts";
import { refuse } from "./refuse.ts";

/** Serves one call of the protocol that its path says; Gemini's says the model too. Never throws. */
export function serve(protocol: ProtocolId, request: Request, deps: Deps, named?: Named): Promise<Response> {
  const read = (id: string, bytes: Uint8Array) => readCall(id, protocol, bytes, named);
  return guarded(protocols[protocol], request, deps, (trip) => call(read, answerFrom, trip));
}

/** Counts the tokens that a call would take. Never throws. */
export function count(protocol: ProtocolId, request: Request, deps: Deps, named?: Named): Promise<Response> {
  const read = (id: string, bytes: Uint8Array) => readCounted(id, protocol, bytes, named);
  return guarded(protocols[protocol], request, deps, (trip) => call(read, countAt, trip));
}

/** Serves one embedding asked for in Gemini's words. Never throws. */
export function embed(method: EmbedMethod, request: Request, deps: Deps, named: Named): Promise<Response> {
  const attempt: Attempt = (target, context) => embedContent(method, target, context);
  const read = (id: string, bytes: Uint8Array) => readCall(id, "gemini", bytes, named);
  return guarded(protocols.gemini, request, deps, (trip) => call(read, attempt, trip));
}

/** Serves one call of an OpenAI endpoint that is passed on. Never throws. */
export function passOn(operation: Operation, request: Request, deps: Deps): Promise<Response> {
  return guarded(protocols.chat, request, deps, (trip) => task(operation, trip));
}

/** What every call brings along. */
interface Trip {
  readonly id: string;
  readonly request: Request;
  readonly ticket: Ticket;
  readonly deps: Deps;
}

type Attempt = (target: Target, context: AttemptContext) => Promise<Response>;

async function call(read: (id: string, bytes: Uint8Array) => Call, attempt: Attempt, trip: Trip): Promise<Response> {
  const { id, request, ticket, deps } = trip;
  const key = await deps.auth.authenticate(request, deps.store, deps.clock.now());
  const bytes = await readBody(request, deps.config.maxBodyBytes, ticket.take);
  const call = read(id, bytes);
  refuseResources(call);
  const targets = route(call, deps.config);
  const kept = await recall(call, key.team, deps);
  return firstAnswer(targets, request, (target, isLast) => attempt(target, { ...trip, call, key, kept, isLast }));
}

async function task(operation: Operation, trip: Trip): Promise<Response> {
  const { request, ticket, deps } = trip;
  const key = await deps.auth.authenticate(request, deps.store, deps.clock.now());
  const task = await readTask(operation, request, deps.config.maxBodyBytes, ticket.take);
  const targets = routeTask(task, deps.config);
  return firstAnswer(targets, request, (target) => perform(target, { ...trip, task, key }));
}

/** Of the first target that answers; the Fault of the last one where none does. */
async function firstAnswer(
  targets: readonly Target[],
  request: Request,
  attempt: (target: Target, isLast: boolean) => Promise<Response>,
): Promise<Response> {
  let fault = new Fault("no_model", "No provider serves this model.", { param: "model" });
  for (const [at, target] of targets.entries()) {
    try {
      return await attempt(target, at === targets.length - 1);
    } catch (thrown) {
      fault = asFault(thrown);
      if (!fault.retriable || request.signal.aborted) throw fault;
    }
  }
  throw fault;
}

async function guarded(
  protocol: Protocol,
  request: Request,
  deps: Deps,
  line: (trip: Trip) => Promise<Response>,
): Promise<Response> {
  const id = Buffer.from(deps.random(16)).toString("hex");
  const ticket = deps.flight.board();
  try {
    return await line({ id, request, ticket, deps });
  } catch (thrown) {
    ticket.release();
    const fault = asFault(thrown);
    if (fault.kind === "internal") console.error("call", id, fault.cause);
    return refuse(protocol, fault, id);
  }
}
