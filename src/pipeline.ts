/**
 * The line: what happens to a call, read top to bottom. A call comes in on a path that says its protocol; it is
 * authenticated, read, routed, sent to the first target that answers, and its answer goes back through one hop.
 * OpenAI's other endpoints take the same line, but for the middle: they are passed on, not spoken.
 * Whatever goes wrong on the way is a Fault, told in the caller's protocol by the one catch below.
 */
import { type AttemptContext, answerFrom } from "./attempt.ts";
import { type Call, type Named, readCall, readCompact, readCounted } from "./call.ts";
import type { ProtocolId } from "./canon/request.ts";
import { type Compacted, compacted, type Purpose } from "./compaction/compacted.ts";
import { type Conversation, expand, withProofs } from "./conversations/expand.ts";
import type { Deps } from "./deps.ts";
import { disowning } from "./disowning.ts";
import { askedEffort } from "./effort/asked.ts";
import { asFault } from "./fault.ts";
import { readBody } from "./http/body.ts";
import type { Ticket } from "./http/flight.ts";
import { type Lease, reserve } from "./lease.ts";
import { cachePrices } from "./models/cache-prices.ts";
import { countAt } from "./operations/count.ts";
import { type EmbedMethod, embedContent } from "./operations/embed-content.ts";
import type { Operation } from "./operations/operation.ts";
import { perform } from "./operations/perform.ts";
import { routeTask } from "./operations/route.ts";
import { readTask, wishOf } from "./operations/task.ts";
import { inStep } from "./policy/isolates.ts";
import { limitHeaders } from "./policy/limit-headers.ts";
import { type Asked, type Quote, quote } from "./policy/quote.ts";
import { refuseResources } from "./policy/resources.ts";
import type { Target } from "./policy/route.ts";
import { protocols } from "./protocols/index.ts";
import type { Protocol, Ranges } from "./protocols/protocol.ts";
import { recall } from "./recall.ts";
import { refuse } from "./refuse.ts";
import { permitted, routed } from "./routing.ts";
import type { Grant } from "./stores/store.ts";
import { type Think, type Thinking, thinking, withoutSuffix } from "./think.ts";
import { firstAnswer } from "./tries.ts";

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

/** Serves one call of the Responses API's own endpoint for compaction. Never throws. */
export function compact(request: Request, deps: Deps): Promise<Response> {
  // Its answer is never kept, and says of no earlier one that it goes on from it.
  const attempt: Attempt = (target, context) => answerFrom(target, { ...context, conversation: undefined });
  return guarded(protocols.responses, request, deps, (trip) => call("compaction", readCompact, attempt, trip));
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
  purpose: Purpose,
  read: (id: string, bytes: Uint8Array) => Call,
  attempt: Attempt,
  trip: Trip,
): Promise<Response> {
  const { request, deps } = trip;
  const grant = await enter(trip);
  const understood = await understand(purpose, read, grant, trip);
  const { call, conversation, compaction, think } = understood;
  const { way, targets, timeoutMs, foreign, all, disown, answered } = await routed(call, grant, request.headers, deps);
  const { lease, reserveAgain } = await admit(understood, targets, grant, trip);
  const kept = await recall(call, grant.team.id, deps);
  const { protocol, stream } = call;
  return limited(lease, protocol, () =>
    firstAnswer({ lease, reserveAgain, request, way, stream, timeoutMs, deps }, async (target, tried) => {
      const thought = think(target, tried.lease.spent);
      const sent = withProofs(thought.call, conversation, target.model);
      const around = {
        ...trip,
        ...thought,
        call: sent,
        protocol,
        lease: tried.lease,
        kept,
        tried,
        conversation,
        compaction,
      };
      const ask = (strangers: Ranges) => attempt(target, { ...around, foreign: strangers });
      const known = foreign(target);
      const answer = await disowning(known, protocol === target.protocol ? all : known, ask, disown);
      if (tried.wins()) answered(target);
      return answer;
    }),
  );
}

/** Who asks, and what it may. Meanwhile this isolate hears from the others. */
async function enter({ request, deps }: Trip): Promise<Grant> {
  const [grant] = await Promise.all([deps.auth.authenticate(request, deps.store, deps.clock.now()), inStep(deps)]);
  return grant;
}

