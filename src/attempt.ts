/** One attempt at one target: the request goes up its lane, the answer is judged, and comes back whole or as a hop. */
import type { Bill } from "./bill.ts";
import { join } from "./cache/join.ts";
import { answerOf, type Cached, lookUp } from "./cache/serve.ts";
import type { Call } from "./call.ts";
import type { Loss, ProtocolId } from "./canon/request.ts";
import { type Compaction, compactingLane } from "./compaction/lane.ts";
import type { Conversation } from "./conversations/expand.ts";
import { type AnswerKeeper, answerKeeper } from "./conversations/keeper.ts";
import type { Deps } from "./deps.ts";
import type { Decision } from "./effort/policy.ts";
import { type Update, withUpdatesBeta } from "./effort/updates.ts";
import { asFault, Fault } from "./fault.ts";
import { guardOf } from "./guard.ts";
import type { Ticket } from "./http/flight.ts";
import { streamHeaders, upward } from "./http/headers.ts";
import { leaving } from "./http/leaving.ts";
import { isEventStream, isJson } from "./http/media-type.ts";
import { type Clock, greedyReader, type Hop, hop, type Reader } from "./http/stream.ts";
import type { Lane, LaneContext, Whole } from "./lanes.ts";
import type { Lease } from "./lease.ts";
import type { Answer, Outcome } from "./pipes.ts";
import { originOf } from "./policy/origin.ts";
import type { Target } from "./policy/route.ts";
import { teamSealer } from "./policy/seal.ts";
import { protocols } from "./protocols/index.ts";
import type { Ranges } from "./protocols/protocol.ts";
import { isFramed, unframed } from "./providers/event-stream.ts";
import { keeper } from "./recall.ts";
import { refusal } from "./refuse.ts";
import { report } from "./report.ts";
import { leaveJoined, settleAttemptShared, settleShared } from "./share.ts";
import type { Try, Watcher } from "./tries.ts";
import { bytesOf, streamOutcome, unreadOutcome } from "./unread.ts";
import { send } from "./upstream.ts";

export interface AttemptContext {
  readonly id: string;
  readonly call: Call;
  /** The caller's. */
  readonly protocol: ProtocolId;
  readonly lease: Lease;
  /** The kept tokens that the call names. */
  readonly kept: ReadonlyMap<string, string>;
  /** The numbers of the call's items that another account than the target's made. */
  readonly foreign?: Ranges;
  /** Where its answer is to be kept. */
  readonly conversation?: Conversation | undefined;
  /** What the call has to do with compaction. */
  readonly compaction?: Compaction | undefined;
  readonly request: Request;
  readonly ticket: Ticket;
  readonly deps: Deps;
  /** What the call has to do with the cache. */
  readonly cached?: Cached | undefined;
  readonly tried: Try;
  /** Who chose how hard this call thinks, and why. */
  readonly decision?: Decision;
  /** Changes of effort amid the conversation. */
  readonly updates?: readonly Update[];
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
  const own = call.protocol === target.protocol ? upward(request.headers) : {};
  const headers = withUpdatesBeta(own, target, context.updates);
  const now = deps.clock.now();
  const path = lane.path === undefined ? {} : { path: lane.path };
  const outgoing = { body: lane.body, headers, stream: call.stream, signal: abort.signal, now, ...path };
  const late = () => abort.abort();
  const inTime = <T>(pending: Promise<T>, ms: number): Promise<T> => within(pending, ms, deps.clock, late);
  const { headersMs, firstContentMs, totalMs } = context.tried.limits;
  const joining = cachedFor(target, lane, headers, context).then((found) => join(found, target, outgoing, deps));
  const cached = await inTime(joining, headersMs);
  // What is kept, or asked for by another call, says nothing of the provider that this call would know at first hand.
  if (cached?.entry !== undefined || cached?.state === "joined") context.tried.watch.aside();
  const sent =
    cached?.entry === undefined
      ? inTime(accepted(cached?.joined?.answer ?? send(target, outgoing, deps.fetch), target, context), headersMs).then(
          (answer) => cached?.copy(answer) ?? answer,
        )
      : Promise.resolve(answerOf(cached.entry));
  try {
    const streaming = { ...context, cached, abort, startedAt: now };
    if (call.stream) return await inTime(streamed(sent, lane, target, streaming), firstContentMs);
    const answer = await context.lease.during(sent);
    return await inTime(whole(answer, lane, target, { ...context, cached }), now + totalMs - deps.clock.now());
  } catch (thrown) {
    leaveJoined(thrown, target, { ...context, cached });
    throw thrown;
  }
}

/** What is pending, or the Fault `timeout` when it takes longer; `late` is told of it. */
async function within<T>(pending: Promise<T>, ms: number, clock: Clock, late: () => void): Promise<T> {
  const isLate = Symbol("late");
  const first = await Promise.race([pending, clock.wait(ms).then(() => isLate)]);
  if (first !== isLate) return first as T;
  pending.catch(() => undefined);
  late();
  throw new Fault("timeout", "The provider did not answer in time.");
}

function cachedFor(
  target: Target,
  lane: Lane,
  headers: Readonly<Record<string, string>>,
  context: AttemptContext,
): Promise<Cached | undefined> {
  const { call, conversation, lease, request, deps } = context;
  const { id: team, settings } = lease.grant.team;
  if (lane.path !== undefined) return Promise.resolve(undefined);
  const origin = originOf(target);
  const isKept = conversation?.isKept ?? false;
  const asked = { call, isKept, target, team, settings: settings.cache, headers: request.headers, origin };
  const outgoing = { body: lane.body, sent: { ...target.provider.headers, ...headers } };
  return lookUp({ ...asked, ...outgoing, recasts: lane.recasts, now: deps.clock.now() }, deps.cache);
}

