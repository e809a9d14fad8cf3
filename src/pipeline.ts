/**
 * The line: what happens to a call, read top to bottom. A call comes in on a path that says its protocol; it is
 * authenticated, read, routed, sent to the first target that answers, and its answer goes back through one hop.
 * OpenAI's other endpoints take the same line, but for the middle: they are passed on, not spoken.
 * Whatever goes wrong on the way is a Fault, told in the caller's protocol by the one catch below.
 */
import { type AttemptContext, answerFrom } from "./attempt.ts";
import { type Call, type Named, readCall, readCounted } from "./call.ts";
import type { ProtocolId } from "./canon/request.ts";
import { noUsage } from "./canon/usage.ts";
import type { Deps } from "./deps.ts";
import { askedEffort } from "./effort/asked.ts";
import { asFault, Fault } from "./fault.ts";
import { readBody } from "./http/body.ts";
import type { Ticket } from "./http/flight.ts";
import { type Lease, reserve } from "./lease.ts";
import { countAt } from "./operations/count.ts";
import { type EmbedMethod, embedContent } from "./operations/embed-content.ts";
import type { Operation } from "./operations/operation.ts";
import { perform } from "./operations/perform.ts";
import { routeTask } from "./operations/route.ts";
import { readTask, wishOf } from "./operations/task.ts";
import { limitHeaders } from "./policy/limit-headers.ts";
import { isAllowed } from "./policy/limits.ts";
import { type Asked, type Quote, quote } from "./policy/quote.ts";
import { refuseResources } from "./policy/resources.ts";
import { route, type Target } from "./policy/route.ts";
import { protocols } from "./protocols/index.ts";
import type { Protocol } from "./protocols/protocol.ts";
import { recall } from "./recall.ts";
import { refuse } from "./refuse.ts";
import type { Grant } from "./stores/store.ts";

/** Serves one call of the protocol that its path says; Gemini's says the model too. Never throws. */
export function serve(protocol: ProtocolId, request: Request, deps: Deps, named?: Named): Promise<Response> {
  const read = (id: string, bytes: Uint8Array) => readCall(id, protocol, bytes, named);
  return guarded(protocols[protocol], request, deps, (trip) => call("answer", read, answerFrom, trip));
}

/** Counts the tokens that a call would take. Never throws. */
export function count(protocol: ProtocolId, request: Request, deps: Deps, named?: Named): Promise<Response> {
  const read = (id: string, bytes: Uint8Array) => readCounted(id, protocol, bytes, named);
  return guarded(protocols[protocol], request, deps, (trip) => call("count", read, countAt, trip));
}

/** Serves one embedding asked for in Gemini's words. Never throws. */
export function embed(method: EmbedMethod, request: Request, deps: Deps, named: Named): Promise<Response> {
  const attempt: Attempt = (target, context) => embedContent(method, target, context);
  const read = (id: string, bytes: Uint8Array) => readCall(id, "gemini", bytes, named);
  return guarded(protocols.gemini, request, deps, (trip) => call("embedding", read, attempt, trip));
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

async function call(
  kind: Asked["kind"],
  read: (id: string, bytes: Uint8Array) => Call,
  attempt: Attempt,
  trip: Trip,
): Promise<Response> {
  const { id, request, ticket, deps } = trip;
  const grant = await deps.auth.authenticate(request, deps.store, deps.clock.now());
  const bytes = await readBody(request, deps.config.maxBodyBytes, ticket.take);
  const call = read(id, bytes);
  refuseResources(call);
  const { protocol, body, stream, model } = call;
  const targets = permitted(route(call, deps.config), grant, model);
  const effort = askedEffort(protocol, body);
  const wish = { protocol, body, stream, bytes: bytes.length, kind };
  const applicant = { id, protocol, asked: model, grant, ...(effort !== undefined && { effort }) };
  const lease = await reserve({ ...applicant, quotes: quotes(wish, targets, deps) }, deps);
  const kept = await recall(call, grant.team.id, deps);
  return firstAnswer(lease, protocol, request, (target, isLast) =>
    attempt(target, { ...trip, call, protocol, lease, kept, isLast }),
  );
}

async function task(operation: Operation, trip: Trip): Promise<Response> {
  const { id, request, deps } = trip;
  const grant = await deps.auth.authenticate(request, deps.store, deps.clock.now());
  const task = await readTask(operation, request, deps.config.maxBodyBytes, trip.ticket.take);
  const { model = "" } = task;
  const targets = permitted(routeTask(task, deps.config), grant, model);
  const wish = wishOf(task);
  const lease = await reserve({ id, protocol: "chat", asked: model, grant, quotes: quotes(wish, targets, deps) }, deps);
  return firstAnswer(lease, "chat", request, (target) => perform(target, { ...trip, protocol: "chat", task, lease }));
}

function quotes(wish: Asked, targets: readonly Target[], { config, clock }: Deps): Quote[] {
  return targets.map((target) => quote(wish, target, config.prices, clock.now()));
}

/** The targets that this key may use. */
function permitted(targets: readonly Target[], grant: Grant, model: string): readonly Target[] {
  const allowed = targets.filter((target) => isAllowed(grant, target.provider.id, target.model));
  if (allowed.length > 0 || targets.length === 0) return allowed;
  throw new Fault("forbidden", `This key may not use the model '${model}'.`, {
    param: "model",
    code: "model_not_allowed",
  });
}

/** Of the first target that answers; the Fault of the last one where none does, and nothing is owed. */
async function firstAnswer(
  lease: Lease,
  protocol: ProtocolId,
  request: Request,
  attempt: (target: Target, isLast: boolean) => Promise<Response>,
): Promise<Response> {
  let fault = new Fault("no_model", "No provider serves this model.", { param: "model" });
  for (const [at, target] of lease.targets.entries()) {
    try {
      return await attempt(target, at === lease.targets.length - 1);
    } catch (thrown) {
      fault = asFault(thrown);
      if (fault.retriable && !request.signal.aborted && at < lease.targets.length - 1) continue;
      const outcome = { usage: noUsage, ended: "failed" } as const;
      lease.settle({ outcome, target, status: fault.status, detail: { fault: fault.kind } });
      break;
    }
  }
  throw fault.with({ headers: limitHeaders(protocol, lease.charges, lease.levels, lease.at) });
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