interface Understood extends Compacted {
  readonly kind: Asked["kind"];
  /** Where the answer is to be kept. */
  readonly conversation: Conversation | undefined;
  readonly think: Think<Target>;
}

/** What is wanted: the call with all that it goes on from, and how hard each target would think about it. */
async function understand(
  purpose: Purpose,
  read: (id: string, bytes: Uint8Array) => Call,
  grant: Grant,
  trip: Trip,
): Promise<Understood> {
  const { id, request, ticket, deps } = trip;
  const bytes = await readBody(request, deps.config.maxBodyBytes, ticket.take);
  const { call: named, conversation } = await expand(read(id, bytes), grant.team, deps);
  ticket.take(Math.max(0, named.bytes.length - bytes.length));
  const call = withoutSuffix(named);
  refuseResources(call);
  const around = { grant, request, deps, serve: (inner: Request, own: Deps) => serve("responses", inner, own) };
  const whole = await compacted(call, purpose, around);
  const wanting = { isSuffixed: call !== named, takesUpdates: purpose !== "compaction" };
  const think = thinkingOf(whole.call, wanting, grant, trip);
  return { ...whole, kind: purpose === "compaction" ? "answer" : purpose, conversation, think };
}

/** Holds what the call may cost of its team's limits and budgets; for a second request beside it, once more. */
async function admit(
  { call, kind, growth, think }: Understood,
  targets: readonly Target[],
  grant: Grant,
  { id, deps }: Trip,
): Promise<{ lease: Lease; reserveAgain: (target: Target) => Promise<Lease> }> {
  const { protocol, body, stream, model, bytes } = call;
  const [first] = targets;
  const decided = first === undefined ? undefined : think(first).decision;
  const effort = decided === undefined || decided.isAdvice ? askedEffort(protocol, body) : decided.level;
  const quoted = quotes({ protocol, body, stream, bytes: bytes.length + growth, kind }, targets, deps);
  const applicant = { protocol, asked: model, grant, ...(effort !== undefined && { effort }) };
  return {
    lease: await reserve({ ...applicant, id, quotes: quoted }, deps),
    reserveAgain(target) {
      const own = quoted.filter((each) => each.target === target);
      return reserve({ ...applicant, id: `${id}.hedge`, quotes: own }, deps);
    },
  };
}

function thinkingOf(
  call: Call,
  wanting: Pick<Thinking<Target>, "isSuffixed" | "takesUpdates">,
  { team }: Grant,
  { request, deps: { config, clock } }: Trip,
): Think<Target> {
  const pricesOf = ({ provider, model }: Target) => cachePrices(provider, model, clock.now(), config.prices);
  return thinking(call, { ...wanting, headers: request.headers, policy: team.settings.effort, pricesOf });
}

async function task(operation: Operation, trip: Trip): Promise<Response> {
  const { id, request, deps } = trip;
  const grant = await enter(trip);
  const task = await readTask(operation, request, deps.config.maxBodyBytes, trip.ticket.take);
  const { model = "" } = task;
  const candidates = routeTask(task, { ...deps.config, routes: deps.routes.table }).map((target) => ({ target }));
  const targets = permitted(candidates, grant, model).map(({ target }) => target);
  const wish = wishOf(task);
  const lease = await reserve({ id, protocol: "chat", asked: model, grant, quotes: quotes(wish, targets, deps) }, deps);
  const trying = { lease, request, way: {}, stream: false, deps };
  return limited(lease, "chat", () =>
    firstAnswer(trying, (target, tried) => perform(target, { ...trip, protocol: "chat", task, lease, tried })),
  );
}

function quotes(wish: Asked, targets: readonly Target[], { config, clock }: Deps): Quote[] {
  return targets.map((target) => quote(wish, target, config.prices, clock.now()));
}

/** A failure tells the caller where it stands with its limits, as an answer does. */
async function limited(lease: Lease, protocol: ProtocolId, ask: () => Promise<Response>): Promise<Response> {
  try {
    return await ask();
  } catch (thrown) {
    const fault = asFault(thrown);
    const headers = limitHeaders(protocol, lease.charges, lease.levels, lease.at);
    throw fault.with({ headers: { ...fault.headers, ...headers } });
  }
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