/** The way of this call to this target. */
export function laneOf(target: Target, context: AttemptContext): Lane {
  const { call, lease, kept, foreign, request, ticket, deps } = context;
  const { settings, id: team } = lease.grant.team;
  const outputCap = lease.outputCap(target);
  // Canon, the parsed body and the encoded one stand beside the bytes while a call is translated.
  if (call.protocol !== target.protocol) ticket.take(3 * call.bytes.length);
  const about: LaneContext = {
    call,
    target,
    sealer: teamSealer(deps.config, team, deps.random, kept),
    keep: keeper(team, deps),
    origin: originOf(target),
    cacheMarks: deps.config.cacheMarks,
    strict: isStrict(request, settings.strict),
    updates: context.updates,
    ...(outputCap !== undefined && { outputCap }),
    ...(foreign !== undefined && { foreign }),
    createdAt: Math.floor(deps.clock.now() / 1000),
  };
  return compactingLane(about, context.compaction);
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
  const bytes = await context.lease.during(bytesOf(answer));
  const { body, bill } = await paid(bytes, () => lane.whole(bytes, isEventStream(answer)), lane, target, context);
  return new Response(await keeperOf(context).whole(body), {
    headers: { ...report(context, target, answer, { losses: lane.losses, bill }), "content-type": "application/json" },
  });
}

/** The answer as the caller has it, entered into the account. One that cannot be passed on was paid for as well. */
async function paid(
  bytes: Uint8Array,
  read: () => Whole,
  lane: Lane,
  target: Target,
  context: AttemptContext,
): Promise<{ body: Uint8Array; bill: Bill }> {
  try {
    const { body, usage, said, flaw } = read();
    if (flaw !== undefined && context.tried.hasOthers) throw flaw;
    const more = { losses: allLosses(lane), ...(said !== undefined && { said }) };
    return { body, bill: await settleShared({ usage, ended: "whole" }, target, context, more) };
  } catch (thrown) {
    // A row of its own: another target may yet answer the same call.
    const { status } = asFault(thrown);
    await settleAttemptShared({ outcome: unreadOutcome(bytes, target), target, status }, context);
    throw thrown;
  }
}

function allLosses({ losses, answerLosses }: Lane): readonly Loss[] {
  return [...losses, ...answerLosses];
}

interface StreamContext extends AttemptContext {
  readonly abort: AbortController;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

async function streamed(
  sent: Promise<Response>,
  lane: Lane,
  target: Target,
  context: StreamContext,
): Promise<Response> {
  const { deps, abort, tried } = context;
  const answer = await Promise.race([sent, deps.clock.wait(hold.waitMs).then(() => undefined)]);
  if (answer !== undefined && !isEventStream(answer) && isJson(answer))
    return restreamed(answer, lane, target, context);
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const answering = lane.stream((outcome) => {
    // A caller that left before the provider has answered leaves no body to cancel.
    if (outcome.ended === "left") abort.abort();
    resolve(outcome);
  });
  const pipe = keeperOf(context).pipe(answering);
  const reader = answer === undefined ? laterReader(sent) : readerOf(answer);
  const guard = guardOf({ pipe, target, tried, startedAt: context.startedAt }, deps);
  const stream = hop(reader, pipe, deps.config.heartbeatMs, deps.clock, guard);
  // Without headers so far the hold has lasted as long as it may.
  const over = promise.then((outcome) => streamOutcome(outcome, pipe));
  const failure = tried.isLast || answer === undefined ? undefined : await held(stream, pipe, reader);
  if (failure !== undefined) {
    const outcome = await over;
    const isLeft = context.request.signal.aborted || tried.givenUp.aborted;
    if (isLeft) await settleShared({ ...outcome, ended: "left" }, target, context, { said: pipe.said });
    // A row of its own where something was generated: another target may yet answer the same call.
    else await settleAttemptShared({ outcome, target, status: failure.status, said: pipe.said }, context);
    throw failure;
  }
  const ended = over.then((outcome) => {
    tell(tried.watch, outcome);
    return settleShared(outcome, target, context, { said: pipe.said, losses: allLosses(lane) });
  });
  deps.waitUntil(ended);
  return new Response(stream.body(), {
    headers: { ...report(context, target, answer, { losses: lane.losses }), ...streamHeaders },
  });
}

/** A JSON answer where a stream was asked for. */
async function restreamed(answer: Response, lane: Lane, target: Target, context: AttemptContext): Promise<Response> {
  const bytes = await bytesOf(answer);
  const { body, bill } = await paid(bytes, () => lane.asStream(bytes), lane, target, context);
  context.tried.watch.answered();
  const headers = report(context, target, answer, { losses: lane.losses, bill });
  return new Response(await keeperOf(context).frames(body), { headers: { ...headers, ...streamHeaders } });
}

function tell(watch: Watcher, { ended, fault }: Outcome): void {
  if (ended === "whole") watch.answered();
  else if (ended === "left") watch.left();
  else watch.failed(fault ?? new Fault("upstream", "The provider's answer broke off."));
}

/** Holds the answer until it has begun in earnest. The failure before that, if there is one: another target's chance. */
async function held(stream: Hop, pipe: Answer, reader: Reader): Promise<Fault | undefined> {
  const isOver = (): boolean => pipe.committed || pipe.fault !== undefined;
  await stream.hold(isOver, hold).catch((thrown: unknown) => void pipe.fail(thrown));
  const { fault } = pipe;
  if (pipe.committed || fault === undefined) return undefined;
  // Nobody reads what is said now, but the outcome is told.
  pipe.fail(fault);
  await reader.cancel().catch(() => undefined);
  return fault;
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
