/** One attempt at one target: the request goes up its lane, the answer is judged, and comes back whole or as a hop. */
import type { Bill } from "./bill.ts";
import { answerOf, type Cached, lookUp } from "./cache/serve.ts";
import type { Call } from "./call.ts";
import { obj } from "./canon/json.ts";
import type { Loss, ProtocolId } from "./canon/request.ts";
import { noUsage, type Usage } from "./canon/usage.ts";
import type { Conversation } from "./conversations/expand.ts";
import { type AnswerKeeper, answerKeeper } from "./conversations/keeper.ts";
import type { Deps } from "./deps.ts";
import type { Decision } from "./effort/policy.ts";
import { asFault, Fault } from "./fault.ts";
import type { Ticket } from "./http/flight.ts";
import { streamHeaders, upward } from "./http/headers.ts";
import { leaving } from "./http/leaving.ts";
import { isEventStream, isJson } from "./http/media-type.ts";
import { type Clock, type Guard, greedyReader, type Hop, hop, type Reader } from "./http/stream.ts";
import { type Lane, laneFor, type Whole } from "./lanes.ts";
import type { Lease } from "./lease.ts";
import type { Answer, Outcome } from "./pipes.ts";
import { originOf } from "./policy/origin.ts";
import type { Target } from "./policy/route.ts";
import { sealer } from "./policy/seal.ts";
import { protocols } from "./protocols/index.ts";
import { isFramed, unframed } from "./providers/event-stream.ts";
import { keeper } from "./recall.ts";
import { refusal } from "./refuse.ts";
import { report } from "./report.ts";
import { settle } from "./settle.ts";
import type { Try, Watcher } from "./tries.ts";
import { send } from "./upstream.ts";

export interface AttemptContext {
  readonly id: string;
  readonly call: Call;
  /** The caller's. */
  readonly protocol: ProtocolId;
  readonly lease: Lease;
  /** The kept tokens that the call names. */
  readonly kept: ReadonlyMap<string, string>;
  /** Where its answer is to be kept. */
  readonly conversation?: Conversation | undefined;
  readonly request: Request;
  readonly ticket: Ticket;
  readonly deps: Deps;
  /** What the call has to do with the cache. */
  readonly cached?: Cached | undefined;
  readonly tried: Try;
  /** Who chose how hard this call thinks, and why. */
  readonly decision?: Decision;
}

/**
 * The hold: while another target could still answer, the status waits for a frame that says something. Bounds: so long
 * without a byte, so long after the first one, so many bytes.
 */
const hold = { waitMs: 10_000, readMs: 1000, bytes: 64 * 1024 };

/** The answer of this target; throws the Fault for which another may be tried. */
export async function answerFrom(target: Target, context: AttemptContext): Promise<Response> {
  const { call, request, deps } = context;
  const lane = laneOf(target, context);
  const abort = leaving(request, context.tried.givenUp);
  const headers = call.protocol === target.protocol ? upward(request.headers) : {};
  const now = deps.clock.now();
  const outgoing = { body: lane.body, headers, stream: call.stream, signal: abort.signal, now };
  const cached = await cachedFor(target, lane, context);
  const late = () => abort.abort();
  const inTime = <T>(pending: Promise<T>, ms: number): Promise<T> => within(pending, ms, deps.clock, late);
  const { headersMs, totalMs } = context.tried.limits;
  const sent =
    cached?.entry === undefined
      ? inTime(accepted(send(target, outgoing, deps.fetch), target, context), headersMs).then(
          (answer) => cached?.copy(answer) ?? answer,
        )
      : Promise.resolve(answerOf(cached.entry));
  if (call.stream) return streamed(sent, lane, target, { ...context, cached, abort });
  const answer = await context.lease.during(sent);
  return inTime(whole(answer, lane, target, { ...context, cached }), totalMs);
}

/** What is pending, or the Fault `timeout` when it takes longer; `late` is told of it. */
async function within<T>(pending: Promise<T>, ms: number, clock: Clock, late: () => void): Promise<T> {
  const isLate = Symbol("late");
  const first = await Promise.race([pending, clock.wait(ms).then(() => isLate)]);
  if (first !== isLate) return first as T;
  pending.catch(() => undefined);
  late();
  throw new Fault("timeout", `The provider did not answer within ${ms / 1000} seconds.`);
}

function cachedFor(target: Target, lane: Lane, context: AttemptContext): Promise<Cached | undefined> {
  const { call, conversation, lease, request, deps } = context;
  const { id: team, settings } = lease.grant.team;
  const origin = originOf(target);
  const isKept = conversation?.isKept ?? false;
  const asked = { call, isKept, target, team, settings: settings.cache, headers: request.headers, origin };
  return lookUp({ ...asked, body: lane.body, now: deps.clock.now() }, deps.cache);
}

/** The way of this call to this target. */
export function laneOf(target: Target, context: AttemptContext): Lane {
  const { call, lease, kept, request, ticket, deps } = context;
  const { settings, id: team } = lease.grant.team;
  const outputCap = lease.outputCap(target);
  const { secret, previousSecret } = deps.config;
  const roots = previousSecret === undefined ? [secret] : [secret, previousSecret];
  // Canon, the parsed body and the encoded one stand beside the bytes while a call is translated.
  if (call.protocol !== target.protocol) ticket.take(3 * call.bytes.length);
  return laneFor({
    call,
    target,
    sealer: sealer(roots, team, deps.random, kept),
    keep: keeper(team, deps),
    origin: originOf(target),
    cacheMarks: deps.config.cacheMarks,
    strict: isStrict(request, settings.strict),
    ...(outputCap !== undefined && { outputCap }),
    createdAt: Math.floor(deps.clock.now() / 1000),
  });
}

/** Is every loss an error? The call says so, or else its team. */
export function isStrict(request: Request, usual = false): boolean {
  const said = request.headers.get("x-gearbox-strict");
  return said === null ? usual : said === "true";
}

/** The provider's answer where it is a success, else its refusal as a Fault. */
async function accepted(sent: Promise<Response>, target: Target, { call, deps }: AttemptContext): Promise<Response> {
  const answer = await sent;
  if (answer.ok) return answer;
  throw await refusal(protocols[target.protocol], answer, call.protocol === target.protocol, deps.clock.now());
}

async function whole(answer: Response, lane: Lane, target: Target, context: AttemptContext): Promise<Response> {
  const bytes = new Uint8Array(await context.lease.during(answer.arrayBuffer()));
  const { body, bill } = paid(bytes, () => lane.whole(bytes, isEventStream(answer)), lane, target, context);
  return new Response(await keeperOf(context).whole(body), {
    headers: { ...report(context, target, answer, { losses: lane.losses, bill }), "content-type": "application/json" },
  });
}

/** The answer as the caller has it, entered into the account. One that cannot be passed on was paid for as well. */
function paid(
  bytes: Uint8Array,
  read: () => Whole,
  lane: Lane,
  target: Target,
  context: AttemptContext,
): { body: Uint8Array; bill: Bill } {
  try {
    const { body, usage } = read();
    return { body, bill: settle({ usage, ended: "whole" }, target, context, { losses: allLosses(lane) }) };
  } catch (thrown) {
    // A row of its own: another target may yet answer the same call.
    const { status } = asFault(thrown);
    const outcome = { usage: usageIn(bytes, target), ended: "whole" } as const;
    context.lease.settleAttempt({ outcome, target, status }, context.tried.number);
    throw thrown;
  }
}

function allLosses({ losses, answerLosses }: Lane): readonly Loss[] {
  return [...losses, ...answerLosses];
}

function usageIn(bytes: Uint8Array, { protocol }: Target): Usage {
  try {
    return protocols[protocol].usage(obj(JSON.parse(new TextDecoder().decode(bytes))), noUsage);
  } catch {
    return noUsage;
  }
}

interface StreamContext extends AttemptContext {
  readonly abort: AbortController;
}

async function streamed(
  sent: Promise<Response>,
  lane: Lane,
  target: Target,
  context: StreamContext,
): Promise<Response> {
  const { deps, abort, tried } = context;
  const answer = await Promise.race([sent, deps.clock.wait(hold.waitMs).then(() => undefined)]);
  if (answer !== undefined && !isEventStream(answer) && isJson(answer)) {
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const { body, bill } = paid(bytes, () => lane.asStream(bytes), lane, target, context);
    tried.watch.answered();
    const headers = report(context, target, answer, { losses: lane.losses, bill });
    return new Response(await keeperOf(context).frames(body), { headers: { ...headers, ...streamHeaders } });
  }
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const answering = lane.stream((outcome) => {
    // A caller that left before the provider has answered leaves no body to cancel.
    if (outcome.ended === "left") abort.abort();
    resolve(outcome);
  });
  const pipe = keeperOf(context).pipe(answering);
  const reader = answer === undefined ? laterReader(sent) : readerOf(answer);
  const stream = hop(reader, pipe, deps.config.heartbeatMs, deps.clock, guardOf(pipe, target, context));
  // Without headers so far the hold has lasted as long as it may.
  if (!tried.isLast && answer !== undefined) await held(stream, pipe, reader);
  const ended = promise.then((outcome) => {
    tell(tried.watch, outcome);
    settle(outcome, target, context, { said: pipe.said, losses: allLosses(lane) });
  });
  deps.waitUntil(ended);
  return new Response(stream.body(), {
    headers: { ...report(context, target, answer, { losses: lane.losses }), ...streamHeaders },
  });
}

/** What may end a stream from outside: no money left for it, no word from the provider, no time. */
function guardOf(pipe: Answer, target: Target, { lease, deps, tried }: StreamContext): Guard {
  const { limits, deadline, watch } = tried;
  const inTime = (idleMs: number): void => {
    if (pipe.committed) watch.answered();
    const most = pipe.committed ? limits.idleMs : limits.firstContentMs;
    if (idleMs < most && deps.clock.now() < deadline) return;
    throw new Fault("timeout", "The provider took too long over its answer.");
  };
  return {
    due() {
      inTime(0);
      return lease.due(target, pipe.said);
    },
    silent: inTime,
  };
}

function tell(watch: Watcher, { ended, fault }: Outcome): void {
  if (ended === "whole") watch.answered();
  else if (ended === "left") watch.left();
  else watch.failed(fault ?? new Fault("upstream", "The provider's answer broke off."));
}

/** Holds the answer until it has begun in earnest; a failure before that is another target's chance. */
async function held(stream: Hop, pipe: Answer, reader: Reader): Promise<void> {
  await stream.hold(() => pipe.committed || pipe.fault !== undefined, hold);
  if (pipe.committed || pipe.fault === undefined) return;
  await reader.cancel().catch(() => undefined);
  throw pipe.fault;
}

function readerOf(answer: Response): Reader {
  if (answer.body === null) throw new Fault("upstream", "The provider's answer has no body.");
  if (!isEventStream(answer) && /html/i.test(answer.headers.get("content-type") ?? "")) {
    throw new Fault("upstream", "The provider answered with a web page.");
  }
  return isFramed(answer) ? unframed(answer.body.getReader()) : greedyReader(answer.body);
}

/** A reader of an answer whose headers are not here yet: the caller already has its own, and heartbeats. */
function laterReader(sent: Promise<Response>): Reader {
  const reader = sent.then(readerOf);
  reader.catch(() => undefined);
  const never = new Promise<undefined>(() => undefined);
  return {
    read: async () => (await reader).read(),
    cancel: async (reason) => (await reader).cancel(reason),
    releaseLock: () => undefined,
    closed: never,
  };
}

function keeperOf({ conversation, lease, deps }: AttemptContext): AnswerKeeper {
  return answerKeeper(conversation, lease.grant.team.id, deps);
}
